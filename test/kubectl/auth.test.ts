import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { kubectlSuite, type Json } from "../support/kubectl.ts";
import { until } from "../support/wait.ts";
import { which } from "../support/which.ts";
import { configMap } from "../support/workloads.ts";

const NAMESPACE = "kubectl-auth";
const { kubectl, cluster, skip } = await kubectlSuite(NAMESPACE);
const AS_JANE = ["--as=jane", "--as-group=auth-readers"];
const CLUSTER_WIDE = ["clusterrole/auth-nodes", "clusterrole/auth-maker", "clusterrolebinding/auth-nodes", "clusterrolebinding/auth-makers"];

describe("who may do what, as kubectl sees it", { skip }, () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "tidepool-auth-"));
  });
  after(async () => {
    rmSync(directory, { recursive: true });
    if (skip) return;
    await kubectl.ok(["delete", "--ignore-not-found", ...CLUSTER_WIDE]);
    await kubectl.ok(["delete", "csr", "--ignore-not-found", "auth-jane", "auth-joe"]);
  });

  /** kubectl with no rights but those of what is shown: a token, a certificate. */
  async function shown(name: string, user: Record<string, string>): Promise<typeof kubectl> {
    const kubeconfig = join(directory, `${name}.kubeconfig`);
    const { clusters } = await kubectl.json(["config", "view", "--raw", "-o", "json"]);
    const context = { cluster: clusters[0].name, user: name };
    writeFileSync(kubeconfig, JSON.stringify({ apiVersion: "v1", kind: "Config", clusters, users: [{ name, user }], contexts: [{ name, context }], "current-context": name }));
    const as = (args: string[]): string[] => [`--kubeconfig=${kubeconfig}`, ...args];
    return { ...kubectl, ok: (args, options) => kubectl.ok(as(args), options), fails: (args, options) => kubectl.fails(as(args), options) };
  }

  const refusesTo = async (...args: string[]): Promise<void> => assert.match(await kubectl.fails(["auth", "can-i", ...args]), /^no\n/);

  test("auth whoami, and --as", async () => {
    assert.match(await kubectl.ok(["auth", "whoami"]), /Username\s+kubernetes-admin\nGroups\s+\[kubeadm:cluster-admins system:authenticated\]/);
    const whoami = await kubectl.json(["auth", "whoami", "--as=jane", "--as-group=a", "--as-group=b", "--as-uid=42"]);
    assert.deepEqual(whoami.status.userInfo, { username: "jane", uid: "42", groups: ["a", "b", "system:authenticated"] });
    assert.match(await kubectl.fails(["get", "pods", "--as=jane"]), /Error from server \(Forbidden\): pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "kubectl-auth"/);
    assert.match(await kubectl.fails(["get", "nodes", "--as=jane"]), /nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the cluster scope/);
  });

  test("create role and rolebinding; auth can-i; what they print", async () => {
    assert.equal(await kubectl.ok(["create", "role", "reader", "--verb=get,list", "--resource=configmaps,deployments.apps"]), "role.rbac.authorization.k8s.io/reader created");
    assert.equal(await kubectl.ok(["create", "rolebinding", "readers", "--role=reader", "--group=auth-readers", "--user=joe", "--serviceaccount=default:robot"]), "rolebinding.rbac.authorization.k8s.io/readers created");
    assert.equal(await kubectl.ok(["auth", "can-i", "list", "configmaps", ...AS_JANE]), "yes");
    await refusesTo("delete", "configmaps", ...AS_JANE);
    await refusesTo("list", "configmaps", "-n", "default", ...AS_JANE);
    const list = await kubectl.ok(["auth", "can-i", "--list", ...AS_JANE]);
    assert.match(list, /configmaps\s+\[\]\s+\[\]\s+\[get list\]/);
    assert.match(list, /selfsubjectreviews\.authentication\.k8s\.io\s+\[\]\s+\[\]\s+\[create\]/);
    assert.match(list, /\[\/healthz\]\s+\[\]\s+\[get\]/);
    assert.match(await kubectl.ok(["get", "configmaps", ...AS_JANE]), /kube-root-ca\.crt/);
    assert.match(await kubectl.ok(["get", "rolebinding", "readers", "-o", "wide"]), /^NAME\s+ROLE\s+AGE\s+USERS\s+GROUPS\s+SERVICEACCOUNTS\nreaders\s+Role\/reader\s+\S+\s+joe\s+auth-readers\s+default\/robot$/);
    assert.match(await kubectl.ok(["describe", "role", "reader"]), /PolicyRule:\n\s+Resources\s+Non-Resource URLs\s+Resource Names\s+Verbs\n[\s\S]*configmaps\s+\[\]\s+\[\]\s+\[get list\]/);
    assert.match(await kubectl.ok(["describe", "rolebinding", "readers"]), /Role:\n\s+Kind:\s+Role\n\s+Name:\s+reader\nSubjects:\n[\s\S]*Group\s+auth-readers/);
  });

  test("create clusterrole and clusterrolebinding, with names and URLs", async () => {
    await kubectl.ok(["create", "clusterrole", "auth-nodes", "--verb=get", "--resource=nodes", "--resource-name=tidepool-worker", "--non-resource-url=/metrics"]);
    await kubectl.ok(["create", "clusterrolebinding", "auth-nodes", "--clusterrole=auth-nodes", "--user=jane"]);
    assert.equal(await kubectl.ok(["auth", "can-i", "get", "nodes/tidepool-worker", "--as=jane"]).then((text) => text.split("\n").at(-1)), "yes");
    assert.equal(await kubectl.ok(["auth", "can-i", "get", "/metrics", "--as=jane"]), "yes");
    await refusesTo("list", "nodes", "--as=jane");
  });

  test("nobody gives away more than they have", async () => {
    await kubectl.ok(["create", "clusterrole", "auth-maker", "--verb=create,update,patch,get", "--resource=roles.rbac.authorization.k8s.io,rolebindings.rbac.authorization.k8s.io"]);
    await kubectl.ok(["create", "clusterrolebinding", "auth-makers", "--clusterrole=auth-maker", "--user=jane"]);
    assert.equal(await kubectl.ok(["create", "role", "same", "--verb=get", "--resource=configmaps", ...AS_JANE]), "role.rbac.authorization.k8s.io/same created");
    assert.match(
      await kubectl.fails(["create", "role", "more", "--verb=get", "--resource=secrets", ...AS_JANE]),
      /roles\.rbac\.authorization\.k8s\.io "more" is forbidden: user "jane" \(groups=\["auth-readers" "system:authenticated"\]\) is attempting to grant RBAC permissions not currently held:\n\{APIGroups:\[""\], Resources:\["secrets"\], Verbs:\["get"\]\}/,
    );
    assert.match(await kubectl.fails(["create", "rolebinding", "more", "--clusterrole=cluster-admin", "--user=jane", ...AS_JANE]), /attempting to grant RBAC permissions not currently held/);
  });

  test("a binding to a role that isn't there is told of where it would have mattered", async () => {
    await kubectl.ok(["create", "rolebinding", "dangling", "--role=missing", "--user=joe"]);
    assert.match(await kubectl.fails(["get", "secrets", "--as=joe"]), /in the namespace "kubectl-auth": RBAC: role\.rbac\.authorization\.k8s\.io "missing" not found/);
  });

  test("view, edit and admin in one's own namespace", async () => {
    await kubectl.ok(["create", "rolebinding", "editors", "--clusterrole=edit", "--user=eve"]);
    await kubectl.ok(["apply", "-f", "-", "--as=eve"], { input: configMap("made-by-eve", { a: "1" }) });
    assert.equal(await kubectl.ok(["auth", "can-i", "create", "deployments", "--as=eve"]), "yes");
    await refusesTo("create", "rolebindings", "--as=eve");
    await refusesTo("get", "secrets", "-n", "default", "--as=eve");
  });

  test("auth reconcile adds what is missing and changes what was bound otherwise", async () => {
    const binding = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "RoleBinding", metadata: { name: "reconciled", namespace: NAMESPACE }, subjects: [{ kind: "User", name: "a" }] };
    const bound = (role: string): object => ({ ...binding, roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: role } });
    const role = (...verbs: string[]): object => ({ apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", metadata: { name: "reconciled", namespace: NAMESPACE }, rules: [{ apiGroups: [""], resources: ["pods"], verbs }] });
    assert.match(await kubectl.ok(["auth", "reconcile", "-f", "-"], { input: [role("get"), bound("reader")] }), /role\.rbac\.authorization\.k8s\.io\/reconciled reconciled/);
    await kubectl.ok(["auth", "reconcile", "-f", "-"], { input: [role("list"), bound("reconciled")] });
    const found = await kubectl.json(["get", "role/reconciled", "rolebinding/reconciled"]);
    assert.deepEqual(found.items[0].rules.flatMap(({ verbs }: Json) => verbs), ["get", "list"]);
    assert.equal(found.items[1].roleRef.name, "reconciled");
  });

  test("create token: for an account, an audience, as long as an object lives", async () => {
    await kubectl.ok(["create", "serviceaccount", "robot"]);
    const robot = await shown("robot", { token: await kubectl.ok(["create", "token", "robot", "--duration=1h"]) });
    assert.match(await robot.ok(["auth", "whoami"]), /Username\s+system:serviceaccount:kubectl-auth:robot\nUID\s+\S+\nGroups\s+\[system:serviceaccounts system:serviceaccounts:kubectl-auth system:authenticated\]/);
    assert.match(await robot.fails(["get", "pods"]), /User "system:serviceaccount:kubectl-auth:robot" cannot list resource "pods"/);
    const foreign = await shown("foreign", { token: await kubectl.ok(["create", "token", "robot", "--audience=vault"]) });
    assert.match(await foreign.fails(["get", "pods"]), /You must be logged in to the server|Unauthorized/);

    await kubectl.ok(["create", "secret", "generic", "life"]);
    const bound = await shown("bound", { token: await kubectl.ok(["create", "token", "robot", "--bound-object-kind=Secret", "--bound-object-name=life"]) });
    await bound.ok(["auth", "whoami"]);
    await kubectl.ok(["delete", "secret", "life"]);
    assert.match(await bound.fails(["auth", "whoami"]), /Unauthorized|must be logged in/);
    await kubectl.ok(["delete", "serviceaccount", "robot"]);
    assert.match(await robot.fails(["auth", "whoami"]), /Unauthorized|must be logged in/);
  });

  test("a Secret of type service-account-token holds one that doesn't expire", async () => {
    await kubectl.ok(["create", "serviceaccount", "lasting"]);
    const secret = { apiVersion: "v1", kind: "Secret", type: "kubernetes.io/service-account-token", metadata: { name: "lasting-token", annotations: { "kubernetes.io/service-account.name": "lasting" } } };
    await kubectl.ok(["apply", "-f", "-"], { input: secret });
    const token = await until("the token", async () => (await kubectl.ok(["get", "secret", "lasting-token", "-o", "jsonpath={.data.token}"])) || undefined);
    const lasting = await shown("lasting", { token: Buffer.from(token, "base64").toString() });
    assert.match(await lasting.ok(["auth", "whoami"]), /system:serviceaccount:kubectl-auth:lasting/);
    assert.match(await kubectl.ok(["describe", "serviceaccount", "lasting"]), /Tokens:\s+lasting-token/);
    await kubectl.ok(["delete", "serviceaccount", "lasting"]);
    await kubectl.ok(["wait", "--for=delete", "secret/lasting-token", "--timeout=20s"]);
  });

  test("who shows nothing is anonymous: may see the version, and nothing else", async () => {
    const ca = await kubectl.ok(["get", "configmap", "kube-root-ca.crt", "-o", "jsonpath={.data.ca\\.crt}"]);
    const get = async (path: string): Promise<Json> => {
      const [response] = (await once(request(cluster.urls.apiServer + path, { ca }).end(), "response")) as [IncomingMessage];
      return JSON.parse(Buffer.concat(await response.toArray()).toString());
    };
    assert.match((await get("/version")).gitVersion, /^v1\./);
    assert.equal((await get("/api/v1/pods")).message, 'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" at the cluster scope');
  });

  test("a certificate: asked for with openssl, approved, signed, used", { skip: which("openssl") ? false : "there is no openssl" }, async () => {
    const key = join(directory, "jane.key");
    const ask = async (name: string, subject: string): Promise<void> => {
      const csr = join(directory, `${name}.csr`);
      execFileSync("openssl", ["req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", csr, "-subj", subject], { stdio: "ignore" });
      const spec = { request: readFileSync(csr).toString("base64"), signerName: "kubernetes.io/kube-apiserver-client", expirationSeconds: 86_400, usages: ["client auth"] };
      await kubectl.ok(["apply", "-f", "-"], { input: { apiVersion: "certificates.k8s.io/v1", kind: "CertificateSigningRequest", metadata: { name }, spec } });
    };
    await ask("auth-joe", "/CN=joe");
    assert.match(await kubectl.ok(["get", "csr", "auth-joe"]), /^NAME\s+AGE\s+SIGNERNAME\s+REQUESTOR\s+REQUESTEDDURATION\s+CONDITION\nauth-joe\s+\S+\s+kubernetes\.io\/kube-apiserver-client\s+kubernetes-admin\s+24h\s+Pending$/);
    assert.equal(await kubectl.ok(["certificate", "deny", "auth-joe"]), "certificatesigningrequest.certificates.k8s.io/auth-joe denied");
    assert.match(await kubectl.ok(["get", "csr", "auth-joe"]), /Denied$/);
    assert.match(await kubectl.fails(["certificate", "approve", "auth-joe", "--as=jane"]), /User "jane" cannot get resource "certificatesigningrequests"/);

    await ask("auth-jane", "/O=auth-readers/CN=jane");
    assert.equal(await kubectl.ok(["certificate", "approve", "auth-jane"]), "certificatesigningrequest.certificates.k8s.io/auth-jane approved");
    await kubectl.ok(["wait", "csr/auth-jane", "--for=jsonpath={.status.certificate}", "--timeout=20s"]);
    assert.match(await kubectl.ok(["get", "csr", "auth-jane"]), /Approved,Issued$/);
    assert.match(await kubectl.ok(["describe", "csr", "auth-jane"]), /Subject:\n\s+Common Name:\s+jane[\s\S]*Organization:\s+auth-readers/);
    const certificate = join(directory, "jane.crt");
    writeFileSync(certificate, Buffer.from(await kubectl.ok(["get", "csr", "auth-jane", "-o", "jsonpath={.status.certificate}"]), "base64"));
    const authority = join(directory, "ca.crt");
    writeFileSync(authority, await kubectl.ok(["get", "configmap", "kube-root-ca.crt", "-o", "jsonpath={.data.ca\\.crt}"]));
    assert.match(execFileSync("openssl", ["verify", "-purpose", "sslclient", "-CAfile", authority, certificate], { encoding: "utf8" }), /OK/);
    const jane = await shown("jane", { "client-certificate": certificate, "client-key": key });
    assert.match(await jane.ok(["auth", "whoami"]), /Username\s+jane\nGroups\s+\[auth-readers system:authenticated\]/);
    assert.match(await jane.ok(["get", "configmaps"]), /kube-root-ca\.crt/);
    assert.match(await jane.fails(["get", "pods"]), /User "jane" cannot list resource "pods"/);
  });

  test("the components are who they are upstream: none of them has been refused anything", () => {
    const lines = readFileSync(join(cluster.dataDir, "logs", "tidepool.log"), "utf8").split("\n");
    assert.deepEqual(lines.filter((line) => /is forbidden: User \\?"system:(kube-|node:|serviceaccount:kube-system:)/.test(line)), []);
  });
});
