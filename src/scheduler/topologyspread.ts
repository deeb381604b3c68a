/**
 * Pod topology spread constraints.
 * @see https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/
 */
import { matches } from "#lib/selectors.ts";
import { controllerOf } from "#api/resources.ts";
import type { Pod } from "#api/types.ts";
import type { NodeState } from "./cluster.ts";
import { matchesNodeAffinity, untolerated } from "#api/nodeaffinity.ts";
import { selectorOf } from "./podselector.ts";

type Constraint = NonNullable<Pod["spec"]["topologySpreadConstraints"]>[number];

/** One constraint with the number of selected pods in each domain (value of the topology key). */
interface Counted {
  constraint: Constraint;
  counts: Map<string, number>;
}

const HOSTNAME = "kubernetes.io/hostname";
const ZONE = "topology.kubernetes.io/zone";

/** Judges nodes by the pod's DoNotSchedule constraints: a reason against, or undefined. */
export function spreadFilter(pod: Pod, nodes: readonly NodeState[]): (state: NodeState) => { reason: string; resolvable: boolean } | undefined {
  const constraints = (pod.spec.topologySpreadConstraints ?? []).filter(({ whenUnsatisfiable }) => whenUnsatisfiable === "DoNotSchedule");
  const counted = countAll(pod, constraints, nodes);
  return (state) => {
    for (const { constraint, counts } of counted) {
      const domain = state.node.metadata.labels?.[constraint.topologyKey];
      if (domain === undefined) return { reason: "node(s) didn't match pod topology spread constraints (missing required label)", resolvable: false };
      const tooFewDomains = counts.size < (constraint.minDomains ?? 1);
      const least = tooFewDomains || counts.size === 0 ? 0 : Math.min(...counts.values());
      const self = matches(selectorOf(constraint, pod), pod.metadata.labels) ? 1 : 0;
      if ((counts.get(domain) ?? 0) + self - least > constraint.maxSkew) {
        return { reason: "node(s) didn't match pod topology spread constraints", resolvable: true };
      }
    }
    return undefined;
  };
}

/**
 * Scores nodes by the pod's ScheduleAnyway constraints; a pod without any constraints spreads with
 * its controller's other pods over hosts and zones. Lower counts give higher scores, 0 to 100.
 */
export function spreadScores(pod: Pod, feasible: NodeState[], nodes: readonly NodeState[]): number[] {
  const own = pod.spec.topologySpreadConstraints ?? [];
  const soft = own.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === "ScheduleAnyway");
  const counted = own.length > 0 ? countAll(pod, soft, nodes) : countSiblings(pod, nodes);
  if (counted.length === 0) return feasible.map(() => 0);
  const raw = feasible.map((state) => {
    let total = 0;
    for (const { constraint, counts } of counted) {
      const domain = state.node.metadata.labels?.[constraint.topologyKey];
      if (domain === undefined) return own.length > 0 ? undefined : total;
      // The more domains there are, the more one pod too many weighs.
      total += (counts.get(domain) ?? 0) * Math.log(counts.size + 2) + (constraint.maxSkew - 1);
    }
    return Math.round(total);
  });
  const known = raw.filter((value) => value !== undefined);
  const max = Math.max(0, ...known);
  const min = known.length > 0 ? Math.min(...known) : 0;
  return raw.map((value) => (value === undefined ? 0 : max === 0 ? 100 : Math.floor((100 * (max + min - value)) / max)));
}

function countAll(pod: Pod, constraints: Constraint[], nodes: readonly NodeState[]): Counted[] {
  return constraints.map((constraint) => {
    const selector = selectorOf(constraint, pod);
    const counts = new Map<string, number>();
    for (const state of nodes) {
      const { labels } = state.node.metadata;
      const domain = labels?.[constraint.topologyKey];
      // Only nodes with all the keys take part, and (by policy) only those the pod could go to.
      if (domain === undefined || !constraints.every(({ topologyKey }) => labels?.[topologyKey] !== undefined)) continue;
      if ((constraint.nodeAffinityPolicy ?? "Honor") === "Honor" && !matchesNodeAffinity(pod, state.node)) continue;
      if (constraint.nodeTaintsPolicy === "Honor" && untolerated(pod, state.node, ["NoSchedule", "NoExecute"]).length > 0) continue;
      let count = counts.get(domain) ?? 0;
      for (const other of state.pods.values()) {
        if (other.metadata.namespace === pod.metadata.namespace && !other.metadata.deletionTimestamp && matches(selector, other.metadata.labels)) count++;
      }
      counts.set(domain, count);
    }
    return { constraint, counts };
  });
}

function countSiblings(pod: Pod, nodes: readonly NodeState[]): Counted[] {
  const controller = controllerOf(pod)?.uid;
  if (!controller) return [];
  const defaults: Constraint[] = [
    { topologyKey: HOSTNAME, maxSkew: 3, whenUnsatisfiable: "ScheduleAnyway" },
    { topologyKey: ZONE, maxSkew: 5, whenUnsatisfiable: "ScheduleAnyway" },
  ];
  return defaults.map((constraint) => {
    const counts = new Map<string, number>();
    for (const state of nodes) {
      const domain = state.node.metadata.labels?.[constraint.topologyKey];
      if (domain !== undefined) counts.set(domain, (counts.get(domain) ?? 0) + (state.byController.get(controller) ?? 0));
    }
    return { constraint, counts };
  });
}
