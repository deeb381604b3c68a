import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { attributesOf } from "../authorization/authorizer.ts";
import { requestInfo } from "../request-info.ts";
import type { User } from "../user.ts";
import { evaluatePolicy, parseAuditPolicy } from "./policy.ts";

const policy = (rules: string, more = ""): string => `{apiVersion: audit.k8s.io/v1, kind: Policy, ${more} rules: [${rules}]}`;
const jane: User = { name: "jane", groups: ["dev", "system:authenticated"] };

describe("the rules of an audit policy", () => {
  const MATCHES: [rule: string, request: string, matches: boolean][] = [
    ["users: [jane]", "GET /api/v1/pods", true],
    ["users: [joe]", "GET /api/v1/pods", false],
    ["userGroups: [ops, dev]", "GET /api/v1/pods", true],
    ["userGroups: [ops]", "GET /api/v1/pods", false],
    ["verbs: [list]", "GET /api/v1/pods", true],
    ["verbs: [watch, get]", "GET /api/v1/pods", false],
    ["verbs: [watch]", "GET /api/v1/pods?watch=1", true],
    ["verbs: [get]", "GET /healthz", true],
    ["resources: [{}]", "GET /api/v1/pods", true],
    ["resources: [{}]", "GET /apis/apps/v1/deployments", false],
    ['resources: [{group: "*"}]', "GET /apis/apps/v1/deployments", true],
    ["resources: [{group: apps}]", "GET /apis/apps/v1/deployments", true],
    ["resources: [{resources: [pods]}]", "GET /api/v1/namespaces/a/pods/b", true],
    ["resources: [{resources: [pods]}]", "GET /api/v1/namespaces/a/pods/b/log", false],
    ["resources: [{resources: [pods/log]}]", "GET /api/v1/namespaces/a/pods/b/log", true],
    ['resources: [{resources: ["pods/*"]}]', "GET /api/v1/namespaces/a/pods/b/log", true],
    ['resources: [{resources: ["*/log"]}]', "GET /api/v1/namespaces/a/pods/b/log", true],
    ['resources: [{resources: ["*"]}]', "GET /api/v1/namespaces/a/pods/b/log", true],
    ["resources: [{resources: [pods], resourceNames: [b]}]", "GET /api/v1/namespaces/a/pods/b", true],
    ["resources: [{resources: [pods], resourceNames: [c]}]", "GET /api/v1/namespaces/a/pods/b", false],
    ["resources: [{resources: [pods]}]", "GET /healthz", false],
    ["namespaces: [a]", "GET /api/v1/namespaces/a/pods/b", true],
    ["namespaces: [c]", "GET /api/v1/namespaces/a/pods/b", false],
    ['namespaces: [""]', "GET /api/v1/nodes/b", true],
    ['namespaces: [""]', "GET /healthz", false],
    ["nonResourceURLs: [/healthz]", "GET /healthz", true],
    ['nonResourceURLs: ["/healthz*"]', "GET /healthz/ping", true],
    ['nonResourceURLs: ["*"]', "GET /version", true],
    ['nonResourceURLs: ["*"]', "GET /api/v1/pods", false],
    ["nonResourceURLs: [/healthz]", "GET /healthz/ping", false],
    ["", "GET /anything", true],
  ];
  for (const [rule, request, matches] of MATCHES) {
    it(`{${rule}} ${matches ? "is" : "isn't"} for ${request}`, async () => {
      const [method = "", url = ""] = request.split(" ");
      const parsed = await parseAuditPolicy(policy(`{level: Metadata${rule && `, ${rule}`}}`));
      assert.equal(evaluatePolicy(parsed, jane, attributesOf(requestInfo(method, url))).level, matches ? "Metadata" : "None");
    });
  }

  it("are asked in their order; of two that match the first decides, with what it adds to the policy's own", async () => {
    const text = policy("{level: None, users: [joe]}, {level: Request, users: [jane], omitStages: [ResponseStarted]}, {level: Metadata, omitManagedFields: false}", "omitStages: [RequestReceived], omitManagedFields: true,");
    const parsed = await parseAuditPolicy(text);
    const of = (name: string) => evaluatePolicy(parsed, { name, groups: [] }, attributesOf(requestInfo("GET", "/api/v1/pods")));
    assert.deepEqual(of("joe"), { level: "None", omitStages: ["RequestReceived"], omitManagedFields: true });
    assert.deepEqual(of("jane"), { level: "Request", omitStages: ["RequestReceived", "ResponseStarted"], omitManagedFields: true });
    assert.deepEqual(of("jim"), { level: "Metadata", omitStages: ["RequestReceived"], omitManagedFields: false });
  });
});

describe("an audit policy file", () => {
  const REFUSED: [text: string, message: RegExp][] = [
    ["[]", /failed decoding: the policy is not an object/],
    ["{kind: Policy, rules: []}", /unknown group version field , Kind=Policy in policy/],
    ["{apiVersion: audit.k8s.io/v1beta1, kind: Policy, rules: []}", /unknown group version field audit\.k8s\.io\/v1beta1, Kind=Policy/],
    [policy(""), /loaded illegal policy with 0 rules/],
    [policy("{}"), /rules\[0\]\.level: Required value/],
    [policy("{level: All}"), /rules\[0\]\.level: Unsupported value: "All": supported values: /],
    [policy("{level: Metadata, user: [a]}"), /strict decoding error: unknown field "rules\[0\]\.user"/],
    [policy("{level: Metadata, users: a}"), /rules\[0\]\.users: expected a list of strings/],
    [policy("{level: Metadata}", "omitStages: [Never],"), /omitStages\[0\]: Invalid value: "Never": allowed stages are RequestReceived,ResponseStarted,ResponseComplete,Panic/],
    [policy("{level: Metadata, nonResourceURLs: [healthz]}"), /non-resource URL rules must begin with a '\/' character/],
    [policy("{level: Metadata, nonResourceURLs: ['/a*b']}"), /non-resource URL wildcards '\*' must be the final character of the rule/],
    [policy("{level: Metadata, nonResourceURLs: [/a], namespaces: [b]}"), /rules cannot apply to both regular resources and non-resource URLs/],
    [policy("{level: Metadata, resources: [{resourceNames: [a]}]}"), /using resourceNames requires at least one resource/],
    [policy("{level: Metadata, resources: [{group: core/v1}]}"), /rules\[0\]\.resources\.group: Invalid value: "core\/v1"/],
  ];
  for (const [text, message] of REFUSED) {
    it(`is refused: ${text}`, async () => {
      await assert.rejects(parseAuditPolicy(text), message);
    });
  }
});
