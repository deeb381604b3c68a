/**
 * A ReplicaSet keeps as many pods as its spec says.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/replicaset/replica_set.go
 */
import type { Pod, ReplicaSet } from "#api/types.ts";
import { findCondition, removeCondition, setCondition } from "../common/conditions.ts";
import { claim } from "../common/ownership.ts";
import { availableInMs, isActive, isAvailable, isReady, isTerminating } from "../common/pods.ts";
import { inDeletionOrder } from "../common/deletion-order.ts";

/** At most so many pods are created or deleted in one round. */
const BURST = 500;

export interface ReplicaSetSnapshot {
  replicaSet: ReplicaSet;
  /** The namespace's pods that it owns or might adopt. */
  pods: Pod[];
  /** The pods of all ReplicaSets of the same Deployment: they spread over nodes together. */
  related: Pod[];
  nowMs: number;
}

export interface ReplicaSetPlan {
  adopt: Pod[];
  release: Pod[];
  /** How many pods to create. */
  create: number;
  /** The pods to delete, in order. */
  delete: Pod[];
  /** The replicas as they are now, before this plan: what the status reports. */
  active: Pod[];
  terminating: Pod[];
  /** When the next pod turns available by the passing of time. */
  againAfterMs?: number;
}

export function planReplicaSet({ replicaSet, pods, related, nowMs }: ReplicaSetSnapshot): ReplicaSetPlan {
  const { owned, adopt, release } = claim(replicaSet, replicaSet.spec.selector, pods.filter(isActive));
  const active = [...owned, ...adopt];
  const terminating = pods.filter((pod) => isTerminating(pod) && claim(replicaSet, replicaSet.spec.selector, [pod]).owned.length > 0);
  const plan: ReplicaSetPlan = { adopt, release, create: 0, delete: [], active, terminating };
  const { minReadySeconds = 0 } = replicaSet.spec;
  const waits = active.map((pod) => availableInMs(pod, minReadySeconds, nowMs)).filter((wait) => wait !== undefined && wait > 0);
  if (waits.length > 0) plan.againAfterMs = Math.min(...(waits as number[]));
  if (replicaSet.metadata.deletionTimestamp) return plan;

  const missing = (replicaSet.spec.replicas ?? 1) - active.length;
  if (missing > 0) plan.create = Math.min(missing, BURST);
  if (missing < 0) plan.delete = inDeletionOrder(active, related, nowMs).slice(0, Math.min(-missing, BURST));
  return plan;
}

/** The status after a round; `failure` is what creating or deleting pods failed with. */
export function replicaSetStatus(
  { replicaSet, nowMs }: ReplicaSetSnapshot,
  { active, terminating, create }: ReplicaSetPlan,
  failure: string | undefined,
): NonNullable<ReplicaSet["status"]> {
  const { minReadySeconds = 0, template } = replicaSet.spec;
  const templateLabels = Object.entries(template?.metadata?.labels ?? {});
  let conditions = replicaSet.status?.conditions;
  if (failure === undefined) conditions = removeCondition(conditions, "ReplicaFailure");
  else if (!findCondition(conditions, "ReplicaFailure")) {
    const reason = create > 0 ? "FailedCreate" : "FailedDelete";
    conditions = setCondition(conditions, { type: "ReplicaFailure", status: "True", reason, message: failure }, nowMs);
  }
  return {
    replicas: active.length,
    fullyLabeledReplicas: active.filter((pod) => templateLabels.every(([key, value]) => pod.metadata.labels?.[key] === value)).length,
    readyReplicas: active.filter(isReady).length,
    availableReplicas: active.filter((pod) => isAvailable(pod, minReadySeconds, nowMs)).length,
    terminatingReplicas: terminating.length,
    observedGeneration: replicaSet.metadata.generation ?? 0,
    ...(conditions && conditions.length > 0 ? { conditions } : {}),
  };
}
