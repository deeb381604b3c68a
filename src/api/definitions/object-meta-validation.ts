/**
 * Rules for metadata that hold for every kind.
 * @see https://github.com/kubernetes/apimachinery/blob/master/pkg/api/validation/objectmeta.go
 */
import type { FieldError } from "../errors.ts";
import type { ObjectMeta, OwnerReference } from "../types.ts";
import { forbidden, invalid, invalidFor, required, tooLong } from "./field-errors.ts";
import { pathSegmentName, qualifiedName, validateLabels } from "./names.ts";

const MAX_ANNOTATIONS_BYTES = 256 * 1024;

/** The problems of an object's metadata, whatever its kind; `path` is where the metadata is. */
export function validateObjectMeta(meta: ObjectMeta, namespaced: boolean, path = "metadata"): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ["generateName", "name"] as const) {
    const value = meta[field];
    if (value) errors.push(...invalidFor(`${path}.${field}`, value, pathSegmentName(value)));
  }
  if (!meta.name) errors.push(required(`${path}.name`, "name or generateName is required"));
  if (namespaced && !meta.namespace) errors.push(required(`${path}.namespace`));
  if (!namespaced && meta.namespace) errors.push(forbidden(`${path}.namespace`, "not allowed on this type"));
  return [
    ...errors,
    ...validateLabels(meta.labels, `${path}.labels`),
    ...validateAnnotations(meta.annotations, `${path}.annotations`),
    ...validateOwnerReferences(meta.ownerReferences ?? [], `${path}.ownerReferences`),
    ...validateFinalizers(meta.finalizers ?? [], `${path}.finalizers`),
  ];
}

function validateAnnotations(annotations: Record<string, string> | undefined, field: string): FieldError[] {
  const errors: FieldError[] = [];
  let sizeBytes = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    errors.push(...invalidFor(field, key, qualifiedName(key.toLowerCase())));
    sizeBytes += Buffer.byteLength(key) + Buffer.byteLength(String(value));
  }
  return sizeBytes > MAX_ANNOTATIONS_BYTES ? [...errors, tooLong(field, MAX_ANNOTATIONS_BYTES)] : errors;
}

function validateOwnerReferences(references: OwnerReference[], field: string): FieldError[] {
  const errors: FieldError[] = [];
  let controller: string | undefined;
  references.forEach((reference, index) => {
    const path = `${field}[${index}]`;
    for (const name of ["apiVersion", "kind", "name", "uid"] as const) {
      if (!reference[name]) errors.push(required(`${path}.${name}`, "must not be empty"));
    }
    if (reference.apiVersion === "v1" && reference.kind === "Event") {
      errors.push(invalid(path, "v1, Kind=Event", "/v1, Kind=Event is disallowed from being an owner"));
    }
    if (!reference.controller) return;
    const name = `${reference.kind}/${reference.name}`;
    if (controller !== undefined) {
      const why = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`;
      errors.push(invalid(field, references, why));
    }
    controller ??= name;
  });
  return errors;
}

function validateFinalizers(finalizers: string[], field: string): FieldError[] {
  const errors = finalizers.flatMap((finalizer) => invalidFor(field, finalizer, qualifiedName(finalizer)));
  if (finalizers.includes("orphan") && finalizers.includes("foregroundDeletion")) {
    errors.push(invalid(field, finalizers, "finalizer orphan and foregroundDeletion cannot be both set"));
  }
  return errors;
}
