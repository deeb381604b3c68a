/** Which model a protobuf object is of, by its apiVersion and kind. */
import { definitions } from "../definitions/index.ts";
import { apiVersionOf } from "../resources.ts";

/** Kinds that are sent but are no resources of their own. */
const OTHERS: Record<string, string> = {
  "v1/Binding": "io.k8s.api.core.v1.Binding",
  "policy/v1/Eviction": "io.k8s.api.policy.v1.Eviction",
  "autoscaling/v1/Scale": "io.k8s.api.autoscaling.v1.Scale",
  "authentication.k8s.io/v1/TokenRequest": "io.k8s.api.authentication.v1.TokenRequest",
};

let models: Map<string, string> | undefined;

/** The OpenAPI model of a kind; undefined for one that isn't served. */
export function modelOf(apiVersion: string, kind: string): string | undefined {
  // Every group has options of this kind; they are all the same.
  if (kind === "DeleteOptions") return "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions";
  models ??= new Map([...Object.entries(OTHERS), ...definitions.map((definition) => [`${apiVersionOf(definition)}/${definition.kind}`, definition.model] as const)]);
  return models.get(`${apiVersion}/${kind}`);
}
