import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { StatusError } from "#api/errors.ts";
import { pod, startTestServer, type TestServer } from "../testing.ts";
import { AUTHENTICATED, type User } from "../user.ts";
import { UNTRUSTED, type ClientCertificate } from "./authenticate.ts";

const ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts";

let server: TestServer;
beforeEach(async () => void (server = await startTestServer()));
afterEach(() => server.close());

/** The user, or the code of the refusal. */
function authenticate(headers: Record<string, string> = {}, certificate?: ClientCertificate | typeof UNTRUSTED): User | number {
  try {
    return server.api.authenticate({ method: "GET", url: "/api", headers }, certificate);
  } catch (error) {
    return (error as StatusError).code;
  }
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
const base64 = (values: Record<string, string>): Record<string, string> => Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString("base64")]));

describe("authentication", () => {
  it("takes the name and groups from the client's certificate, and says which it was", () => {
    assert.deepEqual(authenticate({}, { commonName: "jane", organizations: ["team"], fingerprint: "ab12" }), {
      name: "jane",
      groups: ["team", AUTHENTICATED],
      extra: { "authentication.kubernetes.io/credential-id": ["X509SHA256=ab12"] },
    });
  });

  it("knows who shows nothing as nobody, and refuses who shows something false", () => {
    assert.deepEqual(authenticate(), { name: "system:anonymous", groups: ["system:unauthenticated"] });
    assert.equal(authenticate(bearer("nonsense")), 401);
    assert.equal(authenticate({}, UNTRUSTED), 401);
  });
});

