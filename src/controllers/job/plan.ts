/**
 * A Job runs pods until enough of them have succeeded.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/job/job_controller.go
 */
import { toTime } from "#lib/clock.ts";
import type { Job, Pod } from "#api/types.ts";
import { findCondition, setCondition } from "../common/conditions.ts";
import { isFinished } from "../common/jobs.ts";
import { isActive, isReady, isTerminating } from "../common/pods.ts";
import { inDeletionOrder } from "../common/deletion-order.ts";
import { endOf, recordEnds, remainingBackoffMs, type FailureRecord } from "./backoff.ts";
import { formatIndexes, indexOf, isIndexed } from "./indexes.ts";
import { outcomeOf, type Outcome } from "./outcome.ts";
import { indexFailures, isFailed, isTracked, onlyReplaceFailed, tally, type Tally } from "./tally.ts";

/** At most so many pods are created or deleted in one round. */
const BURST = 500;

export interface JobSnapshot {
  job: Job;
  /** The pods it owns. */
  pods: Pod[];
  nowMs: number;
  /** Failures since the last success, as far as this controller has seen. */
  failures: FailureRecord;
}

/** A pod to create; without an index for jobs that have none. */
export interface NewPod {
  index?: number | undefined;
  /** How often the index failed before, where the job limits that. */
  indexFailures?: number | undefined;
}

export interface JobPlan {
  /** To be written before anything else: the rest relies on it. */
  status: NonNullable<Job["status"]>;
  release: Pod[];
  /** Pods that end with the job: they count as failed. */
  delete: Pod[];
  /** Pods that are not wanted any more: they lose their finalizer first, so that nobody counts them. */
  discard: Pod[];
  create: NewPod[];
  events: [type: "Normal" | "Warning", reason: string, message: string][];
  failures: FailureRecord;
  againAfterMs?: number;
}

type JobCondition = NonNullable<NonNullable<Job["status"]>["conditions"]>[number];

export function planJob({ job, pods, nowMs, failures }: JobSnapshot): JobPlan {
  const status = structuredClone(job.status ?? {});
  const plan: JobPlan = { status, release: [], delete: [], discard: [], create: [], events: [], failures };
  if (isFinished(job) || job.metadata.deletionTimestamp) {
    plan.release = pods.filter(isTracked);
    return plan;
  }
  const counts = tally(job, pods);
  const active = pods.filter(isActive);
  const terminating = pods.filter(isTerminating);
  plan.failures = recordEnds(failures, counts.newlySucceeded, counts.newlyFailed, nowMs);
  plan.release = job.spec.backoffLimitPerIndex === undefined ? counts.release : counts.release.filter((pod) => isReplaced(job, pod, active, counts));

  if (job.spec.suspend !== true && status.startTime === undefined) status.startTime = toTime(nowMs);
  const outcome = outcomeOf(job, counts, pods, nowMs);
  if (outcome) finish(job, outcome, counts, [...active, ...terminating], plan, nowMs);
  else {
    suspendOrResume(job, plan, nowMs);
    if (job.spec.suspend) plan.discard = active;
    else manage(job, pods, active, terminating, counts, plan, nowMs);
    wakeAtDeadline(job, plan, nowMs);
  }
  Object.assign(status, {
    active: active.length,
    ready: active.filter(isReady).length,
    terminating: terminating.length,
    succeeded: counts.counted.succeeded,
    failed: counts.counted.failed,
    uncountedTerminatedPods: {
      ...(counts.uncounted.succeeded.length > 0 ? { succeeded: counts.uncounted.succeeded } : {}),
      ...(counts.uncounted.failed.length > 0 ? { failed: counts.uncounted.failed } : {}),
    },
  });
  if (isIndexed(job)) {
    status.completedIndexes = formatIndexes(counts.completedIndexes);
    if (job.spec.backoffLimitPerIndex !== undefined) status.failedIndexes = formatIndexes(counts.failedIndexes);
  }
  plan.status = onTheWire(status);
  return plan;
}

/** Zeros and empty texts leave the wire, as in Go; `ready` and `terminating` stay, also when nothing is. */
function onTheWire(status: NonNullable<Job["status"]>): NonNullable<Job["status"]> {
  const { ready, terminating, failedIndexes, ...rest } = status;
  return {
    ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== 0 && value !== "" && value !== undefined)),
    ...(failedIndexes === undefined ? {} : { failedIndexes }),
    ready: ready ?? 0,
    terminating: terminating ?? 0,
  };
}

/** Says how it ends at once, deletes what runs, and ends when all pods are gone and counted. */
function finish(job: Job, outcome: Outcome, counts: Tally, alive: Pod[], plan: JobPlan, nowMs: number): void {
  const { status } = plan;
  const { reason, message } = outcome;
  const condition = (type: string): JobCondition => ({ type, status: "True", reason, message, lastProbeTime: toTime(nowMs) });
  status.conditions = setCondition(status.conditions, condition(outcome.succeeded ? "SuccessCriteriaMet" : "FailureTarget"), nowMs);
  plan.delete = alive.filter(isActive);
  plan.release = counts.release;
  if (alive.length > 0 || counts.uncounted.succeeded.length + counts.uncounted.failed.length > 0) return;
  // The indexes that complete in this very round must be stored before their pods may go.
  if (counts.newlySucceeded.length > 0) return;
  status.conditions = setCondition(status.conditions, condition(outcome.succeeded ? "Complete" : "Failed"), nowMs);
  if (outcome.succeeded) {
    status.completionTime = toTime(nowMs);
    plan.events.push(["Normal", "Completed", "Job completed"]);
  } else plan.events.push(["Warning", reason, message]);
}

