/**
 * A StatefulSet keeps pods with names of their own, in order.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/statefulset/stateful_set_control.go
 */
import type { ControllerRevision, PersistentVolumeClaim, Pod, StatefulSet } from "#api/types.ts";
import { beyondHistory, planHistory, revisionOf, templateOf, type History } from "../common/history.ts";
import { scaledValue } from "../common/percentages.ts";
import { availableInMs, isAvailable, isReady, isTerminal } from "../common/pods.ts";
import { claimsOf, identityLabels, newPod, ordinalOf, ownerReference, startOrdinal } from "./identity.ts";

const HASH_LABEL = "controller.kubernetes.io/hash";

/** The history, and what pods ran before the rollout under way; the same as `update` when there is none. */
export interface RevisionPlan extends History {
  current: ControllerRevision;
}

export interface StatefulSetSnapshot {
  set: StatefulSet;
  /** The pods it owns. */
  pods: Pod[];
  /** The revisions it owns. */
  revisions: ControllerRevision[];
  /** The namespace's claims. */
  claims: PersistentVolumeClaim[];
  nowMs: number;
}

export interface StatefulSetPlan {
  revisions: RevisionPlan;
  createClaims: PersistentVolumeClaim[];
  create: Pod[];
  /** Claims whose owner changes, so that they go with it. */
  updateClaims: PersistentVolumeClaim[];
  /** Pods whose identity labels were lost. */
  relabel: Pod[];
  delete: Pod[];
  removeRevisions: ControllerRevision[];
  status: NonNullable<StatefulSet["status"]>;
  /** When the next pod turns available by the passing of time. */
  againAfterMs?: number;
}

export function planStatefulSet(snapshot: StatefulSetSnapshot): StatefulSetPlan {
  const { set, pods } = snapshot;
  const history = planHistory(set, snapshot.revisions, HASH_LABEL);
  const current = history.sorted.find(({ metadata }) => metadata.name === set.status?.currentRevision) ?? history.update;
  const revisions = { ...history, current };
  const inUse = new Set([...pods.map(revisionOf), history.update.metadata.name!, current.metadata.name!]);
  const plan: StatefulSetPlan = {
    revisions,
    createClaims: [],
    create: [],
    updateClaims: [],
    relabel: [],
    delete: [],
    removeRevisions: beyondHistory(set, history.sorted, inUse),
    status: statefulSetStatus(snapshot, revisions),
  };
  const waits = pods.map((pod) => availableInMs(pod, set.spec.minReadySeconds ?? 0, snapshot.nowMs)).filter((wait) => wait !== undefined && wait > 0);
  if (waits.length > 0) plan.againAfterMs = Math.min(...(waits as number[]));
  if (!set.metadata.deletionTimestamp && keepReplicas(snapshot, plan) && removeCondemned(snapshot, plan)) update(snapshot, plan);
  return plan;
}

/** Brings up what is missing, in order; false when (one at a time) something must come first. */
function keepReplicas({ set, pods, claims, nowMs }: StatefulSetSnapshot, plan: StatefulSetPlan): boolean {
  const monotonic = set.spec.podManagementPolicy !== "Parallel";
  const start = startOrdinal(set);
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(set, pod), pod]));
  const existing = new Map(claims.map((claim) => [claim.metadata.name!, claim]));
  for (let ordinal = start; ordinal < start + (set.spec.replicas ?? 1); ordinal++) {
    const pod = byOrdinal.get(ordinal);
    const wanted = claimsOf(set, ordinal).map(({ claim }) => claim);
    let blocked = false;
    if (pod && isTerminal(pod)) {
      if (!pod.metadata.deletionTimestamp) plan.delete.push(pod);
      blocked = true;
    } else if (!pod) {
      blocked = true;
      // A claim that is being deleted belongs to the past: the new pod waits for its own.
      if (!wanted.some((claim) => existing.get(claim.metadata.name!)?.metadata.deletionTimestamp)) {
        const old = set.spec.updateStrategy?.type !== "OnDelete" && ordinal < start + partitionOf(set);
        const revision = old ? plan.revisions.current : plan.revisions.update;
        plan.create.push(newPod(set, templateOf(revision), revision.metadata.name!, ordinal));
        plan.createClaims.push(...wanted.filter((claim) => !existing.has(claim.metadata.name!)));
      }
    } else {
      if (pod.status?.phase === "Pending") plan.createClaims.push(...wanted.filter((claim) => !existing.has(claim.metadata.name!)));
      if (isUnavailable(set, pod, nowMs)) blocked = true;
      const labels = { ...pod.metadata.labels, ...identityLabels(pod.metadata.name!, ordinal) };
      if (Object.entries(labels).some(([key, value]) => pod.metadata.labels?.[key] !== value)) {
        plan.relabel.push({ ...pod, metadata: { ...pod.metadata, labels } });
      }
    }
    if (blocked && monotonic) return false;
  }
  return true;
}

