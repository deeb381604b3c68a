/**
 * A DaemonSet keeps one pod on every node that its template fits.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/daemon/daemon_controller.go
 */
import type { ControllerRevision, DaemonSet, Node, Pod } from "#api/types.ts";
import { beyondHistory, planHistory, REVISION_LABEL, revisionOf, type History } from "../common/history.ts";
import { availableInMs, isActive, isAvailable, isReady, isTerminal } from "../common/pods.ts";
import { nodeOf, verdictOn, type NodePods } from "./nodes.ts";
import { planRollingUpdate } from "./update.ts";

/** At most so many pods are created or deleted in one round. */
const BURST = 250;

export interface DaemonSetSnapshot {
  set: DaemonSet;
  /** The pods it owns. */
  pods: Pod[];
  nodes: Node[];
  /** The revisions it owns. */
  revisions: ControllerRevision[];
  nowMs: number;
  /** How long a node waits until its failed pod is replaced again; 0 for at once. */
  failedPodWaitMs: (node: string) => number;
}

export interface DaemonSetPlan {
  history: History;
  /** Nodes that get a pod. */
  create: string[];
  delete: Pod[];
  /** Pods among the deleted that failed, with their nodes: they are replaced ever more slowly. */
  failed: { pod: Pod; node: string }[];
  removeRevisions: ControllerRevision[];
  status: NonNullable<DaemonSet["status"]>;
  againAfterMs?: number;
}

export function planDaemonSet(snapshot: DaemonSetSnapshot): DaemonSetPlan {
  const { set, pods, nowMs } = snapshot;
  const history = planHistory(set, snapshot.revisions, REVISION_LABEL);
  const hash = history.update.metadata.labels![REVISION_LABEL]!;
  const nodes = byNode(snapshot);
  const inUse = new Set([history.update.metadata.name!, ...history.sorted.filter(({ metadata }) => pods.some((pod) => revisionOf(pod) === metadata.labels?.[REVISION_LABEL])).map(({ metadata }) => metadata.name!)]);
  const plan: DaemonSetPlan = {
    history,
    create: [],
    delete: [],
    failed: [],
    removeRevisions: beyondHistory(set, history.sorted, inUse),
    status: daemonSetStatus(snapshot, nodes, hash),
  };
  const waits = pods.map((pod) => availableInMs(pod, set.spec.minReadySeconds ?? 0, nowMs)).filter((wait) => wait !== undefined && wait > 0);
  if (waits.length > 0) plan.againAfterMs = Math.min(...(waits as number[]));
  if (set.metadata.deletionTimestamp) return plan;

  for (const node of nodes) keepNode(snapshot, node, hash, plan);
  const known = new Set(snapshot.nodes.map(({ metadata }) => metadata.name!));
  plan.delete.push(...pods.filter((pod) => !pod.spec.nodeName && !pod.metadata.deletionTimestamp && !known.has(nodeOf(pod) ?? "")));
  if (set.spec.updateStrategy?.type !== "OnDelete" && plan.create.length + plan.delete.length === 0) {
    const update = planRollingUpdate({ set, nodes, hash, nowMs, desired: plan.status.desiredNumberScheduled });
    plan.create.push(...update.create);
    plan.delete.push(...update.delete);
  }
  plan.create = plan.create.slice(0, BURST);
  plan.delete = plan.delete.slice(0, BURST);
  return plan;
}

function byNode({ set, pods, nodes }: DaemonSetSnapshot): NodePods[] {
  const onNode = new Map<string, Pod[]>();
  // A finished pod that is being deleted no longer keeps its node.
  for (const pod of pods.filter((candidate) => !(isTerminal(candidate) && candidate.metadata.deletionTimestamp))) {
    const name = nodeOf(pod);
    if (name !== undefined) onNode.set(name, [...(onNode.get(name) ?? []), pod]);
  }
  const age = (pod: Pod): string => pod.metadata.creationTimestamp ?? "";
  return nodes.map((node) => {
    const name = node.metadata.name!;
    const here = (onNode.get(name) ?? []).sort((a, b) => age(a).localeCompare(age(b)) || a.metadata.name!.localeCompare(b.metadata.name!));
    return { name, pods: here, ...verdictOn(set, node) };
  });
}

/** What one node needs apart from updates: a first pod, no second one, none that it shouldn't have. */
function keepNode({ set, nowMs, failedPodWaitMs }: DaemonSetSnapshot, { name, pods, shouldRun, mayStay }: NodePods, hash: string, plan: DaemonSetPlan): void {
  if (!mayStay) {
    plan.delete.push(...pods.filter(({ metadata }) => !metadata.deletionTimestamp));
    return;
  }
  if (pods.length === 0) {
    if (shouldRun) plan.create.push(name);
    return;
  }
  const running: Pod[] = [];
  for (const pod of pods.filter(({ metadata }) => !metadata.deletionTimestamp)) {
    if (isActive(pod)) running.push(pod);
    else if (pod.status?.phase === "Succeeded") plan.delete.push(pod);
    else {
      const waitMs = failedPodWaitMs(name);
      if (waitMs > 0) plan.againAfterMs = Math.min(waitMs, plan.againAfterMs ?? Infinity);
      else {
        plan.delete.push(pod);
        plan.failed.push({ pod, node: name });
      }
    }
  }
  plan.delete.push(...surplus(set, running, hash, nowMs));
}

/** Of several running pods all but the oldest; while updates may surge, the oldest of each revision. */
function surplus(set: DaemonSet, running: Pod[], hash: string, nowMs: number): Pod[] {
  const surge = set.spec.updateStrategy?.rollingUpdate?.maxSurge;
  if (!surge || surge === "0%") return running.slice(1);
  const old = running.filter((pod) => revisionOf(pod) !== hash);
  const updated = running.filter((pod) => revisionOf(pod) === hash);
  // Once the new pod is available the old one has done its duty.
  const done = updated[0] && isAvailable(updated[0], set.spec.minReadySeconds ?? 0, nowMs);
  return [...(done ? old : old.slice(1)), ...updated.slice(1)];
}

function daemonSetStatus({ set, nowMs }: DaemonSetSnapshot, nodes: NodePods[], hash: string): NonNullable<DaemonSet["status"]> {
  const wanted = nodes.filter(({ shouldRun }) => shouldRun);
  const oldest = wanted.flatMap(({ pods }) => pods.slice(0, 1));
  const available = oldest.filter((pod) => isReady(pod) && isAvailable(pod, set.spec.minReadySeconds ?? 0, nowMs)).length;
  const unavailable = wanted.length - available;
  return {
    currentNumberScheduled: oldest.length,
    numberMisscheduled: nodes.filter(({ shouldRun, pods }) => !shouldRun && pods.length > 0).length,
    desiredNumberScheduled: wanted.length,
    numberReady: oldest.filter(isReady).length,
    ...nonZero({ updatedNumberScheduled: oldest.filter((pod) => revisionOf(pod) === hash).length, numberAvailable: available, numberUnavailable: unavailable }),
    observedGeneration: set.metadata.generation ?? 0,
    ...(set.status?.collisionCount ? { collisionCount: set.status.collisionCount } : {}),
    ...(set.status?.conditions ? { conditions: set.status.conditions } : {}),
  };
}

/** In Go these fields leave the wire when they are zero. */
function nonZero<T extends Record<string, number>>(counts: T): Partial<T> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0)) as Partial<T>;
}
