/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/scheduling/validation/validation.go */
import type { FieldError } from "../errors.ts";
import type { PriorityClass } from "../types.ts";
import { forbidden, required, validateImmutable, validateOneOf } from "./field-errors.ts";
import { dns1123Subdomain, validateName } from "./names.ts";

const SYSTEM_PREFIX = "system-";
/** What the cluster's own pods have; above all that a user can define. */
const SYSTEM_CLASSES: Record<string, number> = { "system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000 };
const HIGHEST_USER_PRIORITY = 1_000_000_000;

export function validatePriorityClass(object: PriorityClass): FieldError[] {
  const { metadata, value, preemptionPolicy } = object;
  const errors = validateName(metadata.name, dns1123Subdomain);
  if (metadata.name?.startsWith(SYSTEM_PREFIX)) {
    const problem = systemClassProblem(object);
    if (problem) errors.push(forbidden("metadata.name", `priority class names with '${SYSTEM_PREFIX}' prefix are reserved for system use only. error: ${problem}`));
  } else if (value > HIGHEST_USER_PRIORITY) {
    errors.push(forbidden("value", `maximum allowed value of a user defined priority is ${HIGHEST_USER_PRIORITY}`));
  }
  if (preemptionPolicy === "") return [...errors, required("preemptionPolicy")];
  return [...errors, ...validateOneOf("preemptionPolicy", preemptionPolicy, ["PreemptLowerPriority", "Never"])];
}

function systemClassProblem({ metadata, value, globalDefault = false }: PriorityClass): string | undefined {
  const name = metadata.name!;
  const expected = SYSTEM_CLASSES[name];
  if (expected === undefined) return `${name} is not a known system priority class`;
  if (value !== expected) return `value of ${name} PriorityClass must be ${expected}`;
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}

export function validatePriorityClassUpdate({ value, preemptionPolicy }: PriorityClass, old: PriorityClass): FieldError[] {
  return [
    ...(value === old.value ? [] : [forbidden("value", "may not be changed in an update.")]),
    ...validateImmutable("preemptionPolicy", preemptionPolicy, old.preemptionPolicy),
  ];
}
