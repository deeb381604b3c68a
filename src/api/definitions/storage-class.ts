import { storageClasses } from "../resources.ts";
import type { StorageClass } from "../types.ts";
import { ageColumn, column, nameColumn } from "./columns.ts";
import { define } from "./define.ts";
import { deprecatedLabelAt } from "./node-label-warnings.ts";
import { validateStorageClass, validateStorageClassUpdate } from "./storage-class-validation.ts";

export const storageClass = define(storageClasses, {
  model: "io.k8s.api.storage.v1.StorageClass",
  shortNames: ["sc"],
  setDefaults(object) {
    object.reclaimPolicy ??= "Delete";
    object.volumeBindingMode ??= "Immediate";
  },
  validate: validateStorageClass,
  validateUpdate: validateStorageClassUpdate,
  warnings: ({ allowedTopologies = [] }) =>
    allowedTopologies.flatMap(({ matchLabelExpressions = [] }, i) =>
      matchLabelExpressions.flatMap(({ key }, j) => deprecatedLabelAt(key, `allowedTopologies[${i}].matchLabelExpressions[${j}].key`)),
    ),
  columns: [
    nameColumn((object) => (isDefault(object) ? `${object.metadata.name} (default)` : object.metadata.name!)),
    column("Provisioner", "provisioner indicates the type of the provisioner.", ({ provisioner }) => provisioner),
    column("ReclaimPolicy", "reclaimPolicy controls the reclaimPolicy for dynamically provisioned PersistentVolumes of this storage class. Defaults to Delete.", ({ reclaimPolicy }) => reclaimPolicy ?? "Delete"),
    column("VolumeBindingMode", "volumeBindingMode indicates how PersistentVolumeClaims should be provisioned and bound.", ({ volumeBindingMode }) => volumeBindingMode ?? "Immediate"),
    // As upstream, a column of text even though it holds a boolean.
    { name: "AllowVolumeExpansion", type: "string", description: "allowVolumeExpansion shows whether the storage class allow volume expand.", cell: ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false },
    ageColumn(),
  ],
});

function isDefault({ metadata }: StorageClass): boolean {
  return metadata.annotations?.["storageclass.kubernetes.io/is-default-class"] === "true";
}
