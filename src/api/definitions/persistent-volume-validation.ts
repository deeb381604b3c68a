/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go (ValidatePersistentVolumeSpec) */
import { isDeepStrictEqual } from "node:util";
import { parseQuantity } from "#lib/quantity.ts";
import type { FieldError } from "../errors.ts";
import type { PersistentVolume } from "../types.ts";
import { differences } from "./differences.ts";
import { forbidden, invalid, invalidFor, notSupported, required, validateImmutable, validateOneOf } from "./field-errors.ts";
import { dns1123Subdomain, validateName } from "./names.ts";
import { nodeSelectorTermWarnings } from "./node-label-warnings.ts";
import { validateAccessModes, VOLUME_MODES } from "./persistent-volume-claim-validation.ts";
import { sourceOf, validateSource } from "./persistent-volume-source-validation.ts";
import { validateNodeSelector } from "./scheduling-validation.ts";

type Spec = PersistentVolume["spec"];

const RECLAIM_POLICIES = ["Delete", "Recycle", "Retain"];

export function validatePersistentVolume({ metadata, spec }: PersistentVolume): FieldError[] {
  return [...validateName(metadata.name, dns1123Subdomain), ...validatePersistentVolumeSpec(spec, "spec", { inline: false })];
}

/** `inline`: of a volume that a VolumeAttachment describes itself. */
export function validatePersistentVolumeSpec(spec: Spec, field: string, { inline }: { inline: boolean }): FieldError[] {
  return [
    ...(inline ? validateInline(spec, field) : []),
    ...(spec.accessModes?.length ? validateAccessModes(spec.accessModes, `${field}.accessModes`) : [required(`${field}.accessModes`)]),
    ...(inline ? [] : validateStored(spec, field)),
    ...validateSource(spec, field),
    ...(spec.hostPath && /^\/[./]*$/.test(spec.hostPath.path) && spec.persistentVolumeReclaimPolicy === "Recycle"
      ? [forbidden(`${field}.persistentVolumeReclaimPolicy`, "may not be 'recycle' for a hostPath mount of '/'")]
      : []),
    ...validateAttributesClass(spec, field),
  ];
}

/** What a volume may not have that is no object of its own. */
function validateInline(spec: Spec, field: string): FieldError[] {
  const context = "in the context of inline volumes";
  const unwanted = (["claimRef", "nodeAffinity", "storageClassName"] as const).filter((name) => spec[name]);
  const { persistentVolumeReclaimPolicy: policy = "Retain", volumeMode = "Filesystem", capacity = {} } = spec;
  return [
    ...unwanted.map((name) => forbidden(`${field}.${name}`, `may not be specified ${context}`)),
    ...(Object.keys(capacity).length > 0 ? [forbidden(`${field}.capacity`, `may not be specified ${context}`)] : []),
    ...(spec.csi ? [] : [required(`${field}.csi`, `has to be specified ${context}`)]),
    ...(policy === "Retain" ? [] : [forbidden(`${field}.persistentVolumeReclaimPolicy`, `may only be Retain ${context}`)]),
    ...(volumeMode === "Filesystem" ? [] : [forbidden(`${field}.volumeMode`, `may not specify volumeMode other than Filesystem ${context}`)]),
  ];
}

function validateStored(spec: Spec, field: string): FieldError[] {
  return [
    ...validateCapacity(spec, `${field}.capacity`),
    ...validateOneOf(`${field}.persistentVolumeReclaimPolicy`, spec.persistentVolumeReclaimPolicy, RECLAIM_POLICIES),
    ...(spec.nodeAffinity ? validateNodeAffinity(spec.nodeAffinity, `${field}.nodeAffinity`) : []),
    ...validateName(spec.storageClassName, dns1123Subdomain, `${field}.storageClassName`),
    ...validateOneOf(`${field}.volumeMode`, spec.volumeMode, VOLUME_MODES),
  ];
}

function validateNodeAffinity({ required: terms }: NonNullable<Spec["nodeAffinity"]>, field: string): FieldError[] {
  return terms ? validateNodeSelector(terms, `${field}.required`) : [required(`${field}.required`, "must specify required node constraints")];
}

