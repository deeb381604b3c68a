/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/batch/validation/validation.go (ValidateJobStatusUpdate) */
import type { FieldError } from "../errors.ts";
import type { Job, JobSpec } from "../types.ts";
import { duplicate, invalid, invalidTogether, required, validateNonnegative } from "./field-errors.ts";
import { firstCommonIndex, totalOfIndexes } from "./job-indexes.ts";
import { hasCondition } from "./job-spec.ts";

type JobStatus = NonNullable<Job["status"]>;

/** Any controller may manage a job, so the status is checked for sense as strictly as a spec. */
export function validateJobStatusUpdate({ spec, status = {} }: Job, { status: old = {} }: Job): FieldError[] {
  return [
    ...(["active", "succeeded", "failed", "ready", "terminating"] as const).flatMap((name) => validateNonnegative(`status.${name}`, status[name])),
    ...validateUncounted(status),
    ...validateOutcome(spec, status),
    ...validateFinished(spec, status),
    ...validateIndexes(spec, status, old),
    ...((status.ready ?? 0) > (status.active ?? 0) ? [invalid("status.ready", status.ready, "cannot set more ready pods than active")] : []),
    ...validateTransition(spec, status, old),
  ];
}

function validateUncounted({ uncountedTerminatedPods: { succeeded = [], failed = [] } = {} }: JobStatus): FieldError[] {
  const seen = new Set<string>();
  return Object.entries({ succeeded, failed }).flatMap(([name, uids]) =>
    uids.flatMap((uid, i) => {
      const field = `status.uncountedTerminatedPods.${name}[${i}]`;
      if (uid === "") return [invalid(field, uid, "must not be empty")];
      if (seen.has(uid)) return [duplicate(field, uid)];
      seen.add(uid);
      return [];
    }),
  );
}

/** Conditions and times that go together, and those that don't. */
function validateOutcome({ successPolicy }: JobSpec, status: JobStatus): FieldError[] {
  const { startTime, completionTime } = status;
  const complete = hasCondition(status, "Complete");
  const failed = hasCondition(status, "Failed");
  const failureTarget = hasCondition(status, "FailureTarget");
  const criteriaMet = hasCondition(status, "SuccessCriteriaMet");
  const errors: FieldError[] = [];
  const conditions = (wrong: boolean, detail: string): void => void (wrong && errors.push(invalidTogether("status.conditions", detail)));
  conditions(complete && failed, "cannot set Complete=True and Failed=true conditions");
  conditions(complete && failureTarget, "cannot set Complete=True and FailureTarget=true conditions");
  if (completionTime && !complete) errors.push(invalid("status.completionTime", completionTime, "cannot set completionTime when there is no Complete=True condition"));
  if (!completionTime && complete) errors.push(required("status.completionTime", "completionTime is required for Complete jobs"));
  if (startTime && completionTime && Date.parse(completionTime) < Date.parse(startTime)) {
    errors.push(invalid("status.completionTime", completionTime, "completionTime cannot be set before startTime"));
  }
  conditions(failed && !failureTarget, "cannot set Failed=True condition without the FailureTarget=true condition");
  conditions(complete && !criteriaMet, "cannot set Complete=True condition without the SuccessCriteriaMet=true condition");
  conditions(criteriaMet && failed, "cannot set SuccessCriteriaMet=True and Failed=true conditions");
  conditions(criteriaMet && failureTarget, "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions");
  conditions(successPolicy !== undefined && complete && !criteriaMet, "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True");
  return errors;
}