describe("tokens of service accounts", () => {
  const ask = (spec: object) => server.request(`POST ${ACCOUNTS}/default/token`, { spec });
  const issue = async (spec: object): Promise<string> => (await ask(spec)).body.status.token as string;

  it("are known while their account is there and they live, with a minute to spare", async () => {
    const token = await issue({ expirationSeconds: 600 });
    const user = authenticate(bearer(token)) as User;
    assert.deepEqual([user.name, user.groups], ["system:serviceaccount:default:default", ["system:serviceaccounts", "system:serviceaccounts:default", AUTHENTICATED]]);
    assert.match(user.extra!["authentication.kubernetes.io/credential-id"]![0]!, /^JTI=[0-9a-f-]{36}$/);
    await server.clock.advance(601_000);
    assert.equal((authenticate(bearer(token)) as User).uid, user.uid);
    await server.clock.advance(60_000);
    assert.equal(authenticate(bearer(token)), 401);
  });

  it("end with their account", async () => {
    const token = await issue({});
    await server.request(`DELETE ${ACCOUNTS}/default`);
    assert.equal(authenticate(bearer(token)), 401);
    await server.create(ACCOUNTS, { metadata: { name: "default" } });
    assert.equal(authenticate(bearer(token)), 401, "another account of the name");
  });

  it("end with the pod they are bound to, and tell of it and its node", async () => {
    const { uid: nodeUid } = (await server.create("/api/v1/nodes", { metadata: { name: "node-1" } })).metadata;
    const { uid } = (await server.create("/api/v1/namespaces/default/pods", pod("p", "node-1"))).metadata;
    const token = await issue({ boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "p", uid } });
    const { "authentication.kubernetes.io/credential-id": _, ...extra } = (authenticate(bearer(token)) as User).extra!;
    assert.deepEqual(extra, {
      "authentication.kubernetes.io/pod-name": ["p"],
      "authentication.kubernetes.io/pod-uid": [uid],
      "authentication.kubernetes.io/node-name": ["node-1"],
      "authentication.kubernetes.io/node-uid": [nodeUid],
    });
    await server.request("DELETE /api/v1/namespaces/default/pods/p", { gracePeriodSeconds: 0 });
    assert.equal(authenticate(bearer(token)), 401);
  });

  it("are for their audience alone, and can't be forged", async () => {
    assert.equal(authenticate(bearer(await issue({ audiences: ["vault"] }))), 401);
    const [head, body, signature] = (await issue({})).split(".") as [string, string, string];
    const forged = Buffer.from(Buffer.from(body, "base64url").toString().replace(":default:default", ":default:admin")).toString("base64url");
    assert.equal(authenticate(bearer(`${head}.${forged}.${signature}`)), 401);
    const none = Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url");
    assert.equal(authenticate(bearer(`${none}.${body}.`)), 401);
  });

  it("of pods outlive the hour that clients ask for who never read them again", async () => {
    const { uid } = (await server.create("/api/v1/namespaces/default/pods", pod("p"))).metadata;
    const { status } = (await ask({ expirationSeconds: 3607, boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "p", uid } })).body;
    assert.equal(Date.parse(status.expirationTimestamp) - server.clock.now(), 3_607_000);
    const claims = JSON.parse(Buffer.from(status.token.split(".")[1], "base64url").toString());
    assert.deepEqual([claims.exp - claims.iat, claims["kubernetes.io"].warnafter - claims.iat], [365 * 24 * 3600, 3607]);
  });

  it("are refused for too short a life, and for what isn't there", async () => {
    const short = await ask({ expirationSeconds: 60 });
    assert.equal(short.body.message, 'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes');
    assert.equal((await server.request(`POST ${ACCOUNTS}/nobody/token`, { spec: {} })).status, 404);
    assert.equal((await ask({ boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "nothing" } })).status, 404);
    assert.equal((await ask({ boundObjectRef: { kind: "ConfigMap", apiVersion: "v1", name: "n" } })).status, 400);
    await server.create("/api/v1/namespaces/default/secrets", { metadata: { name: "s" } });
    assert.equal((await ask({ boundObjectRef: { kind: "Secret", apiVersion: "v1", name: "s", uid: "another" } })).status, 409);
    await server.create(ACCOUNTS, { metadata: { name: "other" } });
    await server.create("/api/v1/namespaces/default/pods", { ...pod("p"), spec: { serviceAccountName: "other", containers: [{ name: "a", image: "a" }] } });
    assert.equal((await ask({ boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "p" } })).body.message, 'cannot bind token for serviceaccount "default" to pod running with different serviceaccount name.');
  });

  it("kept in a Secret live as long as it does", async () => {
    const account = (await server.request(`GET ${ACCOUNTS}/default`)).body;
    const token = server.api.issueSecretToken(account, "kept");
    assert.equal(authenticate(bearer(token)), 401, "before it is kept");
    await server.create("/api/v1/namespaces/default/secrets", {
      metadata: { name: "kept", annotations: { "kubernetes.io/service-account.name": "default" } },
      type: "kubernetes.io/service-account-token",
      data: base64({ token }),
    });
    assert.equal((authenticate(bearer(token)) as User).name, "system:serviceaccount:default:default");
    await server.request("DELETE /api/v1/namespaces/default/secrets/kept");
    assert.equal(authenticate(bearer(token)), 401);
  });

  it("can be verified by whoever reads the published keys", async () => {
    const { body } = await server.request("GET /openid/v1/jwks");
    const { keys } = JSON.parse(body as string) as { keys: { alg: string; d?: string }[] };
    assert.deepEqual([keys[0]!.alg, keys[0]!.d], ["ES256", undefined]);
    assert.equal((await server.request("GET /.well-known/openid-configuration")).body.issuer, "https://kubernetes.default.svc.cluster.local");
  });
});

