/**
 * Whether a Job's end is decided, and how.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/job/success_policy.go
 */
import type { Job, Pod } from "#api/types.ts";
import { findCondition } from "../common/conditions.ts";
import { isActive } from "../common/pods.ts";
import { isIndexed, parseIndexes } from "./indexes.ts";
import type { Tally } from "./tally.ts";

export interface Outcome {
  succeeded: boolean;
  reason: string;
  message: string;
}

const failure = (reason: string, message: string): Outcome => ({ succeeded: false, reason, message });

/** Undefined while it is open. What was decided once stays decided. */
export function outcomeOf(job: Job, counts: Tally, pods: Pod[], nowMs: number): Outcome | undefined {
  return decidedBefore(job) ?? failed(job, counts, pods, nowMs) ?? succeeded(job, counts, pods);
}

function decidedBefore({ status }: Job): Outcome | undefined {
  for (const [type, success] of [["FailureTarget", false], ["SuccessCriteriaMet", true]] as const) {
    const condition = findCondition(status?.conditions, type);
    if (condition?.status === "True") return { succeeded: success, reason: condition.reason ?? "", message: condition.message ?? "" };
  }
  return undefined;
}

function failed(job: Job, counts: Tally, pods: Pod[], nowMs: number): Outcome | undefined {
  const { backoffLimit = 6, maxFailedIndexes, completions, backoffLimitPerIndex } = job.spec;
  if (counts.failJob !== undefined) return failure("PodFailurePolicy", counts.failJob);
  const hasNewFailure = counts.failed > (job.status?.failed ?? 0);
  if ((hasNewFailure && counts.failed > backoffLimit) || restartedTooOften(job, pods, backoffLimit)) {
    return failure("BackoffLimitExceeded", "Job has reached the specified backoff limit");
  }
  if (isPastDeadline(job, nowMs)) return failure("DeadlineExceeded", "Job was active longer than specified deadline");
  if (!isIndexed(job) || backoffLimitPerIndex === undefined) return undefined;
  if (maxFailedIndexes !== undefined && counts.failedIndexes.size > maxFailedIndexes) {
    return failure("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes");
  }
  const done = new Set([...counts.completedIndexes, ...counts.failedIndexes]).size;
  return counts.failedIndexes.size > 0 && done >= completions! ? failure("FailedIndexes", "Job has failed indexes") : undefined;
}

/** Containers that are restarted in their pods count like failed pods. */
function restartedTooOften(job: Job, pods: Pod[], limit: number): boolean {
  if (job.spec.template.spec?.restartPolicy !== "OnFailure") return false;
  const alive = pods.filter(({ status }) => status?.phase === "Running" || status?.phase === "Pending");
  const restarts = alive
    .flatMap(({ status }) => [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])])
    .reduce((sum, { restartCount }) => sum + restartCount, 0);
  return limit === 0 ? restarts > 0 : restarts >= limit;
}

function isPastDeadline({ spec, status }: Job, nowMs: number): boolean {
  if (spec.activeDeadlineSeconds === undefined || status?.startTime === undefined || spec.suspend) return false;
  return nowMs - Date.parse(status.startTime) >= spec.activeDeadlineSeconds * 1000;
}

function succeeded(job: Job, counts: Tally, pods: Pod[]): Outcome | undefined {
  const { completions } = job.spec;
  const rule = matchSuccessPolicy(job, counts.completedIndexes);
  if (rule !== undefined) return { succeeded: true, reason: "SuccessPolicy", message: `Matched rules at index ${rule}` };
  // Without completions all pods must have ended, one of them well.
  const enough = completions === undefined ? counts.succeeded > 0 && !pods.some(isActive) : counts.succeeded >= completions;
  return enough ? { succeeded: true, reason: "CompletionsReached", message: "Reached expected number of succeeded pods" } : undefined;
}

function matchSuccessPolicy(job: Job, completed: Set<number>): number | undefined {
  const rules = job.spec.successPolicy?.rules ?? [];
  const index = rules.findIndex(({ succeededIndexes, succeededCount }) => {
    const wanted = succeededIndexes === undefined ? completed : parseIndexes(succeededIndexes, job.spec.completions!);
    const done = [...wanted].filter((candidate) => completed.has(candidate)).length;
    return done >= (succeededCount ?? wanted.size);
  });
  return index < 0 ? undefined : index;
}
