/** ResourceQuota, LimitRange and what limits requests: defaults, validation in upstream's words, columns. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MANDATORY_FLOW_SCHEMAS, MANDATORY_PRIORITY_LEVELS, SUGGESTED_FLOW_SCHEMAS, SUGGESTED_PRIORITY_LEVELS } from "./flow-control-objects.ts";
import { created, creating, rowOf, updating, updatingStatus } from "./testing.ts";

const quota = (hard: object, more: object = {}): object => ({ spec: { hard, ...more } });
const selector = (...matchExpressions: object[]): object => ({ scopeSelector: { matchExpressions } });
const limits = (...limits: object[]): object => ({ spec: { limits } });
const container = (more: object = {}): object => limits({ type: "Container", ...more });
const group = { kind: "Group", group: { name: "g" } };
const rule = (more: object = {}): object => ({ subjects: [group], nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }], ...more });
const schema = (more: object = {}, ...rules: object[]): object => ({ spec: { priorityLevelConfiguration: { name: "l" }, matchingPrecedence: 10, rules, ...more } });
const resources = (more: object = {}): object => rule({ nonResourceRules: [], resourceRules: [{ verbs: ["get"], apiGroups: [""], resources: ["pods"], clusterScope: true, ...more }] });
const level = (limited: object): object => ({ spec: { type: "Limited", limited } });
const queue = (queuing: object): object => level({ limitResponse: { type: "Queue", queuing } });

const RULE = "spec.rules[0]";
const LIMIT = "spec.limits[0]";
const EXPRESSIONS = "spec.scopeSelector.matchExpressions";

const creations: [kind: string, object: object, errors: string[]][] = [
  ["ResourceQuota", quota({ pods: "10", "requests.cpu": "1", "count/jobs.batch": "5", "requests.nvidia.com/gpu": "1", "standard.storageclass.storage.k8s.io/requests.storage": "1Gi" }), []],
  ["ResourceQuota", quota({ pod: "10" }), ['spec.hard[pod]: Invalid value: "pod": must be a standard resource type or fully qualified', 'spec.hard[pod]: Invalid value: "pod": must be a standard resource for quota']],
  ["ResourceQuota", quota({ pods: "-1" }), ['spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0']],
  ["ResourceQuota", quota({ pods: "1500m" }), ['spec.hard[pods]: Invalid value: "1500m": must be an integer']],
  ["ResourceQuota", quota({ pods: "1" }, { scopes: ["BestEffort"] }), []],
  ["ResourceQuota", quota({ cpu: "1" }, { scopes: ["BestEffort"] }), ['spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource']],
  ["ResourceQuota", quota({}, { scopes: ["Terminating", "NotTerminating"] }), ['spec.scopes: Invalid value: ["Terminating","NotTerminating"]: conflicting scopes']],
  ["ResourceQuota", quota({}, { scopes: ["Nice"] }), ['spec.scopes: Invalid value: ["Nice"]: unsupported scope']],
  ["ResourceQuota", quota({ pods: "1" }, selector({ scopeName: "PriorityClass", operator: "In", values: ["high"] })), []],
  ["ResourceQuota", quota({}, selector({ scopeName: "PriorityClass", operator: "In" })), [`${EXPRESSIONS}.values: Required value: must be at least one value when \`operator\` is 'In' or 'NotIn' for scope selector`]],
  ["ResourceQuota", quota({}, selector({ scopeName: "PriorityClass", operator: "Exists", values: ["a"] })), [`${EXPRESSIONS}.values: Invalid value: ["a"]: must be no value when \`operator\` is 'Exist' or 'DoesNotExist' for scope selector`]],
  ["LimitRange", container({ max: { cpu: "2" }, min: { cpu: "100m" }, maxLimitRequestRatio: { cpu: "4" } }), []],
  ["LimitRange", limits({ type: "Job" }), [`${LIMIT}.type: Invalid value: "Job": must be a standard limit type or fully qualified`]],
  ["LimitRange", limits({ type: "Pod" }, { type: "Pod" }), ['spec.limits[1].type: Duplicate value: "Pod"']],
  ["LimitRange", limits({ type: "Pod", default: { cpu: "1" } }), [`${LIMIT}.default: Forbidden: may not be specified when \`type\` is 'Pod'`]],
  ["LimitRange", limits({ type: "PersistentVolumeClaim" }), [`${LIMIT}.limits: Required value: either minimum or maximum storage value is required, but neither was provided`]],
  ["LimitRange", limits({ type: "Pod", min: { cpu: "2" }, max: { cpu: "1" } }), [`${LIMIT}.min[cpu]: Invalid value: "2": min value 2 is greater than max value 1`]],
  ["LimitRange", limits({ type: "Pod", maxLimitRequestRatio: { cpu: "500m" } }), [`${LIMIT}.maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1`]],
  ["LimitRange", limits({ type: "Pod", min: { cpu: "1" }, max: { cpu: "2" }, maxLimitRequestRatio: { cpu: "3" } }), [`${LIMIT}.maxLimitRequestRatio[cpu]: Invalid value: "3": ratio 3 is greater than max/min = 2.000000`]],
  ["LimitRange", container({ default: { cpu: "1" }, defaultRequest: { cpu: "2" } }), [`${LIMIT}.defaultRequest[cpu]: Invalid value: "2": default request value 2 is greater than default limit value 1`]],
  ["FlowSchema", schema({}, rule(), resources(), resources({ clusterScope: false, namespaces: ["shop"] })), []],
  ["FlowSchema", schema({ matchingPrecedence: 10_001 }), ["spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000"]],
  ["FlowSchema", schema({ matchingPrecedence: 1 }), ["spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1"]],
  ["FlowSchema", { spec: {} }, ["spec.priorityLevelConfiguration.name: Required value: must reference a priority level"]],
  ["FlowSchema", schema({}, rule({ subjects: [] })), [`${RULE}.subjects: Required value: subjects must contain at least one value`]],
  ["FlowSchema", schema({}, rule({ nonResourceRules: [] })), [`${RULE}: Required value: at least one of resourceRules and nonResourceRules has to be non-empty`]],
  ["FlowSchema", schema({}, rule({ subjects: [{ kind: "User", group: { name: "g" } }] })), [`${RULE}.subjects[0].group: Forbidden: group is forbidden when subject kind is not 'Group'`, `${RULE}.subjects[0].user: Required value: user is required when subject kind is 'User'`]],
  ["FlowSchema", schema({}, resources({ clusterScope: false })), [`${RULE}.resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace`]],
  ["FlowSchema", schema({}, resources({ verbs: ["*", "get"] })), [`${RULE}.resourceRules[0].verbs: Invalid value: ["*","get"]: if '*' is present, must not specify other verbs`]],
  ["FlowSchema", schema({}, rule({ nonResourceRules: [{ verbs: ["get"], nonResourceURLs: ["healthz"] }] })), [`${RULE}.nonResourceRules[0].nonResourceURLs[0]: Invalid value: "healthz": must start with slash`]],
  ["PriorityLevelConfiguration", level({ limitResponse: { type: "Reject" } }), []],
  ["PriorityLevelConfiguration", { spec: { type: "Limited" } }, ["spec.limited: Required value: must not be empty when type is Limited"]],
  ["PriorityLevelConfiguration", { spec: { type: "Exempt" } }, ["spec.type: Invalid value: \"Exempt\": type must be 'Exempt' if and only if `name` is 'exempt'"]],
  ["PriorityLevelConfiguration", level({}), ['spec.limited.limitResponse.type: Unsupported value: "": supported values: "Queue", "Reject"']],
  ["PriorityLevelConfiguration", queue({ queues: 4, handSize: 5 }), ["spec.limited.limitResponse.queuing.handSize: Invalid value: 5: should not be greater than queues (4)"]],
  ["PriorityLevelConfiguration", queue({ queues: 1024, handSize: 8 }), ["spec.limited.limitResponse.queuing.handSize: Invalid value: 8: required entropy bits of deckSize 1024 and handSize 8 should not be greater than 60"]],
];
for (const [kind, object, errors] of creations) {
  test(`creating ${kind} ${JSON.stringify(object).slice(0, 150)}`, () => assert.deepEqual(creating(kind, object), errors));
}

test("what every server has of flow control is valid", () => {
  for (const [name, spec] of Object.entries({ ...MANDATORY_FLOW_SCHEMAS, ...SUGGESTED_FLOW_SCHEMAS })) assert.deepEqual(creating("FlowSchema", { metadata: { name }, spec }), [], name);
  for (const [name, spec] of Object.entries({ ...MANDATORY_PRIORITY_LEVELS, ...SUGGESTED_PRIORITY_LEVELS })) assert.deepEqual(creating("PriorityLevelConfiguration", { metadata: { name }, spec }), [], name);
  assert.match(creating("FlowSchema", { metadata: { name: "catch-all" }, ...schema({}, rule()) })[0]!, /^spec: Invalid value: .*: spec of 'catch-all' must equal the fixed value$/);
});

test("a quota's scopes can't be changed, and its status holds quantities", () => {
  assert.deepEqual(updating("ResourceQuota", quota({}, { scopes: ["BestEffort"] }), quota({})), ["spec.scopes: Invalid value: null: field is immutable"]);
  const status = (used: object): object => ({ ...quota({ pods: "1" }), status: { hard: { pods: "1" }, used } });
  assert.deepEqual(updatingStatus("ResourceQuota", status({}), status({ pods: "-1" })), ['status.used[pods]: Invalid value: "-1": must be greater than or equal to 0']);
});

test("defaults: a container's limits follow from each other, queues have sizes", () => {
  const [limit] = (created("LimitRange", container({ max: { cpu: "2" }, min: { cpu: "1", memory: "1Gi" } })) as { spec: { limits: object[] } }).spec.limits;
  assert.deepEqual(limit, { type: "Container", max: { cpu: "2" }, min: { cpu: "1", memory: "1Gi" }, default: { cpu: "2" }, defaultRequest: { cpu: "2", memory: "1Gi" } });
  assert.deepEqual(created("LimitRange", container()), { metadata: { name: "x" }, spec: { limits: [{ type: "Container" }] } });
  assert.deepEqual((created("PriorityLevelConfiguration", queue({})) as { spec: object }).spec, {
    type: "Limited",
    limited: { nominalConcurrencyShares: 30, lendablePercent: 0, limitResponse: { type: "Queue", queuing: { queues: 64, handSize: 8, queueLengthLimit: 50 } } },
  });
});

test("the rows of kubectl get -o wide", () => {
  const status = { hard: { pods: "10", "limits.cpu": "4", "requests.cpu": "2" }, used: { pods: "3", "limits.cpu": "1" } };
  assert.deepEqual(rowOf("ResourceQuota", { ...quota({}), status }), { Name: "x", Request: "pods: 3/10, requests.cpu: 0/2", Limit: "limits.cpu: 1/4", Age: "90s" });
  assert.deepEqual(rowOf("FlowSchema", schema({ distinguisherMethod: { type: "ByUser" } })), { Name: "x", PriorityLevel: "l", MatchingPrecedence: 10, DistinguisherMethod: "ByUser", Age: "90s", MissingPL: "?" });
  const none = { NominalConcurrencyShares: "<none>", Queues: "<none>", HandSize: "<none>", QueueLengthLimit: "<none>" };
  assert.deepEqual(rowOf("PriorityLevelConfiguration", { spec: { type: "Exempt" } }), { Name: "x", Type: "Exempt", ...none, Age: "90s" });
});
