/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go (ValidateReplicationControllerSpec) */
import type { FieldError } from "../errors.ts";
import type { ReplicationController } from "../types.ts";
import { required, validateNonnegative } from "./field-errors.ts";
import { dns1123Subdomain, validateName } from "./names.ts";
import { validateAlwaysRunning, validatePodTemplate, validateTemplateIsSelected } from "./workload-validation.ts";

export function validateReplicationController({ metadata, spec }: ReplicationController): FieldError[] {
  const { selector = {}, template } = spec;
  const errors = [
    ...validateName(metadata.name, dns1123Subdomain),
    ...validateNonnegative("spec.minReadySeconds", spec.minReadySeconds),
    ...(Object.keys(selector).length > 0 ? [] : [required("spec.selector")]),
    ...validateNonnegative("spec.replicas", spec.replicas),
  ];
  if (!template) return [...errors, required("spec.template")];
  return [
    ...errors,
    ...validateTemplateIsSelected(template, { matchLabels: selector }, "spec.template"),
    ...validatePodTemplate(template, "spec.template"),
    ...validateAlwaysRunning(template, "spec.template", "ReplicationController"),
  ];
}