describe("bootstrap tokens", () => {
  const token = "abcdef.0123456789abcdef";
  const keep = (changes: Record<string, string> = {}) =>
    server.create("/api/v1/namespaces/kube-system/secrets", {
      metadata: { name: "bootstrap-token-abcdef" },
      type: "bootstrap.kubernetes.io/token",
      data: base64({ "token-id": "abcdef", "token-secret": "0123456789abcdef", "usage-bootstrap-authentication": "true", "auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token", ...changes }),
    });

  it("stand for a machine that joins", async () => {
    assert.equal(authenticate(bearer(token)), 401);
    await keep();
    assert.deepEqual(authenticate(bearer(token)), { name: "system:bootstrap:abcdef", groups: ["system:bootstrappers", "system:bootstrappers:kubeadm:default-node-token", AUTHENTICATED] });
    assert.equal(authenticate(bearer("abcdef.0123456789abcdee")), 401);
  });

  it("end in time", async () => {
    await keep({ expiration: new Date(server.clock.now() + 60_000).toISOString() });
    assert.equal(typeof authenticate(bearer(token)), "object");
    await server.clock.advance(60_001);
    assert.equal(authenticate(bearer(token)), 401);
  });

  for (const [what, changes] of [
    ["without the use", { "usage-bootstrap-authentication": "false" }],
    ["with a group of others", { "auth-extra-groups": "system:masters" }],
    ["with an expiration that is none", { expiration: "tomorrow" }],
  ] as const) {
    it(`${what} are none`, async () => {
      await keep(changes);
      assert.equal(authenticate(bearer(token)), 401);
    });
  }
});

describe("impersonation", () => {
  const root = { commonName: "root", organizations: ["system:masters"] };
  const jane = { commonName: "jane", organizations: [] };

  it("lets who may do everything be anybody", () => {
    const user = authenticate({ "impersonate-user": "jane", "impersonate-group": "team, staff", "impersonate-uid": "7", "impersonate-extra-acme.com%2fproject": "a" }, root) as User;
    assert.deepEqual({ ...user, impersonatedBy: user.impersonatedBy!.name }, { name: "jane", groups: ["team", "staff", AUTHENTICATED], uid: "7", extra: { "acme.com/project": ["a"] }, impersonatedBy: "root" });
    assert.deepEqual((authenticate({ "impersonate-user": "system:serviceaccount:shop:web" }, root) as User).groups, ["system:serviceaccounts", "system:serviceaccounts:shop", AUTHENTICATED]);
    assert.deepEqual((authenticate({ "impersonate-user": "system:anonymous" }, root) as User).groups, ["system:unauthenticated"]);
  });

  it("needs a right for each thing that is asked for", async () => {
    const allow = (...rules: object[]) => server.create("/apis/rbac.authorization.k8s.io/v1/clusterroles", { metadata: { name: "act" }, rules });
    await allow({ apiGroups: [""], resources: ["users"], verbs: ["impersonate"], resourceNames: ["joe"] }, { apiGroups: ["authentication.k8s.io"], resources: ["userextras/scopes"], verbs: ["impersonate"] });
    await server.create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", { metadata: { name: "act" }, roleRef: { kind: "ClusterRole", name: "act" }, subjects: [{ kind: "User", name: "jane" }] });
    assert.equal((authenticate({ "impersonate-user": "joe" }, jane) as User).name, "joe");
    assert.equal((authenticate({ "impersonate-user": "joe", "impersonate-extra-scopes": "view" }, jane) as User).name, "joe");
    assert.equal(authenticate({ "impersonate-user": "jack" }, jane), 403);
    assert.equal(authenticate({ "impersonate-user": "joe", "impersonate-group": "system:masters" }, jane), 403);
    assert.equal(authenticate({ "impersonate-user": "joe", "impersonate-uid": "1" }, jane), 403);
    assert.throws(() => server.api.authenticate({ method: "GET", url: "/api", headers: { "impersonate-user": "system:serviceaccount:shop:web" } }, jane), {
      message: 'serviceaccounts "web" is forbidden: User "jane" cannot impersonate resource "serviceaccounts" in API group "" in the namespace "shop"',
    });
  });

  it("is of a user", () => assert.equal(authenticate({ "impersonate-group": "team" }, root), 400));
});
