/** Keeps the pods, claims and revisions of every StatefulSet; the decisions are in plan.ts. */
import { errorMessage } from "#lib/log.ts";
import { fromLabelSelector, matches } from "#lib/selectors.ts";
import { isAlreadyExists } from "#api/errors.ts";
import { controllerOf, controllerRevisions, keyOf, persistentVolumeClaims, pods, statefulSets } from "#api/resources.ts";
import type { ControllerRevision, KubeObject, PersistentVolumeClaim, Pod, StatefulSet } from "#api/types.ts";
import { Assumed } from "#client/assumed.ts";
import { source, startController, type Controller } from "#client/controller.ts";
import { component, type ControllerContext } from "../common/context.ts";
import { deleteExactly, isNamespaceTerminating } from "../common/effects.ts";
import { sameOnTheWire } from "../common/equality.ts";
import { byController, indexByController, orphansIn } from "../common/indexes.ts";
import { claim, settleClaims } from "../common/ownership.ts";
import { writeRevision } from "../common/revisions.ts";
import { ordinalOf } from "./identity.ts";
import { planStatefulSet, type StatefulSetPlan } from "./plan.ts";

export function startStatefulSetController(context: ControllerContext): Controller {
  const { client, events } = component(context, "statefulset-controller");
  const setInformer = context.informers.for(statefulSets);
  const podInformer = context.informers.for(pods);
  const revisionInformer = context.informers.for(controllerRevisions);
  const claimInformer = context.informers.for(persistentVolumeClaims);
  indexByController(podInformer);
  indexByController(revisionInformer);
  const latest = new Assumed(setInformer);
  const assumedPods = new Assumed(podInformer);
  const assumedRevisions = new Assumed(revisionInformer);
  const assumedClaims = new Assumed(claimInformer);

  function ownersOf(object: Pod | ControllerRevision): string[] {
    const controller = controllerOf(object);
    if (controller) return controller.kind === "StatefulSet" ? [`${object.metadata.namespace}/${controller.name}`] : [];
    return setInformer
      .list(object.metadata.namespace)
      .filter((set) => matches(fromLabelSelector(set.spec.selector), object.metadata.labels))
      .map(keyOf);
  }

  const ownedBy = (set: StatefulSet) => (object: KubeObject) => controllerOf(object)?.uid === set.metadata.uid;

  async function reconcile(key: string): Promise<number | void> {
    const set = latest.get(key);
    if (!set) return;
    const namespace = set.metadata.namespace!;
    const knownPods = assumedPods.apply(byController(podInformer, set), ownedBy(set));
    const orphans = orphansIn(podInformer, namespace).filter((pod) => ordinalOf(set, pod) >= 0);
    const podClaims = claim(set, set.spec.selector, [...knownPods, ...orphans]);
    await settleClaims(client, pods, statefulSets, set, podClaims, assumedPods);
    const knownRevisions = assumedRevisions.apply(byController(revisionInformer, set), ownedBy(set));
    const revisionClaims = claim(set, set.spec.selector, [...knownRevisions, ...orphansIn(revisionInformer, namespace)]);
    await settleClaims(client, controllerRevisions, statefulSets, set, { adopt: revisionClaims.adopt, release: [] }, assumedRevisions);
    const plan = planStatefulSet({
      set,
      pods: [...podClaims.owned, ...podClaims.adopt],
      revisions: [...revisionClaims.owned, ...revisionClaims.adopt],
      claims: assumedClaims.apply(claimInformer.list(namespace), (object) => object.metadata.namespace === namespace),
      nowMs: context.clock.now(),
    });
    if (!set.metadata.deletionTimestamp && !(await writeRevision(client, set, plan.revisions, assumedRevisions, raiseCollisions(set)))) return 0;
    let failure: unknown;
    try {
      await apply(set, plan);
    } catch (error) {
      if (!isNamespaceTerminating(error)) failure = error;
    }
    if (!sameOnTheWire(plan.status, set.status)) latest.wrote(await client.updateStatus(statefulSets, { ...set, status: plan.status }));
    for (const revision of plan.removeRevisions) await deleteExactly(client, controllerRevisions, revision, {}, assumedRevisions);
    if (failure !== undefined) throw failure;
    return plan.againAfterMs;
  }

  const raiseCollisions = (set: StatefulSet) => async (collisionCount: number) => {
    latest.wrote(await client.updateStatus(statefulSets, { ...set, status: { replicas: 0, ...set.status, collisionCount } }));
  };

  async function apply(set: StatefulSet, plan: StatefulSetPlan): Promise<void> {
    for (const wanted of plan.createClaims) await createClaim(set, wanted);
    for (const changed of plan.updateClaims) assumedClaims.wrote(await client.update(persistentVolumeClaims, changed));
    for (const pod of plan.relabel) assumedPods.wrote(await client.update(pods, pod));
    for (const pod of plan.create) {
      await told(set, "Create", `create Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name}`, async () => {
        assumedPods.wrote(await client.create(pods, pod));
        return true;
      });
    }
    for (const pod of plan.delete) {
      await told(set, "Delete", `delete Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name}`, () =>
        deleteExactly(client, pods, pod, {}, assumedPods),
      );
    }
  }

  async function createClaim(set: StatefulSet, wanted: PersistentVolumeClaim): Promise<void> {
    const pod = wanted.metadata.name!.slice(wanted.metadata.name!.lastIndexOf(`${set.metadata.name}-`));
    try {
      await told(set, "Create", `create Claim ${wanted.metadata.name} Pod ${pod} in StatefulSet ${set.metadata.name}`, async () => {
        assumedClaims.wrote(await client.create(persistentVolumeClaims, wanted));
        return true;
      });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }

  /** Does it, and records an event of how it went. */
  async function told(set: StatefulSet, what: "Create" | "Delete", message: string, act: () => Promise<boolean>): Promise<void> {
    try {
      if (await act()) events.event(set, "Normal", `Successful${what}`, `${message} ${message.includes(" Claim ") ? "success" : "successful"}`);
    } catch (error) {
      if (!isNamespaceTerminating(error) && !isAlreadyExists(error)) events.event(set, "Warning", `Failed${what}`, `${message} failed error: ${errorMessage(error)}`);
      throw error;
    }
  }

  return startController({
    name: "statefulset-controller",
    clock: context.clock,
    log: context.log,
    sources: [
      source(setInformer),
      source(podInformer, ownersOf),
      source(revisionInformer, ownersOf),
      // A pod may wait for its old claim to be gone.
      source(claimInformer, (object) => setInformer.list(object.metadata.namespace).filter((set) => object.metadata.name!.includes(`-${set.metadata.name}-`)).map(keyOf)),
    ],
    reconcile,
  });
}
