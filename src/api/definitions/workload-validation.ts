/**
 * What the kinds that run pods by template share.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/apps/validation/validation.go
 */
import { fromLabelSelector, matches } from "#lib/selectors.ts";
import type { FieldError } from "../errors.ts";
import type { IntOrString, LabelSelector, PodTemplateSpec } from "../types.ts";
import { forbidden, invalid, invalidFor, notSupported, required, validateNonnegative } from "./field-errors.ts";
import { percent, qualifiedName, validateLabels } from "./names.ts";
import { validatePodSpec } from "./pod-validation.ts";
import { validateLabelSelector } from "./selector-validation.ts";

/** `kind` as upstream's messages name it. */
export function validateSelector(selector: LabelSelector | undefined, field: string, kind: string): FieldError[] {
  if (!selector) return [required(field)];
  const errors = validateLabelSelector(selector, field);
  return isEmptySelector(selector) ? [...errors, invalid(field, selector, `empty selector is invalid for ${kind}`)] : errors;
}

/** Whether a selector selects everything. */
export function isEmptySelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): boolean {
  return Object.keys(matchLabels).length === 0 && matchExpressions.length === 0;
}

/** The template's labels and annotations, and that the selector finds its pods. */
export function validateTemplateMetadata(template: PodTemplateSpec, selector: LabelSelector | undefined, field: string): FieldError[] {
  return [...validateTemplateIsSelected(template, selector, field), ...validateLabelsAndAnnotations(template, field)];
}

export function validateTemplateIsSelected({ metadata }: PodTemplateSpec, selector: LabelSelector | undefined, field: string): FieldError[] {
  return selects(selector, metadata?.labels) ? [] : [invalid(`${field}.metadata.labels`, metadata?.labels, "`selector` does not match template `labels`")];
}

function validateLabelsAndAnnotations({ metadata: { labels, annotations } = {} }: PodTemplateSpec, field: string): FieldError[] {
  return [
    ...validateLabels(labels, `${field}.labels`),
    ...Object.keys(annotations ?? {}).flatMap((key) => invalidFor(`${field}.annotations`, key, qualifiedName(key.toLowerCase()))),
  ];
}

/** No selector selects nothing, an empty one everything. */
function selects(selector: LabelSelector | undefined, labels: Record<string, string> | undefined): boolean {
  try {
    const requirements = fromLabelSelector(selector);
    return requirements !== undefined && matches(requirements, labels);
  } catch {
    return true; // the selector's own error says it better
  }
}

/** A template for pods that are always restarted. `kind` as upstream's messages name it. */
export function validateTemplate(template: PodTemplateSpec | undefined, selector: LabelSelector | undefined, field: string, kind: string): FieldError[] {
  if (!template?.spec) return [required(field)];
  return [...validateTemplateIsSelected(template, selector, field), ...validatePodTemplate(template, field), ...validateAlwaysRunning(template, field, kind)];
}

/** A template for pods of any kind. */
export function validatePodTemplate(template: PodTemplateSpec, field: string): FieldError[] {
  const { spec } = template;
  const errors = [...validateLabelsAndAnnotations(template, field), ...validatePodSpec(spec ?? { containers: [] }, `${field}.spec`)];
  if (spec?.ephemeralContainers?.length) errors.push(forbidden(`${field}.spec.ephemeralContainers`, "ephemeral containers not allowed in pod template"));
  return errors;
}

export function validateAlwaysRunning({ spec }: PodTemplateSpec, field: string, kind: string): FieldError[] {
  const errors: FieldError[] = [];
  if (spec?.restartPolicy !== "Always") errors.push(notSupported(`${field}.spec.restartPolicy`, spec?.restartPolicy, ["Always"]));
  if (spec?.activeDeadlineSeconds !== undefined) errors.push(forbidden(`${field}.spec.activeDeadlineSeconds`, `activeDeadlineSeconds in ${kind} is not Supported`));
  return errors;
}

/** A count or a percentage of replicas. */
export function validateIntOrPercent(field: string, value: IntOrString | undefined): FieldError[] {
  if (value === undefined) return [];
  return typeof value === "number" ? validateNonnegative(field, value) : invalidFor(field, value, percent(value));
}

export function validateAtMost100Percent(field: string, value: IntOrString | undefined): FieldError[] {
  return typeof value === "string" && percent(value).length === 0 && Number.parseInt(value, 10) > 100 ? [invalid(field, value, "must not be greater than 100%")] : [];
}

/** The number in a count or percentage: 0 means none either way. */
export function isZero(value: IntOrString | undefined): boolean {
  return value === undefined || Number.parseInt(String(value), 10) === 0;
}

/** Counts in a status: none negative, and none of `parts` above the total. */
export function validateCounts(status: Record<string, unknown>, names: string[], parts: string[]): FieldError[] {
  const count = (name: string): number => (status[name] as number | undefined) ?? 0;
  const errors = names.flatMap((name) => validateNonnegative(`status.${name}`, count(name)));
  for (const name of parts) if (count(name) > count("replicas")) errors.push(invalid(`status.${name}`, count(name), "cannot be greater than status.replicas"));
  return errors;
}
