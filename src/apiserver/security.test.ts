import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { StatusError } from "#api/errors.ts";
import { pod, startTestServer, type TestServer } from "./testing.ts";
import { AUTHENTICATED, type User } from "./user.ts";

const ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts";

let server: TestServer;
beforeEach(async () => void (server = await startTestServer()));
afterEach(() => server.close());

function authenticate(url: string, headers: Record<string, string> = {}, certificate?: { commonName: string; organizations: string[] }): User | number {
  try {
    return server.api.authenticate({ method: "GET", url, headers }, certificate);
  } catch (error) {
    return (error as StatusError).code;
  }
}

describe("authentication", () => {
  it("takes the name and groups from the client's certificate", () => {
    assert.deepEqual(authenticate("/api", {}, { commonName: "jane", organizations: ["team"] }), { name: "jane", groups: ["team", AUTHENTICATED] });
  });

  it("lets strangers see health and version only", () => {
    assert.equal(authenticate("/api/v1/pods"), 401);
    for (const path of ["/healthz", "/livez", "/readyz?verbose", "/version"]) assert.equal((authenticate(path) as User).name, "system:anonymous");
    assert.equal(authenticate("/api", { authorization: "Bearer nonsense" }), 401);
  });

  it("knows the tokens it issued while their account and pod are there", async () => {
    const { metadata } = await server.create("/api/v1/namespaces/default/pods", pod("p", "node-1"));
    const issue = async (spec: object): Promise<string> => (await server.request(`POST ${ACCOUNTS}/default/token`, { spec })).body.status.token as string;
    const headers = (token: string) => ({ authorization: `Bearer ${token}` });
    const free = await issue({ expirationSeconds: 600 });
    const bound = await issue({ boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "p", uid: metadata.uid } });
    const foreign = await issue({ audiences: ["vault"] });
    const user = authenticate("/api", headers(free)) as User;
    assert.deepEqual([user.name, user.groups], ["system:serviceaccount:default:default", ["system:serviceaccounts", "system:serviceaccounts:default", AUTHENTICATED]]);
    assert.deepEqual((authenticate("/api", headers(bound)) as User).extra?.["authentication.kubernetes.io/pod-name"], ["p"]);
    assert.equal(authenticate("/api", headers(foreign)), 401, "for another audience");
    const [head, body, signature] = free.split(".") as [string, string, string];
    const forged = Buffer.from(Buffer.from(body, "base64url").toString().replace(":default:default", ":default:admin")).toString("base64url");
    assert.equal(authenticate("/api", headers(`${head}.${forged}.${signature}`)), 401, "forged");
    await server.request("DELETE /api/v1/namespaces/default/pods/p", { gracePeriodSeconds: 0 });
    assert.equal(authenticate("/api", headers(bound)), 401, "its pod is gone");
    await server.clock.advance(601_000);
    assert.equal(authenticate("/api", headers(free)), 401, "expired");
  });

  it("refuses tokens that live too short, and for what isn't there", async () => {
    const short = await server.request(`POST ${ACCOUNTS}/default/token`, { spec: { expirationSeconds: 60 } });
    assert.match(short.body.message, /spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes/);
    assert.equal((await server.request(`POST ${ACCOUNTS}/nobody/token`, { spec: {} })).status, 404);
    assert.equal((await server.request(`POST ${ACCOUNTS}/default/token`, { spec: { boundObjectRef: { kind: "Pod", name: "nothing" } } })).status, 404);
    assert.equal((await server.request(`POST ${ACCOUNTS}/default/token`, { spec: { boundObjectRef: { kind: "Node", name: "n" } } })).status, 400);
  });

  it("lets administrators act as others, and nobody else", async () => {
    const administrator = { commonName: "root", organizations: ["system:masters"] };
    assert.deepEqual(authenticate("/api", { "impersonate-user": "jane", "impersonate-group": "team, staff" }, administrator), {
      name: "jane",
      groups: ["team", "staff", AUTHENTICATED],
      uid: undefined,
    });
    const account = authenticate("/api", { "impersonate-user": "system:serviceaccount:shop:web" }, administrator) as User;
    assert.deepEqual(account.groups, ["system:serviceaccounts", "system:serviceaccounts:shop", AUTHENTICATED]);
    assert.equal(authenticate("/api", { "impersonate-user": "jane" }, { commonName: "joe", organizations: [] }), 403);
    assert.equal(authenticate("/api", { "impersonate-group": "team" }, administrator), 400);
  });

  it("publishes the keys of its tokens", async () => {
    const { body } = await server.request("GET /openid/v1/jwks");
    const { keys } = JSON.parse(body as string) as { keys: { alg: string; d?: string }[] };
    assert.deepEqual([keys[0]!.alg, keys[0]!.d], ["ES256", undefined]);
    assert.equal((await server.request("GET /.well-known/openid-configuration")).body.issuer, "https://kubernetes.default.svc.cluster.local");
  });
});

