/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go (ValidatePersistentVolumeSpec) */
import { isDeepStrictEqual } from "node:util";
import { parseQuantity } from "#lib/quantity.ts";
import type { FieldError } from "../errors.ts";
import type { PersistentVolume } from "../types.ts";
import { differences } from "./differences.ts";
import { forbidden, invalid, notSupported, required, validateImmutable, validateOneOf } from "./field-errors.ts";
import { dns1123Subdomain, validateName } from "./names.ts";
import { validateAccessModes, VOLUME_MODES } from "./persistent-volume-claim-validation.ts";
import { validateHostPath, validateNoBacksteps } from "./volume-validation.ts";

type Spec = PersistentVolume["spec"];

const RECLAIM_POLICIES = ["Delete", "Recycle", "Retain"];

/** The fields of the spec that say where the data is. */
const SOURCES: (keyof Spec)[] = [
  "awsElasticBlockStore",
  "azureDisk",
  "azureFile",
  "cephfs",
  "cinder",
  "csi",
  "fc",
  "flexVolume",
  "flocker",
  "gcePersistentDisk",
  "glusterfs",
  "hostPath",
  "iscsi",
  "local",
  "nfs",
  "photonPersistentDisk",
  "portworxVolume",
  "quobyte",
  "rbd",
  "scaleIO",
  "storageos",
  "vsphereVolume",
];

export function validatePersistentVolume({ metadata, spec }: PersistentVolume): FieldError[] {
  const errors = [...validateName(metadata.name, dns1123Subdomain), ...validateAccessModes(spec.accessModes, "spec.accessModes"), ...validateCapacity(spec)];
  errors.push(...validateOneOf("spec.persistentVolumeReclaimPolicy", spec.persistentVolumeReclaimPolicy, RECLAIM_POLICIES));
  const [first, ...others] = SOURCES.filter((name) => spec[name] !== undefined);
  if (!first) errors.push(required("spec", "must specify a volume type"));
  for (const other of others) errors.push(forbidden(`spec.${other}`, "may not specify more than 1 volume type"));
  if (spec.hostPath) errors.push(...validateHostPath(spec.hostPath, "spec.hostPath"));
  if (spec.local) {
    if (!spec.local.path) errors.push(required("spec.local.path"));
    errors.push(...validateNoBacksteps(spec.local.path, "spec.local.path"));
    if (!spec.nodeAffinity) errors.push(required("spec.nodeAffinity", "Local volume requires node affinity"));
  }
  return [...errors, ...validateName(spec.storageClassName, dns1123Subdomain, "spec.storageClassName"), ...validateOneOf("spec.volumeMode", spec.volumeMode, VOLUME_MODES)];
}

function validateCapacity({ capacity = {} }: Spec): FieldError[] {
  const names = Object.keys(capacity);
  if (names.length === 0) return [required("spec.capacity")];
  const errors = names.length > 1 || names[0] !== "storage" ? [notSupported("spec.capacity", capacity, ["storage"])] : [];
  for (const [name, quantity] of Object.entries(capacity)) {
    if (parseQuantity(quantity) <= 0) errors.push(invalid(`spec.capacity[${name}]`, quantity, "must be greater than zero"));
  }
  return errors;
}

export function validatePersistentVolumeUpdate({ spec }: PersistentVolume, { spec: old }: PersistentVolume): FieldError[] {
  const source = (from: Spec): object => Object.fromEntries(SOURCES.filter((name) => from[name] !== undefined).map((name) => [name, from[name]]));
  const errors: FieldError[] = [];
  if (!isDeepStrictEqual(source(spec), source(old))) {
    errors.push(forbidden("spec.persistentvolumesource", `spec.persistentvolumesource is immutable after creation\n${differences(source(old), source(spec), "spec")}`));
  }
  errors.push(...validateImmutable("volumeMode", spec.volumeMode, old.volumeMode));
  return old.nodeAffinity ? [...errors, ...validateImmutable("nodeAffinity", spec.nodeAffinity, old.nodeAffinity)] : errors;
}
