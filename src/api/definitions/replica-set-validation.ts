/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/apps/validation/validation.go (ValidateReplicaSetSpec) */
import type { FieldError } from "../errors.ts";
import type { ReplicaSet } from "../types.ts";
import { invalid, validateImmutable, validateNonnegative } from "./field-errors.ts";
import { dns1123Subdomain, validateName } from "./names.ts";
import { validateCounts, validateSelector, validateTemplate } from "./workload-validation.ts";

export function validateReplicaSet({ metadata, spec }: ReplicaSet): FieldError[] {
  return [
    ...validateName(metadata.name, dns1123Subdomain),
    ...validateNonnegative("spec.replicas", spec.replicas),
    ...validateNonnegative("spec.minReadySeconds", spec.minReadySeconds),
    // Upstream's message says deployment here too.
    ...validateSelector(spec.selector, "spec.selector", "deployment"),
    ...validateTemplate(spec.template, spec.selector, "spec.template", "ReplicaSet"),
  ];
}

export function validateReplicaSetUpdate({ spec }: ReplicaSet, { spec: old }: ReplicaSet): FieldError[] {
  return validateImmutable("spec.selector", spec.selector, old.selector);
}

/** Of ReplicaSets and ReplicationControllers. */
export function validateReplicaSetStatus({ status }: Pick<ReplicaSet, "status">): FieldError[] {
  const { readyReplicas = 0, availableReplicas = 0 } = status ?? {};
  const counts = ["replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration"];
  const errors = validateCounts({ ...status }, counts, ["fullyLabeledReplicas", "readyReplicas", "availableReplicas"]);
  if (availableReplicas > readyReplicas) errors.push(invalid("status.availableReplicas", availableReplicas, "cannot be greater than readyReplicas"));
  return errors;
}
