import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ClusterRole, ClusterRoleBinding, PolicyRule } from "#api/types.ts";
import { startTestServer } from "../../testing.ts";
import { systemUser } from "../../user.ts";
import { uncovered } from "../rules.ts";
import { bootstrapPolicy } from "./policy.ts";
import { planBinding, planRole, reconcilePolicy } from "./reconcile.ts";

const RBAC = "/apis/rbac.authorization.k8s.io/v1";
const { clusterRoles, clusterRoleBindings, roles, roleBindings } = bootstrapPolicy();
const PODS: PolicyRule = { apiGroups: [""], resources: ["pods"], verbs: ["get", "list"] };
const NODES: PolicyRule = { apiGroups: [""], resources: ["nodes"], verbs: ["get"] };

describe("the default policy", () => {
  it("binds roles that there are, each once", () => {
    const known = new Set(clusterRoles.map(({ metadata }) => metadata.name));
    for (const { metadata, roleRef } of clusterRoleBindings) assert.ok(known.has(roleRef.name), metadata.name);
    for (const { metadata, roleRef } of roleBindings) {
      const found = roleRef.kind === "ClusterRole" ? known.has(roleRef.name) : roles.some((role) => role.metadata.name === roleRef.name && role.metadata.namespace === metadata.namespace);
      assert.ok(found, metadata.name);
    }
    assert.equal(known.size, clusterRoles.length);
    assert.equal(new Set(clusterRoleBindings.map(({ metadata }) => metadata.name)).size, clusterRoleBindings.length);
  });

  it("has of upstream's roles what a cluster can't do without", () => {
    const names = clusterRoles.map(({ metadata }) => metadata.name!);
    const wanted = ["cluster-admin", "admin", "edit", "view", "system:discovery", "system:basic-user", "system:node", "system:kube-scheduler", "system:controller:deployment-controller"];
    assert.deepEqual(wanted.filter((name) => !names.includes(name)), []);
    const admin = clusterRoles.find(({ metadata }) => metadata.name === "admin")!;
    assert.deepEqual(admin.aggregationRule, { clusterRoleSelectors: [{ matchLabels: { "rbac.authorization.k8s.io/aggregate-to-admin": "true" } }] });
  });

  it("gives nobody a verb on everything but administrators and who deletes everything", () => {
    const wide = clusterRoles.filter(({ rules = [] }) => rules.some(({ apiGroups, resources, verbs }) => apiGroups?.includes("*") && resources?.includes("*") && verbs.some((verb) => !["list", "watch", "get"].includes(verb))));
    const names = ["cluster-admin", "system:controller:generic-garbage-collector", "system:controller:namespace-controller"];
    assert.deepEqual(new Set(wide.map(({ metadata }) => metadata.name)), new Set(names));
  });

  it("is brought into a cluster once, and then left alone", async () => {
    const server = await startTestServer({ policy: true });
    const before = server.store.revision;
    await reconcilePolicy(server.api.handlerFor(systemUser("admin")));
    assert.equal(server.store.revision, before);
    const { body } = await server.request(`GET ${RBAC}/clusterroles/system:kube-scheduler`);
    assert.equal(body.metadata.annotations["rbac.authorization.kubernetes.io/autoupdate"], "true");
    assert.equal(body.metadata.labels["kubernetes.io/bootstrapping"], "rbac-defaults");
    await server.close();
  });

  it("mends what was taken away, keeps what was added, and respects who will have it otherwise", async () => {
    const server = await startTestServer({ policy: true });
    const path = `${RBAC}/clusterroles/system:kube-scheduler`;
    const wanted = (await server.request(`GET ${path}`)).body;
    const more = { apiGroups: ["example.org"], resources: ["widgets"], verbs: ["get"] };
    await server.request(`PUT ${path}`, { ...wanted, rules: [more] });
    await server.request(`DELETE ${RBAC}/clusterrolebindings/system:kube-scheduler`);
    await server.request(`PATCH ${RBAC}/clusterroles/system:kube-dns`, { metadata: { annotations: { "rbac.authorization.kubernetes.io/autoupdate": "false" } }, rules: [] }, { "content-type": "application/merge-patch+json" });
    await reconcilePolicy(server.api.handlerFor(systemUser("admin")));
    const { rules } = (await server.request(`GET ${path}`)).body;
    assert.deepEqual(rules[0], more);
    assert.deepEqual(uncovered(rules, wanted.rules), []);
    assert.equal((await server.request(`GET ${RBAC}/clusterrolebindings/system:kube-scheduler`)).status, 200);
    assert.deepEqual((await server.request(`GET ${RBAC}/clusterroles/system:kube-dns`)).body.rules ?? [], []);
    await server.close();
  });
});

describe("how a role is mended", () => {
  const role = (rules: PolicyRule[], metadata: object = {}): ClusterRole => ({ apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name: "r", ...metadata }, rules });

  it("made when it is missing", () => assert.deepEqual(planRole(role([PODS]), undefined), { action: "create", object: role([PODS]) }));
  it("given what it lacks, in the smallest parts", () => {
    const step = planRole(role([PODS, NODES]), role([{ ...PODS, verbs: ["get"] }]));
    assert.equal(step?.action, "update");
    assert.deepEqual(step?.object.rules, [{ ...PODS, verbs: ["get"] }, { apiGroups: [""], resources: ["pods"], verbs: ["list"] }, NODES]);
  });
  it("left as it is when it has more", () => assert.equal(planRole(role([PODS]), role([{ ...PODS, verbs: ["*"] }])), undefined));
  it("given labels it lacks, with its own values kept", () => {
    const step = planRole(role([], { labels: { a: "1", b: "2" } }), role([], { labels: { a: "0" } }));
    assert.deepEqual(step?.object.metadata.labels, { a: "0", b: "2" });
  });
  it("given selectors it lacks", () => {
    const selects = (...values: string[]): ClusterRole => ({ ...role([PODS]), aggregationRule: { clusterRoleSelectors: values.map((value) => ({ matchLabels: { value } })) } });
    assert.deepEqual(planRole(selects("a", "b"), selects("b", "c"))?.object.aggregationRule, selects("b", "c", "a").aggregationRule);
  });
});

describe("how a binding is mended", () => {
  const binding = (name: string, subjects: string[], annotations: Record<string, string> = {}): ClusterRoleBinding => ({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: "b", annotations },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
    subjects: subjects.map((subject) => ({ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: subject })),
  });

  it("given the subjects it lacks", () => {
    const step = planBinding(binding("r", ["a", "b"]), binding("r", ["c", "b"]));
    assert.deepEqual(step?.object.subjects?.map(({ name }) => name), ["c", "b", "a"]);
  });
  it("made anew when it binds to another role", () => assert.equal(planBinding(binding("r", ["a"]), binding("other", ["a"]))?.action, "replace"));
  it("left alone when its administrator says so", () => {
    assert.equal(planBinding(binding("r", ["a"]), binding("other", [], { "rbac.authorization.kubernetes.io/autoupdate": "false" })), undefined);
  });
});
