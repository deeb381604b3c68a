/**
 * What an update may change of the metadata, whatever the kind.
 * @see https://github.com/kubernetes/apimachinery/blob/master/pkg/api/validation/objectmeta.go (ValidateObjectMetaAccessorUpdate)
 */
import { forbidden, invalid } from "#api/definitions/field-errors.ts";
import type { FieldError } from "#api/errors.ts";
import type { KubeObject, ObjectMeta } from "#api/types.ts";

/** What an update may not change. Server-owned fields were put back before; what is left is the client's mistake. */
export function validateObjectMetaUpdate(meta: ObjectMeta, old: ObjectMeta): FieldError[] {
  const errors: FieldError[] = [];
  if (old.deletionTimestamp) {
    const added = (meta.finalizers ?? []).filter((finalizer) => !old.finalizers?.includes(finalizer)).sort();
    if (added.length > 0) {
      const list = added.map((finalizer) => JSON.stringify(finalizer)).join(", ");
      errors.push(forbidden("metadata.finalizers", `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`));
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
