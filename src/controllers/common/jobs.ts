import type { Job } from "#api/types.ts";

/** Whether a Job has ended, well or not. */
export function isFinished({ status }: Job): boolean {
  return status?.conditions?.some(({ type, status: value }) => (type === "Complete" || type === "Failed") && value === "True") === true;
}
