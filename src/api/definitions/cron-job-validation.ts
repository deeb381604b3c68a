/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/batch/validation/validation.go (ValidateCronJobCreate) */
import { isTimeZone, parseSchedule } from "#lib/cron.ts";
import type { FieldError } from "../errors.ts";
import type { CronJob } from "../types.ts";
import { invalid, notSupported, required, validateNonnegative } from "./field-errors.ts";
import { validateJobSpec } from "./job-validation.ts";
import { dns1123Subdomain, validateName } from "./names.ts";

const POLICIES = ["Allow", "Forbid", "Replace"];
/** Names of Jobs have the time appended: `-29012345`. */
const MAX_NAME_LENGTH = 63 - 11;

export function validateCronJob({ metadata, spec }: CronJob, old?: CronJob): FieldError[] {
  const { schedule, timeZone, concurrencyPolicy, jobTemplate } = spec;
  const errors = validateName(metadata.name, dns1123Subdomain);
  errors.push(...(schedule ? validateSchedule(schedule, "spec.schedule") : [required("spec.schedule")]));
  errors.push(...validateNonnegative("spec.startingDeadlineSeconds", spec.startingDeadlineSeconds));
  if (timeZone !== undefined && timeZone !== old?.spec.timeZone) errors.push(...validateTimeZone(timeZone, "spec.timeZone"));
  if (!concurrencyPolicy) errors.push(required("spec.concurrencyPolicy"));
  else if (!POLICIES.includes(concurrencyPolicy)) errors.push(notSupported("spec.concurrencyPolicy", concurrencyPolicy, POLICIES));
  errors.push(...validateJobTemplate(jobTemplate, "spec.jobTemplate.spec"));
  for (const name of ["successfulJobsHistoryLimit", "failedJobsHistoryLimit"] as const) errors.push(...validateNonnegative(`spec.${name}`, spec[name]));
  if (!old && (metadata.name?.length ?? 0) > MAX_NAME_LENGTH) errors.push(invalid("metadata.name", metadata.name, `must be no more than ${MAX_NAME_LENGTH} characters`));
  return errors;
}

function validateSchedule(schedule: string, field: string): FieldError[] {
  if (schedule.includes("TZ")) return [invalid(field, schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead")];
  try {
    parseSchedule(schedule);
    return [];
  } catch (error) {
    return [invalid(field, schedule, (error as Error).message)];
  }
}

function validateTimeZone(timeZone: string, field: string): FieldError[] {
  if (timeZone === "") return [invalid(field, timeZone, "timeZone must be nil or non-empty string")];
  const unknown = invalid(field, timeZone, `unknown time zone ${timeZone}`);
  if (timeZone.split("/").some((part) => part === "." || part === ".." || !/^(?!-)[A-Za-z._0-9+-]{1,14}$/.test(part))) return [unknown];
  if (timeZone.toLowerCase() === "local") return [invalid(field, timeZone, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones")];
  return isTimeZone(timeZone) ? [] : [unknown];
}

function validateJobTemplate({ spec }: CronJob["spec"]["jobTemplate"], field: string): FieldError[] {
  const errors = validateJobSpec(spec ?? { template: {} }, field);
  if (spec?.selector) errors.push(invalid(`${field}.selector`, spec.selector, "`selector` will be auto-generated"));
  if (spec?.manualSelector) errors.push(notSupported(`${field}.manualSelector`, true, ["nil", "false"]));
  return errors;
}
