/** What Jobs and the templates of CronJobs share besides validation. */
import type { Job, JobSpec } from "../types.ts";
import { dns1123Label } from "./names.ts";
import { templateWarnings } from "./pod-warnings.ts";

export const JOB_NAME = "batch.kubernetes.io/job-name";
export const CONTROLLER_UID = "batch.kubernetes.io/controller-uid";
export const LEGACY_JOB_NAME = "job-name";
export const LEGACY_CONTROLLER_UID = "controller-uid";

/** Above these counts, `status.completedIndexes` could become too large. */
const MANY_COMPLETIONS = 100_000;
const MANY_AT_ONCE = 10_000;

export function hasCondition(status: Job["status"], type: string): boolean {
  return status?.conditions?.some((condition) => condition.type === type && condition.status === "True") ?? false;
}

export function warningsForJobName(name: string | undefined): string[] {
  const problems = dns1123Label(name ?? "");
  if (problems.length === 0) return [];
  return [`metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [${problems.join(" ")}]`];
}

/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/api/job/warnings.go */
export function warningsForJobSpec({ completions = 0, parallelism = 0, completionMode, template }: JobSpec, field: string): string[] {
  const warnings: string[] = [];
  if (completionMode === "Indexed" && completions > MANY_COMPLETIONS && parallelism > MANY_AT_ONCE) {
    warnings.push(
      "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail",
    );
  }
  return [...warnings, ...templateWarnings(template, `${field}.template`)];
}
