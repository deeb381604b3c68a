/** Jobs and CronJobs: defaults, validation in upstream's words, columns. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ago, created, creating, definitionOf, decoded, rowOf, updating, updatingStatus } from "./testing.ts";

const UID = "11111111-1111-1111-1111-111111111111";
const metadata = { name: "x", uid: UID };
const container = { name: "a", image: "i" };
const template = (spec: object = {}): object => ({ spec: { restartPolicy: "Never", containers: [container], ...spec } });
const job = (spec: object = {}): object => ({ metadata, spec: { template: template(), ...spec } });
const indexed = (spec: object = {}): object => job({ completionMode: "Indexed", completions: 5, ...spec });
const cronJob = (spec: object = {}): object => ({ spec: { schedule: "*/5 * * * *", jobTemplate: { spec: { template: template() } }, ...spec } });
const LABELS = {
  "job-name": "x",
  "batch.kubernetes.io/job-name": "x",
  "controller-uid": UID,
  "batch.kubernetes.io/controller-uid": UID,
};

test("a job's defaults, its labels and its selector", () => {
  const { metadata: own, spec, status } = created("Job", { ...job(), status: { succeeded: 3 } }) as { metadata: object; spec: { selector: object; template: { metadata: object }; parallelism: number } & object; status: object };
  const { template: pods, selector, ...rest } = spec;
  assert.deepEqual(rest, { parallelism: 1, completions: 1, backoffLimit: 6, completionMode: "NonIndexed", suspend: false, manualSelector: false, podReplacementPolicy: "TerminatingOrFailed" });
  assert.deepEqual([selector, pods.metadata, status], [{ matchLabels: { "batch.kubernetes.io/controller-uid": UID } }, { labels: LABELS }, {}]);
  assert.deepEqual(own, { ...metadata, labels: LABELS });
});

test("a job keeps the labels it has; one without them takes its template's", () => {
  const labelled = { ...template(), metadata: { labels: { app: "a" } } };
  const labelsOf = (object: object): unknown => (created("Job", object) as { metadata: { labels: object } }).metadata.labels;
  assert.deepEqual(labelsOf(job({ template: labelled })), { app: "a", ...LABELS });
  assert.deepEqual(labelsOf({ metadata: { ...metadata, labels: { app: "b" } }, spec: { template: labelled } }), { app: "b" });
});

test("a job with a limit for each index has none for all of them", () => {
  const { spec } = created("Job", indexed({ backoffLimitPerIndex: 1, podFailurePolicy: { rules: [{ action: "FailIndex", onPodConditions: [{ type: "DisruptionTarget" }] }] } })) as { spec: Record<string, unknown> };
  assert.deepEqual([spec["backoffLimit"], spec["podReplacementPolicy"]], [2147483647, "Failed"]);
  assert.deepEqual(spec["podFailurePolicy"], { rules: [{ action: "FailIndex", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] }] });
});

test("a cron job's defaults", () => {
  const { spec, status } = created("CronJob", cronJob()) as { spec: { jobTemplate: unknown } & object; status: object };
  const { jobTemplate: _, ...rest } = spec;
  assert.deepEqual([rest, status], [{ schedule: "*/5 * * * *", concurrencyPolicy: "Allow", suspend: false, successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 }, {}]);
});

const RULE = "spec.podFailurePolicy.rules[0]";
const failure = (rule: object): object => job({ podFailurePolicy: { rules: [rule] } });
const success = (rule: object): object => indexed({ successPolicy: { rules: [rule] } });

