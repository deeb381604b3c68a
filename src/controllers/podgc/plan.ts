/**
 * Pods that nobody else will ever remove.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/podgc/gc_controller.go
 */
import type { Pod } from "#api/types.ts";
import { isTerminal } from "../common/pods.ts";

/** So many finished pods may stay for people to look at. */
export const TERMINATED_THRESHOLD = 12_500;
/** A node must have been gone for this long before its pods count as orphaned. */
export const QUARANTINE_MS = 40_000;

export interface PodGcSnapshot {
  pods: Pod[];
  nodeNames: Set<string>;
  /** When each missing node was first found missing. */
  missingSinceMs: Map<string, number>;
  nowMs: number;
}

export interface PodGcPlan {
  /** On nodes that are gone for good: marked as failed, then deleted. */
  orphaned: Pod[];
  /** Being deleted without ever having had a node. */
  unscheduled: Pod[];
  /** Finished, and too many. */
  surplus: Pod[];
}

export function planPodGc({ pods, nodeNames, missingSinceMs, nowMs }: PodGcSnapshot): PodGcPlan {
  const orphaned = pods.filter(({ spec: { nodeName } }) => {
    if (!nodeName || nodeNames.has(nodeName)) return false;
    const sinceMs = missingSinceMs.get(nodeName);
    return sinceMs !== undefined && nowMs - sinceMs >= QUARANTINE_MS;
  });
  const unscheduled = pods.filter(({ spec, metadata }) => !spec.nodeName && metadata.deletionTimestamp);
  const finished = pods.filter((pod) => isTerminal(pod) && !orphaned.includes(pod));
  finished.sort((a, b) => (a.metadata.creationTimestamp ?? "").localeCompare(b.metadata.creationTimestamp ?? ""));
  return { orphaned, unscheduled, surplus: finished.slice(0, Math.max(0, finished.length - TERMINATED_THRESHOLD)) };
}
