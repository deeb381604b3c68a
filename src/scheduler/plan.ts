/**
 * Where a pod goes: filter, score, choose.
 * @see https://kubernetes.io/docs/concepts/scheduling-eviction/scheduling-framework/
 */
import type { Rng } from "#lib/random.ts";
import type { Pod } from "#api/types.ts";
import type { NodeState } from "./cluster.ts";
import { filtersFor, type FilterContext, type Rejection } from "./filter.ts";
import { totalScores } from "./score.ts";

/** A node's name, or why there is none, in upstream's words. */
export type Placement = { nodeName: string } | { unschedulable: string };

/** Chooses the best node; `rng` decides between equals. */
export function placePod(pod: Pod, context: FilterContext, rng: Rng): Placement {
  const { nodes } = context;
  if (nodes.length === 0) return { unschedulable: "no nodes available to schedule pods" };
  const filters = filtersFor(pod, context);
  const feasible: NodeState[] = [];
  const rejections: Rejection[] = [];
  for (const state of nodes) {
    const rejection = firstRejection(filters, state);
    if (rejection) rejections.push(rejection);
    else feasible.push(state);
  }
  if (feasible.length === 0) return { unschedulable: explain(rejections) };
  if (feasible.length === 1) return { nodeName: feasible[0]!.node.metadata.name! };
  const scores = totalScores(pod, feasible, context);
  const best = Math.max(...scores);
  const winners = feasible.filter((_, i) => scores[i] === best);
  return { nodeName: winners[Math.floor(rng() * winners.length)]!.node.metadata.name! };
}

function firstRejection(filters: ((state: NodeState) => Rejection | undefined)[], state: NodeState): Rejection | undefined {
  for (const filter of filters) {
    const rejection = filter(state);
    if (rejection) return rejection;
  }
  return undefined;
}

/**
 * `0/3 nodes are available: 1 node(s) had untolerated taint {...}, 2 Insufficient cpu. preemption: ...`.
 * Every pod has the same priority here, so preemption never finds a victim.
 */
function explain(rejections: Rejection[]): string {
  const prefix = `0/${rejections.length} nodes are available:`;
  const preemption = rejections.map(({ resolvable }) => (resolvable ? "No preemption victims found for incoming pod" : "Preemption is not helpful for scheduling"));
  return `${prefix} ${histogram(rejections.flatMap(({ reasons }) => reasons))}. preemption: ${prefix} ${histogram(preemption)}.`;
}

function histogram(reasons: string[]): string {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(", ");
}
