/** Keeps the pods and revisions of every DaemonSet; the decisions are in plan.ts. */
import { errorMessage } from "#lib/log.ts";
import { fromLabelSelector, matches } from "#lib/selectors.ts";
import { controllerOf, controllerRevisions, daemonSets, keyOf, nodes, pods } from "#api/resources.ts";
import type { ControllerRevision, DaemonSet, KubeObject, Pod } from "#api/types.ts";
import { Assumed } from "#client/assumed.ts";
import { source, startController, type Controller } from "#client/controller.ts";
import { component, type ControllerContext } from "../common/context.ts";
import { deleteExactly, isNamespaceTerminating, slowStart } from "../common/effects.ts";
import { sameOnTheWire } from "../common/equality.ts";
import { REVISION_LABEL } from "../common/history.ts";
import { byController, indexByController, orphansIn } from "../common/indexes.ts";
import { claim, settleClaims } from "../common/ownership.ts";
import { podFromTemplate } from "../common/pods.ts";
import { writeRevision } from "../common/revisions.ts";
import { pinnedTo, withDaemonTolerations } from "./nodes.ts";
import { planDaemonSet, type DaemonSetPlan } from "./plan.ts";

/** A node whose daemon fails gets the next one after this, doubled each time. */
const FAILED_POD_BACKOFF_MS = { first: 1_000, most: 15 * 60_000 };

export function startDaemonSetController(context: ControllerContext): Controller {
  const { client, events } = component(context, "daemonset-controller");
  const setInformer = context.informers.for(daemonSets);
  const podInformer = context.informers.for(pods);
  const nodeInformer = context.informers.for(nodes);
  const revisionInformer = context.informers.for(controllerRevisions);
  indexByController(podInformer);
  indexByController(revisionInformer);
  const latest = new Assumed(setInformer);
  const assumedPods = new Assumed(podInformer);
  const assumedRevisions = new Assumed(revisionInformer);
  /** When a failed pod may be replaced again, by set and node. */
  const failures = new Map<string, { delayMs: number; untilMs: number }>();

  function ownersOf(object: Pod | ControllerRevision): string[] {
    const controller = controllerOf(object);
    if (controller) return controller.kind === "DaemonSet" ? [`${object.metadata.namespace}/${controller.name}`] : [];
    return setInformer
      .list(object.metadata.namespace)
      .filter((set) => matches(fromLabelSelector(set.spec.selector), object.metadata.labels))
      .map(keyOf);
  }

  const ownedBy = (set: DaemonSet) => (object: KubeObject) => controllerOf(object)?.uid === set.metadata.uid;

  async function reconcile(key: string): Promise<number | void> {
    const set = latest.get(key);
    if (!set) {
      for (const known of failures.keys()) if (known.startsWith(`${key} `)) failures.delete(known);
      return;
    }
    if (fromLabelSelector(set.spec.selector)?.length === 0) {
      events.event(set, "Warning", "SelectingAll", "This daemon set is selecting all pods. A non-empty selector is required.");
      return;
    }
    const namespace = set.metadata.namespace!;
    const podClaims = claim(set, set.spec.selector, [...assumedPods.apply(byController(podInformer, set), ownedBy(set)), ...orphansIn(podInformer, namespace)]);
    await settleClaims(client, pods, daemonSets, set, podClaims, assumedPods);
    const revisions = claim(set, set.spec.selector, [...assumedRevisions.apply(byController(revisionInformer, set), ownedBy(set)), ...orphansIn(revisionInformer, namespace)]);
    await settleClaims(client, controllerRevisions, daemonSets, set, { adopt: revisions.adopt, release: [] }, assumedRevisions);
    const nowMs = context.clock.now();
    const plan = planDaemonSet({
      set,
      pods: [...podClaims.owned, ...podClaims.adopt],
      nodes: nodeInformer.list(),
      revisions: [...revisions.owned, ...revisions.adopt],
      nowMs,
      failedPodWaitMs: (node) => Math.max(0, (failures.get(`${key} ${node}`)?.untilMs ?? 0) - nowMs),
    });
    if (!set.metadata.deletionTimestamp && !(await writeRevision(client, set, plan.history, assumedRevisions, raiseCollisions(set)))) return 0;
    for (const { pod, node } of plan.failed) noteFailure(set, pod, node, nowMs);
    let failure: unknown;
    try {
      await createAndDelete(set, plan);
    } catch (error) {
      if (!isNamespaceTerminating(error)) failure = error;
    }
    if (!sameOnTheWire(plan.status, set.status)) latest.wrote(await client.updateStatus(daemonSets, { ...set, status: plan.status }));
    for (const revision of plan.removeRevisions) await deleteExactly(client, controllerRevisions, revision, {}, assumedRevisions);
    if (failure !== undefined) throw failure;
    return plan.againAfterMs;
  }

  function noteFailure(set: DaemonSet, pod: Pod, node: string, nowMs: number): void {
    events.event(set, "Warning", "FailedDaemonPod", `Found failed daemon pod ${keyOf(pod)} on node ${node}, will try to kill it`);
    const key = `${keyOf(set)} ${node}`;
    const before = failures.get(key);
    const delayMs = before ? Math.min(before.delayMs * 2, FAILED_POD_BACKOFF_MS.most) : FAILED_POD_BACKOFF_MS.first;
    failures.set(key, { delayMs, untilMs: nowMs + delayMs });
  }

  const raiseCollisions = (set: DaemonSet) => async (collisionCount: number) => {
    const counts = { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 };
    latest.wrote(await client.updateStatus(daemonSets, { ...set, status: { ...counts, ...set.status, collisionCount } }));
  };

  async function createAndDelete(set: DaemonSet, plan: DaemonSetPlan): Promise<void> {
    const hash = plan.history.update.metadata.labels![REVISION_LABEL]!;
    await slowStart(plan.create.length, async (index) => {
      try {
        const created = await client.create(pods, daemonPod(set, plan.create[index]!, hash));
        assumedPods.wrote(created);
        events.event(set, "Normal", "SuccessfulCreate", `Created pod: ${created.metadata.name}`);
      } catch (error) {
        if (!isNamespaceTerminating(error)) events.event(set, "Warning", "FailedCreate", `Error creating: ${errorMessage(error)}`);
        throw error;
      }
    });
    await Promise.all(
      plan.delete.map(async (pod) => {
        const deleted = await deleteExactly(client, pods, pod, {}, assumedPods);
        if (deleted) events.event(set, "Normal", "SuccessfulDelete", `Deleted pod: ${pod.metadata.name}`);
      }),
    );
  }

  return startController({
    name: "daemonset-controller",
    clock: context.clock,
    log: context.log,
    sources: [source(setInformer), source(podInformer, ownersOf), source(revisionInformer, ownersOf), source(nodeInformer, () => setInformer.list().map(keyOf))],
    reconcile,
  });
}

function daemonPod(set: DaemonSet, node: string, hash: string): Pod {
  const pod = podFromTemplate(set.spec.template, set);
  pod.metadata.generateName = `${set.metadata.name}-`;
  pod.metadata.labels = { ...pod.metadata.labels, [REVISION_LABEL]: hash };
  pod.spec = pinnedTo(node, withDaemonTolerations(pod.spec));
  return pod;
}
