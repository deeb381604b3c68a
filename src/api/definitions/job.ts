/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/batch/job/strategy.go */
import { isDeepStrictEqual } from "node:util";
import { jobs } from "../resources.ts";
import type { Job } from "../types.ts";
import { ageColumn, column, humanDuration, nameColumn, selectorText, templateColumns, wide } from "./columns.ts";
import { define } from "./define.ts";
import { CONTROLLER_UID, JOB_NAME, LEGACY_CONTROLLER_UID, LEGACY_JOB_NAME, hasCondition, warningsForJobName, warningsForJobSpec } from "./job-spec.ts";
import { validateJobStatusUpdate } from "./job-status-validation.ts";
import { validateJob, validateJobUpdate } from "./job-validation.ts";
import { setTemplateDefaults } from "./pod-defaults.ts";

/** 2^31 - 1: with a limit for each index there is none for all of them. */
const UNLIMITED = 2147483647;

export const job = define(jobs, {
  model: "io.k8s.api.batch.v1.Job",
  emptySpec: () => ({}),
  categories: ["all"],
  subresources: ["status"],
  generation: true,
  setDefaults: setJobDefaults,
  prepareForCreate(object) {
    object.status = {};
    if (!object.spec.manualSelector) generateSelector(object);
  },
  validate: validateJob,
  validateUpdate: validateJobUpdate,
  validateStatusUpdate: validateJobStatusUpdate,
  warnings: ({ metadata, spec }) => [...warningsForJobName(metadata.name), ...warningsForJobSpec(spec, "spec")],
  fields: ({ status }) => ({ "status.successful": String(status?.succeeded ?? 0) }),
  columns: [
    nameColumn(),
    column("Status", "Status of the job.", statusText),
    column("Completions", "The number of pods which reached phase Succeeded. The value increases monotonically for a given spec. However, it may decrease in reaction to scale down of elastic indexed jobs.", completionsText),
    column("Duration", "Time required to complete the job.", durationText),
    ageColumn(),
    ...templateColumns<Job>(({ spec }) => spec.template.spec),
    wide(column("Selector", "A label query over pods that should match the pod count. Normally, the system sets this field for you.", ({ spec }) => selectorText(spec.selector))),
  ],
});

/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/batch/v1/defaults.go (SetDefaults_Job) */
function setJobDefaults({ metadata, spec }: Job): void {
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : UNLIMITED;
  setTemplateDefaults(spec);
  const { labels } = spec.template.metadata ?? {};
  if (labels && Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
  spec.completionMode ??= "NonIndexed";
  spec.suspend ??= false;
  spec.manualSelector ??= false;
  for (const { onPodConditions = [] } of spec.podFailurePolicy?.rules ?? []) for (const pattern of onPodConditions) pattern.status ||= "True";
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? "Failed" : "TerminatingOrFailed";
}

/** Labels on the template that only this job's pods have, and a selector for them. What the user has set to something else fails validation. */
function generateSelector({ metadata, spec }: Job): void {
  const { name = "", uid = "" } = metadata;
  const own = { [LEGACY_JOB_NAME]: name, [JOB_NAME]: name, [LEGACY_CONTROLLER_UID]: uid, [CONTROLLER_UID]: uid };
  spec.template.metadata ??= {};
  const { labels = {} } = spec.template.metadata;
  // A job without labels of its own has those of its template, with what is added here.
  if (isDeepStrictEqual(metadata.labels ?? {}, labels)) metadata.labels = { ...own, ...labels };
  spec.template.metadata.labels = { ...own, ...labels };
  spec.selector ??= {};
  spec.selector.matchLabels = { [CONTROLLER_UID]: uid, ...spec.selector.matchLabels };
}

function statusText({ metadata, status }: Job): string {
  if (hasCondition(status, "Complete")) return "Complete";
  if (hasCondition(status, "Failed")) return "Failed";
  if (metadata.deletionTimestamp) return "Terminating";
  if (hasCondition(status, "Suspended")) return "Suspended";
  if (hasCondition(status, "FailureTarget")) return "FailureTarget";
  if (hasCondition(status, "SuccessCriteriaMet")) return "SuccessCriteriaMet";
  return "Running";
}

function completionsText({ spec: { completions, parallelism = 0 }, status }: Job): string {
  const succeeded = status?.succeeded ?? 0;
  if (completions !== undefined) return `${succeeded}/${completions}`;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function durationText({ status }: Job, nowMs: number): string {
  if (!status?.startTime) return "";
  const endMs = status.completionTime ? Date.parse(status.completionTime) : nowMs;
  return humanDuration(endMs - Date.parse(status.startTime));
}