function suspendOrResume(job: Job, plan: JobPlan, nowMs: number): void {
  const { status } = plan;
  const suspended = findCondition(status.conditions, "Suspended")?.status === "True";
  if (job.spec.suspend && !suspended) {
    status.conditions = setCondition(status.conditions, { type: "Suspended", status: "True", reason: "JobSuspended", message: "Job suspended", lastProbeTime: toTime(nowMs) }, nowMs);
    delete status.startTime;
    plan.events.push(["Normal", "Suspended", "Job suspended"]);
  }
  if (!job.spec.suspend && suspended) {
    status.conditions = setCondition(status.conditions, { type: "Suspended", status: "False", reason: "JobResumed", message: "Job resumed", lastProbeTime: toTime(nowMs) }, nowMs);
    // The deadline counts from here.
    status.startTime = toTime(nowMs);
    plan.events.push(["Normal", "Resumed", "Job resumed"]);
  }
}

function wakeAtDeadline(job: Job, plan: JobPlan, nowMs: number): void {
  const { activeDeadlineSeconds } = job.spec;
  const { startTime } = plan.status;
  if (activeDeadlineSeconds === undefined || startTime === undefined || job.spec.suspend) return;
  again(plan, Date.parse(startTime) + activeDeadlineSeconds * 1000 - nowMs);
}

function again(plan: JobPlan, afterMs: number): void {
  plan.againAfterMs = Math.min(plan.againAfterMs ?? Infinity, Math.max(0, afterMs));
}

/** Creates what is missing and deletes what is too much. */
function manage(job: Job, pods: Pod[], active: Pod[], terminating: Pod[], counts: Tally, plan: JobPlan, nowMs: number): void {
  const { parallelism = 1, completions } = job.spec;
  const { succeeded } = counts;
  // Without completions the first success says that the work is done: nobody new begins.
  const wanted = completions === undefined ? (succeeded > 0 ? Math.min(active.length, parallelism) : parallelism) : Math.max(0, Math.min(parallelism, completions - succeeded));
  const excess = isIndexed(job) ? misplaced(active, completions!, counts) : [];
  const surplus = active.length - excess.length - wanted;
  const kept = active.filter((pod) => !excess.includes(pod));
  plan.discard = [...excess, ...inDeletionOrder(kept, kept, nowMs).slice(0, Math.max(0, surplus))].slice(0, BURST);
  const missing = wanted - kept.length - (onlyReplaceFailed(job) ? terminating.length : 0);
  if (missing <= 0) return;
  if (job.spec.backoffLimitPerIndex !== undefined) {
    createIndexes(job, pods, missing, counts, plan, nowMs);
    return;
  }
  const waitMs = remainingBackoffMs(plan.failures, nowMs);
  if (waitMs > 0) {
    again(plan, waitMs);
    return;
  }
  const count = Math.min(missing, BURST);
  plan.create = isIndexed(job) ? pendingIndexes(job, pods, counts).slice(0, count).map((index) => ({ index })) : Array.from({ length: count }, () => ({}));
}

/** Active pods without an index of this job, whose index is done already, and all but the first of one index. */
function misplaced(active: Pod[], completions: number, counts: Tally): Pod[] {
  const seen = new Set<number>();
  return active.filter((pod) => {
    const index = indexOf(pod, completions);
    if (index === undefined || counts.completedIndexes.has(index) || counts.failedIndexes.has(index) || seen.has(index)) return true;
    seen.add(index);
    return false;
  });
}

/** The indexes that neither are done nor have a pod, lowest first. */
function pendingIndexes(job: Job, pods: Pod[], counts: Tally): number[] {
  const completions = job.spec.completions!;
  const blocking = pods.filter((pod) => isActive(pod) || (onlyReplaceFailed(job) && isTerminating(pod)));
  const taken = new Set([...counts.completedIndexes, ...counts.failedIndexes, ...blocking.map((pod) => indexOf(pod, completions))]);
  return Array.from({ length: completions }, (_, index) => index).filter((index) => !taken.has(index));
}

/** Each index has failures and a back-off of its own. */
function createIndexes(job: Job, pods: Pod[], missing: number, counts: Tally, plan: JobPlan, nowMs: number): void {
  for (const index of pendingIndexes(job, pods, counts)) {
    if (plan.create.length >= Math.min(missing, BURST)) return;
    const failed = pods.filter((pod) => indexOf(pod, job.spec.completions!) === index && isFailed(job, pod));
    const count = Math.max(0, ...failed.map((pod) => indexFailures(pod, true)));
    const waitMs = remainingBackoffMs({ count, lastMs: Math.max(0, ...failed.map((pod) => endOf(pod, nowMs))) }, nowMs);
    if (waitMs > 0) again(plan, waitMs);
    else plan.create.push({ index, indexFailures: count });
  }
}

/** A failed pod says how often its index failed; it is needed until its successor carries that on. */
function isReplaced(job: Job, pod: Pod, active: Pod[], counts: Tally): boolean {
  const index = indexOf(pod, job.spec.completions!);
  if (index === undefined || !isFailed(job, pod)) return true;
  if (counts.failedIndexes.has(index) || counts.completedIndexes.has(index)) return true;
  return active.some((other) => indexOf(other, job.spec.completions!) === index && indexFailures(other, false) >= indexFailures(pod, true));
}
