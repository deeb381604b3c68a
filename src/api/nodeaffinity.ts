/**
 * Taints, node selectors and node affinity.
 * @see https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/
 */
import { matches, type Operator } from "#lib/selectors.ts";
import type { Node, NodeSelectorTerm, Pod, Taint, Toleration } from "./types.ts";

export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  // An empty key with Exists tolerates everything.
  if (toleration.key && toleration.key !== taint.key) return false;
  switch (toleration.operator || "Equal") {
    case "Exists":
      return true;
    case "Equal":
      return Boolean(toleration.key) && (toleration.value ?? "") === (taint.value ?? "");
    default:
      return false;
  }
}

/** The node's taints with one of these effects that the pod doesn't tolerate. */
export function untolerated(pod: Pod, node: Node, effects: string[]): Taint[] {
  return (node.spec?.taints ?? []).filter(
    (taint) => effects.includes(taint.effect) && !(pod.spec.tolerations ?? []).some((toleration) => tolerates(toleration, taint)),
  );
}

/** Whether the node has the labels of the pod's nodeSelector and satisfies its required node affinity. */
export function matchesNodeAffinity(pod: Pod, node: Node): boolean {
  const { nodeSelector, affinity } = pod.spec;
  if (!Object.entries(nodeSelector ?? {}).every(([key, value]) => node.metadata.labels?.[key] === value)) return false;
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return !required || required.nodeSelectorTerms.some((term) => matchesTerm(term, node));
}

/** Whether all expressions of a term hold; a term without any matches nothing. */
export function matchesTerm({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, node: Node): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false;
  const requirements = (list: typeof matchExpressions) => list.map(({ key, operator, values }) => ({ key, operator: operator as Operator, values: values ?? [] }));
  return (
    matches(requirements(matchExpressions), node.metadata.labels) && matches(requirements(matchFields), { "metadata.name": node.metadata.name! })
  );
}
