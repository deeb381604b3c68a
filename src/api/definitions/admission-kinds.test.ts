/** The kinds of admissionregistration.k8s.io: defaults, validation in upstream's words, columns. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { created, creating, rowOf, updating, updatingStatus } from "./testing.ts";

const rule = { operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods"] };
const webhook = (more: object = {}): object => ({ name: "a.example.com", clientConfig: { service: { name: "s", namespace: "n" } }, sideEffects: "None", admissionReviewVersions: ["v1"], ...more });
const hooks = (...webhooks: object[]): object => ({ webhooks });
const policy = (spec: object = {}): object => ({ spec: { matchConstraints: { resourceRules: [rule] }, validations: [{ expression: "true" }], ...spec } });
const mutatingPolicy = (spec: object = {}): object => ({
  spec: { matchConstraints: { resourceRules: [rule] }, mutations: [{ patchType: "JSONPatch", jsonPatch: { expression: "[JSONPatch{op: 'remove', path: '/a'}]" } }], reinvocationPolicy: "Never", ...spec },
});
const binding = (spec: object = {}): object => ({ spec: { policyName: "p", validationActions: ["Deny"], ...spec } });

const HOOK = "webhooks[0]";
const RULES = "spec.matchConstraints.resourceRules[0]";
const SEVERAL = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";

test("a webhook's defaults", () => {
  const selected = { namespaceSelector: {}, objectSelector: {} };
  const stored = {
    name: "a.example.com",
    clientConfig: { service: { name: "s", namespace: "n", port: 443 } },
    sideEffects: "None",
    admissionReviewVersions: ["v1"],
    failurePolicy: "Fail",
    matchPolicy: "Equivalent",
    timeoutSeconds: 10,
    rules: [{ ...rule, scope: "*" }],
    ...selected,
  };
  assert.deepEqual(created("ValidatingWebhookConfiguration", hooks(webhook({ rules: [rule] }))), { metadata: { name: "x" }, webhooks: [stored] });
  assert.deepEqual(created("MutatingWebhookConfiguration", hooks(webhook({ rules: [rule] }))), { metadata: { name: "x" }, webhooks: [{ ...stored, reinvocationPolicy: "Never" }] });
});

test("a policy's and a binding's defaults", () => {
  const matches = { matchPolicy: "Equivalent", namespaceSelector: {}, objectSelector: {}, resourceRules: [{ ...rule, scope: "*" }] };
  assert.deepEqual(created("ValidatingAdmissionPolicy", { ...policy(), status: { observedGeneration: 3 } }), {
    metadata: { name: "x" },
    spec: { failurePolicy: "Fail", matchConstraints: matches, validations: [{ expression: "true" }] },
    status: {},
  });
  assert.deepEqual(created("MutatingAdmissionPolicyBinding", { spec: { policyName: "p", matchResources: { resourceRules: [rule] } } }), {
    metadata: { name: "x" },
    spec: { policyName: "p", matchResources: matches },
  });
});

const creations: [kind: string, object: object, errors: string[]][] = [
  ["ValidatingWebhookConfiguration", hooks(webhook({ rules: [rule] })), []],
  ["MutatingWebhookConfiguration", hooks(webhook({ rules: [rule], reinvocationPolicy: "IfNeeded" })), []],
  ["ValidatingWebhookConfiguration", hooks(webhook({ name: "" })), [`${HOOK}.name: Required value`]],
  ["ValidatingWebhookConfiguration", hooks(webhook({ name: "a.b" })), [`${HOOK}.name: Invalid value: "a.b": should be a domain with at least three segments separated by dots`]],
  ["ValidatingWebhookConfiguration", hooks(webhook(), webhook()), ['webhooks[1].name: Duplicate value: "a.example.com"']],
  ["ValidatingWebhookConfiguration", hooks(webhook({ clientConfig: {} })), [`${HOOK}.clientConfig: Required value: exactly one of url or service is required`]],
  [
    "ValidatingWebhookConfiguration",
    hooks(webhook({ clientConfig: { url: "http://u:p@example.com/x?y#z" } })),
    [
      `${HOOK}.clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme; desired format: https://host[/path]`,
      `${HOOK}.clientConfig.url: Invalid value: "u:p": user information is not permitted in the URL`,
      `${HOOK}.clientConfig.url: Invalid value: "z": fragments are not permitted in the URL`,
      `${HOOK}.clientConfig.url: Invalid value: "y": query parameters are not permitted in the URL`,
    ],
  ],
  ["ValidatingWebhookConfiguration", hooks(webhook({ clientConfig: { url: "https:///x" } })), [`${HOOK}.clientConfig.url: Invalid value: "": host must be specified; desired format: https://host[/path]`]],
  [
    "ValidatingWebhookConfiguration",
    hooks(webhook({ clientConfig: { service: { name: "", namespace: "", path: "a//b", port: 0 } } })),
    [
      `${HOOK}.clientConfig.service.name: Required value`,
      `${HOOK}.clientConfig.service.namespace: Required value`,
      `${HOOK}.clientConfig.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive`,
      `${HOOK}.clientConfig.service.path: Invalid value: "a//b": must start with a '/'`,
      `${HOOK}.clientConfig.service.path: Invalid value: "a//b": segment[0] may not be empty`,
      `${HOOK}.clientConfig.service.path: Invalid value: "a//b": segment[1] may not be empty`,
    ],
  ],
  [
    "ValidatingWebhookConfiguration",
    hooks(webhook({ sideEffects: "Some", failurePolicy: "Maybe", matchPolicy: "Some", timeoutSeconds: 31, admissionReviewVersions: ["v2"] })),
    [
      `${HOOK}.failurePolicy: Unsupported value: "Maybe": supported values: "Fail", "Ignore"`,
      `${HOOK}.matchPolicy: Unsupported value: "Some": supported values: "Equivalent", "Exact"`,
      `${HOOK}.sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"`,
      `${HOOK}.timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds`,
      `${HOOK}.admissionReviewVersions: Invalid value: ["v2"]: must include at least one of v1, v1beta1`,
    ],
  ],
  [
    "ValidatingWebhookConfiguration",
    hooks({ name: "a.example.com", clientConfig: { url: "https://example.com" } }),
    [`${HOOK}.sideEffects: Required value: must specify one of None, NoneOnDryRun`, `${HOOK}.admissionReviewVersions: Required value: must specify one of v1, v1beta1`],
  ],
  ["MutatingWebhookConfiguration", hooks(webhook({ reinvocationPolicy: "Always" })), [`${HOOK}.reinvocationPolicy: Unsupported value: "Always": supported values: "IfNeeded", "Never"`]],
  [
    "ValidatingWebhookConfiguration",
    hooks(webhook({ rules: [{ operations: ["*", "PATCH"], apiGroups: [], apiVersions: [""], resources: ["pods/*", "pods/log", "*", "nodes"], scope: "All" }] })),
    [
      `${HOOK}.rules[0].operations: Invalid value: ["*","PATCH"]: if '*' is present, must not specify other operations`,
      `${HOOK}.rules[0].operations[1]: Unsupported value: "PATCH": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"`,
      `${HOOK}.rules[0].apiGroups: Required value`,
      `${HOOK}.rules[0].apiVersions[0]: Required value`,
      `${HOOK}.rules[0].resources[1]: Invalid value: "pods/log": if 'pods/*' is present, must not specify pods/log`,
      `${HOOK}.rules[0].resources: Invalid value: ["pods/*","pods/log","*","nodes"]: if '*' is present, must not specify other resources without subresources`,
      `${HOOK}.rules[0].scope: Unsupported value: "All": supported values: "*", "Cluster", "Namespaced"`,
    ],
  ],
  [
    "ValidatingWebhookConfiguration",
    hooks(webhook({ matchConditions: [{ name: "a", expression: "true" }, { name: "a", expression: " " }, { name: "", expression: "true" }] })),
    [
      `${HOOK}.matchConditions[1].expression: Required value`,
      `${HOOK}.matchConditions[1].name: Duplicate value: "a"`,
      `${HOOK}.matchConditions[2].name: Required value`,
    ],
  ],
  [
    "ValidatingWebhookConfiguration",
    hooks(webhook({ objectSelector: { matchExpressions: [{ key: "a", operator: "Exists", values: ["b"] }] } })),
    [`${HOOK}.objectSelector.matchExpressions[0].values: Forbidden: ${SEVERAL}`],
  ],

  ["ValidatingAdmissionPolicy", policy(), []],
  ["ValidatingAdmissionPolicy", {}, ["spec.matchConstraints: Required value", "spec.validations: Required value: validations or auditAnnotations must contain at least one item", "spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item"]],
  ["ValidatingAdmissionPolicy", policy({ matchConstraints: {} }), ["spec.matchConstraints.resourceRules: Required value"]],
  ["ValidatingAdmissionPolicy", policy({ failurePolicy: "Open" }), ['spec.failurePolicy: Unsupported value: "Open": supported values: "Fail", "Ignore"']],
  ["ValidatingAdmissionPolicy", policy({ paramKind: { apiVersion: "a/b/c", kind: "" } }), ['spec.paramKind.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c', "spec.paramKind.kind: Required value"]],
  [
    "ValidatingAdmissionPolicy",
    policy({ matchConstraints: { resourceRules: [{ ...rule, resourceNames: ["a", "a", "b/c"] }] } }),
    [`${RULES}.resourceNames[1]: Duplicate value: "a"`, `${RULES}.resourceNames[2]: Invalid value: "b/c": may not contain '/'`],
  ],
  [
    "ValidatingAdmissionPolicy",
    policy({ variables: [{ name: "in", expression: "1" }, { name: " ", expression: "" }] }),
    [
      'spec.variables[0].name: Invalid value: "in": name is not a valid CEL identifier',
      "spec.variables[1].name: Required value: name is not specified",
      "spec.variables[1].expression: Required value: expression is not specified",
    ],
  ],
  [
    "ValidatingAdmissionPolicy",
    policy({ validations: [{ expression: "", message: "a\nb", reason: "Teapot", messageExpression: " " }] }),
    [
      "spec.validations[0].expression: Required value: expression is not specified",
      'spec.validations[0].messageExpression: Invalid value: " ": must be non-empty if specified',
      'spec.validations[0].message: Invalid value: "a\\nb": message must not contain line breaks',
      'spec.validations[0].reason: Unsupported value: "Teapot": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge"',
    ],
  ],
  [
    "ValidatingAdmissionPolicy",
    policy({ auditAnnotations: [{ key: "k", valueExpression: "'a'" }, { key: "k", valueExpression: "" }] }),
    ["spec.auditAnnotations[1].valueExpression: Required value: valueExpression is not specified", 'spec.auditAnnotations[1].key: Duplicate value: "k"'],
  ],

  [
    "ValidatingAdmissionPolicy",
    policy({
      variables: [{ name: "size", expression: "size(object.data)" }, { name: "broken", expression: "variables.later" }],
      matchConditions: [{ name: "a", expression: "'yes'" }],
      validations: [{ expression: "variables.size", messageExpression: "authorizer.path('/').check('get').reason()" }, { expression: "params.most > 1" }],
      auditAnnotations: [{ key: "k", valueExpression: "1" }],
    }),
    [
      "spec.matchConditions[0].expression: Invalid value: \"'yes'\": must evaluate to bool but got string",
      'spec.variables[1].expression: Invalid value: "variables.later": compilation failed: ERROR: <input>:1:10: undefined field \'later\'\n | variables.later\n | .........^',
      'spec.validations[0].expression: Invalid value: "variables.size": must evaluate to bool but got int',
      "spec.validations[0].messageExpression: Invalid value: \"authorizer.path('/').check('get').reason()\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'authorizer' (in container '')\n | authorizer.path('/').check('get').reason()\n | ^",
      "spec.validations[1].expression: Invalid value: \"params.most > 1\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'params' (in container '')\n | params.most > 1\n | ^",
      'spec.auditAnnotations[0].valueExpression: Invalid value: "1": must evaluate to one of [string null_type] but got int',
    ],
  ],

  ["MutatingAdmissionPolicy", mutatingPolicy(), []],
  [
    "MutatingAdmissionPolicy",
    mutatingPolicy({ mutations: [{ patchType: "ApplyConfiguration", applyConfiguration: { expression: "true" } }, { patchType: "JSONPatch", jsonPatch: { expression: "[1]" } }] }),
    [
      'spec.mutations[0].applyConfiguration.expression: Invalid value: "true": must evaluate to Object but got bool',
      'spec.mutations[1].jsonPatch.expression: Invalid value: "[1]": must evaluate to list(JSONPatch) but got list(int)',
    ],
  ],
  ["MutatingAdmissionPolicy", mutatingPolicy({ mutations: [], reinvocationPolicy: "" }), ["spec.mutations: Required value: mutations must contain at least one item", "spec.reinvocationPolicy: Required value"]],
  [
    "MutatingAdmissionPolicy",
    mutatingPolicy({ mutations: [{ patchType: "Merge" }, { patchType: "ApplyConfiguration" }, { patchType: "JSONPatch", jsonPatch: {} }] }),
    [
      'spec.mutations[0].patchType: Unsupported value: "Merge": supported values: "ApplyConfiguration", "JSONPatch"',
      "spec.mutations[1].applyConfiguration: Required value: must be specified when patchType is ApplyConfiguration",
      "spec.mutations[2].jsonPatch.expression: Required value: expression is not specified",
    ],
  ],

  ["ValidatingAdmissionPolicyBinding", binding(), []],
  ["ValidatingAdmissionPolicyBinding", {}, ["spec.policyName: Required value", "spec.validationActions: Required value: at least one validation action is required"]],
  [
    "ValidatingAdmissionPolicyBinding",
    binding({ validationActions: ["Deny", "Warn", "Warn", "Log"] }),
    [
      'spec.validationActions[2]: Duplicate value: "Warn"',
      'spec.validationActions[3]: Unsupported value: "Log": supported values: "Audit", "Deny", "Warn"',
      'spec.validationActions: Invalid value: ["Deny","Warn","Warn","Log"]: must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
    ],
  ],
  [
    "MutatingAdmissionPolicyBinding",
    { spec: { policyName: "p", paramRef: { name: "a", selector: {}, parameterNotFoundAction: "Maybe" } } },
    [
      "spec.paramRef.name: Forbidden: name and selector are mutually exclusive",
      "spec.paramRef.selector: Forbidden: name and selector are mutually exclusive",
      'spec.paramRef.parameterNotFoundAction: Unsupported value: "Maybe": supported values: "Deny", "Allow"',
    ],
  ],
  ["MutatingAdmissionPolicyBinding", { spec: { policyName: "p", paramRef: {} } }, ["spec.paramRef: Required value: one of name or selector must be specified", "spec.paramRef.parameterNotFoundAction: Required value"]],
];
for (const [kind, object, errors] of creations) test(`creating ${kind} ${JSON.stringify(object).slice(0, 150)}`, () => assert.deepEqual(creating(kind, object), errors));

test("an update may keep what a new object may not have", () => {
  const known = webhook({ sideEffects: "Some", admissionReviewVersions: ["v2"] });
  assert.deepEqual(updating("ValidatingWebhookConfiguration", hooks(known, known), hooks(known, known)), []);
  assert.deepEqual(updating("ValidatingWebhookConfiguration", hooks(webhook()), hooks(known)).length, 2);
});

test("a policy's status", () => {
  const status = { typeChecking: { expressionWarnings: [{ fieldRef: "", warning: "" }] }, conditions: [{ type: "Ready", status: "Yes", reason: "1", message: "", lastTransitionTime: "2026-01-01T00:00:00Z" }] };
  assert.deepEqual(updatingStatus("ValidatingAdmissionPolicy", policy(), { ...policy(), status }), [
    "status.typeChecking.expressionWarnings[0].warning: Required value",
    "status.typeChecking.expressionWarnings[0].fieldRef: Required value",
    'status.conditions[0].status: Unsupported value: "Yes": supported values: "False", "True", "Unknown"',
    `status.conditions[0].reason: Invalid value: "1": a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')`,
  ]);
});

const rows: [kind: string, object: object, row: object][] = [
  ["ValidatingWebhookConfiguration", hooks(webhook()), { Name: "x", Webhooks: 1, Age: "90s" }],
  ["MutatingWebhookConfiguration", {}, { Name: "x", Webhooks: 0, Age: "90s" }],
  ["ValidatingAdmissionPolicy", policy({ paramKind: { apiVersion: "v1", kind: "ConfigMap" } }), { Name: "x", Validations: 1, ParamKind: "v1/ConfigMap", Age: "90s" }],
  ["MutatingAdmissionPolicy", mutatingPolicy(), { Name: "x", Mutations: 1, ParamKind: "<unset>", Age: "90s" }],
  ["ValidatingAdmissionPolicyBinding", binding({ paramRef: { name: "a" } }), { Name: "x", PolicyName: "p", ParamRef: "*/a", Age: "90s" }],
  [
    "MutatingAdmissionPolicyBinding",
    binding({ paramRef: { selector: { matchLabels: { a: "b" } } } }),
    { Name: "x", PolicyName: "p", ParamRef: "&LabelSelector{MatchLabels:map[string]string{a: b,},MatchExpressions:[]LabelSelectorRequirement{},}", Age: "90s" },
  ],
];
for (const [kind, object, row] of rows) test(`the row of ${kind}`, () => assert.deepEqual(rowOf(kind, object), row));
