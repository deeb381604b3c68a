/**
 * What a pod's volume claims mean for its place.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/scheduler/framework/plugins/volumebinding/volume_binding.go
 */
import type { PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from "#api/types.ts";

/** Tells the provisioner which node a claim with WaitForFirstConsumer shall be provisioned for. */
export const SELECTED_NODE = "volume.kubernetes.io/selected-node";

export interface VolumeLookup {
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  storageClass(name: string): StorageClass | undefined;
}

export interface PodVolumes {
  /** Bound volumes; their node affinity counts. */
  volumes: PersistentVolume[];
  /** Claims that wait for the pod to have a node. */
  waiting: PersistentVolumeClaim[];
}

/** The pod's volumes, or why it can't be scheduled with them yet. */
export function podVolumes(pod: Pod, lookup: VolumeLookup): PodVolumes | { unschedulable: string } {
  const found: PodVolumes = { volumes: [], waiting: [] };
  for (const name of claimNames(pod)) {
    const claim = lookup.claim(pod.metadata.namespace!, name);
    if (!claim) return { unschedulable: `persistentvolumeclaim "${name}" not found` };
    if (claim.metadata.deletionTimestamp) return { unschedulable: `persistentvolumeclaim "${name}" is being deleted` };
    if (claim.status?.phase === "Lost") return { unschedulable: `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec.volumeName}"` };
    if (isBound(claim)) {
      const volume = lookup.volume(claim.spec.volumeName!);
      if (!volume) return { unschedulable: `persistentvolume "${claim.spec.volumeName}" not found` };
      found.volumes.push(volume);
    } else if (lookup.storageClass(claim.spec.storageClassName ?? "")?.volumeBindingMode === "WaitForFirstConsumer") {
      found.waiting.push(claim);
    } else return { unschedulable: "pod has unbound immediate PersistentVolumeClaims" };
  }
  return found;
}

export function isBound(claim: PersistentVolumeClaim): boolean {
  return claim.spec.volumeName !== undefined && claim.status?.phase === "Bound";
}

/** The claims a pod names, those of generic ephemeral volumes included. */
export function claimNames(pod: Pod): string[] {
  return (pod.spec.volumes ?? []).flatMap((volume) => {
    if (volume.persistentVolumeClaim) return [volume.persistentVolumeClaim.claimName];
    return volume.ephemeral ? [`${pod.metadata.name}-${volume.name}`] : [];
  });
}