/** Deletes pods beyond the desired number, highest first; false when it must wait. */
function removeCondemned({ set, pods, claims, nowMs }: StatefulSetSnapshot, plan: StatefulSetPlan): boolean {
  const monotonic = set.spec.podManagementPolicy !== "Parallel";
  const condemned = pods.filter((pod) => ordinalOf(set, pod) >= 0 && !inRange(set, pod)).sort((a, b) => ordinalOf(set, b) - ordinalOf(set, a));
  // All replicas are available here, so the first unhealthy pod can only be a condemned one.
  const firstUnhealthy = condemned.findLast((pod) => isUnavailable(set, pod, nowMs));
  for (const pod of condemned) {
    if (pod.metadata.deletionTimestamp) {
      if (monotonic) return false;
      continue;
    }
    if (monotonic && isUnavailable(set, pod, nowMs) && pod !== firstUnhealthy) return false;
    plan.delete.push(pod);
    if (set.spec.persistentVolumeClaimRetentionPolicy?.whenScaled === "Delete") {
      const names = claimsOf(set, ordinalOf(set, pod)).map(({ claim }) => claim.metadata.name);
      for (const claim of claims.filter(({ metadata }) => names.includes(metadata.name))) {
        plan.updateClaims.push({ ...claim, metadata: { ...claim.metadata, ownerReferences: [ownerReference(pod)] } });
      }
    }
    if (monotonic) return false;
  }
  return condemned.length === 0 || !monotonic;
}

/** Deletes pods of older revisions, highest first, as many at a time as may be unavailable. */
function update({ set, pods, nowMs }: StatefulSetSnapshot, plan: StatefulSetPlan): void {
  if (set.spec.updateStrategy?.type === "OnDelete") return;
  const replicas = set.spec.replicas ?? 1;
  const maxUnavailable = Math.max(1, scaledValue(set.spec.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, replicas, Math.ceil));
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(set, pod), pod]));
  let unavailable = 0;
  for (let index = replicas - 1; index >= partitionOf(set) && unavailable < maxUnavailable; index--) {
    const pod = byOrdinal.get(startOrdinal(set) + index);
    if (pod && revisionOf(pod) !== plan.revisions.update.metadata.name && !pod.metadata.deletionTimestamp) {
      if (!plan.delete.includes(pod)) plan.delete.push(pod);
      unavailable++;
    } else if (!pod || isUnavailable(set, pod, nowMs)) unavailable++;
  }
}

function statefulSetStatus({ set, pods, nowMs }: StatefulSetSnapshot, { update, current }: RevisionPlan): StatefulSetPlan["status"] {
  const created = pods.filter((pod) => pod.status?.phase);
  const alive = created.filter((pod) => !pod.metadata.deletionTimestamp);
  const ready = created.filter(isRunningAndReady);
  const status = {
    observedGeneration: set.metadata.generation ?? 0,
    replicas: created.length,
    readyReplicas: ready.length,
    availableReplicas: ready.filter((pod) => isAvailable(pod, set.spec.minReadySeconds ?? 0, nowMs)).length,
    currentReplicas: alive.filter((pod) => revisionOf(pod) === current.metadata.name).length,
    updatedReplicas: alive.filter((pod) => revisionOf(pod) === update.metadata.name).length,
    currentRevision: current.metadata.name!,
    updateRevision: update.metadata.name!,
    collisionCount: set.status?.collisionCount ?? 0,
  };
  // A rollout is over when every pod runs the new revision and is ready: then the new one is the current one.
  const done = status.updatedReplicas === status.replicas && status.readyReplicas === status.replicas && status.replicas === (set.spec.replicas ?? 1);
  if (set.spec.updateStrategy?.type === "OnDelete" || !done) return status;
  return { ...status, currentReplicas: status.updatedReplicas, currentRevision: status.updateRevision };
}

function isRunningAndReady(pod: Pod): boolean {
  return pod.status?.phase === "Running" && isReady(pod);
}

function isUnavailable(set: StatefulSet, pod: Pod, nowMs: number): boolean {
  return pod.metadata.deletionTimestamp !== undefined || !isRunningAndReady(pod) || !isAvailable(pod, set.spec.minReadySeconds ?? 0, nowMs);
}

function inRange(set: StatefulSet, pod: Pod): boolean {
  const index = ordinalOf(set, pod) - startOrdinal(set);
  return index >= 0 && index < (set.spec.replicas ?? 1);
}

function partitionOf(set: StatefulSet): number {
  return set.spec.updateStrategy?.rollingUpdate?.partition ?? 0;
}
