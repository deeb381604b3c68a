/** DaemonSets, ReplicationControllers, PodTemplates and what concerns where and how long their pods run. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { created, creating, decoded, definitionOf, rowOf, updating, updatingStatus } from "./testing.ts";

const labels = { app: "x" };
const container = { name: "a", image: "i" };
const template = { metadata: { labels }, spec: { containers: [container] } };
const daemonSet = (spec: object = {}): object => ({ spec: { selector: { matchLabels: labels }, template, ...spec } });
const controller = (spec: object = {}): object => ({ spec: { template, ...spec } });
const budget = (spec: object): object => ({ spec });
const rolling = (rollingUpdate: object): object => daemonSet({ updateStrategy: { type: "RollingUpdate", rollingUpdate } });

test("a daemon set's defaults", () => {
  const { metadata, spec, status } = created("DaemonSet", daemonSet()) as { metadata: object; spec: { template: unknown } & object; status: object };
  const { template: _, ...rest } = spec;
  assert.deepEqual(rest, { selector: { matchLabels: labels }, updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } }, revisionHistoryLimit: 10 });
  assert.deepEqual(metadata, { name: "x", annotations: { "deprecated.daemonset.template.generation": "1" } });
  assert.deepEqual(status, { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 });
});

test("a daemon set counts the changes of its template", () => {
  const { prepareForCreate, prepareForUpdate } = definitionOf("DaemonSet");
  const old = decoded("DaemonSet", daemonSet());
  prepareForCreate!(old);
  const updated = (spec: object): string => {
    const next = decoded("DaemonSet", daemonSet(spec));
    prepareForUpdate!(next, old);
    return next.metadata.annotations!["deprecated.daemonset.template.generation"]!;
  };
  assert.deepEqual([updated({ minReadySeconds: 5 }), updated({ template: { ...template, spec: { containers: [{ name: "a", image: "j" }] } } })], ["1", "2"]);
});

test("a replication controller takes selector and labels from its template", () => {
  const { metadata, spec } = created("ReplicationController", controller()) as { metadata: object; spec: { template: unknown } & object };
  const { template: _, ...rest } = spec;
  assert.deepEqual([metadata, rest], [{ name: "x", labels }, { selector: labels, replicas: 1 }]);
});

test("a priority class's defaults", () => {
  assert.deepEqual(created("PriorityClass", { value: 5 }), { metadata: { name: "x", generation: 1 }, value: 5, preemptionPolicy: "PreemptLowerPriority" });
});

const NONE_SELECTED = "`selector` does not match template `labels`";
const PERCENT = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";
const creations: [kind: string, object: object, errors: string[]][] = [
  ["DaemonSet", daemonSet(), []],
  ["DaemonSet", { spec: { template } }, [`spec.template.metadata.labels: Invalid value: {"app":"x"}: ${NONE_SELECTED}`]],
  ["DaemonSet", daemonSet({ selector: {} }), ["spec.selector: Invalid value: {}: empty selector is invalid for daemonset"]],
  [
    "DaemonSet",
    daemonSet({ template: { ...template, spec: { ...template.spec, restartPolicy: "Never", activeDeadlineSeconds: 5 } } }),
    ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"', "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in DaemonSet is not Supported"],
  ],
  ["DaemonSet", daemonSet({ updateStrategy: { type: "Some" } }), ['spec.updateStrategy: Unsupported value: {"type":"Some"}: supported values: "RollingUpdate", "OnDelete"']],
  ["DaemonSet", daemonSet({ updateStrategy: { type: "OnDelete" } }), []],
  ["DaemonSet", rolling({ maxUnavailable: 0 }), ["spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0"]],
  ["DaemonSet", rolling({ maxSurge: 1 }), ["spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero"]],
  ["DaemonSet", rolling({ maxUnavailable: 0, maxSurge: "200%" }), ['spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: "200%": must not be greater than 100%']],
  ["ReplicationController", controller(), []],
  ["ReplicationController", {}, ["spec.selector: Required value", "spec.template: Required value"]],
  ["ReplicationController", controller({ selector: { app: "y" }, replicas: -1 }), ["spec.replicas: Invalid value: -1: must be greater than or equal to 0", `spec.template.metadata.labels: Invalid value: {"app":"x"}: ${NONE_SELECTED}`]],
  ["PodTemplate", { template }, []],
  ["PodTemplate", {}, ["template.spec.containers: Required value"]],
  ["PodDisruptionBudget", budget({}), []],
  ["PodDisruptionBudget", budget({ minAvailable: "50%", selector: { matchLabels: labels } }), []],
  ["PodDisruptionBudget", budget({ minAvailable: 1, maxUnavailable: 1 }), ['spec: Invalid value: {"minAvailable":1,"maxUnavailable":1}: minAvailable and maxUnavailable cannot be both set']],
  ["PodDisruptionBudget", budget({ minAvailable: "101%" }), ['spec.minAvailable: Invalid value: "101%": must not be greater than 100%']],
  ["PodDisruptionBudget", budget({ maxUnavailable: "x" }), [`spec.maxUnavailable: Invalid value: "x": ${PERCENT}`]],
  ["PodDisruptionBudget", budget({ maxUnavailable: -1, unhealthyPodEvictionPolicy: "Never" }), ["spec.maxUnavailable: Invalid value: -1: must be greater than or equal to 0", 'spec.unhealthyPodEvictionPolicy: Unsupported value: "Never": supported values: "AlwaysAllow", "IfHealthyBudget"']],
  ["PriorityClass", { value: 1_000_000_000 }, []],
  ["PriorityClass", { value: 1_000_000_001 }, ["value: Forbidden: maximum allowed value of a user defined priority is 1000000000"]],
  ["PriorityClass", { metadata: { name: "system-node-critical" }, value: 2_000_001_000 }, []],
  ["PriorityClass", { metadata: { name: "system-mine" } }, ["metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-mine is not a known system priority class"]],
  ["PriorityClass", { value: 1, preemptionPolicy: "Some" }, ['preemptionPolicy: Unsupported value: "Some": supported values: "PreemptLowerPriority", "Never"']],
  ["RuntimeClass", { handler: "runc", overhead: { podFixed: { cpu: "100m" } }, scheduling: { nodeSelector: labels, tolerations: [{ operator: "Exists" }] } }, []],
  [
    "RuntimeClass",
    { overhead: { podFixed: { cpu: "-1" } }, scheduling: { tolerations: [{ operator: "Exists" }, { operator: "Exists" }] } },
    [
      "handler: Invalid value: \"\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
      'overhead.podFixed.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0',
      'scheduling.tolerations[1]: Duplicate value: {"operator":"Exists"}',
    ],
  ],
];
for (const [kind, object, errors] of creations) test(`creating ${kind} ${JSON.stringify(object)}`, () => assert.deepEqual(creating(kind, object), errors));

const updates: [kind: string, old: object, object: object, errors: string[]][] = [
  ["DaemonSet", daemonSet(), daemonSet({ selector: { matchLabels: { ...labels, b: "c" } }, template: { ...template, metadata: { labels: { ...labels, b: "c" } } } }), ['spec.selector: Invalid value: {"matchLabels":{"app":"x","b":"c"}}: field is immutable']],
  ["PriorityClass", { value: 1 }, { value: 2, preemptionPolicy: "Never" }, ["value: Forbidden: may not be changed in an update.", 'preemptionPolicy: Invalid value: "Never": field is immutable']],
  ["RuntimeClass", { handler: "a" }, { handler: "b" }, ['handler: Invalid value: "b": field is immutable']],
];
for (const [kind, old, object, errors] of updates) test(`updating ${kind} to ${JSON.stringify(object)}`, () => assert.deepEqual(updating(kind, old, object), errors));

test("counts in a status are not negative", () => {
  assert.deepEqual(updatingStatus("DaemonSet", { ...daemonSet(), status: { collisionCount: 2 } }, { ...daemonSet(), status: { numberReady: -1, collisionCount: 1 } }), [
    "status.numberReady: Invalid value: -1: must be greater than or equal to 0",
    "status.collisionCount: Invalid value: 1: cannot be decremented",
  ]);
  assert.deepEqual(updatingStatus("PodDisruptionBudget", {}, { status: { disruptionsAllowed: -1 } }), ["status.disruptionsAllowed: Invalid value: -1: must be greater than or equal to 0"]);
  assert.deepEqual(updatingStatus("ReplicationController", controller(), { ...controller(), status: { replicas: 1, readyReplicas: 2 } }), ["status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas"]);
});

const wide = { Containers: "a", Images: "i" };
const rows: [kind: string, object: object, row: object][] = [
  [
    "DaemonSet",
    { spec: { selector: { matchLabels: labels }, template: { spec: { containers: [container], nodeSelector: { disk: "ssd" } } } }, status: { desiredNumberScheduled: 3, currentNumberScheduled: 2, numberReady: 1, updatedNumberScheduled: 1, numberAvailable: 1 } },
    { Name: "x", Desired: 3, Current: 2, Ready: 1, "Up-to-date": 1, Available: 1, "Node Selector": "disk=ssd", Age: "90s", ...wide, Selector: "app=x" },
  ],
  ["ReplicationController", { spec: { replicas: 2, selector: labels, template }, status: { replicas: 1 } }, { Name: "x", Desired: 2, Current: 1, Ready: 0, Age: "90s", ...wide, Selector: "app=x" }],
  ["PodTemplate", { template }, { Name: "x", ...wide, "Pod Labels": "app=x" }],
  ["PodDisruptionBudget", { spec: { minAvailable: "50%" }, status: { disruptionsAllowed: 2 } }, { Name: "x", "Min Available": "50%", "Max Unavailable": "N/A", "Allowed Disruptions": 2, Age: "90s" }],
  ["PriorityClass", { value: 5, preemptionPolicy: "Never" }, { Name: "x", Value: 5, "Global-Default": false, Age: "90s", PreemptionPolicy: "Never" }],
  ["RuntimeClass", { handler: "runc" }, { Name: "x", Handler: "runc", Age: "90s" }],
];
for (const [kind, object, row] of rows) test(`the row of ${kind} ${JSON.stringify(object)}`, () => assert.deepEqual(rowOf(kind, object), row));
