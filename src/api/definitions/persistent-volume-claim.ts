/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/core/persistentvolumeclaim/strategy.go */
import { persistentVolumeClaims } from "../resources.ts";
import { UNSET, accessModesText, ageColumn, column, nameColumn, wide } from "./columns.ts";
import { define } from "./define.ts";
import { setClaimSpecDefaults } from "./persistent-volume-claim-defaults.ts";
import { validateClaim, validateClaimUpdate } from "./persistent-volume-claim-validation.ts";

export const persistentVolumeClaim = define(persistentVolumeClaims, {
  model: "io.k8s.api.core.v1.PersistentVolumeClaim",
  emptySpec: () => ({}),
  shortNames: ["pvc"],
  subresources: ["status"],
  setDefaults(object) {
    object.status ??= {};
    object.status.phase ||= "Pending";
    setClaimSpecDefaults(object.spec);
  },
  prepareForCreate(object) {
    object.status = { phase: "Pending" };
  },
  validate: validateClaim,
  validateUpdate: validateClaimUpdate,
  fields: ({ metadata }) => ({ name: metadata.name ?? "" }),
  columns: [
    nameColumn(),
    column("Status", "phase represents the current phase of PersistentVolumeClaim.", ({ metadata, status }) => (metadata.deletionTimestamp ? "Terminating" : (status?.phase ?? ""))),
    column("Volume", "volumeName is the binding reference to the PersistentVolume backing this claim.", ({ spec }) => spec.volumeName ?? ""),
    column("Capacity", "capacity represents the actual resources of the underlying volume.", ({ spec, status }) => (spec.volumeName ? String(status?.capacity?.["storage"] ?? "0") : "")),
    column("Access Modes", "accessModes contains the actual access modes the volume backing the PVC has.", ({ spec, status }) => (spec.volumeName ? accessModesText(status?.accessModes) : "")),
    column("StorageClass", "storageClassName is the name of the StorageClass required by the claim.", ({ spec }) => spec.storageClassName ?? ""),
    column("VolumeAttributesClass", "volumeAttributesClassName may be used to set the VolumeAttributesClass used by this claim.", ({ spec }) => spec.volumeAttributesClassName ?? UNSET),
    ageColumn(),
    wide(column("VolumeMode", "volumeMode defines what type of volume is required by the claim. Value of Filesystem is implied when not included in claim spec.", ({ spec }) => spec.volumeMode ?? UNSET)),
  ],
});
