/**
 * Whom to remove so that a pod which no node can take gets one: upstream's plugin DefaultPreemption.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go
 */
import type { Rng } from "#lib/random.ts";
import { fromLabelSelector, matches } from "#lib/selectors.ts";
import type { Pod, PodDisruptionBudget } from "#api/types.ts";
import { changed, type NodeState } from "./cluster.ts";
import { judgeFor, onNode, type FilterContext, type Rejection } from "./filter.ts";
import { histogram, unavailable } from "./messages.ts";
import { byImportance, priorityOf, startedMs } from "./priority.ts";

/** Of many nodes so many are tried, or a tenth of them. */
const MIN_CANDIDATES = 100;
/** Raises every priority above zero, so that more victims never add up to less. */
const PRIORITY_OFFSET = 2 ** 31;

export interface PreemptionContext extends FilterContext {
  budgets: readonly PodDisruptionBudget[];
}

export interface PreemptionPlan {
  /** Why nobody is removed: `preemption: 0/3 nodes are available: ...`. */
  message?: string;
  /** The node where room is made; null gives an earlier nomination up, undefined leaves it. */
  nominate?: string | null;
  /** Who goes, the most important first; some may be going already. */
  victims: Pod[];
  /** Pods of lower priority that were nominated for the node, and no longer are. */
  displaced: Pod[];
}

interface Candidate {
  nodeName: string;
  victims: Pod[];
  /** How many of the victims a disruption budget would keep. */
  violations: number;
}

/** `rejections` say, node by node in the context's order, why the pod can't go there. `rng` decides where the search begins. */
export function planPreemption(pod: Pod, rejections: readonly Rejection[], context: PreemptionContext, rng: Rng): PreemptionPlan {
  const ineligible = whyNotEligible(pod, rejections, context);
  if (ineligible) return { message: `preemption: ${ineligible}`, victims: [], displaced: [] };
  const hopeful = context.nodes.filter((_, i) => rejections[i]!.resolvable);
  const { candidates, reasons } = findCandidates(pod, hopeful, context, rng);
  const best = bestCandidate(candidates);
  if (!best) {
    const hopeless = rejections.filter(({ resolvable }) => !resolvable).map(() => "Preemption is not helpful for scheduling");
    return { message: `preemption: ${unavailable(rejections.length, histogram([...reasons, ...hopeless]))}`, nominate: null, victims: [], displaced: [] };
  }
  const displaced = context.nominations.on(best.nodeName).filter((other) => priorityOf(other) < priorityOf(pod));
  return { nominate: best.nodeName, victims: best.victims, displaced };
}

/** A pod whose class says so never preempts; one that has preempted waits until its victims are gone. */
function whyNotEligible(pod: Pod, rejections: readonly Rejection[], { nodes, nominations }: PreemptionContext): string | undefined {
  if (pod.spec.preemptionPolicy === "Never") return "not eligible due to preemptionPolicy=Never.";
  const nominated = nominations.nodeOf(pod.metadata.uid!);
  const index = nodes.findIndex(({ node }) => node.metadata.name === nominated);
  if (index < 0 || !rejections[index]!.resolvable) return undefined;
  const waits = [...nodes[index]!.pods.values()].some((other) => priorityOf(other) < priorityOf(pod) && isGoingByPreemption(other));
  return waits ? "not eligible due to a terminating pod on the nominated node." : undefined;
}

function isGoingByPreemption({ metadata, status }: Pod): boolean {
  const target = status?.conditions?.find(({ type }) => type === "DisruptionTarget");
  return metadata.deletionTimestamp !== undefined && target?.status === "True" && target.reason === "PreemptionByScheduler";
}

function findCandidates(pod: Pod, nodes: NodeState[], context: PreemptionContext, rng: Rng): { candidates: Candidate[]; reasons: string[] } {
  const enough = Math.min(nodes.length, Math.max(MIN_CANDIDATES, Math.floor(nodes.length / 10)));
  const first = Math.floor(rng() * nodes.length);
  const candidates: Candidate[] = [];
  const reasons: string[] = [];
  for (const state of [...nodes.slice(first), ...nodes.slice(0, first)]) {
    const found = victimsOn(state, pod, context);
    if ("reasons" in found) reasons.push(...found.reasons);
    else candidates.push(found);
    if (candidates.length >= enough && candidates.some(({ violations }) => violations === 0)) break;
  }
  return { candidates, reasons };
}

/** The fewest pods of lower priority without whom the pod fits on the node, or why it doesn't even without all of them. */
function victimsOn(state: NodeState, pod: Pod, context: PreemptionContext): Candidate | Rejection {
  const lower = [...state.pods.values()].filter((other) => priorityOf(other) < priorityOf(pod)).sort(byImportance);
  if (lower.length === 0) return { reasons: ["No preemption victims found for incoming pod"], resolvable: false };
  const judge = (changedState: NodeState): Rejection | undefined => judgeFor(pod, onNode(context, changedState))(changedState);
  let left = changed(state, { without: lower });
  const rejection = judge(left);
  if (rejection) return rejection;
  const victims: Pod[] = [];
  /** Lets those stay with whom the pod still fits; says how many can't. */
  const reprieve = (others: Pod[]): number => {
    const before = victims.length;
    for (const other of others) {
      const more = changed(left, { with: [other] });
      if (judge(more)) victims.push(other);
      else left = more;
    }
    return victims.length - before;
  };
  const { kept, free } = byBudget(lower, context.budgets);
  const violations = reprieve(kept);
  reprieve(free);
  return { nodeName: state.node.metadata.name!, victims: victims.sort(byImportance), violations };
}

/** Tells the pods whom a disruption budget would keep from those that may go. In both the order stays. */
function byBudget(pods: Pod[], budgets: readonly PodDisruptionBudget[]): { kept: Pod[]; free: Pod[] } {
  const counted = budgets.map(({ metadata, spec, status }) => ({
    namespace: metadata.namespace,
    selector: fromLabelSelector(spec?.selector),
    disrupted: status?.disruptedPods ?? {},
    allowed: status?.disruptionsAllowed ?? 0,
  }));
  const kept = new Set<Pod>();
  for (const pod of pods) {
    const { name, namespace, labels } = pod.metadata;
    for (const budget of counted) {
      // As upstream, an empty selector selects nothing here, though it does for evictions. Whom an eviction took is counted already.
      if (budget.namespace !== namespace || !budget.selector?.length || !matches(budget.selector, labels) || name! in budget.disrupted) continue;
      budget.allowed--;
      if (budget.allowed < 0) kept.add(pod);
    }
  }
  return { kept: pods.filter((pod) => kept.has(pod)), free: pods.filter((pod) => !kept.has(pod)) };
}

/** What makes a node the better choice, the first difference deciding; lower is better. */
const COSTS: ((candidate: Candidate) => number)[] = [
  ({ violations }) => violations,
  ({ victims }) => priorityOf(victims[0]!),
  ({ victims }) => victims.reduce((sum, victim) => sum + priorityOf(victim) + PRIORITY_OFFSET, 0),
  ({ victims }) => victims.length,
  // Of the most important victims, the earliest to have started should have started late.
  ({ victims }) => -Math.min(...victims.filter((victim) => priorityOf(victim) === priorityOf(victims[0]!)).map(startedMs)),
];

function bestCandidate(candidates: Candidate[]): Candidate | undefined {
  let best = candidates;
  for (const cost of COSTS) {
    const least = Math.min(...best.map(cost));
    best = best.filter((candidate) => cost(candidate) === least);
  }
  return best[0];
}
