/** @see https://github.com/kubernetes/apimachinery/blob/master/pkg/apis/meta/v1/validation/validation.go (ValidateConditions) */
import type { FieldError } from "../errors.ts";
import type { Condition } from "../types.ts";
import { duplicate, invalid, invalidFor, notSupported, required, tooLong } from "./field-errors.ts";
import { conditionReason, qualifiedName } from "./names.ts";

const STATUSES = ["False", "True", "Unknown"];
const MAX_REASON_BYTES = 1024;
const MAX_MESSAGE_BYTES = 32 * 1024;

export function validateConditions(conditions: Condition[] | undefined, field: string): FieldError[] {
  const types = new Set<string>();
  return (conditions ?? []).flatMap((condition, i) => {
    const path = `${field}[${i}]`;
    const again = types.has(condition.type) ? [duplicate(path, condition.type)] : [];
    types.add(condition.type);
    return [...again, ...validateCondition(condition, path)];
  });
}

function validateCondition({ type, status, observedGeneration = 0, lastTransitionTime, reason, message }: Condition, field: string): FieldError[] {
  return [
    ...(type === "" ? [required(`${field}.type`, "is required")] : invalidFor(`${field}.type`, type, qualifiedName(type))),
    ...(status === "" ? [required(`${field}.status`)] : STATUSES.includes(status) ? [] : [notSupported(`${field}.status`, status, STATUSES)]),
    ...(observedGeneration < 0 ? [invalid(`${field}.observedGeneration`, observedGeneration, "must be greater than or equal to zero")] : []),
    ...(lastTransitionTime ? [] : [required(`${field}.lastTransitionTime`)]),
    ...(reason === "" ? [required(`${field}.reason`)] : invalidFor(`${field}.reason`, reason, conditionReason(reason))),
    ...(Buffer.byteLength(reason) > MAX_REASON_BYTES ? [tooLong(`${field}.reason`, MAX_REASON_BYTES)] : []),
    ...(Buffer.byteLength(message) > MAX_MESSAGE_BYTES ? [tooLong(`${field}.message`, MAX_MESSAGE_BYTES)] : []),
  ];
}
