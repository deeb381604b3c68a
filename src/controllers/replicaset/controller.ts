/** Keeps the pods of every ReplicaSet, and of what is like one; the decisions are in plan.ts. */
import { errorMessage } from "#lib/log.ts";
import { fromLabelSelector, matches } from "#lib/selectors.ts";
import { controllerOf, keyOf, pods, replicaSets, type Resource } from "#api/resources.ts";
import type { KubeObject, Pod, ReplicaSet } from "#api/types.ts";
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
  return startReplicaController(context, { name: "replicaset-controller", resource: replicaSets, asReplicaSet: (replicaSet) => replicaSet });
}

/** A kind that keeps replicas as a ReplicaSet does. */
export interface ReplicaKind<T extends KubeObject> {
  /** The controller's name. */
  name: string;
  resource: Resource<T>;
  /** The object in the form of a ReplicaSet, with its own apiVersion and kind. */
  asReplicaSet: (object: T) => ReplicaSet;
}

export function startReplicaController<T extends KubeObject>(context: ControllerContext, { name, resource, asReplicaSet }: ReplicaKind<T>): Controller {
  const { client, events } = component(context, name);
  const replicaSetInformer = context.informers.for(resource);
  const podInformer = context.informers.for(pods);
  indexByController(podInformer);
  indexByController(replicaSetInformer);
  const latest = new Assumed(replicaSetInformer);
  const assumed = new Assumed(podInformer);

  /** A pod wakes its ReplicaSet; an orphan wakes those that would adopt it. */
  function ownersOf(pod: Pod): string[] {
    const controller = controllerOf(pod);
    if (controller) return controller.kind === resource.kind ? [`${pod.metadata.namespace}/${controller.name}`] : [];
    return replicaSetInformer
      .list(pod.metadata.namespace)
      .filter((object) => matches(fromLabelSelector(asReplicaSet(object).spec.selector), pod.metadata.labels))
      .map(keyOf);
  }

  function podsOf(replicaSet: KubeObject): Pod[] {
    return assumed.apply(byController(podInformer, replicaSet), (pod) => controllerOf(pod)?.uid === replicaSet.metadata.uid);
  }

  function siblings(replicaSet: KubeObject): KubeObject[] {
    const deployment = controllerOf(replicaSet);
    return deployment ? byController(replicaSetInformer, { metadata: { uid: deployment.uid } }) : [replicaSet];
  }

  async function reconcile(key: string): Promise<number | void> {
    const object = latest.get(key);
    if (!object) return;
    const replicaSet = asReplicaSet(object);
    const snapshot = {
      replicaSet,
      pods: [...podsOf(replicaSet), ...orphansIn(podInformer, replicaSet.metadata.namespace!)],
      related: siblings(replicaSet).flatMap(podsOf),
      nowMs: context.clock.now(),
    };
    const plan = planReplicaSet(snapshot);
    await settleClaims(client, pods, resource, replicaSet, plan, assumed);
    let failure: unknown;
    try {
      await createAndDelete(replicaSet, plan);
    } catch (error) {
      if (!isNamespaceTerminating(error)) failure = error;
    }
    const status = replicaSetStatus(snapshot, plan, failure === undefined ? undefined : errorMessage(failure));
    if (!sameOnTheWire(status, replicaSet.status)) latest.wrote(await client.updateStatus(resource, { ...object, status }));
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
    name,
    clock: context.clock,
    log: context.log,
    sources: [source(replicaSetInformer), source(podInformer, ownersOf)],
    reconcile,
  });
}