/** A job is only done when nothing of it runs or waits to be counted. */
function validateFinished({ suspend, completions }: JobSpec, status: JobStatus): FieldError[] {
  if (!hasCondition(status, "Complete") && !hasCondition(status, "Failed")) return [];
  const { active = 0, terminating = 0, startTime, uncountedTerminatedPods } = status;
  const uncounted = (uncountedTerminatedPods?.succeeded?.length ?? 0) + (uncountedTerminatedPods?.failed?.length ?? 0);
  const errors: FieldError[] = [];
  if (active > 0) errors.push(invalid("status.active", active, "active>0 is invalid for finished job"));
  if (!startTime && !(suspend && completions === 0)) errors.push(required("status.startTime", "startTime is required for finished job"));
  if (uncounted > 0) errors.push(invalid("status.uncountedTerminatedPods", uncountedTerminatedPods, "uncountedTerminatedPods needs to be empty for finished job"));
  if (terminating > 0) errors.push(invalid("status.terminating", terminating, "terminating>0 is invalid for finished job"));
  return errors;
}

function validateIndexes({ completions, completionMode, backoffLimitPerIndex }: JobSpec, status: JobStatus, old: JobStatus): FieldError[] {
  const { completedIndexes = "", failedIndexes } = status;
  const errors: FieldError[] = [];
  const completedChanged = completedIndexes !== (old.completedIndexes ?? "");
  const failedChanged = failedIndexes !== old.failedIndexes;
  if (completions !== undefined) {
    if (completedChanged) errors.push(...validateFormat("completedIndexes", completedIndexes, completions));
    if (failedChanged && backoffLimitPerIndex !== undefined) errors.push(...validateFormat("failedIndexes", failedIndexes ?? "", completions));
  }
  if (completedChanged && completedIndexes !== "" && completionMode !== "Indexed") {
    errors.push(invalid("status.completedIndexes", completedIndexes, "cannot set non-empty completedIndexes when non-indexed completion mode"));
  }
  if (failedIndexes === undefined || !(completedChanged || failedChanged)) return errors;
  if (backoffLimitPerIndex === undefined && failedChanged) {
    errors.push(invalid("status.failedIndexes", failedIndexes, "cannot set non-null failedIndexes when backoffLimitPerIndex is null"));
  }
  const common = completions === undefined ? undefined : firstCommonIndex(completedIndexes, failedIndexes, completions);
  if (common !== undefined) errors.push(invalid("status.failedIndexes", failedIndexes, `failedIndexes and completedIndexes overlap at index: ${common}`));
  return errors;
}

function validateFormat(name: string, indexes: string, completions: number): FieldError[] {
  try {
    totalOfIndexes(indexes, completions);
    return [];
  } catch (error) {
    return [invalid(`status.${name}`, indexes, `error parsing ${name}: ${(error as Error).message}`)];
  }
}

function validateTransition({ completions, parallelism, suspend }: JobSpec, status: JobStatus, old: JobStatus): FieldError[] {
  const errors = ["Failed", "Complete", "FailureTarget"]
    .filter((type) => hasCondition(old, type) && !hasCondition(status, type))
    .map((type) => invalidTogether("status.conditions", `cannot disable the terminal ${type}=True condition`));
  const { failed = 0, succeeded = 0, completionTime, startTime } = status;
  if (failed < (old.failed ?? 0)) errors.push(invalid("status.failed", failed, "cannot decrease the failed counter"));
  // Where both are equal, an Indexed Job may have been made smaller.
  if (completions !== parallelism && succeeded < (old.succeeded ?? 0)) errors.push(invalid("status.succeeded", succeeded, "cannot decrease the succeeded counter"));
  if (completionTime && old.completionTime && completionTime !== old.completionTime) errors.push(invalid("status.completionTime", completionTime, "completionTime cannot be mutated"));
  if (old.startTime && startTime !== old.startTime && !suspend) errors.push(required("status.startTime", "startTime cannot be removed for unsuspended job"));
  const metBefore = hasCondition(old, "SuccessCriteriaMet");
  const met = hasCondition(status, "SuccessCriteriaMet");
  if (metBefore && !met) errors.push(invalidTogether("status.conditions", "cannot disable the SuccessCriteriaMet=True condition"));
  if (hasCondition(old, "Complete") && !metBefore && met) {
    errors.push(invalidTogether("status.conditions", "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions"));
  }
  return errors;
}
