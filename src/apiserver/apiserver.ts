/**
 * The API server: a function from request to response. What comes over TLS and what in-process
 * components ask goes the same way: request info, authorization, then the verb on the resource.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/server/config.go (DefaultBuildHandlerChain)
 */
import type { KeyObject } from "node:crypto";
import type { Duplex } from "node:stream";
import type { Clock } from "#lib/clock.ts";
import type { HttpHandler, HttpRequest, HttpResponse } from "#lib/http.ts";
import { errorMessage, type Logger } from "#lib/log.ts";
import type { Rng } from "#lib/random.ts";
import { methodNotSupported, notFound, StatusError } from "#api/errors.ts";
import { definitions as builtIn } from "#api/definitions/index.ts";
import type { NodeConnector } from "#api/kubelet.ts";
import type { ResourceDefinition } from "#api/scheme.ts";
import type { Store } from "#store/index.ts";
import { admissionChain, type AdmissionPlugin } from "./admission/admission.ts";
import { builtInPlugins } from "./admission/plugins.ts";
import { admitConnect } from "./admission/subresources.ts";
import { authenticate, type ClientCertificate, type TokenAuthenticator } from "./authentication.ts";
import { authorize, forbiddenError } from "./authorization.ts";
import { createCatalog } from "./catalog.ts";
import { tellComponentStatus } from "./component-status.ts";
import { documentHandler } from "./documents.ts";
import { expireEvents } from "./event-ttl.ts";
import { findersOf } from "./finders.ts";
import { handleHealth, type HealthCheck } from "./health.ts";
import { impersonate } from "./impersonation.ts";
import type { RegistryContext } from "./registry/context.ts";
import { keepIPAddresses } from "./registry/ip-addresses.ts";
import type { Registry } from "./registry/registry.ts";
import type { ServiceRanges } from "./registry/services.ts";
import { builtInStrategies } from "./registry/strategies.ts";
import { requestInfo, type ResourceRequest } from "./request-info.ts";
import * as resources from "./resource-handlers.ts";
import type { Call } from "./resource-handlers.ts";
import { errorResponse, json, statusOf, text, withWarnings } from "./response.ts";
import { handleSelfReview } from "./self-reviews.ts";
import { serviceAccountTokens } from "./service-account-tokens.ts";
import { SNAPSHOT_PATH, snapshotResponse } from "./snapshot.ts";
import { handlePodUpgrade } from "./streaming/upgrade.ts";
import { subresourceRoutes, type Handler } from "./subresource-routes.ts";
import type { User } from "./user.ts";

export interface ApiServerOptions {
  store: Store;
  clock: Clock;
  /** Names, UIDs and allocations; unguessable in production. */
  rng: Rng;
  log: Logger;
  /** Kinds that are served besides the built-in ones. */
  extraDefinitions?: readonly ResourceDefinition[] | undefined;
  /** What discovery tells clients to connect to: `127.0.0.1:6443`. */
  serverAddress?: string | undefined;
  /** Finds the kubelets for logs, exec, attach and portforward. */
  nodeConnector: NodeConnector;
  /** The EC P-256 key that signs service account tokens. */
  serviceAccountKey: KeyObject;
  serviceAccountIssuer?: string | undefined;
  serviceRanges?: ServiceRanges | undefined;
  /** Checks of `/readyz` beyond the store's. */
  healthChecks?: readonly HealthCheck[] | undefined;
  /** Authenticators of bearer tokens besides service accounts'. */
  tokenAuthenticators?: readonly TokenAuthenticator[] | undefined;
  /** Admission plugins after the built-in ones. */
  admissionPlugins?: readonly AdmissionPlugin[] | undefined;
}

/** A connection that asks to speak something else than HTTP. */
export interface Upgrade {
  request: HttpRequest;
  socket: Duplex;
  /** What the client sent after its request. */
  head: Buffer;
}

