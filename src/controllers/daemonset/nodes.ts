/**
 * Which nodes a DaemonSet's pods belong on, and what makes a pod stay on its node.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/daemon/util/daemonset_util.go
 */
import { matchesNodeAffinity, untolerated } from "#api/nodeaffinity.ts";
import type { DaemonSet, Node, NodeSelectorTerm, Pod, PodSpec, Toleration } from "#api/types.ts";

const exists = (key: string, effect: string): Toleration => ({ key: `node.kubernetes.io/${key}`, operator: "Exists", effect });

/** A daemon stays where others have to leave. */
const TOLERATIONS: Toleration[] = [
  exists("not-ready", "NoExecute"),
  exists("unreachable", "NoExecute"),
  exists("disk-pressure", "NoSchedule"),
  exists("memory-pressure", "NoSchedule"),
  exists("pid-pressure", "NoSchedule"),
  exists("unschedulable", "NoSchedule"),
];

const sameToleration = (a: Toleration, b: Toleration): boolean => a.key === b.key && a.effect === b.effect && a.operator === b.operator && (a.value ?? "") === (b.value ?? "");

/** The template's spec with the tolerations of a daemon. */
export function withDaemonTolerations(spec: PodSpec): PodSpec {
  const wanted = spec.hostNetwork ? [...TOLERATIONS, exists("network-unavailable", "NoSchedule")] : TOLERATIONS;
  const own = (spec.tolerations ?? []).filter((toleration) => !wanted.some((daemon) => sameToleration(daemon, toleration)));
  return { ...spec, tolerations: [...own, ...wanted] };
}

/** The spec bound to one node by affinity; the scheduler does the rest. */
export function pinnedTo(nodeName: string, spec: PodSpec): PodSpec {
  const pin = { key: "metadata.name", operator: "In", values: [nodeName] };
  const affinity = spec.affinity?.nodeAffinity;
  const terms = affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [{}];
  const nodeSelectorTerms: NodeSelectorTerm[] = terms.map(({ matchExpressions }) => ({ ...(matchExpressions ? { matchExpressions } : {}), matchFields: [pin] }));
  return { ...spec, affinity: { ...spec.affinity, nodeAffinity: { ...affinity, requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } } };
}

/** The node a pod runs on, or is meant for. */
export function nodeOf({ spec }: Pod): string | undefined {
  if (spec.nodeName) return spec.nodeName;
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  for (const { matchFields = [] } of terms) {
    for (const { key, operator, values = [] } of matchFields) if (key === "metadata.name" && operator === "In" && values.length === 1) return values[0];
  }
  return undefined;
}

export interface Verdict {
  /** The node should get a pod. */
  shouldRun: boolean;
  /** A pod that is there may stay. */
  mayStay: boolean;
}

/** A node with what is on it; `pods` are the oldest first. */
export interface NodePods extends Verdict {
  name: string;
  pods: Pod[];
}

export function verdictOn({ spec }: DaemonSet, node: Node): Verdict {
  const template = withDaemonTolerations(spec.template.spec!);
  const pod: Pod = { apiVersion: "v1", kind: "Pod", metadata: {}, spec: template };
  if ((template.nodeName && template.nodeName !== node.metadata.name) || !matchesNodeAffinity(pod, node)) return { shouldRun: false, mayStay: false };
  if (untolerated(pod, node, ["NoExecute"]).length > 0) return { shouldRun: false, mayStay: false };
  return { shouldRun: untolerated(pod, node, ["NoSchedule"]).length === 0, mayStay: true };
}