function validateCapacity({ capacity = {} }: Spec, field: string): FieldError[] {
  const names = Object.keys(capacity);
  const errors = names.length === 0 ? [required(field)] : [];
  if (names.length !== 1 || names[0] !== "storage") errors.push(notSupported(field, capacity, ["storage"]));
  for (const [name, quantity] of Object.entries(capacity)) {
    if (parseQuantity(quantity) <= 0) errors.push(invalid(`${field}[${name}]`, quantity, "must be greater than zero"));
  }
  return errors;
}

function validateAttributesClass({ volumeAttributesClassName: name, csi }: Spec, field: string): FieldError[] {
  if (name === undefined) return [];
  const path = `${field}.volumeAttributesClassName`;
  return [
    ...(name === "" ? [required(path, "an empty string is disallowed")] : invalidFor(path, name, dns1123Subdomain(name))),
    ...(csi ? [] : [required(`${field}.csi`, "has to be specified when using volumeAttributesClassName")]),
  ];
}

export function validatePersistentVolumeUpdate({ spec }: PersistentVolume, { spec: old }: PersistentVolume): FieldError[] {
  const before = sourceOf(old);
  const after = structuredClone(sourceOf(spec));
  // It may be named once.
  if (before.csi && after.csi && !before.csi.controllerExpandSecretRef) delete after.csi.controllerExpandSecretRef;
  const errors: FieldError[] = [];
  if (!isDeepStrictEqual(after, before)) {
    errors.push(forbidden("spec.persistentvolumesource", `spec.persistentvolumesource is immutable after creation\n${differences(before, after, "spec")}`));
  }
  errors.push(...validateImmutable("volumeMode", spec.volumeMode, old.volumeMode));
  if (old.nodeAffinity && !isDeepStrictEqual(spec.nodeAffinity, old.nodeAffinity)) {
    errors.push(invalid("nodeAffinity", spec.nodeAffinity ?? null, "field is immutable, except for updating from beta label to GA"));
  }
  if (old.volumeAttributesClassName !== undefined && spec.volumeAttributesClassName === undefined) {
    errors.push(forbidden("spec.volumeAttributesClassName", "update from non-nil value to nil is forbidden"));
  }
  return errors;
}

const DEPRECATED_SOURCES: Partial<Record<keyof Spec, string>> = {
  cephfs: "deprecated in v1.28, non-functional in v1.31+",
  photonPersistentDisk: "deprecated in v1.11, non-functional in v1.16+",
  scaleIO: "deprecated in v1.16, non-functional in v1.22+",
  storageos: "deprecated in v1.22, non-functional in v1.25+",
  glusterfs: "deprecated in v1.25, non-functional in v1.26+",
  rbd: "deprecated in v1.28, non-functional in v1.31+",
};

export const CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class";
export const CLASS_ANNOTATION_WARNING = `metadata.annotations[${CLASS_ANNOTATION}]: deprecated since v1.8; use "storageClassName" attribute instead`;

/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/api/persistentvolume/util.go (GetWarningsForPersistentVolume) */
export function persistentVolumeWarnings({ metadata, spec }: PersistentVolume): string[] {
  const sources = (Object.keys(DEPRECATED_SOURCES) as (keyof Spec)[]).filter((name) => spec[name]);
  const recycle = "The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.";
  return [
    ...(metadata.annotations?.[CLASS_ANNOTATION] === undefined ? [] : [CLASS_ANNOTATION_WARNING]),
    ...(spec.persistentVolumeReclaimPolicy === "Recycle" ? [`spec.persistentVolumeReclaimPolicy: ${recycle}`] : []),
    ...(spec.nodeAffinity?.required?.nodeSelectorTerms ?? []).flatMap((term, i) => nodeSelectorTermWarnings(term, `spec.nodeAffinity.required.nodeSelectorTerms[${i}]`)),
    ...sources.map((name) => `spec.${name === "storageos" ? "storageOS" : name}: ${DEPRECATED_SOURCES[name]}`),
  ];
}
