/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/apps/validation/validation.go (ValidateDaemonSetSpec) */
import type { FieldError } from "../errors.ts";
import type { DaemonSet } from "../types.ts";
import { invalid, notSupported, required, validateImmutable, validateNonnegative } from "./field-errors.ts";
import { dns1123Subdomain, validateName } from "./names.ts";
import { validateLabelSelector } from "./selector-validation.ts";
import { isEmptySelector, isZero, validateAlwaysRunning, validateAtMost100Percent, validateCounts, validateIntOrPercent, validatePodTemplate, validateTemplateIsSelected } from "./workload-validation.ts";

export function validateDaemonSet({ metadata, spec }: DaemonSet): FieldError[] {
  const { selector, template } = spec;
  return [
    ...validateName(metadata.name, dns1123Subdomain),
    ...validateLabelSelector(selector, "spec.selector"),
    ...validateTemplateIsSelected(template, selector, "spec.template"),
    ...(selector && isEmptySelector(selector) ? [invalid("spec.selector", selector, "empty selector is invalid for daemonset")] : []),
    ...validatePodTemplate(template, "spec.template"),
    ...validateAlwaysRunning(template, "spec.template", "DaemonSet"),
    ...validateNonnegative("spec.minReadySeconds", spec.minReadySeconds),
    ...validateUpdateStrategy(spec.updateStrategy ?? {}),
    ...validateNonnegative("spec.revisionHistoryLimit", spec.revisionHistoryLimit),
  ];
}

function validateUpdateStrategy(strategy: NonNullable<DaemonSet["spec"]["updateStrategy"]>): FieldError[] {
  const { type, rollingUpdate } = strategy;
  const field = "spec.updateStrategy.rollingUpdate";
  switch (type ?? "") {
    case "OnDelete":
      return [];
    case "RollingUpdate": {
      if (!rollingUpdate) return [required(field)];
      const { maxUnavailable, maxSurge } = rollingUpdate;
      const errors = [
        ...validateIntOrPercent(`${field}.maxUnavailable`, maxUnavailable),
        ...validateIntOrPercent(`${field}.maxSurge`, maxSurge),
        ...validateAtMost100Percent(`${field}.maxUnavailable`, maxUnavailable),
        ...validateAtMost100Percent(`${field}.maxSurge`, maxSurge),
      ];
      if (!isZero(maxUnavailable) && !isZero(maxSurge)) errors.push(invalid(`${field}.maxSurge`, maxSurge, "may not be set when maxUnavailable is non-zero"));
      if (isZero(maxUnavailable) && isZero(maxSurge)) errors.push(required(`${field}.maxUnavailable`, "cannot be 0 when maxSurge is 0"));
      return errors;
    }
    default:
      return [notSupported("spec.updateStrategy", strategy, ["RollingUpdate", "OnDelete"])];
  }
}

export function validateDaemonSetUpdate({ spec }: DaemonSet, { spec: old }: DaemonSet): FieldError[] {
  return validateImmutable("spec.selector", spec.selector, old.selector);
}

const COUNTS = [
  "currentNumberScheduled",
  "numberMisscheduled",
  "desiredNumberScheduled",
  "numberReady",
  "observedGeneration",
  "updatedNumberScheduled",
  "numberAvailable",
  "numberUnavailable",
  "collisionCount",
];

export function validateDaemonSetStatus({ status }: DaemonSet, { status: old }: DaemonSet): FieldError[] {
  const count = status?.collisionCount ?? 0;
  return [
    ...validateCounts({ ...status }, COUNTS, []),
    ...(count < (old?.collisionCount ?? 0) ? [invalid("status.collisionCount", count, "cannot be decremented")] : []),
  ];
}
