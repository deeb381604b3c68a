/** Runs every Job's pods and counts their ends; the decisions are in plan.ts. */
import { errorMessage } from "#lib/log.ts";
import { isConflict, isNotFound } from "#api/errors.ts";
import { controllerOf, jobs, keyOf, pods } from "#api/resources.ts";
import type { Job, Pod } from "#api/types.ts";
import { Assumed } from "#client/assumed.ts";
import { source, startController, type Controller } from "#client/controller.ts";
import { component, type ControllerContext } from "../common/context.ts";
import { deleteExactly, isNamespaceTerminating, slowStart } from "../common/effects.ts";
import { sameOnTheWire } from "../common/equality.ts";
import { byController, indexByController } from "../common/indexes.ts";
import { isFinished } from "../common/jobs.ts";
import type { FailureRecord } from "./backoff.ts";
import { planJob, type JobPlan } from "./plan.ts";
import { jobPod } from "./pods.ts";
import { isTracked, TRACKING_FINALIZER } from "./tally.ts";

/** The name that `spec.managedBy` may say; jobs of others are left to them. */
const MANAGER = "kubernetes.io/job-controller";

export function startJobController(context: ControllerContext): Controller {
  const { client, events } = component(context, "job-controller");
  const jobInformer = context.informers.for(jobs);
  const podInformer = context.informers.for(pods);
  indexByController(podInformer);
  const latest = new Assumed(jobInformer);
  const assumed = new Assumed(podInformer);
  /** Failures in a row, by job: what a restart of the controller forgets. */
  const failures = new Map<string, FailureRecord>();

  /** A pod wakes its job, also one that is gone: its pods can't go before their finalizer does. */
  function ownersOf(pod: Pod): string[] {
    const controller = controllerOf(pod);
    return controller?.kind === "Job" ? [`${pod.metadata.namespace}/${controller.name}`] : [];
  }

  async function reconcile(key: string): Promise<number | void> {
    const job = latest.get(key);
    await releaseOrphans(key, job);
    if (!job || (job.spec.managedBy !== undefined && job.spec.managedBy !== MANAGER)) {
      failures.delete(key);
      return;
    }
    const uid = job.metadata.uid!;
    const plan = planJob({
      job,
      pods: assumed.apply(byController(podInformer, job), (pod) => controllerOf(pod)?.uid === uid),
      nowMs: context.clock.now(),
      failures: failures.get(key) ?? { count: 0, lastMs: 0 },
    });
    let written = job;
    if (!sameOnTheWire(plan.status, job.status ?? {})) {
      written = await client.updateStatus(jobs, { ...job, status: plan.status });
      latest.wrote(written);
    }
    failures.set(key, plan.failures);
    for (const [type, reason, message] of plan.events) events.event(job, type, reason, message);
    await Promise.all(plan.release.map(release));
    if (isFinished(written)) failures.delete(key);
    try {
      await createAndDelete(job, plan);
    } catch (error) {
      if (!isNamespaceTerminating(error)) throw error;
    }
    return plan.againAfterMs;
  }

  /** Pods of a job that is gone (or of an earlier one of this name) are counted by nobody. */
  async function releaseOrphans(key: string, job: Job | undefined): Promise<void> {
    const [namespace, name] = key.split("/") as [string, string];
    if (job) return;
    const left = podInformer.list(namespace).filter((pod) => {
      const controller = controllerOf(pod);
      return controller?.kind === "Job" && controller.name === name && isTracked(pod);
    });
    await Promise.all(left.map(release));
  }

  async function release(pod: Pod): Promise<void> {
    const finalizers = (pod.metadata.finalizers ?? []).filter((finalizer) => finalizer !== TRACKING_FINALIZER);
    try {
      const { name, namespace, uid, resourceVersion } = pod.metadata;
      const patched = await client.patch(pods, { name: name!, namespace: namespace! }, "merge", { metadata: { uid, resourceVersion, finalizers } });
      assumed.wrote(patched);
    } catch (error) {
      // It changed: the next round sees how.
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  async function createAndDelete(job: Job, plan: JobPlan): Promise<void> {
    await Promise.all(plan.discard.map(release));
    await Promise.all(
      [...plan.delete, ...plan.discard].map(async (pod) => {
        if (await deleteExactly(client, pods, pod, {}, assumed)) events.event(job, "Normal", "SuccessfulDelete", `Deleted pod: ${pod.metadata.name}`);
      }),
    );
    await slowStart(plan.create.length, async (index) => {
      try {
        const created = await client.create(pods, jobPod(job, plan.create[index]!));
        assumed.wrote(created);
        events.event(job, "Normal", "SuccessfulCreate", `Created pod: ${created.metadata.name}`);
      } catch (error) {
        if (!isNamespaceTerminating(error)) events.event(job, "Warning", "FailedCreate", `Error creating: ${errorMessage(error)}`);
        throw error;
      }
    });
  }

  return startController({
    name: "job-controller",
    clock: context.clock,
    log: context.log,
    sources: [source(jobInformer, (job) => [keyOf(job)]), source(podInformer, ownersOf)],
    reconcile,
  });
}