const creations: [kind: string, object: object, errors: string[]][] = [
  ["Job", job(), []],
  ["Job", { metadata }, ["spec.template.spec.containers: Required value", 'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"']],
  ["Job", job({ template: { spec: { containers: [container] } } }), ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"']],
  [
    "Job",
    job({ parallelism: -1, completions: -1, activeDeadlineSeconds: -1, backoffLimit: -1, ttlSecondsAfterFinished: -1 }),
    ["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"].map((name) => `spec.${name}: Invalid value: -1: must be greater than or equal to 0`),
  ],
  ["Job", job({ manualSelector: true }), ["spec.selector: Required value", "spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`"]],
  ["Job", job({ manualSelector: true, selector: { matchLabels: { a: "b" } }, template: { ...template(), metadata: { labels: { a: "b" } } } }), []],
  [
    "Job",
    job({ template: { ...template(), metadata: { labels: { "job-name": "y" } } } }),
    [`spec.template.metadata.labels[job-name]: Invalid value: ${JSON.stringify({ ...LABELS, "job-name": "y" })}: must be 'x'`],
  ],
  ["Job", job({ completionMode: "Some" }), ['spec.completionMode: Unsupported value: "Some": supported values: "NonIndexed", "Indexed"']],
  ["Job", job({ completionMode: "Indexed", parallelism: 2 }), ["spec.completions: Required value: when completion mode is Indexed"]],
  ["Job", indexed({ parallelism: 100_001 }), ["spec.parallelism: Invalid value: 100001: must be less than or equal to 100000 when completion mode is Indexed"]],
  ["Job", indexed({ backoffLimitPerIndex: 1, maxFailedIndexes: 6 }), ["spec.maxFailedIndexes: Invalid value: 6: must be less than or equal to completions"]],
  ["Job", indexed({ maxFailedIndexes: 1 }), ["spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified"]],
  ["Job", indexed({ completions: 100_001, backoffLimitPerIndex: 1 }), ["spec.maxFailedIndexes: Required value: must be specified when completions is above 100000"]],
  ["Job", job({ backoffLimitPerIndex: 1 }), ["spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode"]],
  ["Job", { ...indexed(), metadata: { ...metadata, name: "a.b" } }, ['metadata.name: Invalid value: "a.b": will not able to create pod with invalid DNS label: a.b-4']],
  ["Job", job({ managedBy: "me" }), ['spec.managedBy: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo")']],
  ["Job", job({ podReplacementPolicy: "Never" }), ['spec.podReplacementPolicy: Unsupported value: "Never": supported values: "Failed", "TerminatingOrFailed"']],
  ["Job", failure({ action: "Ignore", onPodConditions: [{ type: "DisruptionTarget" }] }), []],
  ["Job", failure({ action: "" }), [`${RULE}.action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]`, `${RULE}: Invalid value: specifying one of OnExitCodes and OnPodConditions is required`]],
  [
    "Job",
    failure({ action: "FailIndex", onExitCodes: { operator: "In", values: [3, 0, 3], containerName: "b" } }),
    [
      `${RULE}.action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set`,
      `${RULE}.onExitCodes.containerName: Invalid value: "b": must be one of the container or initContainer names in the pod template`,
      `${RULE}.onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator`,
      `${RULE}.onExitCodes.values[2]: Duplicate value: 3`,
      `${RULE}.onExitCodes.values: Invalid value: [3,0,3]: must be ordered`,
    ],
  ],
  [
    "Job",
    job({ template: template({ restartPolicy: "OnFailure" }), podFailurePolicy: { rules: [{ action: "FailJob", onExitCodes: { operator: "NotIn", values: [] } }] } }),
    [`${RULE}.onExitCodes.values: Invalid value: []: at least one value is required`, 'spec.template.spec.restartPolicy: Invalid value: "OnFailure": only "Never" is supported when podFailurePolicy is specified'],
  ],
  ["Job", job({ successPolicy: { rules: [{ succeededCount: 1 }] } }), ['spec.successPolicy: Invalid value: {"rules":[{"succeededCount":1}]}: requires indexed completion mode']],
  ["Job", success({ succeededIndexes: "0-2,4", succeededCount: 3 }), []],
  ["Job", success({}), ["spec.successPolicy.rules[0]: Required value: at least one of succeededCount or succeededIndexes must be specified"]],
  ["Job", success({ succeededIndexes: "3-1" }), ['spec.successPolicy.rules[0].succeededIndexes: Invalid value: "3-1": error parsing succeededIndexes: non-increasing order, previous: 3, current: 1']],
  ["Job", success({ succeededIndexes: "0,5" }), ['spec.successPolicy.rules[0].succeededIndexes: Invalid value: "0,5": error parsing succeededIndexes: too large index: "5"']],
  ["Job", success({ succeededIndexes: "0,1", succeededCount: 3 }), ["spec.successPolicy.rules[0].succeededCount: Invalid value: 3: must be less than or equal to 2 (the number of indexes in the specified succeededIndexes field)"]],
  ["CronJob", cronJob(), []],
  ["CronJob", {}, ["spec.schedule: Required value", "spec.jobTemplate.spec.template.spec.containers: Required value", 'spec.jobTemplate.spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"']],
  ["CronJob", cronJob({ schedule: "61 * * * *" }), ['spec.schedule: Invalid value: "61 * * * *": end of range (61) above maximum (59): 61']],
  ["CronJob", cronJob({ schedule: "TZ=UTC 0 * * * *" }), ['spec.schedule: Invalid value: "TZ=UTC 0 * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead']],
  ["CronJob", cronJob({ timeZone: "Asia/Seoul" }), []],
  ["CronJob", cronJob({ timeZone: "" }), ['spec.timeZone: Invalid value: "": timeZone must be nil or non-empty string']],
  ["CronJob", cronJob({ timeZone: "Asia/Soul" }), ['spec.timeZone: Invalid value: "Asia/Soul": unknown time zone Asia/Soul']],
  ["CronJob", cronJob({ timeZone: "Local" }), ['spec.timeZone: Invalid value: "Local": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones']],
  ["CronJob", cronJob({ concurrencyPolicy: "Some", startingDeadlineSeconds: -1 }), ["spec.startingDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0", 'spec.concurrencyPolicy: Unsupported value: "Some": supported values: "Allow", "Forbid", "Replace"']],
  ["CronJob", { metadata: { name: "x".repeat(53) }, ...cronJob() }, [`metadata.name: Invalid value: "${"x".repeat(53)}": must be no more than 52 characters`]],
  ["CronJob", cronJob({ jobTemplate: { spec: { template: template(), selector: { matchLabels: { a: "b" } }, manualSelector: true } } }), ['spec.jobTemplate.spec.selector: Invalid value: {"matchLabels":{"a":"b"}}: `selector` will be auto-generated', 'spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"']],
];

for (const [kind, object, errors] of creations) test(`creating ${kind} ${JSON.stringify((object as { spec?: object }).spec)}`, () => assert.deepEqual(creating(kind, object), errors));

test("a job's pods are what they were when it was created", () => {
  const labels = { metadata: { labels: LABELS } };
  const selector = { matchLabels: { "batch.kubernetes.io/controller-uid": UID } };
  const whole = (spec: object = {}, pods: object = {}): object => job({ completions: 1, selector, template: { ...template(pods), ...labels }, ...spec });
  assert.deepEqual(updating("Job", whole(), whole({ parallelism: 0, suspend: true, backoffLimit: 1 })), []);
  assert.deepEqual(updating("Job", whole(), whole({ completions: 2 })), ["spec.completions: Invalid value: 2: field is immutable"]);
  assert.match(updating("Job", whole(), whole({}, { nodeSelector: { disk: "ssd" } })).join(), /^spec\.template: Invalid value: .*: field is immutable$/);
  assert.deepEqual(updating("Job", whole({ suspend: true }), whole({}, { nodeSelector: { disk: "ssd" }, affinity: { nodeAffinity: {} } })), []);
  assert.match(updating("Job", whole({ suspend: true }), whole({}, { containers: [{ name: "b", image: "i" }] })).join(), /field is immutable$/);
  const indexedJob = (spec: object): object => whole({ completionMode: "Indexed", ...spec });
  assert.deepEqual(updating("Job", indexedJob({ completions: 2, parallelism: 2 }), indexedJob({ completions: 3, parallelism: 3 })), []);
  assert.deepEqual(updating("Job", indexedJob({ completions: 2 }), indexedJob({ completions: 3 })), ["spec.completions: Invalid value: 3: can only be modified in tandem with spec.parallelism"]);
});

const TIME = "2026-01-01T00:00:00Z";
const condition = (...types: string[]): object => ({ conditions: types.map((type) => ({ type, status: "True" })) });
const done = { ...condition("SuccessCriteriaMet", "Complete"), startTime: TIME, completionTime: "2026-01-01T00:01:00Z", succeeded: 1 };
const statuses: [what: string, old: object, status: object, errors: string[]][] = [
  ["a job that is done", { startTime: TIME, active: 1 }, done, []],
  ["done without having met what it takes", { startTime: TIME }, { ...done, ...condition("Complete") }, ["status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition"]],
  ["done with pods that run", { startTime: TIME }, { ...done, active: 1, terminating: 2 }, ["status.active: Invalid value: 1: active>0 is invalid for finished job", "status.terminating: Invalid value: 2: terminating>0 is invalid for finished job"]],
  ["done, but when?", { startTime: TIME }, { ...done, completionTime: null }, ["status.completionTime: Required value: completionTime is required for Complete jobs"]],
  ["failed without a reason to", { startTime: TIME }, { ...condition("Failed"), startTime: TIME }, ["status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition"]],
  ["back from the end", done, { startTime: TIME, succeeded: 1 }, ["status.conditions: Invalid value: cannot disable the terminal Complete=True condition", "status.conditions: Invalid value: cannot disable the SuccessCriteriaMet=True condition"]],
  ["fewer than before", { failed: 2 }, { failed: 1 }, ["status.failed: Invalid value: 1: cannot decrease the failed counter"]],
  ["more ready than there are", {}, { active: 1, ready: 2 }, ["status.ready: Invalid value: 2: cannot set more ready pods than active"]],
  ["a pod counted twice", {}, { uncountedTerminatedPods: { succeeded: ["a"], failed: ["a", ""] } }, ['status.uncountedTerminatedPods.failed[0]: Duplicate value: "a"', 'status.uncountedTerminatedPods.failed[1]: Invalid value: "": must not be empty']],
  ["a new start", { startTime: TIME }, {}, ["status.startTime: Required value: startTime cannot be removed for unsuspended job"]],
];
for (const [what, old, status, errors] of statuses) test(`a job's status: ${what}`, () => assert.deepEqual(updatingStatus("Job", { ...job(), status: old }, { ...job(), status }), errors));

test("a job's indexes are checked when they change", () => {
  const errors = (spec: object, status: object): string[] => updatingStatus("Job", indexed(spec), { ...indexed(spec), status });
  assert.deepEqual(errors({ backoffLimitPerIndex: 1 }, { completedIndexes: "0-1,3", failedIndexes: "2" }), []);
  assert.deepEqual(errors({ backoffLimitPerIndex: 1 }, { completedIndexes: "0-3", failedIndexes: "2" }), ['status.failedIndexes: Invalid value: "2": failedIndexes and completedIndexes overlap at index: 2']);
  assert.deepEqual(errors({}, { completedIndexes: "7" }), ['status.completedIndexes: Invalid value: "7": error parsing completedIndexes: too large index: "7"']);
  assert.deepEqual(errors({}, { failedIndexes: "" }), ['status.failedIndexes: Invalid value: "": cannot set non-null failedIndexes when backoffLimitPerIndex is null']);
});

test("warnings about names that pods can't have", () => {
  const { warnings } = definitionOf("Job");
  assert.deepEqual(warnings!(decoded("Job", { ...job(), metadata: { name: "a.b", uid: UID } })), [
    "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
  ]);
});

const wide = { Containers: "a", Images: "i", Selector: "<none>" };
const rows: [kind: string, object: object, row: object][] = [
  ["Job", job({ completions: 3 }), { Name: "x", Status: "Running", Completions: "0/3", Duration: "", Age: "<unknown>", ...wide }],
  ["Job", { spec: { parallelism: 2, template: template() }, status: { succeeded: 1, startTime: ago(30) } }, { Name: "x", Status: "Running", Completions: "1/1 of 2", Duration: "30s", Age: "90s", ...wide }],
  ["Job", { spec: { completions: 1, template: template() }, status: { ...condition("Complete"), succeeded: 1, startTime: ago(30), completionTime: ago(20) } }, { Name: "x", Status: "Complete", Completions: "1/1", Duration: "10s", Age: "90s", ...wide }],
  ["Job", { spec: { completions: 1, template: template() }, status: condition("Suspended") }, { Name: "x", Status: "Suspended", Completions: "0/1", Duration: "", Age: "90s", ...wide }],
  ["CronJob", { spec: { schedule: "@daily", suspend: false, jobTemplate: { spec: { template: template() } } }, status: {} }, { Name: "x", Schedule: "@daily", Timezone: "<none>", Suspend: "False", Active: 0, "Last Schedule": "<none>", Age: "90s", ...wide }],
  ["CronJob", { spec: { schedule: "@daily", timeZone: "Asia/Seoul", suspend: true, jobTemplate: { spec: { template: template() } } }, status: { active: [{}], lastScheduleTime: ago(60) } }, { Name: "x", Schedule: "@daily", Timezone: "Asia/Seoul", Suspend: "True", Active: 1, "Last Schedule": "60s", Age: "90s", ...wide }],
];
for (const [kind, object, row] of rows) test(`the row of ${kind} ${JSON.stringify(object)}`, () => assert.deepEqual(rowOf(kind, object), row));
