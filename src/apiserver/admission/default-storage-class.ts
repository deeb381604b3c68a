/**
 * Claims that name no storage class get the default one, while there is one.
 * @see https://github.com/kubernetes/kubernetes/blob/master/plugin/pkg/admission/storage/storageclass/setdefault/admission.go
 */
import type { PersistentVolumeClaim, StorageClass } from "#api/types.ts";
import { isAbout, type AdmissionPlugin } from "./admission.ts";
import { newestDefault } from "./default-class.ts";

const DEFAULT_CLASS = ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];
const CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class";

export function defaultStorageClass(storageClasses: () => StorageClass[]): AdmissionPlugin {
  return {
    name: "DefaultStorageClass",
    admit(attributes) {
      if (attributes.operation !== "CREATE" || !isAbout(attributes, "", "persistentvolumeclaims")) return;
      const { metadata, spec } = attributes.object as PersistentVolumeClaim;
      if (spec.storageClassName !== undefined || metadata.annotations?.[CLASS_ANNOTATION] !== undefined) return;
      const name = newestDefault(storageClasses(), DEFAULT_CLASS)?.metadata.name;
      if (name) spec.storageClassName = name;
    },
  };
}
