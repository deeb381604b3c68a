/**
 * Brings claims and volumes together.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/volume/persistentvolume/pv_controller.go
 */
import { parseQuantity } from "#lib/quantity.ts";
import { fromLabelSelector, matches } from "#lib/selectors.ts";
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from "#api/types.ts";

export const PROVISIONER = "tidepool.dev/local-path";
export const DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class";
const SELECTED_NODE = "volume.kubernetes.io/selected-node";

export type ClaimPlan =
  /** Bound, or nothing can be done for now. `event` says why, unless it has gone without saying. */
  | { action: "wait"; event?: { type: "Normal" | "Warning"; reason: string; message: string } }
  | { action: "setClass"; storageClassName: string }
  | { action: "bind"; volume: PersistentVolume }
  | { action: "provision"; storageClass: StorageClass }
  /** Its volume is gone, and the data with it. */
  | { action: "lost" };

export interface ClaimSnapshot {
  claim: PersistentVolumeClaim;
  volumes: PersistentVolume[];
  classes: StorageClass[];
}

export function planClaim({ claim, volumes, classes }: ClaimSnapshot): ClaimPlan {
  if (claim.metadata.deletionTimestamp) return { action: "wait" };
  const { volumeName, storageClassName } = claim.spec;
  if (volumeName && isBindCompleted(claim)) {
    const volume = volumes.find(({ metadata }) => metadata.name === volumeName);
    if (!volume || (volume.spec.claimRef && volume.spec.claimRef.uid !== claim.metadata.uid)) return claim.status?.phase === "Lost" ? { action: "wait" } : { action: "lost" };
    return claim.status?.phase === "Bound" && volume.status?.phase === "Bound" ? { action: "wait" } : { action: "bind", volume };
  }
  if (volumeName) {
    // Asked for by name: that one or none.
    const volume = volumes.find(({ metadata }) => metadata.name === volumeName);
    return volume && isFor(volume, claim, "open") ? { action: "bind", volume } : { action: "wait" };
  }
  // Half-done bindings and volumes reserved for this claim come before any search.
  const reserved = volumes.find((volume) => isFor(volume, claim, "reserved"));
  if (reserved) return { action: "bind", volume: reserved };
  if (storageClassName === undefined) {
    const byDefault = defaultClass(classes);
    if (byDefault) return { action: "setClass", storageClassName: byDefault.metadata.name! };
  }
  const storageClass = classes.find(({ metadata }) => metadata.name === storageClassName);
  const waits = storageClass?.volumeBindingMode === "WaitForFirstConsumer" && !claim.metadata.annotations?.[SELECTED_NODE];
  if (waits) return wait("Normal", "WaitForFirstConsumer", "waiting for first consumer to be created before binding");
  const fitting = volumes.filter((volume) => isFor(volume, claim, "open")).sort((a, b) => sizeOf(a) - sizeOf(b))[0];
  if (fitting) return { action: "bind", volume: fitting };
  if (!storageClassName) return wait("Normal", "FailedBinding", "no persistent volumes available for this claim and no storage class is set");
  if (!storageClass) return wait("Warning", "ProvisioningFailed", `storageclass.storage.k8s.io "${storageClassName}" not found`);
  return planProvisioning(claim, storageClass);
}

function planProvisioning(claim: PersistentVolumeClaim, storageClass: StorageClass): ClaimPlan {
  const { provisioner } = storageClass;
  if (provisioner === "kubernetes.io/no-provisioner") return wait("Normal", "FailedBinding", "no persistent volumes available for this claim and no storage class is set");
  if (provisioner !== PROVISIONER) {
    return wait(
      "Normal",
      "ExternalProvisioning",
      `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`,
    );
  }
  // Loud about what a directory on one machine can't be.
  const refusal = claim.spec.selector
    ? "claim.Spec.Selector is not supported"
    : claim.spec.volumeMode === "Block"
      ? "Only support volumeMode Filesystem, not Block"
      : claim.spec.dataSource || claim.spec.dataSourceRef
        ? "dataSource is not supported"
        : undefined;
  if (refusal) return wait("Warning", "ProvisioningFailed", `failed to provision volume with StorageClass "${storageClass.metadata.name}": ${refusal}`);
  return { action: "provision", storageClass };
}

/** The newest class that says it is the default. */
function defaultClass(classes: StorageClass[]): StorageClass | undefined {
  return classes
    .filter(({ metadata }) => metadata.annotations?.[DEFAULT_CLASS] === "true")
    .sort((a, b) => (b.metadata.creationTimestamp ?? "").localeCompare(a.metadata.creationTimestamp ?? "") || a.metadata.name!.localeCompare(b.metadata.name!))[0];
}

/** Whether a volume is reserved for the claim, or open to it and large enough. */
function isFor(volume: PersistentVolume, claim: PersistentVolumeClaim, how: "reserved" | "open"): boolean {
  const { claimRef } = volume.spec;
  const reserved =
    claimRef !== undefined &&
    claimRef.name === claim.metadata.name &&
    claimRef.namespace === claim.metadata.namespace &&
    (!claimRef.uid || claimRef.uid === claim.metadata.uid);
  if (how === "reserved" || claimRef) return reserved;
  const { accessModes = [], selector, volumeMode = "Filesystem", storageClassName = "" } = claim.spec;
  return (
    !volume.metadata.deletionTimestamp &&
    (volume.status?.phase ?? "Available") === "Available" &&
    (volume.spec.storageClassName ?? "") === storageClassName &&
    (volume.spec.volumeMode ?? "Filesystem") === volumeMode &&
    accessModes.every((mode) => volume.spec.accessModes?.includes(mode)) &&
    sizeOf(volume) >= requestOf(claim) &&
    (!selector || matches(fromLabelSelector(selector), volume.metadata.labels))
  );
}

export type VolumePlan =
  | { action: "keep"; phase: "Available" | "Bound" | "Released" }
  /** Its claim is gone, and its policy says so. */
  | { action: "delete" };

/** What becomes of a volume; `claim` is the one its claimRef names, if it exists. */
export function planVolume(volume: PersistentVolume, claim: PersistentVolumeClaim | undefined): VolumePlan {
  const { claimRef, persistentVolumeReclaimPolicy } = volume.spec;
  if (!claimRef?.uid) return { action: "keep", phase: "Available" };
  if (claim && claim.metadata.uid === claimRef.uid) return { action: "keep", phase: claim.spec.volumeName === volume.metadata.name ? "Bound" : "Available" };
  const ours = volume.metadata.annotations?.["pv.kubernetes.io/provisioned-by"] === PROVISIONER;
  return persistentVolumeReclaimPolicy === "Delete" && ours ? { action: "delete" } : { action: "keep", phase: "Released" };
}

export function isBindCompleted(claim: PersistentVolumeClaim): boolean {
  return claim.metadata.annotations?.["pv.kubernetes.io/bind-completed"] !== undefined;
}

function wait(type: "Normal" | "Warning", reason: string, message: string): ClaimPlan {
  return { action: "wait", event: { type, reason, message } };
}

function sizeOf(volume: PersistentVolume): number {
  return parseQuantity(volume.spec.capacity?.["storage"] ?? "0");
}

function requestOf(claim: PersistentVolumeClaim): number {
  return parseQuantity(claim.spec.resources?.requests?.["storage"] ?? "0");
}
