/**
 * How long a Job waits before it replaces failed pods: 10 s after the first failure in a row, doubled
 * with each, at most 10 minutes, counted from the last failure.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/job/backoff_utils.go
 */
import type { Pod } from "#api/types.ts";

const FIRST_MS = 10_000;
const MOST_MS = 10 * 60_000;

/** Failures since the last success. */
export interface FailureRecord {
  count: number;
  lastMs: number;
}

/** The record after pods have ended, in the order of their ends. */
export function recordEnds(before: FailureRecord, succeeded: readonly Pod[], failed: readonly Pod[], nowMs: number): FailureRecord {
  const lastSuccessMs = Math.max(-Infinity, ...succeeded.map((pod) => endOf(pod, nowMs)));
  const failures = failed.map((pod) => endOf(pod, nowMs)).filter((endMs) => endMs > lastSuccessMs);
  const { count, lastMs } = succeeded.length > 0 ? { count: 0, lastMs: 0 } : before;
  return { count: count + failures.length, lastMs: Math.max(lastMs, ...failures) };
}

/** How long from now until failed pods may be replaced; 0 for at once. */
export function remainingBackoffMs({ count, lastMs }: FailureRecord, nowMs: number): number {
  if (count === 0) return 0;
  // 2^30 is beyond the limit already; larger powers overflow.
  const delayMs = Math.min(FIRST_MS * 2 ** Math.min(count - 1, 30), MOST_MS);
  return Math.max(0, lastMs + delayMs - nowMs);
}

/** When a pod ended: its last container's end, or else what comes closest to it. */
export function endOf(pod: Pod, nowMs: number): number {
  const ends = (pod.status?.containerStatuses ?? []).map(({ state }) => Date.parse(state?.terminated?.finishedAt ?? ""));
  if (ends.length > 0 && ends.every((endMs) => !Number.isNaN(endMs))) return Math.max(...ends);
  const other = pod.status?.conditions?.find(({ type }) => type === "Ready")?.lastTransitionTime ?? pod.metadata.deletionTimestamp;
  return other === undefined ? nowMs : Math.min(nowMs, Date.parse(other));
}
