/**
 * `.../pods/NAME/proxy/...` and `.../services/NAME/proxy/...`: HTTP requests to what runs in the cluster,
 * by way of this server.
 * @see https://kubernetes.io/docs/tasks/access-application-cluster/access-cluster-services/#manually-constructing-apiserver-proxy-urls
 */
import type { Duplex } from "node:stream";
import type { HttpResponse } from "#lib/http.ts";
import { errorMessage } from "#lib/log.ts";
import { badRequest, serviceUnavailable, StatusError } from "#api/errors.ts";
import type { NodeConnector } from "#api/kubelet.ts";
import type { EndpointSlice, Pod, Service } from "#api/types.ts";
import { objectOf, type Registry } from "../registry/registry.ts";
import type { Call } from "../resource-handlers.ts";
import { exchange, forwardedHeaders, responseHeaders } from "./http-exchange.ts";
import { kubeletOf, podRef } from "./pod-target.ts";

export interface ProxyRegistries {
  pods: Registry;
  endpointSlices: Registry | undefined;
}

/** What a proxy's name says: `name`, `name:port`, `scheme:name:port`. */
interface Target {
  name: string;
  port: string;
}

export function handlePodProxy(call: Call, connector: NodeConnector): Promise<HttpResponse> {
  const { name, port } = parseTarget(call.target.name);
  const pod = objectOf<Pod>(call.registry.get(call.target.namespace, name));
  const number = port === "" ? (pod.spec.containers[0]?.ports?.[0]?.containerPort ?? 80) : Number(port);
  if (!Number.isInteger(number) || number < 1 || number > 65535) throw badRequest(`invalid pod request "${call.target.name}"`);
  return forward(call, pod, number, connector);
}

export function handleServiceProxy(call: Call, { pods, endpointSlices }: ProxyRegistries, connector: NodeConnector): Promise<HttpResponse> {
  const { namespace } = call.target;
  const { name, port } = parseTarget(call.target.name);
  const service = objectOf<Service>(call.registry.get(namespace, name));
  const portName = servicePortName(service, port);
  if (portName === undefined) throw serviceUnavailable(`no service port "${port}" found for service "${name}"`);
  const slices = endpointSlices?.context.store.list(endpointSlices.prefix(namespace)).entries ?? [];
  for (const slice of slices.map((entry) => objectOf<EndpointSlice>(entry))) {
    if (slice.metadata.labels?.["kubernetes.io/service-name"] !== name) continue;
    const number = slice.ports?.find((candidate) => (candidate.name ?? "") === portName)?.port;
    const ready = slice.endpoints?.find(({ conditions, targetRef }) => conditions?.ready !== false && targetRef?.kind === "Pod");
    const entry = ready && pods.find(namespace, ready.targetRef!.name!);
    if (number && entry) return forward(call, objectOf<Pod>(entry), number, connector);
  }
  throw serviceUnavailable(`no endpoints available for service "${name}"`);
}

function parseTarget(text: string): Target {
  const parts = text.split(":");
  if (parts.length === 3) {
    if (parts[0] === "https") throw badRequest(`proxying with https is not supported: ${text}`);
    parts.shift();
  }
  const [name = "", port = ""] = parts;
  return { name, port };
}

/** The name of the Service's port, by its name or number; the only one when none is given. */
function servicePortName({ spec }: Service, wanted: string): string | undefined {
  const ports = spec.ports ?? [];
  const found = wanted === "" ? (ports.length === 1 ? ports[0] : undefined) : ports.find(({ name, port }) => name === wanted || String(port) === wanted);
  return found && (found.name ?? "");
}

async function forward({ http, target }: Call, pod: Pod, port: number, connector: NodeConnector): Promise<HttpResponse> {
  let connection: Duplex;
  try {
    connection = await kubeletOf(pod, connector).portForward(podRef(pod), port);
  } catch (error) {
    if (error instanceof StatusError) throw error;
    throw serviceUnavailable(`error trying to reach service: ${errorMessage(error)}`);
  }
  const { method, headers, body, signal } = http;
  const response = await exchange({ method, path: pathAfterProxy(http.url, target.name), headers: forwardedHeaders(headers), body, signal }, connection);
  return { status: response.statusCode ?? 502, headers: responseHeaders(response), body: response };
}

/** The path and query for the other end, as they came. */
function pathAfterProxy(url: string, name: string): string {
  const marker = [`/${encodeURIComponent(name)}/proxy`, `/${name}/proxy`].find((text) => url.includes(text))!;
  const rest = url.slice(url.indexOf(marker) + marker.length);
  return rest.startsWith("/") ? rest : `/${rest}`;
}
