/** Keeps the pods of every ReplicaSet; the decisions are in plan.ts. */
import { errorMessage } from "#lib/log.ts";
import { fromLabelSelector, matches } from "#lib/selectors.ts";
import { controllerOf, keyOf, pods, replicaSets } from "#api/resources.ts";
import type { Pod, ReplicaSet } from "#api/types.ts";
import { Assumed } from "#client/assumed.ts";
import { source, startController, type Controller } from "#client/controller.ts";
import { component, type ControllerContext } from "../common/context.ts";
import { deleteExactly, isNamespaceTerminating, slowStart } from "../common/effects.ts";
import { sameOnTheWire } from "../common/equality.ts";
import { byController, indexByController, orphansIn } from "../common/indexes.ts";
import { settleClaims } from "../common/ownership.ts";
import { podFromTemplate } from "../common/pods.ts";
import { planReplicaSet, replicaSetStatus, type ReplicaSetPlan } from "./plan.ts";

export function startReplicaSetController(context: ControllerContext): Controller {
  const { client, events } = component(context, "replicaset-controller");
  const replicaSetInformer = context.informers.for(replicaSets);
  const podInformer = context.informers.for(pods);
  indexByController(podInformer);
  indexByController(replicaSetInformer);
  const latest = new Assumed(replicaSetInformer);
  const assumed = new Assumed(podInformer);

  /** A pod wakes its ReplicaSet; an orphan wakes those that would adopt it. */
  function ownersOf(pod: Pod): string[] {
    const controller = controllerOf(pod);
    if (controller) return controller.kind === "ReplicaSet" ? [`${pod.metadata.namespace}/${controller.name}`] : [];
    return replicaSetInformer
      .list(pod.metadata.namespace)
      .filter((replicaSet) => matches(fromLabelSelector(replicaSet.spec.selector), pod.metadata.labels))
      .map(keyOf);
  }

  function podsOf(replicaSet: ReplicaSet): Pod[] {
    return assumed.apply(byController(podInformer, replicaSet), (pod) => controllerOf(pod)?.uid === replicaSet.metadata.uid);
  }

  function siblings(replicaSet: ReplicaSet): ReplicaSet[] {
    const deployment = controllerOf(replicaSet);
    return deployment ? byController(replicaSetInformer, { metadata: { uid: deployment.uid } }) : [replicaSet];
  }

  async function reconcile(key: string): Promise<number | void> {
    const replicaSet = latest.get(key);
    if (!replicaSet) return;
    const snapshot = {
      replicaSet,
      pods: [...podsOf(replicaSet), ...orphansIn(podInformer, replicaSet.metadata.namespace!)],
      related: siblings(replicaSet).flatMap(podsOf),
      nowMs: context.clock.now(),
    };
    const plan = planReplicaSet(snapshot);
    await settleClaims(client, pods, replicaSets, replicaSet, plan, assumed);
    let failure: unknown;
    try {
      await createAndDelete(replicaSet, plan);
    } catch (error) {
      if (!isNamespaceTerminating(error)) failure = error;
    }
    const status = replicaSetStatus(snapshot, plan, failure === undefined ? undefined : errorMessage(failure));
    if (!sameOnTheWire(status, replicaSet.status)) latest.wrote(await client.updateStatus(replicaSets, { ...replicaSet, status }));
    if (failure !== undefined) throw failure;
    return plan.againAfterMs;
  }

  async function createAndDelete(replicaSet: ReplicaSet, plan: ReplicaSetPlan): Promise<void> {
    await slowStart(plan.create, async () => {
      const pod = podFromTemplate(replicaSet.spec.template!, replicaSet);
      pod.metadata.generateName = `${replicaSet.metadata.name}-`;
      try {
        const created = await client.create(pods, pod);
        assumed.wrote(created);
        events.event(replicaSet, "Normal", "SuccessfulCreate", `Created pod: ${created.metadata.name}`);
      } catch (error) {
        if (!isNamespaceTerminating(error)) events.event(replicaSet, "Warning", "FailedCreate", `Error creating: ${errorMessage(error)}`);
        throw error;
      }
    });
    await Promise.all(
      plan.delete.map(async (pod) => {
        try {
          const deleted = await deleteExactly(client, pods, pod, {}, assumed);
          if (deleted) events.event(replicaSet, "Normal", "SuccessfulDelete", `Deleted pod: ${pod.metadata.name}`);
        } catch (error) {
          events.event(replicaSet, "Warning", "FailedDelete", `Error deleting: ${errorMessage(error)}`);
          throw error;
        }
      }),
    );
  }

  return startController({
    name: "replicaset-controller",
    clock: context.clock,
    log: context.log,
    sources: [source(replicaSetInformer), source(podInformer, ownersOf)],
    reconcile,
  });
}
