/** @see https://github.com/kubernetes/apimachinery/blob/master/pkg/apis/meta/v1/validation/validation.go */
import type { FieldError } from "../errors.ts";
import type { LabelSelector } from "../types.ts";
import { forbidden, invalid, invalidFor, required } from "./field-errors.ts";
import { labelValue, qualifiedName, validateLabels } from "./names.ts";

export function validateLabelSelector(selector: LabelSelector | undefined, field: string): FieldError[] {
  const errors = validateLabels(selector?.matchLabels, `${field}.matchLabels`);
  for (const [i, { key, operator, values = [] }] of (selector?.matchExpressions ?? []).entries()) {
    const path = `${field}.matchExpressions[${i}]`;
    if (operator === "In" || operator === "NotIn") {
      if (values.length === 0) errors.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
    } else if (operator === "Exists" || operator === "DoesNotExist") {
      if (values.length > 0) errors.push(forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
    } else {
      errors.push(invalid(`${path}.operator`, operator, "not a valid selector operator"));
    }
    errors.push(...invalidFor(`${path}.key`, key, qualifiedName(key)));
    for (const [v, value] of values.entries()) errors.push(...invalidFor(`${path}.values[${v}]`, value, labelValue(value)));
  }
  return errors;
}
