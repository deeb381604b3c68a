/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/core/persistentvolume/strategy.go */
import { persistentVolumes } from "../resources.ts";
import { UNSET, accessModesText, ageColumn, column, nameColumn, wide } from "./columns.ts";
import { define } from "./define.ts";
import { persistentVolumeWarnings, validatePersistentVolume, validatePersistentVolumeUpdate } from "./persistent-volume-validation.ts";

export const persistentVolume = define(persistentVolumes, {
  model: "io.k8s.api.core.v1.PersistentVolume",
  emptySpec: () => ({}),
  shortNames: ["pv"],
  subresources: ["status"],
  setDefaults(object) {
    object.status ??= {};
    object.status.phase ||= "Pending";
    object.spec.persistentVolumeReclaimPolicy ||= "Retain";
    object.spec.volumeMode ??= "Filesystem";
  },
  prepareForCreate(object) {
    object.status = { phase: "Pending" };
  },
  validate: validatePersistentVolume,
  validateUpdate: validatePersistentVolumeUpdate,
  warnings: persistentVolumeWarnings,
  fields: ({ metadata }) => ({ name: metadata.name ?? "" }),
  columns: [
    nameColumn(),
    column("Capacity", "capacity is the description of the persistent volume's resources and capacity.", ({ spec }) => String(spec.capacity?.["storage"] ?? "0")),
    column("Access Modes", "accessModes contains all ways the volume can be mounted.", ({ spec }) => accessModesText(spec.accessModes)),
    column("Reclaim Policy", "persistentVolumeReclaimPolicy defines what happens to a persistent volume when released from its claim.", ({ spec }) => spec.persistentVolumeReclaimPolicy!),
    column("Status", "phase indicates if a volume is available, bound to a claim, or released by a claim.", ({ metadata, status }) => (metadata.deletionTimestamp ? "Terminating" : (status?.phase ?? ""))),
    column("Claim", "claimRef is part of a bi-directional binding between PersistentVolume and PersistentVolumeClaim.", ({ spec: { claimRef } }) => (claimRef ? `${claimRef.namespace}/${claimRef.name}` : "")),
    column("StorageClass", "StorageClass of the pv", ({ spec }) => spec.storageClassName ?? ""),
    column("VolumeAttributesClass", "VolumeAttributesClass of the pv", ({ spec }) => spec.volumeAttributesClassName ?? UNSET),
    column("Reason", "reason is a brief CamelCase string that describes any failure and is meant for machine parsing and tidy display in the CLI.", ({ status }) => status?.reason ?? ""),
    ageColumn(),
    wide(column("VolumeMode", "volumeMode defines if a volume is intended to be used with a formatted filesystem or to remain in raw block state.", ({ spec }) => spec.volumeMode ?? UNSET)),
  ],
});
