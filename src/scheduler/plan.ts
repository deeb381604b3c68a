/**
 * Where a pod goes: filter, score, choose; or preempt.
 * @see https://kubernetes.io/docs/concepts/scheduling-eviction/scheduling-framework/
 */
import type { Rng } from "#lib/random.ts";
import type { Pod } from "#api/types.ts";
import type { NodeState } from "./cluster.ts";
import { judgeFor, type Rejection } from "./filter.ts";
import { histogram, unavailable } from "./messages.ts";
import { planPreemption, type PreemptionContext, type PreemptionPlan } from "./preempt.ts";
import { totalScores } from "./score.ts";

/** A node's name, or why there is none, in upstream's words, and what is done about it. */
export type Placement = { nodeName: string } | { unschedulable: string; preemption: PreemptionPlan };

/** Chooses the node that room was made on, or the best; `rng` decides between equals. */
export function placePod(pod: Pod, context: PreemptionContext, rng: Rng): Placement {
  const { nodes } = context;
  const judge = judgeFor(pod, context);
  const nominated = context.nominations.nodeOf(pod.metadata.uid!);
  const own = nominated === undefined ? undefined : nodes.find(({ node }) => node.metadata.name === nominated);
  if (own && !judge(own)) return { nodeName: nominated! };
  const feasible: NodeState[] = [];
  const rejections: Rejection[] = [];
  for (const state of nodes) {
    const rejection = judge(state);
    if (rejection) rejections.push(rejection);
    else feasible.push(state);
  }
  if (feasible.length === 0) return unschedulable(pod, histogram(rejections.flatMap(({ reasons }) => reasons)), rejections, context, rng);
  if (feasible.length === 1) return { nodeName: feasible[0]!.node.metadata.name! };
  const scores = totalScores(pod, feasible, context);
  const best = Math.max(...scores);
  const winners = feasible.filter((_, i) => scores[i] === best);
  return { nodeName: winners[Math.floor(rng() * winners.length)]!.node.metadata.name! };
}

/** What becomes of a pod that can't go anywhere, for a reason that lies with the pod. */
export function refusePod(pod: Pod, reason: string, context: PreemptionContext, rng: Rng): Placement {
  const rejections = context.nodes.map(() => ({ reasons: [reason], resolvable: false }));
  return unschedulable(pod, reason, rejections, context, rng);
}

function unschedulable(pod: Pod, why: string, rejections: Rejection[], context: PreemptionContext, rng: Rng): Placement {
  if (rejections.length === 0) return { unschedulable: "no nodes available to schedule pods", preemption: { nominate: null, victims: [], displaced: [] } };
  const preemption = planPreemption(pod, rejections, context, rng);
  const text = unavailable(rejections.length, why);
  return { unschedulable: preemption.message ? `${text} ${preemption.message}` : text, preemption };
}
