/**
 * Rules for metadata that hold for every kind.
 * @see https://github.com/kubernetes/apimachinery/blob/master/pkg/api/validation/objectmeta.go
 */
import type { FieldError } from "#api/errors.ts";
import type { KubeObject, ObjectMeta, OwnerReference } from "#api/types.ts";

const MAX_ANNOTATIONS_BYTES = 256 * 1024;
const NAME_PART = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

const NAME_PART_MESSAGE =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const SUBDOMAIN_MESSAGE =
  "prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_VALUE_MESSAGE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

const invalid = (field: string, value: unknown, why: string): FieldError => ({
  field,
  type: "Invalid",
  message: `Invalid value: ${typeof value === "string" ? JSON.stringify(value) : String(value)}: ${why}`,
});
const required = (field: string, why: string): FieldError => ({
  field,
  type: "Required",
  message: why === "" ? "Required value" : `Required value: ${why}`,
});

/** The problems of an object's metadata, whatever its kind. */
export function validateObjectMeta(meta: ObjectMeta, namespaced: boolean): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ["generateName", "name"] as const) {
    const value = meta[field];
    if (value) for (const why of pathSegmentProblems(value)) errors.push(invalid(`metadata.${field}`, value, why));
  }
  if (!meta.name) errors.push(required("metadata.name", "name or generateName is required"));
  if (namespaced && !meta.namespace) errors.push(required("metadata.namespace", ""));
  if (!namespaced && meta.namespace) errors.push({ field: "metadata.namespace", type: "Forbidden", message: "Forbidden: not allowed on this type" });
  errors.push(...validateLabels(meta.labels, "metadata.labels"), ...validateAnnotations(meta.annotations));
  errors.push(...validateOwnerReferences(meta.ownerReferences ?? []), ...validateFinalizers(meta.finalizers ?? []));
  return errors;
}

/** What an update may not change. Server-owned fields were put back before; what is left is the client's mistake. */
export function validateObjectMetaUpdate(meta: ObjectMeta, old: ObjectMeta): FieldError[] {
  const errors: FieldError[] = [];
  if (old.deletionTimestamp) {
    const added = (meta.finalizers ?? []).filter((finalizer) => !old.finalizers?.includes(finalizer)).sort();
    if (added.length > 0) {
      const list = added.map((finalizer) => JSON.stringify(finalizer)).join(", ");
      errors.push({
        field: "metadata.finalizers",
        type: "Forbidden",
        message: `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
      });
    }
  }
  for (const field of ["name", "namespace", "uid", "deletionTimestamp", "deletionGracePeriodSeconds"] as const) {
    if (meta[field] !== old[field]) errors.push(invalid(`metadata.${field}`, meta[field] ?? "null", "field is immutable"));
  }
  return errors;
}

/** Keeps in an update what belongs to the server. */
export function keepServerMetadata(object: KubeObject, old: KubeObject): void {
  const { metadata } = object;
  metadata.uid ||= old.metadata.uid;
  for (const field of ["creationTimestamp", "generation", "selfLink"] as const) {
    if (old.metadata[field] === undefined) delete metadata[field];
    else Object.assign(metadata, { [field]: old.metadata[field] });
  }
  if (old.metadata.deletionTimestamp) metadata.deletionTimestamp = old.metadata.deletionTimestamp;
  else delete metadata.deletionTimestamp;
  if (old.metadata.deletionGracePeriodSeconds === undefined) delete metadata.deletionGracePeriodSeconds;
  else metadata.deletionGracePeriodSeconds = old.metadata.deletionGracePeriodSeconds;
  if (old.metadata.generateName !== undefined && metadata.generateName === undefined) metadata.generateName = old.metadata.generateName;
}

export function validateLabels(labels: Record<string, string> | undefined, field: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(labels ?? {})) {
    for (const why of qualifiedNameProblems(key)) errors.push(invalid(field, key, why));
    if (typeof value !== "string") continue;
    if (value.length > 63) errors.push(invalid(field, value, "must be no more than 63 characters"));
    if (!LABEL_VALUE.test(value)) errors.push(invalid(field, value, LABEL_VALUE_MESSAGE));
  }
  return errors;
}

function validateAnnotations(annotations: Record<string, string> | undefined): FieldError[] {
  const errors: FieldError[] = [];
  let sizeBytes = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    for (const why of qualifiedNameProblems(key.toLowerCase())) errors.push(invalid("metadata.annotations", key, why));
    sizeBytes += Buffer.byteLength(key) + Buffer.byteLength(String(value));
  }
  if (sizeBytes > MAX_ANNOTATIONS_BYTES) {
    errors.push({ field: "metadata.annotations", type: "TooLong", message: `Too long: may not be more than ${MAX_ANNOTATIONS_BYTES} bytes` });
  }
  return errors;
}

function validateOwnerReferences(references: OwnerReference[]): FieldError[] {
  const errors: FieldError[] = [];
  let controller: string | undefined;
  references.forEach((reference, index) => {
    const path = `metadata.ownerReferences[${index}]`;
    for (const field of ["apiVersion", "kind", "name", "uid"] as const) {
      if (!reference[field]) errors.push(required(`${path}.${field}`, "must not be empty"));
    }
    if (reference.apiVersion === "v1" && reference.kind === "Event") {
      errors.push(invalid(path, "v1, Kind=Event", "/v1, Kind=Event is disallowed from being an owner"));
    }
    if (!reference.controller) return;
    const name = `${reference.kind}/${reference.name}`;
    if (controller !== undefined) {
      errors.push(
        invalid(
          "metadata.ownerReferences",
          JSON.stringify(references),
          `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`,
        ),
      );
    }
    controller ??= name;
  });
  return errors;
}

function validateFinalizers(finalizers: string[]): FieldError[] {
  const errors = finalizers.flatMap((finalizer) => qualifiedNameProblems(finalizer).map((why) => invalid("metadata.finalizers", finalizer, why)));
  if (finalizers.includes("orphan") && finalizers.includes("foregroundDeletion")) {
    errors.push(invalid("metadata.finalizers", `[${finalizers.join(" ")}]`, "finalizer orphan and foregroundDeletion cannot be both set"));
  }
  return errors;
}

function pathSegmentProblems(name: string): string[] {
  if (name === "." || name === "..") return [`may not be '${name}'`];
  return ["/", "%"].filter((character) => name.includes(character)).map((character) => `may not contain '${character}'`);
}

/** @see https://github.com/kubernetes/apimachinery/blob/master/pkg/util/validation/validation.go (IsQualifiedName) */
function qualifiedNameProblems(text: string): string[] {
  const slash = text.lastIndexOf("/");
  const prefix = slash < 0 ? undefined : text.slice(0, slash);
  const name = text.slice(slash + 1);
  const problems: string[] = [];
  if (prefix !== undefined) {
    if (prefix === "") problems.push("prefix part must be non-empty");
    else if (!SUBDOMAIN.test(prefix)) problems.push(SUBDOMAIN_MESSAGE);
    if (prefix.length > 253) problems.push("prefix part must be no more than 253 characters");
  }
  if (name === "") problems.push("name part must be non-empty");
  else if (name.length > 63) problems.push("name part must be no more than 63 characters");
  if (!NAME_PART.test(name)) problems.push(NAME_PART_MESSAGE);
  return problems;
}
