/**
 * The rolling update of a DaemonSet: which old pods may go, and which nodes get a second pod.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/daemon/update.go
 */
import type { DaemonSet, Pod } from "#api/types.ts";
import { revisionOf } from "../common/history.ts";
import { scaledValue } from "../common/percentages.ts";
import { isAvailable } from "../common/pods.ts";
import type { NodePods } from "./nodes.ts";

export interface UpdateSnapshot {
  set: DaemonSet;
  nodes: NodePods[];
  /** The revision that is wanted. */
  hash: string;
  nowMs: number;
  /** How many nodes should have a pod. */
  desired: number;
}

export interface UpdatePlan {
  create: string[];
  delete: Pod[];
}

export function planRollingUpdate(snapshot: UpdateSnapshot): UpdatePlan {
  const { set, desired } = snapshot;
  const { maxUnavailable, maxSurge } = set.spec.updateStrategy?.rollingUpdate ?? {};
  const surge = scaledValue(maxSurge, desired, Math.ceil);
  const unavailable = scaledValue(maxUnavailable, desired, Math.ceil);
  // With neither nothing would ever move.
  return surge > 0 ? surging(snapshot, surge) : replacing(snapshot, Math.max(1, unavailable));
}

/** The old and the new pod of a node; undefined when there are more, which is for another round to mend. */
function pair({ pods }: NodePods, hash: string): { oldPod?: Pod | undefined; newPod?: Pod | undefined } | undefined {
  const alive = pods.filter(({ metadata }) => !metadata.deletionTimestamp);
  const updated = alive.filter((pod) => revisionOf(pod) === hash);
  const old = alive.filter((pod) => revisionOf(pod) !== hash);
  return updated.length > 1 || old.length > 1 ? undefined : { oldPod: old[0], newPod: updated[0] };
}

/** Deletes old pods where so many may be missing; their successors come when they are gone. */
function replacing({ set, nodes, hash, nowMs }: UpdateSnapshot, maxUnavailable: number): UpdatePlan {
  const available = (pod: Pod): boolean => isAvailable(pod, set.spec.minReadySeconds ?? 0, nowMs);
  let unavailable = 0;
  const broken: Pod[] = [];
  const candidates: Pod[] = [];
  for (const node of nodes.filter(({ shouldRun, pods }) => shouldRun || pods.length > 0)) {
    const { oldPod, newPod } = pair(node, hash) ?? {};
    if (newPod && !oldPod) {
      if (!available(newPod)) unavailable++;
    } else if (oldPod && !newPod) {
      if (available(oldPod)) candidates.push(oldPod);
      else {
        // It serves nobody: replacing it costs nothing.
        broken.push(oldPod);
        unavailable++;
      }
    } else unavailable++;
  }
  return { create: [], delete: [...broken, ...candidates.slice(0, Math.max(0, maxUnavailable - unavailable))] };
}

/** Starts new pods beside old ones, and deletes an old one when the new one is available. */
function surging({ set, nodes, hash, nowMs }: UpdateSnapshot, maxSurge: number): UpdatePlan {
  const available = (pod: Pod): boolean => isAvailable(pod, set.spec.minReadySeconds ?? 0, nowMs);
  let surging = 0;
  const create: string[] = [];
  const candidates: string[] = [];
  const remove: Pod[] = [];
  for (const node of nodes) {
    const found = pair(node, hash);
    if (!found) {
      surging++;
      continue;
    }
    const { oldPod, newPod } = found;
    if (!oldPod) continue;
    if (newPod) {
      if (available(newPod)) remove.push(oldPod);
      else surging++;
    } else if (node.shouldRun) {
      if (available(oldPod)) candidates.push(node.name);
      else create.push(node.name);
    } else if (!available(oldPod)) remove.push(oldPod);
  }
  create.push(...candidates.slice(0, Math.max(0, maxSurge - surging)));
  return { create, delete: remove };
}
