/**
 * Counts a Job's ended pods, each exactly once. A pod keeps a finalizer until the status says that it was
 * seen: its uid goes into `uncountedTerminatedPods`, then its finalizer goes, then the count rises. So no
 * crash in between counts a pod twice or not at all.
 * @see https://github.com/kubernetes/enhancements/tree/master/keps/sig-apps/2307-job-tracking-without-lingering-pods
 */
import type { Job, Pod } from "#api/types.ts";
import { matchFailurePolicy, type PolicyVerdict } from "./failure-policy.ts";
import { indexOf, isIndexed, parseIndexes } from "./indexes.ts";

export const TRACKING_FINALIZER = "batch.kubernetes.io/job-tracking";
/** How often a pod's index had failed before it, on pods of jobs with a limit per index. */
export const INDEX_FAILURES = "batch.kubernetes.io/job-index-failure-count";

export interface Tally {
  /** Ended well: counted, on their way to be counted, or seen now. With indexes: how many of them completed. */
  succeeded: number;
  failed: number;
  /** What `status` says from now on. */
  counted: { succeeded: number; failed: number };
  uncounted: { succeeded: string[]; failed: string[] };
  completedIndexes: Set<number>;
  failedIndexes: Set<number>;
  /** Pods seen to have ended for the first time. */
  newlySucceeded: Pod[];
  newlyFailed: Pod[];
  /** Pods whose end the stored status knows, or need not know: their finalizer may go. */
  release: Pod[];
  /** Why the failure policy ends the whole job. */
  failJob: string | undefined;
}

export const isTracked = (pod: Pod): boolean => pod.metadata.finalizers?.includes(TRACKING_FINALIZER) === true;
export const isSucceeded = (pod: Pod): boolean => pod.status?.phase === "Succeeded";

/** Whether a pod is replaced only once it has failed, not as soon as it is going. */
export function onlyReplaceFailed({ spec }: Job): boolean {
  return spec.podReplacementPolicy === "Failed" || spec.podFailurePolicy !== undefined;
}

/** Whether the pod counts as failed. One that is being deleted may never get to say so itself. */
export function isFailed(job: Job, pod: Pod): boolean {
  if (pod.status?.phase === "Failed") return true;
  return !onlyReplaceFailed(job) && pod.metadata.deletionTimestamp !== undefined && !isSucceeded(pod);
}

/** How often the pod's index has failed, this pod included when it failed. */
export function indexFailures(pod: Pod, failed: boolean): number {
  return Number(pod.metadata.annotations?.[INDEX_FAILURES] ?? 0) + (failed ? 1 : 0);
}

export function tally(job: Job, pods: Pod[]): Tally {
  const { status = {}, spec } = job;
  const indexed = isIndexed(job);
  const completions = spec.completions ?? Infinity;
  const tracked = new Map(pods.filter(isTracked).map((pod) => [pod.metadata.uid!, pod]));
  const stored = { succeeded: status.uncountedTerminatedPods?.succeeded ?? [], failed: status.uncountedTerminatedPods?.failed ?? [] };
  const waiting = { succeeded: stored.succeeded.filter((uid) => tracked.has(uid)), failed: stored.failed.filter((uid) => tracked.has(uid)) };
  const completedBefore = indexed ? parseIndexes(status.completedIndexes, completions) : new Set<number>();
  const result: Tally = {
    succeeded: 0,
    failed: 0,
    // Whose finalizer is gone is counted now.
    counted: {
      succeeded: (status.succeeded ?? 0) + stored.succeeded.length - waiting.succeeded.length,
      failed: (status.failed ?? 0) + stored.failed.length - waiting.failed.length,
    },
    uncounted: waiting,
    completedIndexes: new Set(completedBefore),
    failedIndexes: parseIndexes(status.failedIndexes, completions),
    newlySucceeded: [],
    newlyFailed: [],
    release: [...waiting.succeeded, ...waiting.failed].map((uid) => tracked.get(uid)!),
    failJob: undefined,
  };
  const known = new Set([...stored.succeeded, ...stored.failed]);
  for (const pod of tracked.values()) {
    if (known.has(pod.metadata.uid!)) continue;
    const index = indexed ? indexOf(pod, completions) : undefined;
    if (isSucceeded(pod)) {
      if (!indexed) addTo(result, "succeeded", pod);
      else if (index === undefined || completedBefore.has(index)) result.release.push(pod);
      else {
        result.completedIndexes.add(index);
        result.newlySucceeded.push(pod);
      }
    } else if (isFailed(job, pod)) {
      if (indexed && index === undefined) result.release.push(pod);
      else countFailure(job, pod, index, matchFailurePolicy(spec.podFailurePolicy, pod), result);
    }
  }
  if (indexed) result.counted.succeeded = result.completedIndexes.size;
  result.succeeded = indexed ? result.completedIndexes.size : result.counted.succeeded + result.uncounted.succeeded.length;
  result.failed = result.counted.failed + result.uncounted.failed.length;
  return result;
}

function countFailure(job: Job, pod: Pod, index: number | undefined, verdict: PolicyVerdict | undefined, result: Tally): void {
  if (verdict?.action === "Ignore") {
    result.release.push(pod);
    return;
  }
  if (verdict?.action === "FailJob") result.failJob ??= verdict.message;
  const limit = job.spec.backoffLimitPerIndex;
  if (index !== undefined && limit !== undefined && (verdict?.action === "FailIndex" || indexFailures(pod, true) > limit)) result.failedIndexes.add(index);
  addTo(result, "failed", pod);
}

function addTo(result: Tally, how: "succeeded" | "failed", pod: Pod): void {
  result.uncounted[how] = [...result.uncounted[how], pod.metadata.uid!];
  result[how === "succeeded" ? "newlySucceeded" : "newlyFailed"].push(pod);
}