export interface ApiServer {
  /** Requests of one in-process component: `handlerFor(systemUser("system:kube-scheduler"))`. */
  handlerFor(user: User): HttpHandler;
  handle(request: HttpRequest, user: User): Promise<HttpResponse>;
  /** Whom a request that came over the wire acts as. Throws Unauthorized; Forbidden where it may not impersonate. */
  authenticate(request: HttpRequest, certificate: ClientCertificate | undefined): User;
  /** exec, attach and portforward. Resolves when the connection is done; refusals are written to the socket. */
  upgrade(upgrade: Upgrade, user: User): Promise<void>;
  close(): Promise<void>;
}

const DEFAULT_RANGES: ServiceRanges = { clusterCidr: "10.96.0.0/12", nodePorts: [30000, 32767] };
export const DEFAULT_ISSUER = "https://kubernetes.default.svc.cluster.local";

export function createApiServer(options: ApiServerOptions): ApiServer {
  const { store, clock, rng, log } = options;
  const issuer = options.serviceAccountIssuer ?? DEFAULT_ISSUER;
  const find = findersOf(() => catalog);
  const context: RegistryContext = {
    store,
    clock,
    rng,
    log,
    admission: admissionChain([...builtInPlugins({ find, rng, clock }), ...(options.admissionPlugins ?? [])]),
  };
  const strategies = builtInStrategies(store, options.serviceRanges ?? DEFAULT_RANGES, rng);
  const catalog = createCatalog([...builtIn, ...(options.extraDefinitions ?? [])], context, strategies);
  const documents = documentHandler(catalog, options.serverAddress ?? "127.0.0.1:6443");
  const tokens = serviceAccountTokens({ key: options.serviceAccountKey, issuer, clock, rng, find });
  const authenticators = [tokens.authenticate, ...(options.tokenAuthenticators ?? [])];
  const healthChecks: HealthCheck[] = [{ name: "ping", healthy: () => true }, ...(options.healthChecks ?? [])];
  const stopExpiry = expireEvents(catalog.registry("", "v1", "events")!, clock);
  const stopAddresses = keepIPAddresses(catalog.registry("", "v1", "services")!, catalog.registry("networking.k8s.io", "v1", "ipaddresses")!);
  tellComponentStatus(catalog.registry("", "v1", "componentstatuses")!);
  const routes = subresourceRoutes({ catalog, tokens, nodeConnector: options.nodeConnector });
  /** Ends the streams that are open when the server closes. */
  const closing = new AbortController();

  async function handle(request: HttpRequest, user: User): Promise<HttpResponse> {
    const warnings: string[] = [];
    try {
      return withWarnings(await route(request, user, (warning) => warnings.push(warning)), warnings);
    } catch (error) {
      const { code } = statusOf(error);
      if (code >= 500 && !(error instanceof StatusError)) {
        log.error(`${request.method} ${request.url} failed`, { error: errorMessage(error), stack: error instanceof Error ? error.stack : undefined });
      }
      return withWarnings(errorResponse(error), warnings);
    }
  }

  async function route(request: HttpRequest, user: User, warn: (text: string) => void): Promise<HttpResponse> {
    const info = requestInfo(request.method, request.url);
    const { path, query, resource } = info;
    if (!authorize(user, info).allowed) throw forbiddenError(user, info);
    if (!resource) return nonResource(request, path, query);
    const review = await handleSelfReview(request, path, user, clock.now());
    if (review) return review;
    return onResource({ http: streams(resource) ? endedOnClose(request) : request, target: resource, query, user, registry: registryOf(resource), warn });
  }

  function endedOnClose(request: HttpRequest): HttpRequest {
    const { signal } = request;
    return { ...request, signal: signal ? AbortSignal.any([signal, closing.signal]) : closing.signal };
  }

  function nonResource(request: HttpRequest, path: string, query: URLSearchParams): HttpResponse {
    const health = handleHealth(path, query, healthChecks);
    if (health) return health;
    if (path === SNAPSHOT_PATH && request.method === "GET") return snapshotResponse(store);
    if (path === "/openid/v1/jwks") return { ...json(200, tokens.jwks()), headers: { "content-type": "application/jwk-set+json" } };
    if (path === "/.well-known/openid-configuration") {
      return json(200, {
        issuer,
        jwks_uri: `${issuer}/openid/v1/jwks`,
        response_types_supported: ["id_token"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["ES256"],
      });
    }
    return documents.handle(request, path) ?? text(404, "404 page not found\n");
  }

  /** Throws NotFound as upstream: in words for a known group and version. */
  function registryOf({ group, version, resource }: ResourceRequest): Registry {
    const registry = catalog.registry(group, version, resource);
    if (registry) return registry;
    if (catalog.hasGroupVersion(group, version)) throw new StatusError(404, "NotFound", "the server could not find the requested resource", {});
    throw new StatusError(404, "NotFound", `404 page not found: this cluster doesn't serve ${resource} of ${group ? `${group}/` : ""}${version}`, {});
  }

  function onResource(call: Call): Promise<HttpResponse> | HttpResponse {
    const { target, registry } = call;
    const { definition } = registry;
    const { verb, subresource, name, namespace } = target;
    if (definition.deprecation) call.warn(definition.deprecation);
    if (definition.namespaced && namespace === "" && !["list", "watch", "deletecollection"].includes(verb)) {
      throw verb === "create" ? methodNotSupported(registry.subject(), "create") : notFound(registry.subject(name));
    }
    if (!definition.namespaced) target.namespace = "";
    if (subresource !== "") return onSubresource(call);
    // A create names its object in the body, a change in the path.
    const misplaced = verb === "create" ? name !== "" : name === "" && ["update", "patch"].includes(verb);
    if (misplaced || (definition.verbs && !definition.verbs.includes(verb))) throw methodNotSupported(registry.subject(), verb);
    switch (verb) {
      case "get":
        return resources.handleGet(call);
      case "list":
        return resources.handleList(call);
      case "watch":
        return resources.handleWatch(call);
      case "create":
        return (routes(definition, "", "create") ?? resources.handleCreate)(call);
      case "update":
        return resources.handleUpdate(call);
      case "patch":
        return resources.handlePatch(call);
      case "delete":
        return resources.handleDelete(call);
      case "deletecollection":
        return resources.handleDeleteCollection(call);
    }
  }

  function onSubresource(call: Call): Promise<HttpResponse> | HttpResponse {
    const { verb, subresource } = call.target;
    const route = routes(call.registry.definition, subresource, verb);
    if (!route) throw new StatusError(404, "NotFound", "the server could not find the requested resource", {});
    if (subresource === "proxy") return connect({ ...call, http: endedOnClose(call.http) }, route);
    return route(call);
  }

  async function connect(call: Call, route: Handler): Promise<HttpResponse> {
    const { user, target, query, warn } = call;
    await admitConnect(call.registry, { user, namespace: target.namespace, dryRun: false, warn }, target, query);
    return route(call);
  }

  async function upgrade({ request, socket, head }: Upgrade, user: User): Promise<void> {
    const info = requestInfo(request.method, request.url);
    const { resource } = info;
    // A connection by upgrade is a create of the subresource, whatever the method says.
    if (resource?.subresource) resource.verb = request.method === "GET" ? "get" : "create";
    const decide = async (): Promise<{ registry: Registry; target: ResourceRequest }> => {
      if (!authorize(user, info).allowed) throw forbiddenError(user, info);
      if (!resource) throw new StatusError(404, "NotFound", "404 page not found", {});
      const registry = registryOf(resource);
      await admitConnect(registry, { user, namespace: resource.namespace, dryRun: false, warn: () => {} }, resource, info.query);
      return { registry, target: resource };
    };
    await handlePodUpgrade({ request, socket, head, query: info.query, connector: options.nodeConnector, clock, log, signal: closing.signal }, decide);
  }

  return {
    handle,
    handlerFor: (user) => (request) => handle(request, user),
    authenticate: (request, certificate) => impersonate(authenticate(request, certificate, authenticators), request),
    upgrade,
    close() {
      stopExpiry();
      stopAddresses();
      closing.abort(new Error("the API server is closing"));
      return Promise.resolve();
    },
  };
}

/** Whether a request's answer may last. */
function streams({ verb, subresource }: ResourceRequest): boolean {
  return verb === "watch" || subresource === "log";
}
