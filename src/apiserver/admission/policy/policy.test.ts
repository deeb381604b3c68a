import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { define } from "../../apiextensions/testing.ts";
import { startTestServer, type Answer, type TestServer } from "../../testing.ts";
import type { User } from "../../user.ts";

const NAMESPACE = "/api/v1/namespaces/default";
const GROUP = "/apis/admissionregistration.k8s.io/v1";
const MERGE = { "content-type": "application/merge-patch+json" };
const RULE = { operations: ["CREATE", "UPDATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["configmaps"] };

let server: TestServer;
const noted: Record<string, string> = {};
beforeEach(async () => {
  for (const key of Object.keys(noted)) delete noted[key];
  // Listens in on what is noted for the audit log.
  const listener = {
    name: "Listener",
    admit: (attributes: { annotate?: ((key: string, value: string) => void) | undefined }) => void (attributes.annotate = (key, value) => void (noted[key] = value)),
  };
  server = await startTestServer({ admissionPlugins: [listener] });
});
afterEach(() => server.close());

const create = (object: object = {}, user?: User): Promise<Answer> => server.request(`POST ${NAMESPACE}/configmaps`, { metadata: { name: "c" }, ...object }, {}, user);

describe("a ValidatingAdmissionPolicy", () => {
  const policy = (spec: object) => server.create(`${GROUP}/validatingadmissionpolicies`, { metadata: { name: "p" }, spec: { matchConstraints: { resourceRules: [RULE] }, ...spec } });
  const bind = (spec: object = {}, name = "b") => server.create(`${GROUP}/validatingadmissionpolicybindings`, { metadata: { name }, spec: { policyName: "p", validationActions: ["Deny"], ...spec } });
  const denied = (why: string) => `configmaps "c" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: ${why}`;

  it("refuses what its expressions say is wrong", async () => {
    await policy({ validations: [{ expression: "object.metadata.name != 'c'" }] });
    assert.equal((await create()).status, 201, "it does nothing unbound");
    await server.request(`DELETE ${NAMESPACE}/configmaps/c`);
    await bind();
    const { status, body } = await create();
    assert.deepEqual([status, body.reason, body.message], [422, "Invalid", denied("failed expression: object.metadata.name != 'c'")]);
    const cause = "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: failed expression: object.metadata.name != 'c'";
    assert.deepEqual(body.details, { name: "c", kind: "configmaps", causes: [{ message: cause }] });
    assert.equal((await create({ metadata: { name: "d" } })).status, 201);
  });

  it("says why as it is told to", async () => {
    await policy({
      validations: [{ expression: "size(object.data) < 2", message: "too many", messageExpression: "'has ' + string(size(object.data)) + ' keys'", reason: "Forbidden" }],
    });
    await bind();
    const { status, body } = await create({ data: { a: "1", b: "2" } });
    assert.deepEqual([status, body.message], [403, denied("has 2 keys")]);
  });

  it("falls back to its message when the expression for it fails", async () => {
    await policy({ validations: [{ expression: "false", message: "no", messageExpression: "string(object.nothing)" }] });
    await bind();
    assert.equal((await create()).body.message, denied("no"));
  });

  it("refuses what it can't evaluate, unless failures are ignored", async () => {
    await policy({ validations: [{ expression: "object.data.size() > 0" }] });
    await bind();
    assert.equal((await create()).body.message, denied("expression 'object.data.size() > 0' resulted in error: no such key: data"));
    await server.request(`PATCH ${GROUP}/validatingadmissionpolicies/p`, { spec: { failurePolicy: "Ignore" } }, MERGE);
    assert.equal((await create()).status, 201);
  });

  it("knows variables, each evaluated when it is used", async () => {
    await policy({
      variables: [
        { name: "keys", expression: "size(object.data)" },
        { name: "double", expression: "variables.keys * 2" },
        { name: "broken", expression: "object.nothing" },
      ],
      validations: [{ expression: "variables.double > 4 || variables.broken", messageExpression: "'doubled: ' + string(variables.double)" }],
    });
    await bind();
    assert.equal((await create({ data: { a: "1", b: "2", c: "3" } })).status, 201);
    assert.equal(
      (await create({ metadata: { name: "d" }, data: { a: "1" } })).body.message,
      "configmaps \"d\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: expression 'variables.double > 4 || variables.broken' resulted in error: composited variable \"broken\" fails to evaluate: no such key: nothing",
    );
  });

  it("knows the old object, the request, the namespace and what the user may do", async () => {
    await server.request("PATCH /api/v1/namespaces/default", { metadata: { labels: { env: "test" } } }, MERGE);
    await policy({
      validations: [
        { expression: "oldObject == null || object.data.a != oldObject.data.a", message: "unchanged" },
        { expression: "request.operation in ['CREATE', 'UPDATE'] && request.resource.resource == 'configmaps' && request.userInfo.username == 'admin'", message: "request" },
        { expression: "namespaceObject.metadata.labels.env == 'test'", message: "namespace" },
        { expression: "authorizer.group('').resource('pods').namespace('default').check('create').allowed()", message: "authorizer" },
        { expression: "!authorizer.serviceAccount('default', 'default').group('').resource('secrets').check('list').allowed()", message: "service account" },
        { expression: "authorizer.requestResource.check('create').allowed()", message: "request resource" },
      ],
    });
    await bind();
    const { status, body } = await create({ data: { a: "1" } });
    assert.deepEqual([status, body.message], [201, undefined]);
    assert.equal((await server.request(`PATCH ${NAMESPACE}/configmaps/c`, { metadata: { labels: { a: "b" } } }, MERGE)).body.message, denied("unchanged"));
  });

  it("warns and notes instead of refusing", async () => {
    await policy({ validations: [{ expression: "false", message: "no" }], auditAnnotations: [{ key: "who", valueExpression: "'by ' + request.userInfo.username" }] });
    await bind({ validationActions: ["Warn", "Audit"] });
    const { status, headers } = await create();
    assert.deepEqual([status, headers["warning"]], [201, "299 - \"Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': no\""]);
    assert.deepEqual(JSON.parse(noted["validation.policy.admission.k8s.io/validation_failure"]!), [
      { message: "no", policy: "p", binding: "b", expressionIndex: 0, validationActions: ["Warn", "Audit"] },
    ]);
    assert.equal(noted["p/who"], "by admin");
  });

  it("concerns what its constraints, its conditions and its binding leave", async () => {
    await policy({
      matchConstraints: { resourceRules: [RULE], excludeResourceRules: [{ ...RULE, resourceNames: ["spared"] }], objectSelector: { matchExpressions: [{ key: "free", operator: "DoesNotExist" }] } },
      matchConditions: [{ name: "not-nodes", expression: "!('system:nodes' in request.userInfo.groups)" }],
      validations: [{ expression: "false", message: "no" }],
    });
    await bind({ matchResources: { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "default" } } } });
    assert.equal((await create()).status, 422);
    assert.equal((await create({ metadata: { name: "spared" } })).status, 201);
    assert.equal((await create({ metadata: { name: "d", labels: { free: "yes" } } })).status, 201);
    assert.equal((await create({ metadata: { name: "e" } }, { name: "n", groups: ["system:masters", "system:nodes"] })).status, 201);
    assert.equal((await server.request("POST /api/v1/namespaces/kube-system/configmaps", { metadata: { name: "c" } })).status, 201);
  });

  describe("with params", () => {
    const limit = (name: string, most: string, labels = {}) => server.create(`${NAMESPACE}/secrets`, { metadata: { name, labels }, stringData: { most } });
    const PARAMS = { paramKind: { apiVersion: "v1", kind: "Secret" }, validations: [{ expression: "size(object.data) <= size(params.data)", messageExpression: "'more than ' + params.metadata.name" }] };

    it("is evaluated with those that the binding names", async () => {
      await policy(PARAMS);
      await bind({ paramRef: { name: "limit", parameterNotFoundAction: "Deny" } });
      assert.equal((await create({ data: { a: "1" } })).body.message, denied("failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction"));
      await limit("limit", "1");
      assert.equal((await create({ data: { a: "1" } })).status, 201);
      assert.match((await create({ metadata: { name: "d" }, data: { a: "1", b: "2" } })).body.message, /denied request: more than limit$/);
    });

    it("or selects, each in turn", async () => {
      await policy(PARAMS);
      await bind({ paramRef: { selector: { matchLabels: { limits: "yes" } }, parameterNotFoundAction: "Allow" } });
      assert.equal((await create({ metadata: { name: "d" }, data: { a: "1", b: "2" } })).status, 201);
      await limit("x", "1", { limits: "yes" });
      assert.match((await create({ data: { a: "1", b: "2" } })).body.message, /denied request: more than x$/);
    });

    it("of a kind that is served", async () => {
      await policy({ ...PARAMS, paramKind: { apiVersion: "example.com/v1", kind: "Limit" } });
      await bind({ paramRef: { name: "limit", parameterNotFoundAction: "Deny" } });
      assert.equal(
        (await create()).body.message,
        "configmaps \"c\" is forbidden: ValidatingAdmissionPolicy 'p' denied request: failed to configure policy: failed to find resource referenced by paramKind: 'example.com/v1, Kind=Limit'",
      );
    });
  });

  it("may not cost more than its budget", async () => {
    await policy({ validations: Array.from({ length: 12 }, () => ({ expression: "lists.range(900).all(x, lists.range(200).all(y, x + y >= 0))" })) });
    await bind();
    const { body } = await create();
    assert.match(body.message, /denied request: (validation failed due to running out of cost budget, no further validation rules will be run|.*resulted in error: operation cancelled: actual cost limit exceeded)$/);
  });
});

