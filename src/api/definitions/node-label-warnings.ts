/**
 * Names of node labels that Kubernetes has better ones for, wherever nodes are selected.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/api/node/util.go
 */
import type { LabelSelector, NodeSelectorTerm } from "../types.ts";
import { labelValue } from "./names.ts";

const DEPRECATIONS: Record<string, string> = {
  "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
  "failure-domain.beta.kubernetes.io/region": 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  "failure-domain.beta.kubernetes.io/zone": 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  "beta.kubernetes.io/instance-type": 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
};

/** For a path that tells the label itself. */
export function deprecatedLabelAt(key: string, field: string): string[] {
  return DEPRECATIONS[key] ? [`${field}: ${DEPRECATIONS[key]}`] : [];
}

/** For a path to where the label's name stands. */
export function deprecatedLabel(key: string, field: string): string[] {
  return DEPRECATIONS[key] ? [`${field}: ${key} is ${DEPRECATIONS[key]}`] : [];
}

export function nodeSelectorTermWarnings({ matchExpressions = [] }: NodeSelectorTerm, field: string): string[] {
  return matchExpressions.flatMap(({ key, values = [] }, i) => [
    ...deprecatedLabel(key, `${field}.matchExpressions[${i}].key`),
    ...values.flatMap((value, v) => labelValue(value).map((problem) => `${field}.matchExpressions[${i}].values[${v}]: ${problem}`)),
  ]);
}

/** For a selector of nodes in the form of others'. */
export function nodeLabelSelectorWarnings({ matchLabels = {}, matchExpressions = [] }: LabelSelector, field: string): string[] {
  return [
    ...matchExpressions.flatMap(({ key }, i) => deprecatedLabel(key, `${field}.matchExpressions[${i}].key`)),
    ...Object.keys(matchLabels).flatMap((key) => deprecatedLabelAt(key, `${field}.matchLabels.${key}`)),
  ];
}
