/** Recounts every PodDisruptionBudget; the decisions are in plan.ts. */
import { fromLabelSelector, matches } from "#lib/selectors.ts";
import { isNotFound } from "#api/errors.ts";
import { controllerOf, deployments, keyOf, podDisruptionBudgets, pods, replicaSets, replicationControllers, resourcePath, statefulSets } from "#api/resources.ts";
import type { KubeObject, OwnerReference, Pod, PodDisruptionBudget } from "#api/types.ts";
import { Assumed } from "#client/assumed.ts";
import { source, startController, type Controller } from "#client/controller.ts";
import { component, type ControllerContext } from "../common/context.ts";
import { sameOnTheWire } from "../common/equality.ts";
import type { WatchedKinds } from "../common/watched-kinds.ts";
import { planDisruption } from "./plan.ts";

type Scaled = KubeObject & { spec?: { replicas?: number } };

/** `kinds`: pods may be controlled by any that has a scale. */
export function startDisruptionController(context: ControllerContext, kinds: WatchedKinds): Controller {
  const { client, events } = component(context, "disruption-controller");
  const budgetInformer = context.informers.for(podDisruptionBudgets);
  const podInformer = context.informers.for(pods);
  const owners = {
    Deployment: context.informers.for(deployments),
    ReplicaSet: context.informers.for(replicaSets),
    ReplicationController: context.informers.for(replicationControllers),
    StatefulSet: context.informers.for(statefulSets),
  };
  const latest = new Assumed(budgetInformer);

  const selects = (budget: PodDisruptionBudget, pod: Pod): boolean => {
    const selector = fromLabelSelector(budget.spec?.selector);
    // As upstream in policy/v1: no selector selects nothing, an empty one everything.
    return budget.spec?.selector !== undefined && matches(selector, pod.metadata.labels);
  };

  function budgetsOf(pod: Pod): string[] {
    return budgetInformer.list(pod.metadata.namespace).filter((budget) => selects(budget, pod)).map(keyOf);
  }

  /** Any of the namespace's budgets may be about an owner's pods. */
  function budgetsBeside(owner: KubeObject): string[] {
    return budgetInformer.list(owner.metadata.namespace).map(keyOf);
  }

  function ownerOf(namespace: string, { kind, name, uid }: OwnerReference): Scaled | undefined {
    const informer = kind in owners ? owners[kind as keyof typeof owners] : undefined;
    const owner = informer?.get(`${namespace}/${name}`) as Scaled | undefined;
    return owner?.metadata.uid === uid ? owner : undefined;
  }

  /** The scale of an owner of another kind; undefined where it has none. */
  async function scaleOf(namespace: string, reference: OwnerReference): Promise<number | undefined> {
    const resource = kinds.resourceOf(reference);
    if (!resource?.namespaced) return undefined;
    try {
      const { metadata, spec } = await client.raw<Scaled>(resourcePath(resource, namespace, reference.name, "scale"));
      return metadata.uid === reference.uid ? (spec?.replicas ?? 0) : undefined;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** The sum of what the pods' controllers want: a Deployment speaks for its ReplicaSets. */
  async function expectedScale(selected: Pod[]): Promise<number | string> {
    const scales = new Map<string, number>();
    for (const pod of selected) {
      const namespace = pod.metadata.namespace!;
      const reference = controllerOf(pod);
      if (!reference || scales.has(reference.uid)) continue;
      const owner = ownerOf(namespace, reference);
      if (!owner) {
        const scale = await scaleOf(namespace, reference);
        if (scale === undefined) return `found no controllers for pod "${pod.metadata.name}": ${reference.kind} ${reference.name} has no scale that is known here`;
        scales.set(reference.uid, scale);
        continue;
      }
      const above = controllerOf(owner);
      const top = (above && ownerOf(namespace, above)) ?? owner;
      scales.set(top.metadata.uid!, top.spec?.replicas ?? 1);
    }
    return [...scales.values()].reduce((sum, scale) => sum + scale, 0);
  }

  async function reconcile(key: string): Promise<number | void> {
    const budget = latest.get(key);
    if (!budget) return;
    const selected = podInformer.list(budget.metadata.namespace).filter((pod) => selects(budget, pod));
    const plan = planDisruption({ budget, pods: selected, expectedScale: await expectedScale(selected), nowMs: context.clock.now() });
    for (const [type, reason, message] of plan.events) events.event(budget, type, reason, message);
    if (!sameOnTheWire(plan.status, budget.status)) latest.wrote(await client.updateStatus(podDisruptionBudgets, { ...budget, status: plan.status }));
    return plan.againAfterMs;
  }

  return startController({
    name: "disruption-controller",
    clock: context.clock,
    log: context.log,
    sources: [
      source(budgetInformer),
      source(podInformer, budgetsOf),
      source(owners.Deployment, budgetsBeside),
      source(owners.ReplicaSet, budgetsBeside),
      source(owners.ReplicationController, budgetsBeside),
      source(owners.StatefulSet, budgetsBeside),
    ],
    reconcile,
  });
}
