/**
 * Admission of what subresources are asked with: objects that aren't the resource's own (a Binding, a Scale,
 * an Eviction) and the options of connections (exec, attach, portforward, proxy).
 */
import type { KubeObject } from "#api/types.ts";
import type { WriteRequest } from "../registry/context.ts";
import type { Registry } from "../registry/registry.ts";
import type { ResourceRequest } from "../request-info.ts";
import type { AdmittedKind, Operation } from "./admission.ts";

export interface SubresourceRequest {
  operation: Operation;
  kind: AdmittedKind;
  object: KubeObject;
  oldObject?: KubeObject;
}

/** Resolves to the object as the mutating plugins left it. Throws what refuses the request. */
export async function admitSubresource(registry: Registry, request: WriteRequest, { name, subresource }: ResourceRequest, asked: SubresourceRequest): Promise<KubeObject> {
  const { admission } = registry.context;
  const attributes = { ...request, definition: registry.definition, subresource, name, oldObject: undefined, alongside: [], ...asked };
  await admission.admit(attributes);
  await admission.validate(attributes);
  return attributes.object;
}

const CONNECT_KINDS: Record<string, Record<string, string>> = {
  pods: { exec: "PodExecOptions", attach: "PodAttachOptions", portforward: "PodPortForwardOptions", proxy: "PodProxyOptions" },
  services: { proxy: "ServiceProxyOptions" },
  nodes: { proxy: "NodeProxyOptions" },
};

const FLAGS = ["stdin", "stdout", "stderr", "tty"];

/** Admits a connection to a subresource; the query is its object. */
export async function admitConnect(registry: Registry, request: WriteRequest, target: ResourceRequest, query: URLSearchParams): Promise<void> {
  const kind = CONNECT_KINDS[registry.definition.plural]?.[target.subresource];
  if (registry.definition.group !== "" || !kind) return;
  const object = { kind, apiVersion: "v1", ...connectOptions(kind, target, query) } as unknown as KubeObject;
  await admitSubresource(registry, request, target, { operation: "CONNECT", kind: { group: "", version: "v1", kind }, object });
}

function connectOptions(kind: string, { subpath }: ResourceRequest, query: URLSearchParams): object {
  if (kind.endsWith("ProxyOptions")) return { path: subpath };
  if (kind === "PodPortForwardOptions") return query.has("ports") ? { ports: query.getAll("ports").map(Number) } : {};
  const container = query.get("container");
  const command = query.getAll("command");
  return {
    ...Object.fromEntries(FLAGS.filter((flag) => ["true", "1"].includes(query.get(flag) ?? "")).map((flag) => [flag, true])),
    ...(container ? { container } : {}),
    ...(kind === "PodExecOptions" && command.length > 0 ? { command } : {}),
  };
}
