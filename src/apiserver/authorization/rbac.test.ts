import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { startTestServer, type Answer, type TestServer } from "../testing.ts";
import { AUTHENTICATED, serviceAccountUser, type User } from "../user.ts";

const RBAC = "/apis/rbac.authorization.k8s.io/v1";
const jane: User = { name: "jane", groups: ["dev", AUTHENTICATED] };
const robot = serviceAccountUser("shop", "robot");

const rules = (...list: [verbs: string, resources: string, names?: string][]): object[] =>
  list.map(([verbs, resources, names]) => ({ apiGroups: ["*"], resources: resources.split(" "), verbs: verbs.split(" "), ...(names ? { resourceNames: names.split(" ") } : {}) }));
const role = (name: string, ...list: Parameters<typeof rules>): object => ({ metadata: { name }, rules: rules(...list) });
const binding = (name: string, to: string, ...subjects: object[]): object => {
  const [kind, roleName] = to.split("/");
  return { metadata: { name }, roleRef: { kind, name: roleName }, subjects };
};
const toUser = (name: string): object => ({ kind: "User", name });
const toGroup = (name: string): object => ({ kind: "Group", name });

describe("roles and bindings", () => {
  let server: TestServer;
  const ask = (user: User, line: string, body?: unknown): Promise<Answer> => server.request(line, body, {}, user);
  const status = async (user: User, line: string, body?: unknown): Promise<number> => (await ask(user, line, body)).status;
  before(async () => {
    server = await startTestServer();
    await server.create("/api/v1/namespaces", { metadata: { name: "shop" } });
    await server.create("/api/v1/namespaces/shop/configmaps", { metadata: { name: "settings" } });
  });
  after(() => server.close());
  beforeEach(async () => {
    for (const kind of ["roles", "rolebindings"]) await server.request(`DELETE ${RBAC}/namespaces/shop/${kind}`);
    for (const kind of ["clusterroles", "clusterrolebindings"]) await server.request(`DELETE ${RBAC}/${kind}`);
  });

  it("let a user do what is bound to them, at once, and no more", async () => {
    assert.equal(await status(jane, "GET /api/v1/namespaces/shop/configmaps/settings"), 403);
    await server.create(`${RBAC}/namespaces/shop/roles`, role("reader", ["get list", "configmaps"]));
    await server.create(`${RBAC}/namespaces/shop/rolebindings`, binding("readers", "Role/reader", toUser("jane")));
    assert.equal(await status(jane, "GET /api/v1/namespaces/shop/configmaps/settings"), 200);
    assert.equal(await status(jane, "GET /api/v1/namespaces/default/configmaps"), 403, "elsewhere");
    assert.equal(await status(jane, "GET /api/v1/configmaps"), 403, "everywhere");
    assert.equal(await status(jane, "DELETE /api/v1/namespaces/shop/configmaps/settings"), 403, "another verb");
    await server.request(`DELETE ${RBAC}/namespaces/shop/rolebindings/readers`);
    assert.equal(await status(jane, "GET /api/v1/namespaces/shop/configmaps/settings"), 403, "after the binding is gone");
  });

  it("bind groups and service accounts, cluster roles in one namespace or in all", async () => {
    await server.create(`${RBAC}/clusterroles`, role("reader", ["get list", "configmaps"]));
    await server.create(`${RBAC}/namespaces/shop/rolebindings`, binding("robots", "ClusterRole/reader", { kind: "ServiceAccount", name: "robot", namespace: "shop" }));
    assert.equal(await status(robot, "GET /api/v1/namespaces/shop/configmaps"), 200);
    assert.equal(await status(robot, "GET /api/v1/configmaps"), 403);
    await server.create(`${RBAC}/clusterrolebindings`, binding("developers", "ClusterRole/reader", toGroup("dev")));
    assert.equal(await status(jane, "GET /api/v1/configmaps"), 200);
  });

  it("allow single objects by name, also to list and watch them alone", async () => {
    await server.create(`${RBAC}/namespaces/shop/roles`, role("one", ["get list watch", "configmaps", "settings"]));
    await server.create(`${RBAC}/namespaces/shop/rolebindings`, binding("one", "Role/one", toUser("jane")));
    assert.equal(await status(jane, "GET /api/v1/namespaces/shop/configmaps"), 403);
    assert.equal(await status(jane, "GET /api/v1/namespaces/shop/configmaps?fieldSelector=metadata.name%3Dsettings"), 200);
  });

  it("name the role that is missing", async () => {
    await server.create(`${RBAC}/clusterrolebindings`, binding("broken", "ClusterRole/nothing", toUser("jane")));
    await server.create(`${RBAC}/namespaces/shop/rolebindings`, binding("broken", "Role/none", toUser("jane")));
    const { body } = await ask(jane, "GET /api/v1/namespaces/shop/pods");
    assert.equal(
      body.message,
      'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "shop": RBAC: [clusterrole.rbac.authorization.k8s.io "nothing" not found, role.rbac.authorization.k8s.io "none" not found]',
    );
  });

  it("don't reach what is in no namespace", async () => {
    await server.create(`${RBAC}/namespaces/shop/roles`, role("all", ["*", "*"]));
    await server.create(`${RBAC}/namespaces/shop/rolebindings`, binding("all", "Role/all", toUser("jane")));
    assert.equal(await status(jane, "GET /api/v1/namespaces/shop"), 200, "their own namespace");
    assert.equal(await status(jane, "GET /api/v1/nodes"), 403);
    assert.equal(await status(jane, "GET /api/v1/namespaces/shop/nodes"), 404, "through the namespace's path");
  });

  describe("give away no rights", () => {
    const grant = (verbs: string, resources: string): Promise<unknown> =>
      server.create(`${RBAC}/clusterroles`, { metadata: { name: "grants" }, rules: [...rules([verbs, resources], ["create update get", "roles rolebindings clusterroles clusterrolebindings"])] });
    const bind = (): Promise<unknown> => server.create(`${RBAC}/clusterrolebindings`, binding("grants", "ClusterRole/grants", toUser("jane")));

    it("that their maker doesn't hold", async () => {
      await grant("get", "pods");
      await bind();
      assert.equal(await status(jane, `POST ${RBAC}/namespaces/shop/roles`, { metadata: { name: "a" }, rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }] }), 201);
      const { body } = await ask(jane, `POST ${RBAC}/namespaces/shop/roles`, { metadata: { name: "b" }, rules: [{ apiGroups: [""], resources: ["pods", "secrets"], verbs: ["get", "list"] }] });
      assert.equal(
        body.message,
        'roles.rbac.authorization.k8s.io "b" is forbidden: user "jane" (groups=["dev" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n' +
          '{APIGroups:[""], Resources:["pods"], Verbs:["list"]}\n{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}',
      );
    });

    it("by a binding to a role that is more than its maker", async () => {
      await grant("get", "pods");
      await bind();
      await server.create(`${RBAC}/namespaces/shop/roles`, role("secrets", ["get", "secrets"]));
      const attempt = (): Promise<number> => status(jane, `POST ${RBAC}/namespaces/shop/rolebindings`, binding("mine", "Role/secrets", toUser("jane")));
      assert.equal(await attempt(), 403);
      assert.equal(await status(jane, `POST ${RBAC}/namespaces/shop/rolebindings`, binding("mine", "Role/absent", toUser("jane"))), 404);
      await server.create(`${RBAC}/namespaces/shop/roles`, role("binder", ["bind", "roles", "secrets"]));
      await server.create(`${RBAC}/namespaces/shop/rolebindings`, binding("binder", "Role/binder", toUser("jane")));
      assert.equal(await attempt(), 201, "with the right to bind it");
    });

    it("unless they may escalate", async () => {
      await grant("escalate", "roles");
      await bind();
      assert.equal(await status(jane, `POST ${RBAC}/namespaces/shop/roles`, role("anything", ["*", "*"])), 201);
      assert.equal(await status(jane, `POST ${RBAC}/clusterroles`, role("anything", ["*", "*"])), 403, "of another kind");
    });

    it("by gathering those of others", async () => {
      await grant("get", "pods");
      await bind();
      const { body } = await ask(jane, `POST ${RBAC}/clusterroles`, { metadata: { name: "all" }, aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: "b" } }] } });
      assert.equal(body.message, 'clusterroles.rbac.authorization.k8s.io "all" is forbidden: must have cluster-admin privileges to use the aggregationRule');
    });
  });
});
