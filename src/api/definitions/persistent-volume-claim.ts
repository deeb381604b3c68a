/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/core/persistentvolumeclaim/strategy.go */
import { persistentVolumeClaims } from "../resources.ts";
import { UNSET, accessModesText, ageColumn, column, nameColumn, wide } from "./columns.ts";
import { define } from "./define.ts";
import { setClaimSpecDefaults, setDataSources } from "./persistent-volume-claim-defaults.ts";
import { validateClaim, validateClaimStatusUpdate, validateClaimUpdate } from "./persistent-volume-claim-validation.ts";
import { fractions } from "./pod-warnings.ts";
import { CLASS_ANNOTATION, CLASS_ANNOTATION_WARNING } from "./persistent-volume-validation.ts";

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
    setDataSources(object.spec);
  },
  prepareForUpdate(object, old) {
    setDataSources(object.spec, old.spec);
  },
  validate: validateClaim,
  validateUpdate: validateClaimUpdate,
  validateStatusUpdate: validateClaimStatusUpdate,
  warnings: ({ metadata, spec }) => [
    ...(metadata.annotations?.[CLASS_ANNOTATION] === undefined ? [] : [CLASS_ANNOTATION_WARNING]),
    ...fractions(spec.resources?.requests, "spec.resources.requests", ["storage"]),
    ...fractions(spec.resources?.limits, "spec.resources.limits", ["storage"]),
  ],
  fields: ({ metadata }) => ({ name: metadata.name ?? "" }),
  columns: [
    nameColumn(),
    column("Status", "phase represents the current phase of PersistentVolumeClaim.", ({ metadata, status }) => (metadata.deletionTimestamp ? "Terminating" : (status?.phase ?? ""))),
    column("Volume", "volumeName is the binding reference to the PersistentVolume backing this claim.", ({ spec }) => spec.volumeName ?? ""),
    column("Capacity", "capacity represents the actual resources of the underlying volume.", ({ spec, status }) => (spec.volumeName ? String(status?.capacity?.["storage"] ?? "0") : "")),
    column("Access Modes", "accessModes contains the actual access modes the volume backing the PVC has.", ({ spec, status }) => (spec.volumeName ? accessModesText(status?.accessModes) : "")),
    column("StorageClass", "StorageClass of the pvc", ({ spec }) => spec.storageClassName ?? ""),
    column("VolumeAttributesClass", "VolumeAttributesClass of the pvc", ({ spec }) => spec.volumeAttributesClassName ?? UNSET),
    ageColumn(),
    wide(column("VolumeMode", "volumeMode defines what type of volume is required by the claim. Value of Filesystem is implied when not included in claim spec.", ({ spec }) => spec.volumeMode ?? UNSET)),
  ],
});
