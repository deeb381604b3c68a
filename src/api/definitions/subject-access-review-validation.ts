/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/authorization/validation/validation.go */
import type { FieldError } from "../errors.ts";
import type { LocalSubjectAccessReview, ObjectMeta, SelfSubjectAccessReview, SubjectAccessReview } from "../types.ts";
import { invalid } from "./field-errors.ts";

export function validateSubjectAccessReview({ metadata, spec }: SubjectAccessReview): FieldError[] {
  return [...validateSpec(spec), ...validateSubject(spec), ...validateEmpty(metadata, "must be empty")];
}

export function validateSelfSubjectAccessReview({ metadata, spec }: SelfSubjectAccessReview): FieldError[] {
  return [...validateSpec(spec), ...validateEmpty(metadata, "must be empty")];
}

export function validateLocalSubjectAccessReview({ metadata, spec }: LocalSubjectAccessReview): FieldError[] {
  const { namespace: _, ...rest } = metadata;
  const { resourceAttributes, nonResourceAttributes } = spec;
  const namespace = resourceAttributes?.namespace ?? "";
  return [
    ...validateSpec(spec),
    ...validateSubject(spec),
    ...validateEmpty(rest, "must be empty except for namespace"),
    ...(resourceAttributes && namespace !== metadata.namespace ? [invalid("spec.resourceAttributes.namespace", namespace, "must match metadata.namespace")] : []),
    ...(nonResourceAttributes ? [invalid("spec.nonResourceAttributes", nonResourceAttributes, "disallowed on this kind of request")] : []),
  ];
}

function validateSpec({ resourceAttributes, nonResourceAttributes }: SelfSubjectAccessReview["spec"]): FieldError[] {
  if (resourceAttributes && nonResourceAttributes) return [invalid("spec.nonResourceAttributes", nonResourceAttributes, "cannot be specified in combination with resourceAttributes")];
  if (resourceAttributes || nonResourceAttributes) return [];
  return [invalid("spec.resourceAttributes", null, "exactly one of nonResourceAttributes or resourceAttributes must be specified")];
}

function validateSubject({ user = "", groups = [] }: SubjectAccessReview["spec"]): FieldError[] {
  return user === "" && groups.length === 0 ? [invalid("spec.user", user, "at least one of user or group must be specified")] : [];
}

/** A question has no name and is not kept. */
function validateEmpty(metadata: ObjectMeta, detail: string): FieldError[] {
  const { managedFields: _, creationTimestamp: __, ...rest } = metadata;
  return Object.keys(rest).length > 0 ? [invalid("metadata", rest, detail)] : [];
}
