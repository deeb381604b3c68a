/** When a Job fails, succeeds or replaces its pods. @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/batch/validation/validation.go (validatePodFailurePolicy) */
import type { FieldError } from "../errors.ts";
import type { JobSpec } from "../types.ts";
import { duplicate, invalid, invalidFor, invalidTogether, notSupported, required, tooLong, tooMany, validateNonnegative } from "./field-errors.ts";
import { totalOfIndexes } from "./job-indexes.ts";
import { qualifiedName } from "./names.ts";

type FailureRule = NonNullable<JobSpec["podFailurePolicy"]>["rules"][number];
type ExitCodes = NonNullable<FailureRule["onExitCodes"]>;
type Conditions = NonNullable<FailureRule["onPodConditions"]>;
type SuccessRule = NonNullable<JobSpec["successPolicy"]>["rules"][number];

const ACTIONS = ["Count", "FailIndex", "FailJob", "Ignore"];
const OPERATORS = ["In", "NotIn"];
const STATUSES = ["False", "True", "Unknown"];
const REPLACEMENTS = ["Failed", "TerminatingOrFailed"];
const MAX_RULES = 20;
const MAX_PATTERNS = 20;
const MAX_EXIT_CODES = 255;
const MAX_SUCCEEDED_INDEXES_BYTES = 64 * 1024;

export function validateJobPolicies(spec: JobSpec, field: string): FieldError[] {
  const { podFailurePolicy, successPolicy, podReplacementPolicy, completionMode } = spec;
  const errors: FieldError[] = [];
  if (podFailurePolicy) errors.push(...validateFailurePolicy(spec, `${field}.podFailurePolicy.rules`));
  if (successPolicy && completionMode !== "Indexed") errors.push(invalid(`${field}.successPolicy`, successPolicy, "requires indexed completion mode"));
  else if (successPolicy) errors.push(...validateSuccessPolicy(spec, `${field}.successPolicy.rules`));
  const replacements = podFailurePolicy ? ["Failed"] : REPLACEMENTS;
  if (podReplacementPolicy !== undefined && !replacements.includes(podReplacementPolicy)) errors.push(notSupported(`${field}.podReplacementPolicy`, podReplacementPolicy, replacements));
  return errors;
}

/** A value that has to be given and has to be one of these. */
function validateChoice(field: string, value: string | undefined, values: string[]): FieldError[] {
  if (!value) return [required(field, `valid values: [${values.map((known) => JSON.stringify(known)).join(" ")}]`)];
  return values.includes(value) ? [] : [notSupported(field, value, values)];
}

function validateFailurePolicy({ podFailurePolicy, backoffLimitPerIndex, template }: JobSpec, field: string): FieldError[] {
  const rules = podFailurePolicy?.rules ?? [];
  const { containers = [], initContainers = [] } = template.spec ?? {};
  const containerNames = new Set([...containers, ...initContainers].map(({ name }) => name));
  return [
    ...(rules.length > MAX_RULES ? [tooMany(field, rules.length, MAX_RULES)] : []),
    ...rules.flatMap(({ action, onExitCodes, onPodConditions = [] }, i) => {
      const path = `${field}[${i}]`;
      const errors = validateChoice(`${path}.action`, action, ACTIONS);
      if (action === "FailIndex" && backoffLimitPerIndex === undefined) errors.push(invalid(`${path}.action`, action, "requires the backoffLimitPerIndex to be set"));
      if (onExitCodes) errors.push(...validateExitCodes(onExitCodes, containerNames, `${path}.onExitCodes`));
      errors.push(...validatePatterns(onPodConditions, `${path}.onPodConditions`));
      if (onExitCodes && onPodConditions.length > 0) errors.push(invalidTogether(path, "specifying both OnExitCodes and OnPodConditions is not supported"));
      if (!onExitCodes && onPodConditions.length === 0) errors.push(invalidTogether(path, "specifying one of OnExitCodes and OnPodConditions is required"));
      return errors;
    }),
  ];
}

function validatePatterns(patterns: Conditions, field: string): FieldError[] {
  return [
    ...(patterns.length > MAX_PATTERNS ? [tooMany(field, patterns.length, MAX_PATTERNS)] : []),
    ...patterns.flatMap(({ type, status }, i) => [...invalidFor(`${field}[${i}].type`, type, qualifiedName(type)), ...validateChoice(`${field}[${i}].status`, status, STATUSES)]),
  ];
}

function validateExitCodes({ operator, containerName, values }: ExitCodes, containerNames: Set<string>, field: string): FieldError[] {
  const errors = validateChoice(`${field}.operator`, operator, OPERATORS);
  if (containerName !== undefined && !containerNames.has(containerName)) {
    errors.push(invalid(`${field}.containerName`, containerName, "must be one of the container or initContainer names in the pod template"));
  }
  if (values.length === 0) errors.push(invalid(`${field}.values`, values, "at least one value is required"));
  if (values.length > MAX_EXIT_CODES) errors.push(tooMany(`${field}.values`, values.length, MAX_EXIT_CODES));
  for (const [i, value] of values.entries()) {
    if (operator === "In" && value === 0) errors.push(invalid(`${field}.values[${i}]`, value, "must not be 0 for the In operator"));
    if (values.indexOf(value) < i) errors.push(duplicate(`${field}.values[${i}]`, value));
  }
  if (values.some((value, i) => i > 0 && values[i - 1]! > value)) errors.push(invalid(`${field}.values`, values, "must be ordered"));
  return errors;
}

function validateSuccessPolicy({ successPolicy, completions = 0 }: JobSpec, field: string): FieldError[] {
  const rules = successPolicy?.rules ?? [];
  if (rules.length === 0) return [required(field, "at least one rules must be specified when the successPolicy is specified")];
  return [...(rules.length > MAX_RULES ? [tooMany(field, rules.length, MAX_RULES)] : []), ...rules.flatMap((rule, i) => validateSuccessRule(rule, completions, `${field}[${i}]`))];
}

function validateSuccessRule({ succeededCount, succeededIndexes }: SuccessRule, completions: number, field: string): FieldError[] {
  if (succeededCount === undefined && succeededIndexes === undefined) return [required(field, "at least one of succeededCount or succeededIndexes must be specified")];
  const errors: FieldError[] = [];
  let total = 0;
  if (succeededIndexes !== undefined) {
    if (Buffer.byteLength(succeededIndexes) > MAX_SUCCEEDED_INDEXES_BYTES) errors.push(tooLong(`${field}.succeededIndexes`, MAX_SUCCEEDED_INDEXES_BYTES));
    try {
      total = totalOfIndexes(succeededIndexes, completions);
    } catch (error) {
      errors.push(invalid(`${field}.succeededIndexes`, succeededIndexes, `error parsing succeededIndexes: ${(error as Error).message}`));
    }
  }
  if (succeededCount === undefined) return errors;
  const path = `${field}.succeededCount`;
  errors.push(...validateNonnegative(path, succeededCount));
  if (succeededCount > completions) errors.push(invalid(path, succeededCount, `must be less than or equal to ${completions} (the number of specified completions)`));
  if (succeededIndexes !== undefined && succeededCount > total) {
    errors.push(invalid(path, succeededCount, `must be less than or equal to ${total} (the number of indexes in the specified succeededIndexes field)`));
  }
  return errors;
}
