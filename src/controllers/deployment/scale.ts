/**
 * How many replicas each ReplicaSet of a Deployment gets next.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/deployment/rolling.go
 */
import type { Deployment, ReplicaSet } from "#api/types.ts";
import { DESIRED_REPLICAS, MAX_REPLICAS } from "./annotations.ts";
import { maxSurge, maxUnavailable } from "./limits.ts";

/** New sizes, by ReplicaSet; those left out keep theirs. */
export type Sizes = Map<ReplicaSet, number>;

export const sizeOf = (replicaSet: ReplicaSet): number => replicaSet.spec.replicas ?? 1;
/** Available pods that will stay: those above the size are about to be deleted, though the status still counts them. */
const availableOf = (replicaSet: ReplicaSet): number => Math.min(replicaSet.status?.availableReplicas ?? 0, sizeOf(replicaSet));
const sum = (replicaSets: ReplicaSet[], of: (replicaSet: ReplicaSet) => number): number =>
  replicaSets.reduce((total, replicaSet) => total + of(replicaSet), 0);

const createdAt = (replicaSet: ReplicaSet): string => replicaSet.metadata.creationTimestamp ?? "";
/** Oldest first; the name decides between equals. */
export function byAge(a: ReplicaSet, b: ReplicaSet): number {
  return createdAt(a).localeCompare(createdAt(b)) || a.metadata.name!.localeCompare(b.metadata.name!);
}

/** The size the newest ReplicaSet may have now, given what the others hold; `newest` undefined: about to be created. */
export function sizeOfNewest(deployment: Deployment, newest: ReplicaSet | undefined, all: ReplicaSet[]): number {
  const replicas = deployment.spec.replicas ?? 1;
  if (deployment.spec.strategy?.type === "Recreate") return replicas;
  const current = newest ? sizeOf(newest) : 0;
  if (current >= replicas) return replicas;
  const room = replicas + maxSurge(deployment) - sum(all, sizeOf);
  return current + Math.max(0, Math.min(room, replicas - current));
}

/**
 * One step down for the old ReplicaSets of a rolling update: first replicas that aren't available
 * anyway, then as many as availability allows.
 */
export function shrinkOld(deployment: Deployment, newest: ReplicaSet, old: ReplicaSet[]): Sizes {
  const sizes: Sizes = new Map();
  const active = old.filter((replicaSet) => sizeOf(replicaSet) > 0).sort(byAge);
  const minAvailable = (deployment.spec.replicas ?? 1) - maxUnavailable(deployment);
  // Pods of the new ReplicaSet that aren't available yet must not cost old ones their place.
  const newUnavailable = sizeOf(newest) - availableOf(newest);
  let budget = sum([...active, newest], sizeOf) - minAvailable - newUnavailable;
  const shrink = (replicaSet: ReplicaSet, by: number): void => {
    if (by <= 0) return;
    sizes.set(replicaSet, (sizes.get(replicaSet) ?? sizeOf(replicaSet)) - by);
    budget -= by;
  };
  for (const replicaSet of active) shrink(replicaSet, Math.min(budget, sizeOf(replicaSet) - availableOf(replicaSet)));

  let spare = Math.min(budget, sum([...active, newest], availableOf) - minAvailable);
  for (const replicaSet of active) {
    const by = Math.max(0, Math.min(spare, sizes.get(replicaSet) ?? sizeOf(replicaSet)));
    shrink(replicaSet, by);
    spare -= by;
  }
  return sizes;
}

/** Whether the Deployment was scaled since its ReplicaSets last were. */
export function wasScaled(deployment: Deployment, all: ReplicaSet[]): boolean {
  const desired = String(deployment.spec.replicas ?? 1);
  return all.some((replicaSet) => sizeOf(replicaSet) > 0 && (replicaSet.metadata.annotations?.[DESIRED_REPLICAS] ?? desired) !== desired);
}

/** Sizes after the Deployment was scaled, possibly in the middle of a rollout: then each ReplicaSet gets its share. */
export function rescale(deployment: Deployment, newest: ReplicaSet | undefined, old: ReplicaSet[]): Sizes {
  const replicas = deployment.spec.replicas ?? 1;
  const all = newest ? [...old, newest] : old;
  const active = all.filter((replicaSet) => sizeOf(replicaSet) > 0);
  if (active.length <= 1) {
    const only = active[0] ?? newest ?? [...old].sort(byAge).at(-1);
    return new Map(only ? [[only, replicas]] : []);
  }
  if (newest && isSaturated(deployment, newest)) return new Map(active.filter((r) => r !== newest).map((r) => [r, 0]));
  if (deployment.spec.strategy?.type === "Recreate") return new Map();

  const toAdd = (replicas > 0 ? replicas + maxSurge(deployment) : 0) - sum(active, sizeOf);
  // Growing, newer ReplicaSets of the same size go first; shrinking, older ones.
  active.sort((a, b) => sizeOf(b) - sizeOf(a) || (toAdd > 0 ? byAge(b, a) : byAge(a, b)));
  const sizes: Sizes = new Map();
  let added = 0;
  for (const replicaSet of active) {
    const share = shareOf(replicaSet, deployment);
    const part = toAdd > 0 ? Math.min(share, toAdd - added) : Math.max(share, toAdd - added);
    const by = toAdd === 0 || added === toAdd ? 0 : part;
    sizes.set(replicaSet, sizeOf(replicaSet) + by);
    added += by;
  }
  // What rounding left over goes to the largest.
  sizes.set(active[0]!, Math.max(0, sizes.get(active[0]!)! + toAdd - added));
  return sizes;
}

function isSaturated(deployment: Deployment, newest: ReplicaSet): boolean {
  const replicas = deployment.spec.replicas ?? 1;
  return sizeOf(newest) === replicas && newest.metadata.annotations?.[DESIRED_REPLICAS] === String(replicas) && availableOf(newest) === replicas;
}

/** By how much a ReplicaSet changes when it keeps its part of the whole. */
function shareOf(replicaSet: ReplicaSet, deployment: Deployment): number {
  const replicas = deployment.spec.replicas ?? 1;
  if (replicas === 0) return -sizeOf(replicaSet);
  const before = Number(replicaSet.metadata.annotations?.[MAX_REPLICAS] ?? 0) || replicaSet.status?.replicas || sizeOf(replicaSet);
  return Math.round((sizeOf(replicaSet) * (replicas + maxSurge(deployment))) / before) - sizeOf(replicaSet);
}
