/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/batch/validation/validation.go */
import { fromLabelSelector, matches } from "#lib/selectors.ts";
import type { FieldError } from "../errors.ts";
import type { Job, JobSpec, PodTemplateSpec } from "../types.ts";
import { invalid, notSupported, required, tooLong, validateImmutable, validateNonnegative, validateOneOf } from "./field-errors.ts";
import { validateJobPolicies } from "./job-policy-validation.ts";
import { CONTROLLER_UID, JOB_NAME, LEGACY_CONTROLLER_UID, LEGACY_JOB_NAME } from "./job-spec.ts";
import { dns1123Label, dns1123Subdomain, validateDomainPrefixedPath, validateName } from "./names.ts";
import { validateLabelSelector } from "./selector-validation.ts";
import { validatePodTemplate, validateTemplateIsSelected } from "./workload-validation.ts";

const MODES = ["NonIndexed", "Indexed"];
const MAX_PARALLELISM = 100_000;
const MAX_FAILED_INDEXES = 100_000;
const MANY_COMPLETIONS = 100_000;
/** The most at once, and the most failed indexes, of a job with so many completions and a limit for each index. */
const MAX_WITH_MANY_COMPLETIONS = 10_000;
const MAX_MANAGED_BY_BYTES = 63;

export function validateJob(job: Job): FieldError[] {
  const { metadata, spec } = job;
  const errors = [
    ...validateName(metadata.name, dns1123Subdomain),
    ...validateGeneratedSelector(job),
    ...validateJobSpec(spec, "spec"),
    ...(spec.selector ? validateLabelSelector(spec.selector, "spec.selector") : [required("spec.selector")]),
    ...validateTemplateIsSelected(spec.template, spec.selector, "spec.template"),
  ];
  if (spec.completionMode === "Indexed" && spec.completions !== undefined && spec.completions > 0) {
    const longest = `${metadata.name}-${spec.completions - 1}`;
    if (dns1123Label(longest).length > 0) errors.push(invalid("metadata.name", metadata.name, `will not able to create pod with invalid DNS label: ${longest}`));
  }
  return errors;
}

function validateGeneratedSelector({ metadata, spec }: Job): FieldError[] {
  if (spec.manualSelector || !spec.selector) return [];
  const { name = "", uid = "" } = metadata;
  const labels = { [LEGACY_CONTROLLER_UID]: uid, [LEGACY_JOB_NAME]: name, [CONTROLLER_UID]: uid, [JOB_NAME]: name };
  const errors = uid === "" ? [required("metadata.uid")] : [];
  errors.push(...Object.entries(labels).flatMap(([key, value]) => validateHasLabel(spec.template, key, value)));
  return matchesLabels(spec.selector, labels) ? errors : [...errors, invalid("spec.selector", spec.selector, "`selector` not auto-generated")];
}

function validateHasLabel({ metadata }: PodTemplateSpec, key: string, value: string): FieldError[] {
  const field = `spec.template.metadata.labels[${key}]`;
  const actual = metadata?.labels?.[key];
  if (actual === undefined) return [required(field, `must be '${value}'`)];
  return actual === value ? [] : [invalid(field, metadata?.labels, `must be '${value}'`)];
}

function matchesLabels(selector: NonNullable<JobSpec["selector"]>, labels: Record<string, string>): boolean {
  try {
    return matches(fromLabelSelector(selector) ?? [], labels);
  } catch {
    return true; // the selector's own error says it better
  }
}

/** The spec of a Job or of a CronJob's template, but for the selector. */
export function validateJobSpec(spec: JobSpec, field: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of ["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished", "backoffLimitPerIndex", "maxFailedIndexes"] as const) {
    errors.push(...validateNonnegative(`${field}.${name}`, spec[name]));
  }
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) errors.push(required(`${field}.backoffLimitPerIndex`, "when maxFailedIndexes is specified"));
  if (spec.managedBy !== undefined) {
    errors.push(...validateDomainPrefixedPath(spec.managedBy, `${field}.managedBy`));
    if (Buffer.byteLength(spec.managedBy) > MAX_MANAGED_BY_BYTES) errors.push(tooLong(`${field}.managedBy`, MAX_MANAGED_BY_BYTES));
  }
  errors.push(...validateOneOf(`${field}.completionMode`, spec.completionMode, MODES));
  if (spec.completionMode === "Indexed") errors.push(...validateIndexed(spec, field));
  else for (const name of ["backoffLimitPerIndex", "maxFailedIndexes"] as const) if (spec[name] !== undefined) errors.push(invalid(`${field}.${name}`, spec[name], "requires indexed completion mode"));
  return [
    ...errors,
    ...validateJobPolicies(spec, field),
    ...validatePodTemplate(spec.template ?? {}, `${field}.template`),
    ...validateRestartPolicy(spec, `${field}.template.spec.restartPolicy`),
  ];
}

