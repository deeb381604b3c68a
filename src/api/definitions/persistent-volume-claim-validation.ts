/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go (ValidatePersistentVolumeClaim) */
import { isDeepStrictEqual } from "node:util";
import { parseQuantity } from "#lib/quantity.ts";
import type { FieldError } from "../errors.ts";
import type { PersistentVolumeClaim } from "../types.ts";
import { differences } from "./differences.ts";
import { forbidden, invalid, invalidFor, notSupported, required, validateImmutable, validateOneOf } from "./field-errors.ts";
import { dns1123Subdomain, validateName } from "./names.ts";
import { validateLabelSelector } from "./selector-validation.ts";

export const ACCESS_MODES = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
export const VOLUME_MODES = ["Block", "Filesystem"];

export function validateClaim({ metadata, spec }: PersistentVolumeClaim): FieldError[] {
  return [...validateName(metadata.name, dns1123Subdomain), ...validateClaimSpec(spec, "spec")];
}

export function validateClaimSpec(spec: PersistentVolumeClaim["spec"], field: string): FieldError[] {
  const errors: FieldError[] = validateAccessModes(spec.accessModes, `${field}.accessModes`);
  errors.push(...validateLabelSelector(spec.selector, `${field}.selector`));
  const storage = spec.resources?.requests?.["storage"];
  const storageField = `${field}.resources[storage]`;
  if (storage === undefined) errors.push(required(storageField));
  else if (parseQuantity(storage) <= 0) errors.push(invalid(storageField, storage, "must be greater than zero"));
  if (spec.storageClassName) errors.push(...invalidFor(`${field}.storageClassName`, spec.storageClassName, dns1123Subdomain(spec.storageClassName)));
  errors.push(...validateOneOf(`${field}.volumeMode`, spec.volumeMode, VOLUME_MODES));
  if (spec.dataSource) {
    const { name, kind, apiGroup = "" } = spec.dataSource;
    if (!name) errors.push(required(`${field}.dataSource.name`));
    if (!kind) errors.push(required(`${field}.dataSource.kind`));
    if (apiGroup === "" && kind !== "PersistentVolumeClaim") {
      errors.push(invalid(`${field}.dataSource`, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup"));
    }
  }
  return errors;
}

export function validateAccessModes(modes: string[] | undefined, field: string): FieldError[] {
  if (!modes?.length) return [required(field, "at least 1 access mode is required")];
  const errors = modes.filter((mode) => !ACCESS_MODES.includes(mode)).map((mode) => notSupported(field, mode, ACCESS_MODES));
  const others = modes.some((mode) => mode !== "ReadWriteOncePod" && ACCESS_MODES.includes(mode));
  if (modes.includes("ReadWriteOncePod") && others) errors.push(forbidden(field, "may not use ReadWriteOncePod with other access modes"));
  return errors;
}

export function validateClaimUpdate(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const { spec } = claim;
  const bound = claim.status?.phase === "Bound";
  const errors: FieldError[] = [];
  const allowed = structuredClone(spec);
  // The volume is filled in once; the class may be set where there was none; bound claims may grow.
  if (!old.spec.volumeName) copy(allowed, old.spec, "volumeName");
  if (old.spec.storageClassName === undefined) copy(allowed, old.spec, "storageClassName");
  if (bound) {
    if (allowed.resources?.requests && old.spec.resources?.requests?.["storage"]) allowed.resources.requests["storage"] = old.spec.resources.requests["storage"];
    copy(allowed, old.spec, "volumeAttributesClassName");
  }
  if (!isDeepStrictEqual(allowed, old.spec)) {
    errors.push(forbidden("spec", `spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n${differences(old.spec, allowed, "spec")}`));
  }
  const size = spec.resources?.requests?.["storage"];
  const oldSize = old.spec.resources?.requests?.["storage"];
  if (size && oldSize && parseQuantity(size) < parseQuantity(oldSize) && parseQuantity(size) <= parseQuantity(old.status?.capacity?.["storage"] ?? "0")) {
    errors.push(forbidden("spec.resources.requests.storage", "field can not be less than status.capacity"));
  }
  return [...errors, ...validateImmutable("volumeMode", spec.volumeMode, old.spec.volumeMode)];
}

/** Makes a field of `to` what it is in `from`: absent where it's absent there. */
function copy<T extends object>(to: T, from: T, field: keyof T): void {
  if (from[field] === undefined) delete to[field];
  else to[field] = from[field];
}
