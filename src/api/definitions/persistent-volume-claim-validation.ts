/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go (ValidatePersistentVolumeClaim) */
import { isDeepStrictEqual } from "node:util";
import { parseQuantity } from "#lib/quantity.ts";
import type { FieldError } from "../errors.ts";
import type { PersistentVolumeClaim } from "../types.ts";
import { differences } from "./differences.ts";
import { forbidden, invalid, invalidFor, notSupported, required, validateImmutable, validateOneOf } from "./field-errors.ts";
import { dns1123Label, dns1123Subdomain, qualifiedName, validateName } from "./names.ts";
import { validateQuantity } from "./resources-validation.ts";
import { validateLabelSelector } from "./selector-validation.ts";

type Spec = PersistentVolumeClaim["spec"];
type Source = NonNullable<Spec["dataSourceRef"]>;

export const ACCESS_MODES = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
export const VOLUME_MODES = ["Block", "Filesystem"];
const RESIZE_STATUSES = ["ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizeInProgress", "NodeResizeInfeasible", "NodeResizePending"];

/** `old` is what an update replaces. */
export function validateClaim({ metadata, spec }: PersistentVolumeClaim, old?: PersistentVolumeClaim): FieldError[] {
  return [...validateName(metadata.name, dns1123Subdomain), ...validateClaimSpec(spec, "spec", old?.spec)];
}

export function validateClaimSpec(spec: Spec, field: string, old?: Spec): FieldError[] {
  const errors: FieldError[] = validateAccessModes(spec.accessModes, `${field}.accessModes`);
  errors.push(...validateLabelSelector(spec.selector, `${field}.selector`));
  const storage = spec.resources?.requests?.["storage"];
  const storageField = `${field}.resources[storage]`;
  if (storage === undefined) errors.push(required(storageField));
  else if (parseQuantity(storage) <= 0) errors.push(invalid(storageField, storage, "must be greater than zero"));
  if (spec.storageClassName) errors.push(...invalidFor(`${field}.storageClassName`, spec.storageClassName, dns1123Subdomain(spec.storageClassName)));
  errors.push(...validateOneOf(`${field}.volumeMode`, spec.volumeMode, VOLUME_MODES));
  const classless = spec.volumeAttributesClassName ?? "";
  return [...errors, ...validateDataSources(spec, field, old), ...(classless === "" ? [] : invalidFor(`${field}.volumeAttributesClassName`, classless, dns1123Subdomain(classless)))];
}

function validateDataSources({ dataSource, dataSourceRef }: Spec, field: string, old: Spec | undefined): FieldError[] {
  const lenient = old?.dataSource?.apiGroup !== undefined || old?.dataSourceRef?.apiGroup !== undefined;
  const errors = [
    ...(dataSource ? validateDataSource(dataSource, `${field}.dataSource`, lenient) : []),
    ...(dataSourceRef ? validateDataSource(dataSourceRef, `${field}.dataSourceRef`, lenient) : []),
  ];
  if (!dataSource || !dataSourceRef) return errors;
  // Upstream shows the path as the value.
  const refuse = (why: string): FieldError[] => [...errors, invalid(field, {}, why)];
  if (dataSourceRef.namespace) return refuse("may not be specified when dataSourceRef.namespace is specified");
  const same = dataSource.apiGroup === dataSourceRef.apiGroup && dataSource.kind === dataSourceRef.kind && dataSource.name === dataSourceRef.name;
  return same ? errors : refuse("must match dataSourceRef");
}

function validateDataSource({ name, kind, apiGroup = "", namespace }: Source, field: string, lenient: boolean): FieldError[] {
  return [
    ...(name ? [] : [required(`${field}.name`)]),
    ...(kind ? [] : [required(`${field}.kind`)]),
    ...(apiGroup === "" && kind !== "PersistentVolumeClaim" ? [invalid(field, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup")] : []),
    ...(apiGroup === "" || lenient ? [] : invalidFor(`${field}.apiGroup`, apiGroup, dns1123Subdomain(apiGroup))),
    ...(namespace ? invalidFor(`${field}.namespace`, namespace, dns1123Label(namespace)) : []),
  ];
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
  const known = structuredClone(old.spec);
  // The volume is filled in once; the class may be set where there was none; bound claims may grow.
  if (!known.volumeName) copy(known, spec, "volumeName");
  if (known.storageClassName === undefined && spec.storageClassName !== undefined) delete allowed.storageClassName;
  if (bound && allowed.resources?.requests && known.resources?.requests?.["storage"]) allowed.resources.requests["storage"] = known.resources.requests["storage"];
  if (bound && allowed.volumeAttributesClassName !== undefined) copy(allowed, known, "volumeAttributesClassName");
  if (!isDeepStrictEqual(allowed, known)) {
    errors.push(forbidden("spec", `spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n${differences(known, allowed, "spec")}`));
  }
  const size = spec.resources?.requests?.["storage"];
  const oldSize = old.spec.resources?.requests?.["storage"];
  if (size && oldSize && parseQuantity(size) < parseQuantity(oldSize) && parseQuantity(size) <= parseQuantity(old.status?.capacity?.["storage"] ?? "0")) {
    errors.push(forbidden("spec.resources.requests.storage", "field can not be less than status.capacity"));
  }
  errors.push(...validateImmutable("volumeMode", spec.volumeMode, old.spec.volumeMode));
  if (old.spec.volumeAttributesClassName !== undefined && !spec.volumeAttributesClassName && spec.volumeAttributesClassName !== old.spec.volumeAttributesClassName) {
    const to = spec.volumeAttributesClassName === undefined ? "nil" : "an empty string";
    errors.push(forbidden("spec.volumeAttributesClassName", `update from non-nil value to ${to} is forbidden`));
  }
  return errors;
}

/** Makes a field of `to` what it is in `from`: absent where it's absent there. */
function copy<T extends object>(to: T, from: T, field: keyof T): void {
  if (from[field] === undefined) delete to[field];
  else to[field] = from[field];
}

export function validateClaimStatusUpdate({ spec, status = {} }: PersistentVolumeClaim): FieldError[] {
  const statuses = "status.allocatedResourceStatus";
  const negative = (quantity: string, field: string): FieldError[] => (parseQuantity(quantity) < 0 ? [invalid(field, parseQuantity(quantity), "must be a valid resource quantity")] : []);
  return [
    // The capital letter is upstream's.
    ...(spec.accessModes?.length ? [] : [required("Spec.accessModes")]),
    ...Object.entries(status.capacity ?? {}).flatMap(([name, quantity]) => negative(quantity, `status.capacity[${name}]`)),
    ...Object.entries(status.allocatedResourceStatuses ?? {}).flatMap(([name, of]) => [
      ...validateResizeKey(name, statuses),
      ...(RESIZE_STATUSES.includes(of) ? [] : [notSupported(statuses, name, RESIZE_STATUSES)]),
    ]),
    ...Object.entries(status.allocatedResources ?? {}).flatMap(([name, quantity]) => {
      const errors = validateResizeKey(name, "status.allocatedResources");
      if (errors.length > 0) return errors;
      const field = `status.allocatedResources[${name}]`;
      const impossible = negative(quantity, field);
      return impossible.length > 0 ? impossible : validateQuantity("storage", quantity, field);
    }),
  ];
}

function validateResizeKey(name: string, field: string): FieldError[] {
  const malformed = invalidFor(field, name, qualifiedName(name));
  if (malformed.length > 0) return malformed;
  const native = !name.includes("/") || name.includes("kubernetes.io/");
  return native && name !== "storage" ? [notSupported(field, name, ["storage"])] : [];
}
