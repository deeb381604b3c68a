/**
 * Claims grow only once they are bound, and only where their storage class lets them.
 * @see https://github.com/kubernetes/kubernetes/blob/master/plugin/pkg/admission/storage/persistentvolume/resize/admission.go
 */
import { NOTHING, parseAmount } from "#lib/amount.ts";
import type { PersistentVolumeClaim, StorageClass } from "#api/types.ts";
import { isAbout, refusal, type AdmissionPlugin } from "./admission.ts";

const CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class";

export function persistentVolumeClaimResize(findClass: (name: string) => StorageClass | undefined): AdmissionPlugin {
  return {
    name: "PersistentVolumeClaimResize",
    validate(attributes) {
      if (attributes.operation !== "UPDATE" || !isAbout(attributes, "", "persistentvolumeclaims")) return;
      const claim = attributes.object as PersistentVolumeClaim;
      const old = attributes.oldObject as PersistentVolumeClaim;
      if (sizeOf(claim) <= sizeOf(old)) return;
      if (old.status?.phase !== "Bound") throw refusal(attributes, "only bound persistent volume claims can be expanded");
      const name = classOf(claim);
      if (!name || name !== classOf(old) || !findClass(name)?.allowVolumeExpansion) {
        throw refusal(attributes, "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize");
      }
    },
  };
}

function sizeOf({ spec }: PersistentVolumeClaim): bigint {
  const size = spec.resources?.requests?.["storage"];
  return (size === undefined ? NOTHING : parseAmount(size)).nanos;
}

function classOf({ metadata, spec }: PersistentVolumeClaim): string | undefined {
  return metadata.annotations?.[CLASS_ANNOTATION] ?? spec.storageClassName;
}
