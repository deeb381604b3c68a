/**
 * A Deployment's status; `kubectl rollout status` reads the conditions' reasons.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/deployment/progress.go
 */
import { toTime } from "#lib/clock.ts";
import type { Deployment, DeploymentCondition, ReplicaSet } from "#api/types.ts";
import { findCondition, removeCondition, setCondition } from "../common/conditions.ts";
import { maxUnavailable } from "./limits.ts";
import { sizeOf } from "./scale.ts";

export type DeploymentStatus = NonNullable<Deployment["status"]>;

export interface StatusInput {
  deployment: Deployment;
  newest: ReplicaSet | undefined;
  all: ReplicaSet[];
  nowMs: number;
  /** A condition that this round's own action calls for (a new ReplicaSet was created, say). */
  progress?: { status: string; reason: string; message: string } | undefined;
  /** Whether to judge progress: not while scaling or paused. */
  rollingOut: boolean;
}

export function deploymentStatus(input: StatusInput): DeploymentStatus {
  const { deployment, newest, all, nowMs } = input;
  const sum = (field: "replicas" | "readyReplicas" | "availableReplicas" | "terminatingReplicas"): number =>
    all.reduce((total, replicaSet) => total + (replicaSet.status?.[field] ?? 0), 0);
  const available = sum("availableReplicas");
  const enough = available >= (deployment.spec.replicas ?? 1) - maxUnavailable(deployment);
  const conditions = setCondition(
    deployment.status?.conditions,
    timed(
      enough
        ? { type: "Available", status: "True", reason: "MinimumReplicasAvailable", message: "Deployment has minimum availability." }
        : { type: "Available", status: "False", reason: "MinimumReplicasUnavailable", message: "Deployment does not have minimum availability." },
      nowMs,
    ),
    nowMs,
  );
  const status: DeploymentStatus = {
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas: sum("replicas"),
    updatedReplicas: newest?.status?.replicas ?? 0,
    readyReplicas: sum("readyReplicas"),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, all.reduce((total, replicaSet) => total + sizeOf(replicaSet), 0) - available),
    terminatingReplicas: sum("terminatingReplicas"),
    ...(deployment.status?.collisionCount !== undefined ? { collisionCount: deployment.status.collisionCount } : {}),
  };
  status.conditions = withReplicaFailure(withProgress(conditions, status, input), input);
  return status;
}

/** Whether everything runs the newest template and nothing else is left. */
export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const replicas = deployment.spec.replicas ?? 1;
  return (
    status.updatedReplicas === replicas &&
    status.replicas === replicas &&
    status.availableReplicas === replicas &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
}

/** When to look again whether the rollout has missed its deadline, in milliseconds. */
export function progressCheckInMs(deployment: Deployment, status: DeploymentStatus, nowMs: number): number | undefined {
  const condition = findCondition(status.conditions, "Progressing");
  if (!hasDeadline(deployment) || !condition || deployment.spec.paused) return undefined;
  // A rollout that once succeeded doesn't fail later; one that failed needs no second look.
  if (isComplete(deployment, status) || ["ProgressDeadlineExceeded", "NewReplicaSetAvailable"].includes(condition.reason!)) return undefined;
  return Math.max(0, deadlineMs(deployment, condition) - nowMs) + 1000;
}

function withProgress(conditions: DeploymentCondition[], status: DeploymentStatus, input: StatusInput): DeploymentCondition[] {
  const { deployment, newest, nowMs, progress, rollingOut } = input;
  if (!hasDeadline(deployment)) return removeCondition(conditions, "Progressing");
  const current = findCondition(conditions, "Progressing");
  const set = (status: string, reason: string, message: string): DeploymentCondition[] =>
    setCondition(conditions, timed({ type: "Progressing", status, reason, message }, nowMs), nowMs);

  // A pause stops the clock, so that time spent paused is not held against the rollout.
  if (current?.reason !== "ProgressDeadlineExceeded") {
    if (deployment.spec.paused) return set("Unknown", "DeploymentPaused", "Deployment is paused");
    if (current?.reason === "DeploymentPaused") return set("Unknown", "DeploymentResumed", "Deployment is resumed");
  }
  if (progress) return set(progress.status, progress.reason, progress.message);
  if (!rollingOut) return conditions;
  if (status.replicas === status.updatedReplicas && current?.reason === "NewReplicaSetAvailable") return conditions;

  const subject = newest ? `ReplicaSet "${newest.metadata.name}"` : `Deployment "${deployment.metadata.name}"`;
  if (isComplete(deployment, status)) return set("True", "NewReplicaSetAvailable", `${subject} has successfully progressed.`);
  if (madeProgress(deployment, status)) {
    // Written anew each time: its lastUpdateTime is what the deadline counts from.
    const condition = timed({ type: "Progressing", status: "True", reason: "ReplicaSetUpdated", message: `${subject} is progressing.` }, nowMs);
    if (current?.status === "True") condition.lastTransitionTime = current.lastTransitionTime!;
    return [...removeCondition(conditions, "Progressing"), condition];
  }
  if (current && current.reason !== "NewReplicaSetAvailable" && deadlineMs(deployment, current) < nowMs) {
    return set("False", "ProgressDeadlineExceeded", `${subject} has timed out progressing.`);
  }
  return conditions;
}

function madeProgress({ status: before = {} }: Deployment, after: DeploymentStatus): boolean {
  const updated = (status: DeploymentStatus): number => status.updatedReplicas ?? 0;
  const outdated = (status: DeploymentStatus): number => (status.replicas ?? 0) - updated(status);
  return (
    updated(after) > updated(before) ||
    outdated(after) < outdated(before) ||
    (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

/** A ReplicaSet that can't create pods says so on its Deployment; the newest one's word counts most. */
function withReplicaFailure(conditions: DeploymentCondition[], { newest, all, nowMs }: StatusInput): DeploymentCondition[] {
  for (const replicaSet of newest ? [newest, ...all] : all) {
    const failure = findCondition(replicaSet.status?.conditions, "ReplicaFailure");
    if (!failure) continue;
    const { status, reason, message, lastTransitionTime = toTime(nowMs) } = failure;
    return setCondition(
      conditions,
      { type: "ReplicaFailure", status, ...(reason ? { reason } : {}), ...(message ? { message } : {}), lastUpdateTime: lastTransitionTime },
      nowMs,
    );
  }
  return removeCondition(conditions, "ReplicaFailure");
}

/** 2147483647 is Kubernetes' way of saying that there is no deadline. */
function hasDeadline(deployment: Deployment): boolean {
  return deployment.spec.progressDeadlineSeconds !== undefined && deployment.spec.progressDeadlineSeconds !== 2 ** 31 - 1;
}

function deadlineMs(deployment: Deployment, condition: DeploymentCondition): number {
  return Date.parse(condition.lastUpdateTime ?? condition.lastTransitionTime!) + deployment.spec.progressDeadlineSeconds! * 1000;
}

function timed(condition: DeploymentCondition, nowMs: number): DeploymentCondition {
  return { ...condition, lastUpdateTime: toTime(nowMs) };
}
