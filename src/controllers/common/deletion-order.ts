/**
 * Which pods to give up first.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/controller_utils.go ActivePodsWithRanks
 */
import type { Pod } from "#api/types.ts";
import { isActive, isReady, readySinceMs } from "./pods.ts";

/** Lets users say which pods are cheap to delete; an integer, 0 by default. */
export const DELETION_COST = "controller.kubernetes.io/pod-deletion-cost";

/** The pods in the order of deletion; `related` are all pods that should spread with them (same Deployment). */
export function inDeletionOrder(pods: Pod[], related: Pod[], nowMs: number): Pod[] {
  const perNode = new Map<string, number>();
  for (const pod of related.filter(isActive)) perNode.set(pod.spec.nodeName ?? "", (perNode.get(pod.spec.nodeName ?? "") ?? 0) + 1);
  const rank = (pod: Pod): number => perNode.get(pod.spec.nodeName ?? "") ?? 0;

  return [...pods].sort(
    (a, b) =>
      // 1. Not yet on a node.
      Number(Boolean(a.spec.nodeName)) - Number(Boolean(b.spec.nodeName)) ||
      // 2. Pending before unknown before running.
      phaseOrder(a) - phaseOrder(b) ||
      // 3. Not ready.
      Number(isReady(a)) - Number(isReady(b)) ||
      // 4. Cheaper to delete.
      deletionCost(a) - deletionCost(b) ||
      // 5. More siblings on the same node.
      rank(b) - rank(a) ||
      // 6. Ready for a shorter time, in powers of two, so that old pods of similar age take turns.
      youngerFirst(readySinceMs(a), readySinceMs(b), a, b, nowMs) ||
      // 7. More restarts.
      restarts(b) - restarts(a) ||
      // 8. Created later.
      youngerFirst(createdMs(a), createdMs(b), a, b, nowMs),
  );
}

function phaseOrder(pod: Pod): number {
  return { Pending: 0, Unknown: 1, Running: 2 }[pod.status?.phase ?? "Pending"] ?? 0;
}

function deletionCost(pod: Pod): number {
  const text = pod.metadata.annotations?.[DELETION_COST] ?? "0";
  return /^(0|-?[1-9]\d{0,9})$/.test(text) ? Number(text) : 0;
}

function youngerFirst(a: number | undefined, b: number | undefined, podA: Pod, podB: Pod, nowMs: number): number {
  if (a === b || a === undefined || b === undefined) return 0;
  const byAge = magnitude(nowMs - a) - magnitude(nowMs - b);
  return byAge || (podA.metadata.uid! < podB.metadata.uid! ? -1 : 1);
}

function magnitude(ageMs: number): number {
  return ageMs <= 0 ? -1 : Math.floor(Math.log2(ageMs * 1e6));
}

function restarts(pod: Pod): number {
  return Math.max(0, ...(pod.status?.containerStatuses ?? []).map((status) => status.restartCount));
}

function createdMs(pod: Pod): number | undefined {
  return pod.metadata.creationTimestamp ? Date.parse(pod.metadata.creationTimestamp) : undefined;
}
