/**
 * How many pods a PodDisruptionBudget lets go at present. Evictions take from that number themselves and
 * write down whom they took; this recounts.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/disruption/disruption.go
 */
import { toTime } from "#lib/clock.ts";
import type { Pod, PodDisruptionBudget } from "#api/types.ts";
import { setCondition } from "../common/conditions.ts";
import { scaledValue } from "../common/percentages.ts";
import { isReady, isTerminal } from "../common/pods.ts";

/** An evicted pod that is still there after this time was not deleted after all. */
const DELETION_TIMEOUT_MS = 2 * 60_000;

export interface DisruptionSnapshot {
  budget: PodDisruptionBudget;
  /** The pods it selects. */
  pods: Pod[];
  /** How many pods their controllers want altogether; a text says why that can't be known. */
  expectedScale: number | string;
  nowMs: number;
}

export interface DisruptionPlan {
  status: NonNullable<PodDisruptionBudget["status"]>;
  events: [type: "Normal" | "Warning", reason: string, message: string][];
  /** When an eviction that came to nothing is forgotten. */
  againAfterMs?: number;
}

export function planDisruption({ budget, pods, expectedScale, nowMs }: DisruptionSnapshot): DisruptionPlan {
  const plan: DisruptionPlan = { status: { ...empty(), ...budget.status }, events: [] };
  const alive = pods.filter((pod) => !isTerminal(pod));
  if (pods.length === 0) plan.events.push(["Normal", "NoPods", "No matching pods found"]);
  const needed = neededPods(budget, alive.length, expectedScale);
  const { observedGeneration: _, conditions = [], ...before } = plan.status;
  const condition = (status: string, reason: string, message: string) => setCondition(conditions, { type: "DisruptionAllowed", status, reason, message, observedGeneration: budget.metadata.generation ?? 0, lastTransitionTime: "" }, nowMs);
  if (typeof needed === "string") {
    plan.events.push(["Warning", "CalculateExpectedPodCountFailed", `Failed to calculate the number of expected pods: ${needed}`]);
    plan.status = { ...before, disruptionsAllowed: 0, observedGeneration: budget.metadata.generation ?? 0, conditions: condition("False", "SyncFailed", needed) };
    return plan;
  }
  const disrupted = stillDisrupted(budget, pods, nowMs, plan);
  const currentHealthy = alive.filter((pod) => !pod.metadata.deletionTimestamp && !(pod.metadata.name! in disrupted) && isReady(pod)).length;
  const { expected, desiredHealthy } = needed;
  const allowed = expected <= 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);
  plan.status = {
    currentHealthy,
    desiredHealthy,
    expectedPods: expected,
    disruptionsAllowed: allowed,
    ...(Object.keys(disrupted).length > 0 ? { disruptedPods: disrupted } : {}),
    observedGeneration: budget.metadata.generation ?? 0,
    conditions: condition(allowed > 0 ? "True" : "False", allowed > 0 ? "SufficientPods" : "InsufficientPods", ""),
  };
  return plan;
}

function empty(): NonNullable<PodDisruptionBudget["status"]> {
  return { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 };
}

function neededPods({ spec }: PodDisruptionBudget, podCount: number, scale: number | string): { expected: number; desiredHealthy: number } | string {
  const { minAvailable, maxUnavailable } = spec ?? {};
  if (maxUnavailable !== undefined) {
    if (typeof scale === "string") return scale;
    return { expected: scale, desiredHealthy: Math.max(0, scale - scaledValue(maxUnavailable, scale, Math.ceil)) };
  }
  if (minAvailable === undefined) return { expected: podCount, desiredHealthy: 0 };
  if (typeof minAvailable === "number") return { expected: podCount, desiredHealthy: minAvailable };
  if (typeof scale === "string") return scale;
  return { expected: scale, desiredHealthy: scaledValue(minAvailable, scale, Math.ceil) };
}

/** The evicted pods whose deletion can still be expected to begin. */
function stillDisrupted({ metadata, status }: PodDisruptionBudget, pods: Pod[], nowMs: number, plan: DisruptionPlan): Record<string, string> {
  const still: Record<string, string> = {};
  const byName = new Map(pods.map((pod) => [pod.metadata.name!, pod]));
  for (const [name, since] of Object.entries((status?.disruptedPods ?? {}) as Record<string, string>)) {
    const pod = byName.get(name);
    // Whose deletion has begun counts as unhealthy by itself.
    if (!pod || pod.metadata.deletionTimestamp) continue;
    const dueMs = Date.parse(since) + DELETION_TIMEOUT_MS;
    if (dueMs <= nowMs) {
      plan.events.push(["Warning", "NotDeleted", `Pod ${name} was expected by PDB ${metadata.namespace}/${metadata.name} to be deleted but it wasn't`]);
      continue;
    }
    still[name] = toTime(Date.parse(since));
    plan.againAfterMs = Math.min(plan.againAfterMs ?? Infinity, dueMs - nowMs);
  }
  return still;
}
