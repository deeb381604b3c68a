/**
 * A CronJob starts a Job whenever its schedule says so.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/cronjob/cronjob_controllerv2.go
 */
import { isTimeZone, nextTime, parseSchedule, type Schedule } from "#lib/cron.ts";
import { toTime } from "#lib/clock.ts";
import type { CronJob, Job, ObjectReference } from "#api/types.ts";
import { findCondition } from "../common/conditions.ts";
import { isFinished } from "../common/jobs.ts";

/** So many missed starts are more than a pause: the clock was set wrong, or the schedule can't be kept. */
const TOO_MANY_MISSED = 100;
/** A start is looked for a little after its time, so that a clock that runs fast doesn't miss it. */
const SLACK_MS = 100;

export interface CronJobSnapshot {
  cronJob: CronJob;
  /** The jobs it owns. */
  jobs: Job[];
  nowMs: number;
  /** Where the machine is, for schedules without a time zone. */
  timeZone: string;
}

export interface CronJobPlan {
  status: NonNullable<CronJob["status"]>;
  events: [type: "Normal" | "Warning", reason: string, message: string][];
  /** Finished jobs beyond the history. */
  forget: Job[];
  /** Running jobs that make way for the next. */
  replace: Job[];
  /** The start that is due. */
  start?: { name: string; scheduledMs: number; timeZone: string };
  againAfterMs?: number;
}

export function planCronJob({ cronJob, jobs, nowMs, timeZone: localZone }: CronJobSnapshot): CronJobPlan {
  const { spec } = cronJob;
  const status = structuredClone(cronJob.status ?? {});
  const plan: CronJobPlan = { status, events: [], forget: history(cronJob, jobs), replace: [] };
  followActive(jobs, plan);
  if (cronJob.metadata.deletionTimestamp || spec.suspend) return plan;

  const timeZone = spec.timeZone ?? localZone;
  if (!isTimeZone(timeZone)) {
    plan.events.push(["Warning", "UnknownTimeZone", `invalid timeZone: ${JSON.stringify(timeZone)}: unknown time zone ${timeZone}`]);
    return plan;
  }
  let schedule: Schedule;
  try {
    schedule = parseSchedule(spec.schedule);
  } catch (error) {
    plan.events.push(["Warning", "UnparseableSchedule", `unparseable schedule: ${JSON.stringify(spec.schedule)} : ${(error as Error).message}`]);
    return plan;
  }
  const next = nextTime(schedule, nowMs, timeZone);
  if (next !== undefined) plan.againAfterMs = next - nowMs + SLACK_MS;
  const scheduledMs = mostRecentStart(cronJob, schedule, timeZone, nowMs, plan);
  if (scheduledMs !== undefined) startAt(cronJob, scheduledMs, timeZone, jobs, nowMs, plan);
  return plan;
}

/** Takes jobs that ended or vanished off the list of active ones, and notes the last success. */
function followActive(jobs: Job[], plan: CronJobPlan): void {
  const { status, events } = plan;
  const byUid = new Map(jobs.map((job) => [job.metadata.uid!, job]));
  const active: ObjectReference[] = [];
  for (const reference of status.active ?? []) {
    const job = byUid.get(reference.uid!);
    if (!job) events.push(["Normal", "MissingJob", `Active job went missing: ${reference.name}`]);
    else if (isFinished(job)) events.push(["Normal", "SawCompletedJob", `Saw completed job: ${job.metadata.name}, condition: ${isSucceeded(job) ? "Complete" : "Failed"}`]);
    else active.push(reference);
  }
  const listed = new Set((status.active ?? []).map(({ uid }) => uid));
  for (const job of jobs) {
    if (!isFinished(job) && !listed.has(job.metadata.uid)) events.push(["Warning", "UnexpectedJob", `Saw a job that the controller did not create or forgot: ${job.metadata.name}`]);
  }
  if (active.length > 0) status.active = active;
  else delete status.active;
  const lastSuccess = jobs.filter(isSucceeded).map(({ status: { completionTime } = {} }) => completionTime ?? "").sort().at(-1);
  if (lastSuccess && lastSuccess > (status.lastSuccessfulTime ?? "")) status.lastSuccessfulTime = lastSuccess;
}