describe("authorization", () => {
  const node: User = { name: "system:node:node-1", groups: ["system:nodes", AUTHENTICATED] };
  const account: User = { name: "system:serviceaccount:default:default", groups: ["system:serviceaccounts", AUTHENTICATED] };
  const admin: User = { name: "kubernetes-admin", groups: ["kubeadm:cluster-admins", AUTHENTICATED] };
  const status = async (user: User, line: string, body?: unknown): Promise<number> => (await server.request(line, body, {}, user)).status;

  it("gives administrators everything", async () => {
    assert.equal(await status(admin, "GET /api/v1/secrets"), 200);
  });

  it("gives nodes what a kubelet needs", async () => {
    await server.create("/api/v1/nodes", { metadata: { name: "node-1" } });
    await server.create("/api/v1/nodes", { metadata: { name: "node-2" } });
    assert.equal(await status(node, "GET /api/v1/pods"), 200);
    assert.equal(await status(node, "PUT /api/v1/nodes/node-1/status", { metadata: { name: "node-1" }, status: {} }), 200);
    assert.equal(await status(node, "PUT /api/v1/nodes/node-2/status", { metadata: { name: "node-2" }, status: {} }), 403);
    assert.equal(await status(node, "DELETE /api/v1/namespaces/default"), 403);
    assert.equal(await status(node, "POST /api/v1/namespaces/kube-node-lease/configmaps", {}), 403);
  });

  it("gives others discovery and questions about themselves, and says why not more", async () => {
    assert.equal(await status(account, "GET /apis"), 200);
    const { body } = await server.request("GET /api/v1/namespaces/default/pods/p/log", undefined, {}, account);
    assert.equal(
      body.message,
      'pods "p" is forbidden: User "system:serviceaccount:default:default" cannot get resource "pods/log" in API group "" in the namespace "default"',
    );
    const nodes = await server.request("GET /api/v1/nodes", undefined, {}, account);
    assert.match(nodes.body.message, /^nodes is forbidden: User ".*" cannot list resource "nodes" in API group "" at the cluster scope$/);
    const path = await server.request("GET /metrics", undefined, {}, account);
    assert.equal(path.body.message, 'forbidden: User "system:serviceaccount:default:default" cannot get path "/metrics"');
    const review = await server.request("POST /apis/authentication.k8s.io/v1/selfsubjectreviews", {}, {}, account);
    assert.equal(review.body.status.userInfo.username, account.name);
    const canI = async (user: User, resourceAttributes: object): Promise<boolean> =>
      (await server.request("POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews", { spec: { resourceAttributes } }, {}, user)).body.status.allowed as boolean;
    assert.equal(await canI(account, { verb: "list", resource: "pods" }), false);
    assert.equal(await canI(admin, { verb: "list", resource: "pods" }), true);
  });
});