describe("a MutatingAdmissionPolicy", () => {
  const policy = (spec: object, name = "p") =>
    server.create(`${GROUP}/mutatingadmissionpolicies`, { metadata: { name }, spec: { reinvocationPolicy: "Never", matchConstraints: { resourceRules: [RULE] }, ...spec } });
  const bind = (policyName = "p", spec: object = {}) => server.create(`${GROUP}/mutatingadmissionpolicybindings`, { metadata: { name: `b-${policyName}` }, spec: { policyName, ...spec } });
  const apply = (expression: string) => ({ patchType: "ApplyConfiguration", applyConfiguration: { expression } });
  const patch = (expression: string) => ({ patchType: "JSONPatch", jsonPatch: { expression } });

  it("merges configurations, as server-side apply does", async () => {
    await policy({ matchConstraints: { resourceRules: [{ ...RULE, resources: ["pods"] }] }, mutations: [apply("Object{spec: Object.spec{initContainers: [Object.spec.initContainers{name: 'mesh', image: 'mesh:1'}], containers: [Object.spec.containers{name: 'a', workingDir: '/w'}]}}")] });
    await bind();
    const { body } = await server.request(`POST ${NAMESPACE}/pods`, { metadata: { name: "x" }, spec: { containers: [{ name: "a", image: "a" }, { name: "b", image: "b" }] } });
    assert.deepEqual(
      [...body.spec.initContainers, ...body.spec.containers].map(({ name, image, workingDir, imagePullPolicy }: Record<string, string>) => [name, image, workingDir, imagePullPolicy]),
      [
        ["mesh", "mesh:1", undefined, "IfNotPresent"],
        ["a", "a", "/w", "Always"],
        ["b", "b", undefined, "Always"],
      ],
    );
  });

  it("applies JSON patches", async () => {
    await policy({ mutations: [patch("[JSONPatch{op: 'add', path: '/metadata/labels', value: {'by': request.userInfo.username}}, JSONPatch{op: 'add', path: '/metadata/labels/' + jsonpatch.escapeKey('a/b'), value: 'c'}]")] });
    await bind();
    assert.deepEqual((await create()).body.metadata.labels, { by: "admin", "a/b": "c" });
  });

  it("does nothing when a test of its patch fails", async () => {
    await policy({ mutations: [patch("[JSONPatch{op: 'test', path: '/data', value: {'a': 'b'}}, JSONPatch{op: 'add', path: '/data/c', value: 'd'}]")] });
    await bind();
    const { body } = await create({ data: { x: "y" } });
    assert.deepEqual(body.data ?? body.message, { x: "y" });
  });

  it("mutates step by step, and again where it wants to when others have", async () => {
    const append = (text: string) => patch(`[JSONPatch{op: 'add', path: '/data/log', value: object.data.log + '${text}'}]`);
    await policy({ mutations: [append("a"), append("b")], reinvocationPolicy: "IfNeeded" }, "first");
    await bind("first");
    await policy({ mutations: [append("c")] }, "second");
    await bind("second");
    assert.equal((await create({ data: { log: "" } })).body.data.log, "abcab");
  });

  it("is told what it may not touch", async () => {
    await policy({ matchConstraints: { resourceRules: [{ ...RULE, resources: ["pods"] }] }, mutations: [apply("Object{spec: Object.spec{containers: [Object.spec.containers{name: 'a', command: ['x']}]}}")] });
    await bind();
    const { status, body } = await server.request(`POST ${NAMESPACE}/pods`, { metadata: { name: "x" }, spec: { containers: [{ name: "a", image: "a" }] } });
    assert.deepEqual(
      [status, body.reason, body.message],
      [403, "Invalid", "policy 'p' with binding 'b-p' denied request: error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.containers[0].command"],
    );
  });

  it("is told of objects in the wrong place", async () => {
    await policy({ mutations: [apply("Object{metadata: Object.metadata{labels: Object.labels{a: 'b'}}}")] });
    await bind();
    assert.equal(
      (await create()).body.message,
      `policy 'p' with binding 'b-p' denied request: type mismatch: unexpected type name "Object.labels", expected "Object.metadata.labels", which matches field name path from root Object type`,
    );
  });

  it("refuses what it can't evaluate, unless failures are ignored", async () => {
    await policy({ mutations: [patch("[JSONPatch{op: 'add', path: '/data/a', value: object.data.nothing}]")] });
    await bind();
    assert.match((await create({ data: {} })).body.message, /^policy 'p' with binding 'b-p' denied request: expression '.*' resulted in error: no such key: /);
    await server.request(`PATCH ${GROUP}/mutatingadmissionpolicies/p`, { spec: { failurePolicy: "Ignore" } }, MERGE);
    assert.equal((await create({ data: {} })).status, 201);
  });

  it("uses params, variables and conditions", async () => {
    await server.create(`${NAMESPACE}/configmaps`, { metadata: { name: "params" }, data: { color: "blue" } });
    await policy({
      paramKind: { apiVersion: "v1", kind: "ConfigMap" },
      matchConditions: [{ name: "uncolored", expression: "!has(object.metadata.labels)" }],
      variables: [{ name: "color", expression: "params.data.color" }],
      mutations: [apply("Object{metadata: Object.metadata{labels: {'color': variables.color}}}")],
    });
    await bind("p", { paramRef: { name: "params", parameterNotFoundAction: "Deny" } });
    assert.deepEqual((await create()).body.metadata.labels, { color: "blue" });
    assert.deepEqual((await create({ metadata: { name: "d", labels: { color: "red" } } })).body.metadata.labels, { color: "red" });
  });
});

