/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/networking/networkpolicy/strategy.go */
import { networkPolicies } from "../resources.ts";
import { ageColumn, column, nameColumn, selectorText } from "./columns.ts";
import { define } from "./define.ts";
import { networkPolicyWarnings, validateNetworkPolicy } from "./network-policy-validation.ts";
import { storedOnly } from "./unsupported.ts";

export const networkPolicy = define(networkPolicies, {
  model: "io.k8s.api.networking.v1.NetworkPolicy",
  emptySpec: () => ({}),
  shortNames: ["netpol"],
  generation: true,
  setDefaults({ spec }) {
    // In Go a struct, so it is always there.
    spec.podSelector ??= {};
    for (const { ports = [] } of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) for (const port of ports) port.protocol ??= "TCP";
    if (!spec.policyTypes?.length) spec.policyTypes = spec.egress?.length ? ["Ingress", "Egress"] : ["Ingress"];
  },
  validate: validateNetworkPolicy,
  warnings: (object) => [...networkPolicyWarnings(object), ...storedOnly("NetworkPolicy")],
  columns: [
    nameColumn(),
    column(
      "Pod-Selector",
      "podSelector selects the pods to which this NetworkPolicy object applies. The array of rules is applied to any pods selected by this field. An empty selector matches all pods in the policy's namespace. Multiple network policies can select the same set of pods. In this case, the ingress rules for each are combined additively. This field is optional. If it is not specified, it defaults to an empty selector.",
      ({ spec }) => selectorText(spec.podSelector),
    ),
    ageColumn(),
  ],
});
