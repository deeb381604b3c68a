import { join } from "node:path";
import { goldenTests } from "#lib/golden.ts";
import { toTime } from "#lib/clock.ts";
import type { CronJob, Job } from "#api/types.ts";
import { planCronJob } from "./plan.ts";

/** Jobs in short: `is` running, complete or failed; `began` orders them. */
interface Case {
  now: string;
  created?: string;
  spec?: Partial<CronJob["spec"]>;
  status?: { active?: string[]; lastScheduleTime?: string; lastSuccessfulTime?: string };
  jobs?: { name: string; is: "running" | "complete" | "failed"; began?: string }[];
}

goldenTests<Case>(join(import.meta.dirname, "testdata"), ({ now, created = "2026-01-01T00:00:00Z", spec = {}, status = {}, jobs = [] }) => {
  const reference = (name: string) => ({ name, uid: name });
  const cronJob = {
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: { name: "report", namespace: "shop", creationTimestamp: created },
    spec: { schedule: "*/10 * * * *", concurrencyPolicy: "Allow", jobTemplate: {}, ...spec },
    status: { ...status, active: status.active?.map(reference) },
  } as CronJob;
  const plan = planCronJob({
    cronJob,
    jobs: jobs.map(({ name, is, began = created }): Job => ({
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name, namespace: "shop", uid: name },
      spec: { template: {} },
      status: { startTime: began, ...(is === "running" ? {} : { conditions: [{ type: is === "complete" ? "Complete" : "Failed", status: "True" }] }), ...(is === "complete" ? { completionTime: began } : {}) },
    })),
    nowMs: Date.parse(now),
    timeZone: "UTC",
  });
  const some = <T>(list: T[]): T[] | undefined => (list.length > 0 ? list : undefined);
  return {
    start: plan.start && `${plan.start.name} for ${toTime(plan.start.scheduledMs)}`,
    replace: some(plan.replace.map(({ metadata }) => metadata.name)),
    forget: some(plan.forget.map(({ metadata }) => metadata.name)),
    active: plan.status.active?.map(({ name }) => name),
    lastSuccessfulTime: plan.status.lastSuccessfulTime,
    events: some(plan.events.map(([type, reason]) => `${type} ${reason}`)),
    againAfterMs: plan.againAfterMs,
  };
});