describe("policies on custom resources", () => {
  const WIDGETS = { ...RULE, apiGroups: ["example.com"], resources: ["widgets"] };
  const schema = { openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties: { size: { type: "integer" }, tags: { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "set" } } } } } };
  const widget = (name: string, spec: object, version = "v1") =>
    server.request(`POST /apis/example.com/${version}/namespaces/default/widgets`, { apiVersion: `example.com/${version}`, kind: "Widget", metadata: { name }, spec });

  it("validate and change them, in the version that their rules name, with params of such a kind", async () => {
    await define(server, { version: { schema }, more: [{ name: "v2", served: true, storage: false, schema }] });
    await server.create(`${GROUP}/validatingadmissionpolicies`, {
      metadata: { name: "p" },
      spec: {
        paramKind: { apiVersion: "example.com/v1", kind: "Widget" },
        matchConstraints: { resourceRules: [WIDGETS] },
        validations: [{ expression: "object.apiVersion == 'example.com/v1' && object.spec.size <= params.spec.size", messageExpression: "object.apiVersion + ': too large'" }],
      },
    });
    await widget("largest", { size: 3 });
    await server.create(`${GROUP}/validatingadmissionpolicybindings`, {
      metadata: { name: "b" },
      spec: { policyName: "p", validationActions: ["Deny"], paramRef: { name: "largest", parameterNotFoundAction: "Deny" } },
    });
    await server.create(`${GROUP}/mutatingadmissionpolicies`, {
      metadata: { name: "m" },
      spec: {
        reinvocationPolicy: "Never",
        matchConstraints: { resourceRules: [WIDGETS] },
        mutations: [{ patchType: "ApplyConfiguration", applyConfiguration: { expression: "Object{spec: Object.spec{tags: ['new']}}" } }],
      },
    });
    await server.create(`${GROUP}/mutatingadmissionpolicybindings`, { metadata: { name: "m" }, spec: { policyName: "m" } });
    assert.match((await widget("a", { size: 4 }, "v2")).body.message, /denied request: example.com\/v1: too large$/);
    const { body } = await widget("a", { size: 2, tags: ["own"] }, "v2");
    assert.deepEqual([body.apiVersion, body.spec], ["example.com/v2", { size: 2, tags: ["own", "new"] }]);
  });
});
