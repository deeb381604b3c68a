/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/policy/validation/validation.go */
import type { FieldError } from "../errors.ts";
import type { PodDisruptionBudget } from "../types.ts";
import { validateConditions } from "./conditions-validation.ts";
import { invalid, validateNonnegative, validateOneOf } from "./field-errors.ts";
import { validateLabelSelector } from "./selector-validation.ts";
import { validateAtMost100Percent, validateIntOrPercent } from "./workload-validation.ts";

export function validatePodDisruptionBudget({ spec }: PodDisruptionBudget): FieldError[] {
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy } = spec;
  return [
    ...(minAvailable !== undefined && maxUnavailable !== undefined ? [invalid("spec", spec, "minAvailable and maxUnavailable cannot be both set")] : []),
    ...Object.entries({ minAvailable, maxUnavailable }).flatMap(([name, count]) => [
      ...validateIntOrPercent(`spec.${name}`, count),
      ...validateAtMost100Percent(`spec.${name}`, count),
    ]),
    ...validateLabelSelector(selector, "spec.selector"),
    ...validateOneOf("spec.unhealthyPodEvictionPolicy", unhealthyPodEvictionPolicy, ["AlwaysAllow", "IfHealthyBudget"]),
  ];
}

export function validatePodDisruptionBudgetStatus({ status }: PodDisruptionBudget): FieldError[] {
  return [
    ...validateConditions(status?.conditions, "status.conditions"),
    ...(["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"] as const).flatMap((name) => validateNonnegative(`status.${name}`, status?.[name])),
  ];
}
