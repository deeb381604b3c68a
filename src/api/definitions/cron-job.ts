/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/batch/cronjob/strategy.go */
import { cronJobs } from "../resources.ts";
import type { Column } from "../scheme.ts";
import type { CronJob } from "../types.ts";
import { NONE, UNSET, ageColumn, column, countColumn, nameColumn, selectorText, since, templateColumns, wide } from "./columns.ts";
import { validateCronJob } from "./cron-job-validation.ts";
import { define } from "./define.ts";
import { warningsForJobName, warningsForJobSpec } from "./job-spec.ts";
import { setTemplateDefaults } from "./pod-defaults.ts";

export const cronJob = define(cronJobs, {
  model: "io.k8s.api.batch.v1.CronJob",
  emptySpec: () => ({ jobTemplate: {} }),
  shortNames: ["cj"],
  categories: ["all"],
  subresources: ["status"],
  generation: true,
  setDefaults({ spec }) {
    spec.concurrencyPolicy ||= "Allow";
    spec.suspend ??= false;
    spec.successfulJobsHistoryLimit ??= 3;
    spec.failedJobsHistoryLimit ??= 1;
    spec.jobTemplate ??= {};
    spec.jobTemplate.spec ??= { template: {} };
    setTemplateDefaults(spec.jobTemplate.spec);
  },
  prepareForCreate(object) {
    object.status = {};
  },
  validate: validateCronJob,
  warnings: ({ metadata, spec }) => [...warningsForJobName(metadata.name), ...(spec.jobTemplate.spec ? warningsForJobSpec(spec.jobTemplate.spec, "spec.jobTemplate.spec") : [])],
  columns: [
    nameColumn(),
    column("Schedule", "The schedule in Cron format, see https://en.wikipedia.org/wiki/Cron.", ({ spec }) => spec.schedule ?? ""),
    column("Timezone", "The time zone name for the given schedule, see https://en.wikipedia.org/wiki/List_of_tz_database_time_zones. If not specified, this will default to the time zone of the kube-controller-manager process.", ({ spec }) => spec.timeZone ?? NONE),
    suspendColumn(),
    countColumn("Active", "A list of pointers to currently running jobs.", ({ status }) => status?.active?.length ?? 0),
    column("Last Schedule", "Information when was the last time the job was successfully scheduled.", ({ status }, nowMs) => (status?.lastScheduleTime ? since(status.lastScheduleTime, nowMs) : NONE)),
    ageColumn(),
    ...templateColumns<CronJob>(({ spec }) => spec.jobTemplate.spec?.template.spec),
    wide(column("Selector", "A label query over pods that should match the pod count. Normally, the system sets this field for you.", ({ spec }) => selectorText(spec.jobTemplate.spec?.selector))),
  ],
});

/** Go's booleans begin with a capital; the column's type stays upstream's. */
function suspendColumn(): Column<CronJob> {
  const text = ({ spec: { suspend } }: CronJob): string => (suspend === undefined ? UNSET : suspend ? "True" : "False");
  return { ...column("Suspend", "This flag tells the controller to suspend subsequent executions, it does not apply to already started executions. Defaults to false.", text), type: "boolean" };
}
