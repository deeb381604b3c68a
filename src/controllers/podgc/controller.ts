/** Removes leftover pods every 20 seconds; the decisions are in plan.ts. */
import { toTime } from "#lib/clock.ts";
import { isConflict, isNotFound } from "#api/errors.ts";
import { nodes, pods } from "#api/resources.ts";
import type { Pod } from "#api/types.ts";
import { source, startController, type Controller } from "#client/controller.ts";
import { component, type ControllerContext } from "../common/context.ts";
import { setCondition } from "../common/conditions.ts";
import { deleteExactly } from "../common/effects.ts";
import { isTerminal } from "../common/pods.ts";
import { planPodGc } from "./plan.ts";

const PERIOD_MS = 20_000;
/** There is one thing to reconcile: all pods. */
const ALL = "pods";

export function startPodGcController(context: ControllerContext): Controller {
  const { client } = component(context, "pod-garbage-collector");
  const podInformer = context.informers.for(pods);
  const nodeInformer = context.informers.for(nodes);
  const missingSinceMs = new Map<string, number>();

  async function reconcile(): Promise<number> {
    const nowMs = context.clock.now();
    const nodeNames = new Set(nodeInformer.list().map(({ metadata }) => metadata.name!));
    const all = podInformer.list();
    const missing = new Set(all.flatMap(({ spec: { nodeName } }) => (nodeName && !nodeNames.has(nodeName) ? [nodeName] : [])));
    for (const name of missingSinceMs.keys()) if (!missing.has(name)) missingSinceMs.delete(name);
    for (const name of missing) if (!missingSinceMs.has(name)) missingSinceMs.set(name, nowMs);
    const plan = planPodGc({ pods: all, nodeNames, missingSinceMs, nowMs });
    for (const pod of plan.orphaned) if ((await client.find(nodes, pod.spec.nodeName!)) === undefined) await fail(pod);
    for (const pod of [...plan.orphaned, ...plan.unscheduled, ...plan.surplus]) await deleteExactly(client, pods, pod, { gracePeriodSeconds: 0 });
    return PERIOD_MS;
  }

  /** Its end was never reported: it says so itself, for whoever counts finished pods. */
  async function fail(pod: Pod): Promise<void> {
    if (isTerminal(pod)) return;
    const nowMs = context.clock.now();
    const condition = { type: "DisruptionTarget", status: "True", reason: "DeletionByPodGC", message: "PodGC: node no longer exists", lastTransitionTime: toTime(nowMs) };
    const status = { ...pod.status, phase: "Failed", conditions: setCondition(pod.status?.conditions, condition, nowMs) };
    try {
      const { name, namespace, uid, resourceVersion } = pod.metadata;
      await client.patch(pods, { name: name!, namespace, subresource: "status" }, "merge", { metadata: { uid, resourceVersion }, status });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  return startController({
    name: "pod-garbage-collector",
    clock: context.clock,
    log: context.log,
    // A node that goes starts the quarantine of its pods.
    sources: [source(podInformer, () => []), source(nodeInformer, () => [ALL])],
    reconcile,
  });
}
