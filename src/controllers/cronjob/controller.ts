/** Starts every CronJob's Jobs and clears old ones away; the decisions are in plan.ts. */
import { toTime } from "#lib/clock.ts";
import { errorMessage } from "#lib/log.ts";
import { isAlreadyExists } from "#api/errors.ts";
import { controllerOf, controllerReference, cronJobs, jobs } from "#api/resources.ts";
import type { CronJob, Job } from "#api/types.ts";
import { Assumed } from "#client/assumed.ts";
import { source, startController, type Controller } from "#client/controller.ts";
import { referenceTo } from "#client/events.ts";
import { component, type ControllerContext } from "../common/context.ts";
import { deleteExactly, isNamespaceTerminating } from "../common/effects.ts";
import { sameOnTheWire } from "../common/equality.ts";
import { byController, indexByController } from "../common/indexes.ts";
import { planCronJob, type CronJobPlan } from "./plan.ts";

/** When the start was due, on the Job. */
const SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/** `timeZone` is the one of schedules that name none. */
export function startCronJobController(context: ControllerContext, timeZone: string): Controller {
  const { client, events } = component(context, "cronjob-controller");
  const cronJobInformer = context.informers.for(cronJobs);
  const jobInformer = context.informers.for(jobs);
  indexByController(jobInformer);
  const latest = new Assumed(cronJobInformer);
  const assumed = new Assumed(jobInformer);

  async function reconcile(key: string): Promise<number | void> {
    const cronJob = latest.get(key);
    if (!cronJob) return;
    const plan = planCronJob({
      cronJob,
      jobs: assumed.apply(byController(jobInformer, cronJob), (job) => controllerOf(job)?.uid === cronJob.metadata.uid),
      nowMs: context.clock.now(),
      timeZone,
    });
    for (const [type, reason, message] of plan.events) events.event(cronJob, type, reason, message);
    for (const job of plan.forget) await remove(cronJob, job);
    for (const job of plan.replace) await remove(cronJob, job);
    if (plan.start) await start(cronJob, plan, plan.start);
    if (!sameOnTheWire(plan.status, cronJob.status ?? {})) latest.wrote(await client.updateStatus(cronJobs, { ...cronJob, status: plan.status }));
    return plan.againAfterMs;
  }

  async function remove(cronJob: CronJob, job: Job): Promise<void> {
    const deleted = await deleteExactly(client, jobs, job, { propagationPolicy: "Background" }, assumed);
    if (deleted) events.event(cronJob, "Normal", "SuccessfulDelete", `Deleted job ${job.metadata.name}`);
  }

  async function start(cronJob: CronJob, plan: CronJobPlan, { name, scheduledMs, timeZone: zone }: NonNullable<CronJobPlan["start"]>): Promise<void> {
    const { metadata: { labels, annotations } = {}, spec } = cronJob.spec.jobTemplate;
    let job: Job;
    try {
      job = await client.create(jobs, {
        metadata: {
          name,
          namespace: cronJob.metadata.namespace!,
          ...(labels ? { labels } : {}),
          annotations: { ...annotations, [SCHEDULED]: inZone(scheduledMs, zone) },
          ownerReferences: [controllerReference(cronJob)],
        },
        spec: structuredClone(spec!),
      });
      events.event(cronJob, "Normal", "SuccessfulCreate", `Created job ${name}`);
    } catch (error) {
      if (isNamespaceTerminating(error)) return;
      if (!isAlreadyExists(error)) {
        events.event(cronJob, "Warning", "FailedCreate", `Error creating job: ${errorMessage(error)}`);
        throw error;
      }
      // Started in a round whose status was not written; somebody else's job of that name is left alone.
      job = await client.get(jobs, name, cronJob.metadata.namespace);
      if (controllerOf(job)?.uid !== cronJob.metadata.uid) throw error;
    }
    assumed.wrote(job);
    const { apiVersion, kind, name: jobName, namespace, uid, resourceVersion } = referenceTo(job);
    plan.status.active = [...(plan.status.active ?? []).filter((reference) => reference.uid !== uid), { apiVersion, kind, name: jobName, namespace, uid, resourceVersion }];
    plan.status.lastScheduleTime = toTime(scheduledMs);
  }

  return startController({
    name: "cronjob-controller",
    clock: context.clock,
    log: context.log,
    sources: [
      source(cronJobInformer),
      source(jobInformer, (job) => {
        const controller = controllerOf(job);
        return controller?.kind === "CronJob" ? [`${job.metadata.namespace}/${controller.name}`] : [];
      }),
    ],
    reconcile: (key) => reconcile(key),
  });

  /** RFC 3339 with the zone's offset, as Go writes a time in that zone. */
  function inZone(timeMs: number, zone: string): string {
    const offset = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" }).formatToParts(timeMs).find(({ type }) => type === "timeZoneName")!.value;
    const [, sign = "+", hours = "00", minutes = "00"] = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(offset) ?? [];
    const offsetMs = (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
    return toTime(timeMs + offsetMs).replace("Z", offsetMs === 0 ? "Z" : `${sign}${hours}:${minutes}`);
  }
}