/** The latest start that should have been made since the last one; undefined when none was due. */
function mostRecentStart({ metadata, spec, status }: CronJob, schedule: Schedule, timeZone: string, nowMs: number, plan: CronJobPlan): number | undefined {
  let earliestMs = Date.parse(status?.lastScheduleTime ?? metadata.creationTimestamp!);
  if (spec.startingDeadlineSeconds !== undefined) earliestMs = Math.max(earliestMs, nowMs - spec.startingDeadlineSeconds * 1000);
  if (missesTooMany(schedule, earliestMs, nowMs, timeZone)) {
    plan.events.push(["Warning", "TooManyMissedTimes", "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"]);
  }
  // Looked for in ever longer spans before now: stepping through years of minutes would take too long.
  for (let spanMs = 60_000; ; spanMs *= 2) {
    const fromMs = Math.max(earliestMs, nowMs - spanMs);
    let latest: number | undefined;
    for (let at = nextTime(schedule, fromMs, timeZone); at !== undefined && at <= nowMs; at = nextTime(schedule, at, timeZone)) latest = at;
    if (latest !== undefined || fromMs === earliestMs) return latest;
  }
}

function missesTooMany(schedule: Schedule, earliestMs: number, nowMs: number, timeZone: string): boolean {
  let at: number | undefined = earliestMs;
  for (let missed = 0; missed <= TOO_MANY_MISSED; missed++) {
    at = nextTime(schedule, at, timeZone);
    if (at === undefined || at > nowMs) return false;
  }
  return true;
}

function startAt(cronJob: CronJob, scheduledMs: number, timeZone: string, jobs: Job[], nowMs: number, plan: CronJobPlan): void {
  const { spec, metadata } = cronJob;
  const { startingDeadlineSeconds: deadline, concurrencyPolicy } = spec;
  if (deadline !== undefined && scheduledMs + deadline * 1000 < nowMs) {
    plan.events.push(["Warning", "MissSchedule", `Missed scheduled time to start a job: ${new Date(scheduledMs).toUTCString()}`]);
    return;
  }
  // As upstream: the minute makes the name, so that no start happens twice.
  const name = `${metadata.name}-${Math.floor(scheduledMs / 60_000)}`;
  if (plan.status.lastScheduleTime === toTime(scheduledMs) || plan.status.active?.some((reference) => reference.name === name)) return;
  const active = plan.status.active ?? [];
  if (concurrencyPolicy === "Forbid" && active.length > 0) {
    plan.events.push(["Normal", "JobAlreadyActive", "Not starting job because prior execution is running and concurrency policy is Forbid"]);
    return;
  }
  if (concurrencyPolicy === "Replace") {
    plan.replace = jobs.filter(({ metadata: { uid } }) => active.some((reference) => reference.uid === uid));
    delete plan.status.active;
  }
  plan.start = { name, scheduledMs, timeZone };
}

/** Finished jobs beyond what is to be kept, oldest first. */
function history({ spec }: CronJob, jobs: Job[]): Job[] {
  const began = ({ metadata, status }: Job): string => status?.startTime ?? metadata.creationTimestamp ?? "";
  const surplus = (finished: Job[], limit: number): Job[] =>
    finished.sort((a, b) => began(a).localeCompare(began(b)) || a.metadata.name!.localeCompare(b.metadata.name!)).slice(0, Math.max(0, finished.length - limit));
  const finished = jobs.filter(isFinished);
  return [
    ...surplus(finished.filter(isSucceeded), spec.successfulJobsHistoryLimit ?? 3),
    ...surplus(finished.filter((job) => !isSucceeded(job)), spec.failedJobsHistoryLimit ?? 1),
  ];
}

function isSucceeded({ status }: Job): boolean {
  return findCondition(status?.conditions, "Complete")?.status === "True";
}
