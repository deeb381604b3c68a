/** The subresources that exist besides a kind itself: what they carry and which verbs they take. */
import type { ResourceDefinition } from "../scheme.ts";

export interface Subresource {
  name: string;
  /** What requests and answers carry. */
  group: string;
  version: string;
  kind: string;
  /** The OpenAPI name of that type; undefined where a request carries a query and a stream only. */
  model?: string | undefined;
  verbs: string[];
}

const STREAM: string[] = ["create", "get"];

/** Subresources of a kind, in the order of their names. Throws on a name that isn't known. */
export function subresourcesOf(definition: ResourceDefinition): Subresource[] {
  const names = new Set(definition.subresources);
  if (definition.scale) names.add("scale");
  return [...names].sort().map((name) => subresource(definition, name));
}

function subresource(definition: ResourceDefinition, name: string): Subresource {
  const { group, version, kind, model } = definition;
  const own = { name, group, version, kind, model };
  switch (name) {
    case "status":
      return { ...own, verbs: ["get", "patch", "update"] };
    case "approval":
      return { ...own, verbs: ["get", "patch", "update"] };
    case "ephemeralcontainers":
    case "resize":
      return { ...own, verbs: ["get", "patch", "update"] };
    case "finalize":
      return { ...own, verbs: ["update"] };
    case "scale":
      return { name, group: "autoscaling", version: "v1", kind: "Scale", model: "io.k8s.api.autoscaling.v1.Scale", verbs: ["get", "patch", "update"] };
    case "log":
      return { ...own, model: undefined, verbs: ["get"] };
    case "exec":
      return { ...own, kind: "PodExecOptions", model: undefined, verbs: STREAM };
    case "attach":
      return { ...own, kind: "PodAttachOptions", model: undefined, verbs: STREAM };
    case "portforward":
      return { ...own, kind: "PodPortForwardOptions", model: undefined, verbs: STREAM };
    case "binding":
      return { ...own, kind: "Binding", model: "io.k8s.api.core.v1.Binding", verbs: ["create"] };
    case "eviction":
      return { name, group: "policy", version: "v1", kind: "Eviction", model: "io.k8s.api.policy.v1.Eviction", verbs: ["create"] };
    case "token":
      return { name, group: "authentication.k8s.io", version: "v1", kind: "TokenRequest", model: "io.k8s.api.authentication.v1.TokenRequest", verbs: ["create"] };
    default:
      throw new Error(`${definition.plural}/${name} is not a subresource this server knows`);
  }
}
