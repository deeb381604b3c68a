import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AUTHORIZER, AuthorizerValue, RESOURCE_CHECK, ResourceCheckValue, compile, type AuthorizationCheck, type AuthorizationDecision } from "../index.ts";

const variables = { authorizer: AUTHORIZER, "authorizer.requestResource": RESOURCE_CHECK };
const RESOURCE = { group: "", resource: "pods", subresource: "", namespace: "", name: "", fieldSelector: "", labelSelector: "" };

function ask(expression: string, decision: AuthorizationDecision = { allowed: true, reason: "because" }) {
  const checks: AuthorizationCheck[] = [];
  const authorizer = new AuthorizerValue((check) => {
    checks.push(check);
    return decision;
  });
  const requestResource = new ResourceCheckValue(authorizer, { ...RESOURCE, namespace: "default", name: "web" });
  const { value, cost } = compile(expression, { variables }).evaluate({ authorizer, "authorizer.requestResource": requestResource });
  return { value, cost, checks };
}

describe("the authorizer is asked", () => {
  const cases: [expression: string, check: AuthorizationCheck][] = [
    ["authorizer.path('/healthz').check('get')", { verb: "get", path: "/healthz" }],
    ["authorizer.group('').resource('pods').check('list')", { verb: "list", resource: RESOURCE }],
    [
      "authorizer.group('apps').resource('deployments').subresource('scale').namespace('ns').name('web').check('update')",
      { verb: "update", resource: { ...RESOURCE, group: "apps", resource: "deployments", subresource: "scale", namespace: "ns", name: "web" } },
    ],
    ["authorizer.group('').resource('pods').fieldSelector('a=b').labelSelector('c').check('list')", { verb: "list", resource: { ...RESOURCE, fieldSelector: "a=b", labelSelector: "c" } }],
    ["authorizer.serviceAccount('ns', 'builder').group('').resource('pods').check('get')", { verb: "get", resource: RESOURCE, serviceAccount: { namespace: "ns", name: "builder" } }],
    ["authorizer.requestResource.check('delete')", { verb: "delete", resource: { ...RESOURCE, namespace: "default", name: "web" } }],
    ["authorizer.requestResource.subresource('exec').check('create')", { verb: "create", resource: { ...RESOURCE, subresource: "exec", namespace: "default", name: "web" } }],
  ];
  for (const [expression, check] of cases) test(expression, () => assert.deepEqual(ask(`${expression}.allowed()`).checks, [check]));

  test("at a price", () => assert.ok(ask("authorizer.group('').resource('pods').check('get').allowed()").cost > 350_000));
});

test("a decision is told with its reason or its error", () => {
  const check = "authorizer.path('/a').check('get')";
  const told = (decision: AuthorizationDecision) => ["allowed()", "reason()", "errored()", "error()"].map((part) => ask(`${check}.${part}`, decision).value);
  assert.deepEqual(told({ allowed: true, reason: "because" }), [true, "because", false, ""]);
  assert.deepEqual(told({ allowed: false, reason: "", error: "can't tell" }), [false, "", true, "can't tell"]);
});

describe("the authorizer isn't asked of", () => {
  for (const [expression, message] of [
    ["authorizer.path(' ').check('get')", "path must not be empty"],
    ["authorizer.group('').resource('').check('get')", "resource must not be empty"],
    ["authorizer.serviceAccount('ns', 'No').path('/a').check('get')", "Invalid service account name"],
    ["authorizer.serviceAccount('a.b', 'x').path('/a').check('get')", "Invalid service account namespace"],
  ] as const) test(expression, () => assert.throws(() => ask(`${expression}.allowed()`), { message }));
});
