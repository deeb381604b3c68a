/**
 * The aggregation layer: group versions whose APIService names a Service are served by that Service's
 * pods; this server checks rights, says who asks, and passes requests on.
 * @see https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/apiserver-aggregation/
 * @see https://github.com/kubernetes/kube-aggregator/blob/master/pkg/apiserver/handler_proxy.go
 */
import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import type { Duplex } from "node:stream";
import { connect as tlsConnect, type TLSSocket } from "node:tls";
import type { HttpRequest, HttpResponse } from "#lib/http.ts";
import { errorMessage } from "#lib/log.ts";
import { serviceUnavailable, StatusError } from "#api/errors.ts";
import { apiServices } from "#api/resources.ts";
import type { APIResource, ForeignVersion } from "#api/discovery.ts";
import type { APIService } from "#api/types.ts";
import type { Store } from "#store/index.ts";
import type { Catalog } from "../catalog.ts";
import type { KeyPair } from "../pki/pki.ts";
import { exchange, forwardedHeaders, responseHeaders } from "../streaming/http-exchange.ts";
import type { ServiceDialer } from "../streaming/service-dialer.ts";
import type { User } from "../user.ts";

export interface Aggregator {
  /** The APIService behind a path (`/apis/GROUP/VERSION/...`, or its OpenAPI document); undefined for what this server answers. */
  backendOf(path: string): APIService | undefined;
  /** All APIServices that name a Service. */
  backends(): APIService[];
  /** Sends a request on. Throws ServiceUnavailable. */
  forward(backend: APIService, request: HttpRequest, user: User): Promise<HttpResponse>;
  /** What discovery adds; `generation` is raised by every change of it. */
  readonly generation: number;
  versions(): readonly ForeignVersion[];
  /** Notes what a backend serves, or that it can't be reached. */
  discovered(backend: APIService, resources: APIResource[] | undefined): void;
  stop(): void;
}

export interface AggregatorOptions {
  store: Store;
  catalog: Catalog;
  dialService: ServiceDialer;
  /** How this server proves to backends that it may speak for users; without it they can't believe who asks. */
  clientCertificate?: KeyPair | undefined;
}

const PREFIX = `${apiServices.plural}.${apiServices.group}/`;
const PATHS = /^\/(?:openapi\/v3\/)?apis\/([^/]+)\/([^/]+)(?:\/|$)/;
/** Only this server may say who asks. */
const REMOTE = "x-remote-";

export function createAggregator({ store, catalog, dialService, clientCertificate }: AggregatorOptions): Aggregator {
  const backends = new Map<string, APIService>();
  const discovered = new Map<string, APIResource[]>();
  let generation = 0;

  const follow = (type: "put" | "delete", object: APIService): void => {
    const name = object.metadata.name!;
    const wasThere = backends.has(name);
    if (type === "put" && object.spec.service) backends.set(name, object);
    else backends.delete(name);
    if (!backends.has(name)) discovered.delete(name);
    if (wasThere !== backends.has(name)) generation++;
  };
  for (const entry of store.list(PREFIX).entries) follow("put", entry.object as unknown as APIService);
  const stop = store.watch(PREFIX, store.revision, (changes) => changes.forEach(({ type, entry }) => follow(type, entry.object as unknown as APIService)));

  async function connect({ spec }: APIService): Promise<TLSSocket> {
    const { name = "", namespace = "", port = 443 } = spec.service!;
    const connection: Duplex = await dialService({ name, namespace, port });
    const socket = tlsConnect({
      socket: connection,
      servername: `${name}.${namespace}.svc`,
      ALPNProtocols: ["http/1.1"],
      rejectUnauthorized: spec.insecureSkipTLSVerify !== true,
      ...(spec.caBundle ? { ca: Buffer.from(spec.caBundle, "base64").toString("utf8") } : {}),
      ...clientCertificate,
    });
    await new Promise<void>((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
    return socket;
  }

  return {
    backendOf(path) {
      const [, group, version] = PATHS.exec(path) ?? [];
      if (group === undefined || version === undefined || catalog.hasGroupVersion(group, version)) return undefined;
      return backends.get(`${version}.${group}`);
    },
    backends: () => [...backends.values()],
    async forward(backend, { method, url, headers, body, signal }, user) {
      let response: IncomingMessage;
      try {
        const socket = await connect(backend);
        const { name, namespace } = backend.spec.service!;
        response = await exchange({ method, path: url, headers: { ...onBehalfOf(forwardedHeaders(headers), user), host: `${name}.${namespace}.svc` }, body, signal }, socket);
      } catch (error) {
        const reason = error instanceof StatusError ? error.message : `error trying to reach service: ${errorMessage(error)}`;
        throw serviceUnavailable(`${backend.spec.group}/${backend.spec.version} is served by APIService ${backend.metadata.name}, which can't be reached: ${reason}`);
      }
      return { status: response.statusCode ?? 502, headers: responseHeaders(response), body: response };
    },
    get generation() {
      return generation;
    },
    versions: () =>
      [...backends].map(([name, { spec }]) => {
        const resources = discovered.get(name);
        return { group: spec.group!, version: spec.version!, resources: resources ?? [], stale: resources === undefined };
      }),
    discovered({ metadata: { name = "" } }, resources) {
      if (JSON.stringify(discovered.get(name)) === JSON.stringify(resources)) return;
      if (resources && backends.has(name)) discovered.set(name, resources);
      else discovered.delete(name);
      generation++;
    },
    stop,
  };
}

/** @see https://kubernetes.io/docs/reference/access-authn-authz/authentication/#authenticating-proxy */
function onBehalfOf(headers: OutgoingHttpHeaders, { name, groups, uid, extra = {} }: User): OutgoingHttpHeaders {
  return {
    ...Object.fromEntries(Object.entries(headers).filter(([header]) => !header.startsWith(REMOTE))),
    "x-remote-user": name,
    "x-remote-group": [...groups],
    ...(uid ? { "x-remote-uid": uid } : {}),
    ...Object.fromEntries(Object.entries(extra).map(([key, values]) => [`${REMOTE}extra-${encodeURIComponent(key.toLowerCase())}`, [...values]])),
  };
}
