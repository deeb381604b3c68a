import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { startTestServer, type TestServer } from "./testing.ts";
import { AUTHENTICATED, nodeUser, serviceAccountUser, type User } from "./user.ts";

const AUTHORIZATION = "/apis/authorization.k8s.io/v1";
const AUTHENTICATION = "/apis/authentication.k8s.io/v1";
const jane: User = { name: "jane", groups: ["dev", AUTHENTICATED] };

let server: TestServer;
before(async () => {
  server = await startTestServer({ policy: true });
  await server.create("/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings", {
    metadata: { name: "viewers" },
    roleRef: { kind: "ClusterRole", name: "system:aggregate-to-view" },
    subjects: [{ kind: "Group", name: "dev" }],
  });
});
after(() => server.close());

const ask = async (kind: string, body: object, user: User = jane) => (await server.request(`POST ${kind}`, body, {}, user)).body;

describe("who may do what", () => {
  const pods = { verb: "list", resource: "pods", namespace: "default" };

  it("is answered about oneself, with the reason", async () => {
    const review = await ask(`${AUTHORIZATION}/selfsubjectaccessreviews`, { spec: { resourceAttributes: pods } });
    assert.deepEqual(review.status, { allowed: true, reason: 'RBAC: allowed by RoleBinding "viewers/default" of ClusterRole "system:aggregate-to-view" to Group "dev"' });
    assert.equal(review.kind, "SelfSubjectAccessReview");
    assert.deepEqual((await ask(`${AUTHORIZATION}/selfsubjectaccessreviews`, { spec: { resourceAttributes: { ...pods, namespace: "kube-system" } } })).status, { allowed: false });
    assert.equal((await ask(`${AUTHORIZATION}/selfsubjectaccessreviews`, { spec: { nonResourceAttributes: { path: "/healthz", verb: "get" } } })).status.allowed, true);
  });

  it("is answered about others to who may ask", async () => {
    const spec = { user: "jane", groups: ["dev"], resourceAttributes: pods };
    assert.equal((await ask(`${AUTHORIZATION}/subjectaccessreviews`, { spec })).code, 403);
    const admin: User = { name: "root", groups: ["system:masters"] };
    assert.equal((await ask(`${AUTHORIZATION}/subjectaccessreviews`, { spec }, admin)).status.allowed, true);
    assert.equal((await ask(`${AUTHORIZATION}/subjectaccessreviews`, { spec: { ...spec, groups: [] } }, admin)).status.allowed, false);
    assert.equal((await ask(`${AUTHORIZATION}/namespaces/default/localsubjectaccessreviews`, { spec }, admin)).status.allowed, true);
    assert.match((await ask(`${AUTHORIZATION}/namespaces/shop/localsubjectaccessreviews`, { spec }, admin)).message, /must match metadata.namespace/);
  });

  it("is listed in whole", async () => {
    const { status } = await ask(`${AUTHORIZATION}/selfsubjectrulesreviews`, { spec: { namespace: "default" } });
    assert.ok(status.resourceRules.some(({ resources, verbs }: { resources: string[]; verbs: string[] }) => resources.includes("pods/log") && verbs.includes("get")));
    assert.ok(status.nonResourceRules.some(({ nonResourceURLs }: { nonResourceURLs: string[] }) => nonResourceURLs.includes("/healthz")));
    assert.equal(status.incomplete, false);
    const ofNode = await ask(`${AUTHORIZATION}/selfsubjectrulesreviews`, { spec: { namespace: "default" } }, nodeUser("n"));
    assert.deepEqual([ofNode.status.incomplete, ofNode.status.evaluationError], [true, "node authorizer does not support user rule resolution"]);
  });

  it("can only be asked", async () => {
    assert.equal((await server.request(`GET ${AUTHORIZATION}/subjectaccessreviews`)).status, 405);
    assert.equal((await server.request(`GET ${AUTHORIZATION}/subjectaccessreviews/x`)).status, 405);
  });
});

describe("who somebody is", () => {
  it("is told to them", async () => {
    const { status } = await ask(`${AUTHENTICATION}/selfsubjectreviews`, {}, { ...jane, uid: "7", extra: { a: ["b"] } });
    assert.deepEqual(status, { userInfo: { username: "jane", uid: "7", groups: ["dev", AUTHENTICATED], extra: { a: ["b"] } } });
  });

  it("is told of a token, for the audience that asks", async () => {
    const accounts = "/api/v1/namespaces/default/serviceaccounts/default/token";
    const { token } = (await server.request(`POST ${accounts}`, { spec: { audiences: ["vault"] } })).body.status;
    const review = async (spec: object) => (await server.request(`POST ${AUTHENTICATION}/tokenreviews`, { spec })).body.status;
    const found = await review({ token, audiences: ["vault", "other"] });
    assert.deepEqual([found.authenticated, found.user.username, found.audiences], [true, serviceAccountUser("default", "default").name, ["vault"]]);
    const refused = await review({ token });
    assert.deepEqual(refused, { user: {}, error: '[invalid bearer token, token audiences ["vault"] is invalid for the target audiences ["https://kubernetes.default.svc.cluster.local"]]' });
    assert.deepEqual(await review({ token: "nonsense" }), { user: {}, error: "invalid bearer token" });
    assert.equal((await server.request(`POST ${AUTHENTICATION}/tokenreviews`, { spec: {} })).body.message, "token is required for TokenReview in authentication");
  });
});

it("strangers are forbidden what they may not, not asked to come back with a name", async () => {
  const anonymous: User = { name: "system:anonymous", groups: ["system:unauthenticated"] };
  const answer = async (line: string) => (await server.request(line, undefined, {}, anonymous)).body;
  for (const path of ["/healthz", "/livez", "/readyz", "/version"]) assert.equal((await server.request(`GET ${path}`, undefined, {}, anonymous)).status, 200, path);
  assert.equal((await answer("GET /api/v1/pods")).message, 'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" at the cluster scope');
  assert.equal((await answer("GET /api")).message, 'forbidden: User "system:anonymous" cannot get path "/api"');
});
