/**
 * Deletes finished Jobs once their `ttlSecondsAfterFinished` is over.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/ttlafterfinished/ttlafterfinished_controller.go
 */
import { jobs } from "#api/resources.ts";
import type { Job } from "#api/types.ts";
import { source, startController, type Controller } from "#client/controller.ts";
import { component, type ControllerContext } from "../common/context.ts";
import { deleteExactly } from "../common/effects.ts";

export function startTtlAfterFinishedController(context: ControllerContext): Controller {
  const { client } = component(context, "ttl-after-finished-controller");
  const informer = context.informers.for(jobs);

  async function reconcile(key: string): Promise<number | void> {
    const known = informer.get(key);
    const waitMs = known && remainingMs(known, context.clock.now());
    if (waitMs === undefined) return;
    if (waitMs > 0) return waitMs;
    // The informer may be behind: somebody may just have given the job more time.
    const job = await client.find(jobs, known!.metadata.name!, known!.metadata.namespace);
    if (job && remainingMs(job, context.clock.now()) === 0) await deleteExactly(client, jobs, job, { propagationPolicy: "Foreground" });
  }

  return startController({ name: "ttl-after-finished-controller", clock: context.clock, log: context.log, sources: [source(informer)], reconcile });
}

/** How long the job may stay, 0 when its time is over; undefined when it isn't finished or has no limit. */
export function remainingMs({ metadata, spec, status }: Job, nowMs: number): number | undefined {
  if (spec.ttlSecondsAfterFinished === undefined || metadata.deletionTimestamp) return undefined;
  const end = status?.conditions?.find(({ type, status: value }) => (type === "Complete" || type === "Failed") && value === "True");
  if (!end?.lastTransitionTime) return undefined;
  return Math.max(0, Date.parse(end.lastTransitionTime) + spec.ttlSecondsAfterFinished * 1000 - nowMs);
}
