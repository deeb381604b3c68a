/** Rolls out every Deployment; the decisions are in plan.ts. */
import { toTime } from "#lib/clock.ts";
import { errorMessage } from "#lib/log.ts";
import { fromLabelSelector, matches } from "#lib/selectors.ts";
import { isAlreadyExists } from "#api/errors.ts";
import { controllerOf, deployments, keyOf, pods, replicaSets } from "#api/resources.ts";
import type { Deployment, Pod, ReplicaSet } from "#api/types.ts";
import { Assumed } from "#client/assumed.ts";
import { source, startController, type Controller } from "#client/controller.ts";
import { setCondition } from "../common/conditions.ts";
import { component, type ControllerContext } from "../common/context.ts";
import { deleteExactly, isNamespaceTerminating } from "../common/effects.ts";
import { sameOnTheWire } from "../common/equality.ts";
import { byController, indexByController, orphansIn } from "../common/indexes.ts";
import { claim, settleClaims } from "../common/ownership.ts";
import { isTerminal } from "../common/pods.ts";
import { REVISION } from "./annotations.ts";
import { findNewest, hasTemplate, planDeployment } from "./plan.ts";

export function startDeploymentController(context: ControllerContext): Controller {
  const { client, events } = component(context, "deployment-controller");
  const deploymentInformer = context.informers.for(deployments);
  const replicaSetInformer = context.informers.for(replicaSets);
  const podInformer = context.informers.for(pods);
  indexByController(replicaSetInformer);
  indexByController(podInformer);
  const latest = new Assumed(deploymentInformer);
  const assumed = new Assumed(replicaSetInformer);

  function ownersOf(replicaSet: ReplicaSet): string[] {
    const controller = controllerOf(replicaSet);
    if (controller) return controller.kind === "Deployment" ? [`${replicaSet.metadata.namespace}/${controller.name}`] : [];
    return deploymentInformer
      .list(replicaSet.metadata.namespace)
      .filter((deployment) => matches(fromLabelSelector(deployment.spec.selector), replicaSet.metadata.labels))
      .map(keyOf);
  }

  /** Recreate waits for the last old pod: pods wake its Deployment, others need no pod events. */
  function recreatorsOf(pod: Pod): string[] {
    const owner = controllerOf(pod);
    const replicaSet = owner?.kind === "ReplicaSet" ? replicaSetInformer.get(`${pod.metadata.namespace}/${owner.name}`) : undefined;
    return (replicaSet ? ownersOf(replicaSet) : []).filter((key) => deploymentInformer.get(key)?.spec.strategy?.type === "Recreate");
  }

  async function reconcile(key: string): Promise<number | void> {
    const deployment = latest.get(key);
    if (!deployment) return;
    const known = assumed.apply(byController(replicaSetInformer, deployment), (r) => controllerOf(r)?.uid === deployment.metadata.uid);
    const claims = claim(deployment, deployment.spec.selector, [...known, ...orphansIn(replicaSetInformer, deployment.metadata.namespace!)]);
    if (claims.adopt.length + claims.release.length > 0) {
      // Their own change wakes us again.
      return settleClaims(client, replicaSets, deployments, deployment, claims, assumed);
    }
    const newest = findNewest(deployment, claims.owned);
    const oldPods = claims.owned.filter((replicaSet) => replicaSet !== newest).flatMap((replicaSet) => byController(podInformer, replicaSet));
    const plan = planDeployment({
      deployment,
      replicaSets: claims.owned,
      oldPodsRun: oldPods.some((pod) => !isTerminal(pod)),
      nowMs: context.clock.now(),
    });
    if (plan.create && !(await create(deployment, plan.create))) return 0;
    for (const { replicaSet, scaled } of plan.update) {
      assumed.wrote(await client.update(replicaSets, replicaSet));
      if (scaled) events.event(deployment, "Normal", "ScalingReplicaSet", scaled);
    }
    for (const replicaSet of plan.remove) await deleteExactly(client, replicaSets, replicaSet, {}, assumed);

    let current = deployment;
    if (plan.revision) {
      const annotations = { ...deployment.metadata.annotations, [REVISION]: plan.revision };
      current = await client.update(deployments, { ...deployment, metadata: { ...deployment.metadata, annotations } });
      latest.wrote(current);
    }
    if (!sameOnTheWire(plan.status, deployment.status)) {
      latest.wrote(await client.updateStatus(deployments, { ...current, status: plan.status }));
    }
    return plan.againAfterMs;
  }

  /** Creates the ReplicaSet; false when the snapshot is out of date and the round must start over. */
  async function create(deployment: Deployment, replicaSet: ReplicaSet): Promise<boolean> {
    try {
      assumed.wrote(await client.create(replicaSets, replicaSet));
      const size = replicaSet.spec.replicas!;
      if (size > 0) events.event(deployment, "Normal", "ScalingReplicaSet", `Scaled up replica set ${replicaSet.metadata.name} from 0 to ${size}`);
      return true;
    } catch (error) {
      if (isNamespaceTerminating(error)) return true;
      if (isAlreadyExists(error)) return resolveCollision(deployment, replicaSet);
      const message = `Failed to create new replica set "${replicaSet.metadata.name}": ${errorMessage(error)}`;
      events.event(deployment, "Warning", "ReplicaSetCreateError", message);
      const nowMs = context.clock.now();
      const condition = { type: "Progressing", status: "False", reason: "ReplicaSetCreateError", message, lastUpdateTime: toTime(nowMs) };
      const status = { ...deployment.status, conditions: setCondition(deployment.status?.conditions, condition, nowMs) };
      latest.wrote(await client.updateStatus(deployments, { ...deployment, status }));
      throw error;
    }
  }

  /** The name is taken: by our own earlier write, or by a ReplicaSet with another template, then the hash must differ. */
  async function resolveCollision(deployment: Deployment, replicaSet: ReplicaSet): Promise<boolean> {
    const existing = await client.get(replicaSets, replicaSet.metadata.name!, replicaSet.metadata.namespace);
    if (controllerOf(existing)?.uid === deployment.metadata.uid && hasTemplate(existing, deployment.spec.template)) {
      assumed.wrote(existing);
      return false;
    }
    const status = { ...deployment.status, collisionCount: (deployment.status?.collisionCount ?? 0) + 1 };
    latest.wrote(await client.updateStatus(deployments, { ...deployment, status }));
    return false;
  }

  return startController({
    name: "deployment-controller",
    clock: context.clock,
    log: context.log,
    sources: [source(deploymentInformer), source(replicaSetInformer, ownersOf), source(podInformer, recreatorsOf)],
    reconcile,
  });
}