function validateIndexed({ completions, parallelism = 0, maxFailedIndexes, backoffLimitPerIndex }: JobSpec, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (completions === undefined) errors.push(required(`${field}.completions`, "when completion mode is Indexed"));
  if (parallelism > MAX_PARALLELISM) errors.push(invalid(`${field}.parallelism`, parallelism, `must be less than or equal to ${MAX_PARALLELISM} when completion mode is Indexed`));
  const most = maxFailedIndexes ?? 0;
  if (completions !== undefined && most > completions) errors.push(invalid(`${field}.maxFailedIndexes`, most, "must be less than or equal to completions"));
  if (most > MAX_FAILED_INDEXES) errors.push(invalid(`${field}.maxFailedIndexes`, most, `must be less than or equal to ${MAX_FAILED_INDEXES}`));
  if (completions === undefined || completions <= MANY_COMPLETIONS || backoffLimitPerIndex === undefined) return errors;
  const limit = `must be less than or equal to ${MAX_WITH_MANY_COMPLETIONS} when completions are above ${MANY_COMPLETIONS} and used with backoff limit per index`;
  if (maxFailedIndexes === undefined) errors.push(required(`${field}.maxFailedIndexes`, `must be specified when completions is above ${MANY_COMPLETIONS}`));
  if (parallelism > MAX_WITH_MANY_COMPLETIONS) errors.push(invalid(`${field}.parallelism`, parallelism, limit));
  if (most > MAX_WITH_MANY_COMPLETIONS) errors.push(invalid(`${field}.maxFailedIndexes`, most, limit));
  return errors;
}

/** The default of pods is `Always`: it is as if nothing was said. */
function validateRestartPolicy({ template, podFailurePolicy }: JobSpec, field: string): FieldError[] {
  const policy = template?.spec?.restartPolicy;
  if (!policy || policy === "Always") return [required(field, 'valid values: "OnFailure", "Never"')];
  if (policy !== "OnFailure" && policy !== "Never") return [notSupported(field, policy, ["OnFailure", "Never"])];
  return podFailurePolicy && policy !== "Never" ? [invalid(field, policy, 'only "Never" is supported when podFailurePolicy is specified')] : [];
}

export function validateJobUpdate({ spec }: Job, old: Job): FieldError[] {
  const mutable = old.spec.suspend && !old.status?.startTime;
  return [
    ...validateCompletionsUpdate(spec, old.spec),
    ...validateImmutable("spec.selector", spec.selector, old.spec.selector),
    ...validateImmutable("spec.template", spec.template, mutable ? withSchedulingOf(old.spec.template, spec.template) : old.spec.template),
    ...(["completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"] as const).flatMap((name) => validateImmutable(`spec.${name}`, spec[name], old.spec[name])),
  ];
}

/** Indexed jobs may be made longer or shorter, when they have as many pods at once. */
function validateCompletionsUpdate({ completionMode, completions, parallelism }: JobSpec, { completions: old }: JobSpec): FieldError[] {
  if (completionMode !== "Indexed") return validateImmutable("spec.completions", completions, old);
  if (completions === old || completions === undefined || completions === parallelism) return [];
  return [invalid("spec.completions", completions, "can only be modified in tandem with spec.parallelism")];
}

/** The old template with what may change while a suspended job has not begun: where its pods go. */
function withSchedulingOf(old: PodTemplateSpec, next: PodTemplateSpec): PodTemplateSpec {
  const template = structuredClone(old);
  const { affinity, nodeSelector, tolerations, schedulingGates } = next.spec ?? {};
  const nodeAffinity = affinity?.nodeAffinity;
  const others = { ...template.spec?.affinity };
  delete others.nodeAffinity;
  const keepsAffinity = affinity !== undefined || Object.keys(others).length > 0;
  Object.assign(template.spec ?? {}, { nodeSelector, tolerations, schedulingGates, affinity: keepsAffinity ? { ...others, ...(nodeAffinity ? { nodeAffinity } : {}) } : undefined });
  template.metadata = { ...template.metadata };
  for (const name of ["annotations", "labels"] as const) {
    const value = next.metadata?.[name];
    if (value) template.metadata[name] = value;
    else delete template.metadata[name];
  }
  // Absent and undefined are the same here.
  return JSON.parse(JSON.stringify(template)) as PodTemplateSpec;
}
