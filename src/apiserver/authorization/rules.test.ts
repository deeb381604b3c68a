import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { PolicyRule } from "#api/types.ts";
import { about, exactFields } from "./authorizer.ts";
import { compacted, describeRule, ruleAllows, uncovered } from "./rules.ts";

const rule = (verbs: string, apiGroups: string, resources: string, resourceNames?: string): PolicyRule => ({
  verbs: verbs.split(" "),
  apiGroups: apiGroups.split(" "),
  resources: resources.split(" "),
  ...(resourceNames ? { resourceNames: resourceNames.split(" ") } : {}),
});
const urls = (...nonResourceURLs: string[]): PolicyRule => ({ verbs: ["get"], nonResourceURLs });

describe("a rule allows", () => {
  const cases: [PolicyRule, verb: string, resource: string, name: string, allowed: boolean][] = [
    [rule("get", "", "pods"), "get", "pods", "a", true],
    [rule("get", "", "pods"), "list", "pods", "", false],
    [rule("*", "", "pods"), "list", "pods", "", true],
    [rule("get", "apps", "pods"), "get", "pods", "a", false],
    [rule("get", "*", "pods"), "get", "pods", "a", true],
    [rule("get", "", "pods"), "get", "pods/log", "a", false],
    [rule("get", "", "pods/log"), "get", "pods/log", "a", true],
    [rule("get", "", "pods/log"), "get", "pods", "a", false],
    [rule("get", "", "*"), "get", "pods/log", "a", true],
    [rule("get", "", "*/log"), "get", "pods/log", "a", true],
    [rule("get", "", "*/log"), "get", "pods", "a", false],
    [rule("get", "", "pods/*"), "get", "pods/log", "a", false],
    [rule("get", "", "pods", "a b"), "get", "pods", "b", true],
    [rule("get", "", "pods", "a b"), "get", "pods", "c", false],
    [rule("list", "", "pods", "a"), "list", "pods", "", false],
    [urls("*"), "get", "pods", "a", false],
  ];
  for (const [of, verb, resource, name, allowed] of cases) {
    it(`${describeRule(of)}: ${allowed ? "" : "not "}${verb} ${resource} ${name}`, () => {
      const [plural, subresource = ""] = resource.split("/");
      assert.equal(ruleAllows(of, about(verb, { resource: plural!, subresource, name })), allowed);
    });
  }

  for (const [of, path, allowed] of [
    [urls("/healthz"), "/healthz", true],
    [urls("/healthz"), "/healthz/etcd", false],
    [urls("/healthz/*"), "/healthz/etcd", true],
    [urls("/api*"), "/apis", true],
    [urls("*"), "/metrics", true],
    [rule("*", "*", "*"), "/metrics", false],
  ] as const) {
    it(`${describeRule(of)}: ${allowed ? "" : "not "}${path}`, () => assert.equal(ruleAllows(of, { verb: "get", path }), allowed));
  }
});

describe("rules cover", () => {
  const cases: [held: PolicyRule[], wanted: PolicyRule[], missing: string[]][] = [
    [[rule("*", "*", "*")], [rule("get list", "apps batch", "jobs deployments/scale")], []],
    [[rule("get", "", "pods"), rule("list", "", "pods")], [rule("get list", "", "pods")], []],
    [[rule("get", "", "pods")], [rule("get list", "", "pods secrets")], ['{APIGroups:[""], Resources:["pods"], Verbs:["list"]}', '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}']],
    [[rule("get", "", "pods")], [rule("get", "", "pods", "a")], []],
    [[rule("get", "", "pods", "a b")], [rule("get", "", "pods", "a")], []],
    [[rule("get", "", "pods", "a")], [rule("get", "", "pods")], ['{APIGroups:[""], Resources:["pods"], Verbs:["get"]}']],
    [[rule("get", "", "pods", "a")], [rule("get", "", "pods", "b")], ['{APIGroups:[""], Resources:["pods"], ResourceNames:["b"], Verbs:["get"]}']],
    [[rule("get", "", "*/scale")], [rule("get", "", "deployments/scale")], []],
    [[rule("get", "", "*/scale")], [rule("get", "", "*")], ['{APIGroups:[""], Resources:["*"], Verbs:["get"]}']],
    [[rule("get", "", "pods")], [rule("*", "", "pods")], ['{APIGroups:[""], Resources:["pods"], Verbs:["*"]}']],
    [[urls("/healthz/*")], [urls("/healthz/etcd")], []],
    [[urls("/healthz")], [urls("/healthz", "/metrics")], ['{NonResourceURLs:["/metrics"], Verbs:["get"]}']],
    [[], [], []],
  ];
  for (const [held, wanted, missing] of cases) {
    it(`${held.map(describeRule).join(" ")} of ${wanted.map(describeRule).join(" ")}`, () => assert.deepEqual(compacted(uncovered(held, wanted)).map(describeRule), missing));
  }
});

it("only what a field selector requires exactly restricts a request", () => {
  assert.deepEqual(exactFields("metadata.name=a,spec.nodeName==n,status.phase!=Running"), { "metadata.name": "a", "spec.nodeName": "n" });
});
