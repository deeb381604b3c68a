/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/apps/validation/validation.go (ValidateDeploymentSpec) */
import type { FieldError } from "../errors.ts";
import type { Deployment } from "../types.ts";
import { forbidden, invalid, notSupported, required, validateImmutable, validateNonnegative } from "./field-errors.ts";
import { dns1123Subdomain, validateName } from "./names.ts";
import { isZero, validateAtMost100Percent, validateCounts, validateIntOrPercent, validateSelector, validateTemplate } from "./workload-validation.ts";

export function validateDeployment({ metadata, spec }: Deployment): FieldError[] {
  const { progressDeadlineSeconds: deadline, minReadySeconds = 0 } = spec;
  const errors = [
    ...validateName(metadata.name, dns1123Subdomain),
    ...validateNonnegative("spec.replicas", spec.replicas),
    ...validateSelector(spec.selector, "spec.selector", "deployment"),
    ...validateTemplate(spec.template, spec.selector, "spec.template", "ReplicaSet"),
    ...validateStrategy(spec.strategy ?? {}),
    ...validateNonnegative("spec.minReadySeconds", minReadySeconds),
    ...validateNonnegative("spec.revisionHistoryLimit", spec.revisionHistoryLimit),
    ...validateNonnegative("spec.progressDeadlineSeconds", deadline),
  ];
  if (deadline !== undefined && deadline <= minReadySeconds) errors.push(invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds"));
  return errors;
}

function validateStrategy(strategy: NonNullable<Deployment["spec"]["strategy"]>): FieldError[] {
  const { type, rollingUpdate } = strategy;
  const field = "spec.strategy.rollingUpdate";
  switch (type ?? "") {
    case "Recreate":
      return rollingUpdate ? [forbidden(field, "may not be specified when strategy `type` is 'Recreate'")] : [];
    case "RollingUpdate": {
      if (!rollingUpdate) return [required(field, "this should be defaulted and never be nil")];
      const { maxUnavailable, maxSurge } = rollingUpdate;
      const errors = [...validateIntOrPercent(`${field}.maxUnavailable`, maxUnavailable), ...validateIntOrPercent(`${field}.maxSurge`, maxSurge)];
      if (isZero(maxUnavailable) && isZero(maxSurge)) errors.push(invalid(`${field}.maxUnavailable`, maxUnavailable, "may not be 0 when `maxSurge` is 0"));
      return [...errors, ...validateAtMost100Percent(`${field}.maxUnavailable`, maxUnavailable)];
    }
    default:
      return [notSupported("spec.strategy", strategy, ["Recreate", "RollingUpdate"])];
  }
}

export function validateDeploymentUpdate({ spec }: Deployment, { spec: old }: Deployment): FieldError[] {
  return validateImmutable("spec.selector", spec.selector, old.selector);
}

export function validateDeploymentStatus({ status = {} }: Deployment): FieldError[] {
  const { readyReplicas = 0, availableReplicas = 0 } = status;
  const counts = ["observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas", "collisionCount"];
  const errors = validateCounts({ ...status }, counts, ["updatedReplicas", "readyReplicas", "availableReplicas"]);
  if (availableReplicas > readyReplicas) errors.push(invalid("status.availableReplicas", availableReplicas, "cannot be greater than readyReplicas"));
  return errors;
}
