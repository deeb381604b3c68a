/**
 * What goes when an owner goes.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/garbagecollector/garbagecollector.go
 * @see https://kubernetes.io/docs/concepts/architecture/garbage-collection/
 */
import type { KubeObject, OwnerReference } from "#api/types.ts";

/** On an object that waits for its dependents to be deleted. */
export const FOREGROUND = "foregroundDeletion";
/** On an object whose dependents shall stay. */
export const ORPHAN = "orphan";

/** What is known of an owner: there, gone, waiting for its dependents to go first, or of a kind nobody knows. */
export type OwnerState = "solid" | "absent" | "waiting" | "unknown";

export interface GarbageSnapshot {
  object: KubeObject;
  owners: { reference: OwnerReference; state: OwnerState }[];
  /** Objects that name this one as an owner. */
  dependents: KubeObject[];
}

export type GarbagePlan =
  | { action: "keep" }
  /** Delete the object itself. */
  | { action: "delete"; propagationPolicy: "Background" | "Foreground" | "Orphan" }
  /** Some owners are gone or going, others stay: forget the former. */
  | { action: "dropOwners"; uids: string[] }
  /** Being deleted in the foreground: these dependents go first. */
  | { action: "waitFor"; dependents: KubeObject[] }
  /** Being deleted as an orphaning owner: these dependents forget it, then it goes. */
  | { action: "orphan"; dependents: KubeObject[] }
  /** Being deleted in the foreground, and no dependent stands in the way any more. */
  | { action: "release"; finalizer: string };

export function planGarbage({ object, owners, dependents }: GarbageSnapshot): GarbagePlan {
  const { deletionTimestamp, finalizers = [], uid } = object.metadata;
  if (deletionTimestamp) {
    if (finalizers.includes(ORPHAN)) return dependents.length > 0 ? { action: "orphan", dependents } : { action: "release", finalizer: ORPHAN };
    if (!finalizers.includes(FOREGROUND)) return { action: "keep" };
    const blocking = dependents.filter(({ metadata }) => metadata.ownerReferences!.some((reference) => reference.uid === uid && reference.blockOwnerDeletion));
    return blocking.length > 0 ? { action: "waitFor", dependents } : { action: "release", finalizer: FOREGROUND };
  }
  const inState = (...states: OwnerState[]): OwnerReference[] => owners.filter(({ state }) => states.includes(state)).map(({ reference }) => reference);
  if (owners.length === 0 || inState("unknown").length > 0) return { action: "keep" };
  const leaving = inState("absent", "waiting");
  if (inState("solid").length > 0) return leaving.length > 0 ? { action: "dropOwners", uids: leaving.map((owner) => owner.uid) } : { action: "keep" };
  // The owner waits for its dependents; this one has dependents of its own, so they wait in turn.
  if (inState("waiting").length > 0 && dependents.length > 0) return { action: "delete", propagationPolicy: "Foreground" };
  return { action: "delete", propagationPolicy: finalizers.includes(ORPHAN) ? "Orphan" : finalizers.includes(FOREGROUND) ? "Foreground" : "Background" };
}
