/**
 * How pods compare when not all of them can be had.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/scheduler/util/utils.go
 */
import type { Pod } from "#api/types.ts";

export function priorityOf(pod: Pod): number {
  return pod.spec.priority ?? 0;
}

/** When the pod's kubelet took it on; a pod that has not started yet is later than all that have. */
export function startedMs(pod: Pod): number {
  return pod.status?.startTime ? Date.parse(pod.status.startTime) : Infinity;
}

/** Sorts the more important pod first: the one of higher priority, then the one that runs longer. */
export function byImportance(a: Pod, b: Pod): number {
  if (priorityOf(a) !== priorityOf(b)) return priorityOf(b) - priorityOf(a);
  return startedMs(a) === startedMs(b) ? 0 : startedMs(a) - startedMs(b);
}
