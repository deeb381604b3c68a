/**
 * Volumes as directories of the machine that everything runs on. All nodes share it, so a volume has
 * no node affinity: its pod may come back on any node. Capacity is noted but not enforced.
 */
import { rm } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from "#api/types.ts";
import { DEFAULT_CLASS, PROVISIONER } from "./plan.ts";

/** The class that claims get when they name none. */
export const STANDARD_CLASS: Omit<StorageClass, "apiVersion" | "kind"> = {
  metadata: { name: "standard", annotations: { [DEFAULT_CLASS]: "true" } },
  provisioner: PROVISIONER,
  reclaimPolicy: "Delete",
  volumeBindingMode: "WaitForFirstConsumer",
};

/** The volume for a claim. The kubelet makes the directory when it first mounts it. */
export function newVolume(claim: PersistentVolumeClaim, storageClass: StorageClass, directory: string): PersistentVolume {
  const { name, namespace, uid } = claim.metadata;
  const volumeName = `pvc-${uid}`;
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: {
      name: volumeName,
      annotations: { "pv.kubernetes.io/provisioned-by": PROVISIONER },
      finalizers: ["kubernetes.io/pv-protection"],
    },
    spec: {
      capacity: { storage: claim.spec.resources!.requests!["storage"]! },
      accessModes: claim.spec.accessModes!,
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? "Delete",
      storageClassName: storageClass.metadata.name!,
      volumeMode: "Filesystem",
      claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", name: name!, namespace: namespace!, uid: uid! },
      hostPath: { path: join(directory, `${volumeName}_${namespace}_${name}`), type: "DirectoryOrCreate" },
    },
  };
}

/** Removes a volume's directory. Refuses any path outside `directory`: what we didn't make we don't delete. */
export async function removeVolumeDirectory(volume: PersistentVolume, directory: string): Promise<void> {
  const path = volume.spec.hostPath?.path ?? volume.spec.local?.path ?? "";
  if (!resolve(path).startsWith(resolve(directory) + sep)) throw new Error(`${path} is not in the directory for volumes`);
  await rm(path, { recursive: true, force: true });
}
