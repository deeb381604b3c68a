/**
 * What a Deployment notes on its ReplicaSets.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/deployment/util/deployment_util.go
 */
import type { Deployment, ReplicaSet } from "#api/types.ts";
import { maxSurge } from "./limits.ts";

/** The number of a revision, on ReplicaSets and on the Deployment. */
export const REVISION = "deployment.kubernetes.io/revision";
/** Earlier numbers of a ReplicaSet that was rolled back to. */
export const REVISION_HISTORY = "deployment.kubernetes.io/revision-history";
/** The Deployment's replicas when the ReplicaSet was last scaled: tells scaling from rolling. */
export const DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas";
/** The Deployment's replicas plus surge then: the base of proportional scaling. */
export const MAX_REPLICAS = "deployment.kubernetes.io/max-replicas";

const NOT_COPIED = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  "deprecated.deployment.rollback.to",
]);

export function revisionOf(replicaSet: ReplicaSet): number {
  const revision = Number(replicaSet.metadata.annotations?.[REVISION] ?? 0);
  return Number.isInteger(revision) ? revision : 0;
}

export function replicasAnnotations(deployment: Deployment): Record<string, string> {
  const replicas = deployment.spec.replicas ?? 1;
  return { [DESIRED_REPLICAS]: String(replicas), [MAX_REPLICAS]: String(replicas + maxSurge(deployment)) };
}

/** The annotations of the newest ReplicaSet: the Deployment's own (change-cause among them) and its revision. */
export function newReplicaSetAnnotations(deployment: Deployment, existing: ReplicaSet | undefined, revision: number): Record<string, string> {
  const before = existing?.metadata.annotations ?? {};
  const copied = Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => !NOT_COPIED.has(key));
  const annotations: Record<string, string> = { ...before, ...Object.fromEntries(copied) };
  if (!existing) return { ...annotations, ...replicasAnnotations(deployment), [REVISION]: String(revision) };
  const old = revisionOf(existing);
  if (old < revision) {
    annotations[REVISION] = String(revision);
    // Rolled back to: the numbers it served under stay on record.
    if (before[REVISION]) annotations[REVISION_HISTORY] = [before[REVISION_HISTORY], before[REVISION]].filter(Boolean).join(",");
  }
  return annotations;
}
