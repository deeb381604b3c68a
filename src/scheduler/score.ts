/**
 * How good each feasible node is, 0 to 100 per aspect, with upstream's weights.
 * @see https://kubernetes.io/docs/reference/scheduling/config/#scheduling-plugins
 */
import type { Pod } from "#api/types.ts";
import type { NodeState } from "./cluster.ts";
import type { FilterContext } from "./filter.ts";
import { matchesTerm, tolerates } from "#api/nodeaffinity.ts";
import { affinityScores } from "./podaffinity.ts";
import { podRequests, podRequestsForScoring } from "./resources.ts";
import { spreadScores } from "./topologyspread.ts";

/** The aspects and their weights. */
const SCORES: { weight: number; score: (pod: Pod, feasible: NodeState[], context: FilterContext) => number[] }[] = [
  { weight: 3, score: taintToleration },
  { weight: 2, score: nodeAffinity },
  { weight: 1, score: leastAllocated },
  { weight: 1, score: balancedAllocation },
  { weight: 2, score: (pod, feasible, { nodes }) => spreadScores(pod, feasible, nodes) },
  { weight: 2, score: interPodAffinity },
];

/** The total score of each feasible node, in their order. */
export function totalScores(pod: Pod, feasible: NodeState[], context: FilterContext): number[] {
  const totals = feasible.map(() => 0);
  for (const { weight, score } of SCORES) {
    for (const [i, value] of score(pod, feasible, context).entries()) totals[i]! += weight * value;
  }
  return totals;
}

/** Fewer PreferNoSchedule taints that the pod doesn't tolerate. */
function taintToleration(pod: Pod, feasible: NodeState[]): number[] {
  const tolerations = (pod.spec.tolerations ?? []).filter(({ effect }) => !effect || effect === "PreferNoSchedule");
  const raw = feasible.map(
    ({ node }) =>
      (node.spec?.taints ?? []).filter((taint) => taint.effect === "PreferNoSchedule" && !tolerations.some((t) => tolerates(t, taint))).length,
  );
  const max = Math.max(...raw);
  return raw.map((count) => (max === 0 ? 100 : Math.floor(100 - (100 * count) / max)));
}

function nodeAffinity(pod: Pod, feasible: NodeState[]): number[] {
  const terms = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const raw = feasible.map(({ node }) => terms.reduce((total, { preference, weight }) => total + (matchesTerm(preference, node) ? weight : 0), 0));
  const max = Math.max(...raw);
  return raw.map((value) => (max === 0 ? 0 : Math.floor((100 * value) / max)));
}

/** More CPU and memory left after the pod. */
function leastAllocated(pod: Pod, feasible: NodeState[]): number[] {
  const requests = podRequestsForScoring(pod);
  return feasible.map(({ allocatable, requestedForScoring }) => {
    const parts = ["cpu", "memory"].flatMap((name) => {
      const capacity = allocatable.get(name) ?? 0;
      const used = (requestedForScoring.get(name) ?? 0) + (requests.get(name) ?? 0);
      return capacity === 0 ? [] : [used > capacity ? 0 : Math.floor(((capacity - used) * 100) / capacity)];
    });
    return parts.length === 0 ? 0 : Math.floor(parts.reduce((a, b) => a + b, 0) / parts.length);
  });
}

/** CPU and memory used to similar parts after the pod. */
function balancedAllocation(pod: Pod, feasible: NodeState[]): number[] {
  const requests = podRequests(pod);
  if ((requests.get("cpu") ?? 0) === 0 && (requests.get("memory") ?? 0) === 0) return feasible.map(() => 0);
  return feasible.map(({ allocatable, requested }) => {
    const [cpu, memory] = ["cpu", "memory"].map((name) => {
      const capacity = allocatable.get(name) ?? 0;
      return capacity === 0 ? undefined : Math.min(1, ((requested.get(name) ?? 0) + (requests.get(name) ?? 0)) / capacity);
    });
    const deviation = cpu === undefined || memory === undefined ? 0 : Math.abs(cpu - memory) / 2;
    return Math.floor((1 - deviation) * 100);
  });
}

function interPodAffinity(pod: Pod, feasible: NodeState[], { nodes, hasAffinity, namespaceLabels }: FilterContext): number[] {
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
  if (!hasAffinity && !podAffinity && !podAntiAffinity) return feasible.map(() => 0);
  return affinityScores(pod, feasible, nodes, namespaceLabels);
}
