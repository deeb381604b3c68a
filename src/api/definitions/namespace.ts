/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/core/namespace/strategy.go */
import type { FieldError } from "../errors.ts";
import { namespaces } from "../resources.ts";
import { ageColumn, column, nameColumn } from "./columns.ts";
import { define } from "./define.ts";
import { invalid, invalidFor } from "./field-errors.ts";
import { dns1123Label, qualifiedName, validateName } from "./names.ts";

export const namespace = define(namespaces, {
  model: "io.k8s.api.core.v1.Namespace",
  emptySpec: () => ({}),
  shortNames: ["ns"],
  verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
  subresources: ["status", "finalize"],
  setDefaults(object) {
    if (object.metadata.name) object.metadata.labels = { ...object.metadata.labels, "kubernetes.io/metadata.name": object.metadata.name };
    object.status ??= {};
    object.status.phase ||= "Active";
  },
  prepareForCreate(object) {
    object.status = { phase: "Active" };
    object.spec ??= {};
    const finalizers = object.spec.finalizers ?? [];
    if (!finalizers.includes("kubernetes")) object.spec.finalizers = [...finalizers, "kubernetes"];
  },
  // Only the finalize subresource changes the finalizers.
  prepareForUpdate(object, old) {
    object.spec = { ...object.spec, ...(old.spec?.finalizers ? { finalizers: old.spec.finalizers } : {}) };
    if (!old.spec?.finalizers) delete object.spec.finalizers;
  },
  validate: ({ metadata, spec }) => [...validateName(metadata.name, dns1123Label), ...(spec?.finalizers ?? []).flatMap((name) => validateFinalizer(name, "spec.finalizers"))],
  validateStatusUpdate({ metadata, status }) {
    const wanted = metadata.deletionTimestamp ? "Terminating" : "Active";
    if (status?.phase === wanted) return [];
    const condition = metadata.deletionTimestamp ? "is not empty" : "is empty";
    return [invalid("status.Phase", status?.phase ?? "", `may only be '${wanted}' if \`deletionTimestamp\` ${condition}`)];
  },
  fields: ({ metadata, status }) => ({ name: metadata.name ?? "", "status.phase": status?.phase ?? "" }),
  columns: [nameColumn(), column("Status", "The status of the namespace", ({ status }) => status?.phase ?? ""), ageColumn()],
});

const STANDARD_FINALIZERS = ["kubernetes", "orphan", "foregroundDeletion"];

function validateFinalizer(name: string, field: string): FieldError[] {
  const unknown = !name.includes("/") && !STANDARD_FINALIZERS.includes(name);
  return [...invalidFor(field, name, qualifiedName(name)), ...(unknown ? [invalid(field, name, "name is neither a standard finalizer name nor is it fully qualified")] : [])];
}
