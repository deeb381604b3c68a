import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { certificateRequest } from "#lib/testing/certificate-request.ts";
import { startTestServer, type TestServer } from "./testing.ts";
import { AUTHENTICATED, type User } from "./user.ts";

const REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
const jane: User = { name: "jane", uid: "7", groups: ["dev", AUTHENTICATED], extra: { a: ["b"] } };
const MERGE = { "content-type": "application/merge-patch+json" };
const csr = (commonName: string, organizations: string[] = [], signerName = "kubernetes.io/kube-apiserver-client", spec: object = {}): object => ({
  metadata: { name: "mine" },
  spec: { request: Buffer.from(certificateRequest({ commonName, organizations })).toString("base64"), signerName, usages: ["client auth"], username: "forged", groups: ["system:masters"], ...spec },
});

describe("a certificate signing request", () => {
  let server: TestServer;
  const ask = (line: string, body?: unknown, user?: User, headers: Record<string, string> = {}) => server.request(line, body, headers, user);
  const allow = async (name: string, ...rules: object[]): Promise<void> => {
    await server.create("/apis/rbac.authorization.k8s.io/v1/clusterroles", { metadata: { name }, rules });
    await server.create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", { metadata: { name }, roleRef: { kind: "ClusterRole", name }, subjects: [{ kind: "User", name: "jane" }] });
  };
  beforeEach(async () => {
    server = await startTestServer();
    await allow("asks", { apiGroups: ["certificates.k8s.io"], resources: ["certificatesigningrequests", "certificatesigningrequests/approval", "certificatesigningrequests/status"], verbs: ["*"] });
  });
  afterEach(() => server.close());

  it("tells who made it, whatever it says", async () => {
    const { spec, status } = (await ask(`POST ${REQUESTS}`, { ...csr("jane"), status: { conditions: [{ type: "Approved", status: "True" }] } }, jane)).body;
    assert.deepEqual([spec.username, spec.uid, spec.groups, spec.extra, status], ["jane", "7", ["dev", AUTHENTICATED], { a: ["b"] }, {}]);
    const changed = (await ask(`PATCH ${REQUESTS}/mine`, { spec: { usages: ["any"] }, metadata: { labels: { a: "b" } } }, jane, MERGE)).body;
    assert.deepEqual([changed.spec.usages, changed.metadata.labels], [["client auth"], { a: "b" }]);
  });

  it("is approved by who may approve for its signer, and at no other place", async () => {
    await ask(`POST ${REQUESTS}`, csr("jane"), jane);
    const approve = { status: { conditions: [{ type: "Approved", status: "True", reason: "Because" }] } };
    assert.equal((await ask(`PATCH ${REQUESTS}/mine/approval`, approve, jane, MERGE)).body.message, 'certificatesigningrequests.certificates.k8s.io "mine" is forbidden: user not permitted to approve requests with signerName "kubernetes.io/kube-apiserver-client"');
    assert.equal((await ask(`PATCH ${REQUESTS}/mine/status`, approve, undefined, MERGE)).status, 422);
    await allow("approves", { apiGroups: ["certificates.k8s.io"], resources: ["signers"], verbs: ["approve"], resourceNames: ["kubernetes.io/*"] });
    const { status } = (await ask(`PATCH ${REQUESTS}/mine/approval`, approve, jane, MERGE)).body;
    assert.equal(status.conditions[0].lastUpdateTime, status.conditions[0].lastTransitionTime);
    assert.ok(status.conditions[0].lastUpdateTime);
    const withdrawn = await ask(`PATCH ${REQUESTS}/mine/approval`, { status: { conditions: [] } }, jane, MERGE);
    assert.match(withdrawn.body.message, /updates may not remove a condition of type "Approved"/);
  });

  it("is signed by who may sign for its signer", async () => {
    await ask(`POST ${REQUESTS}`, csr("jane"), jane);
    const certificate = { status: { conditions: [{ type: "Failed", status: "True" }] } };
    const { body } = await ask(`PATCH ${REQUESTS}/mine/status`, certificate, jane, MERGE);
    assert.equal(body.message, 'certificatesigningrequests.certificates.k8s.io "mine" is forbidden: user not permitted to sign requests with signerName "kubernetes.io/kube-apiserver-client"');
    assert.equal((await ask(`PATCH ${REQUESTS}/mine/status`, certificate, undefined, MERGE)).status, 200);
  });

  it("may not ask to be everything", async () => {
    const { body } = await ask(`POST ${REQUESTS}`, csr("root", ["system:masters"]), jane);
    assert.equal(body.message, 'certificatesigningrequests.certificates.k8s.io "mine" is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed');
    assert.equal((await ask(`POST ${REQUESTS}`, csr("root", ["system:masters"], "example.com/own"), jane)).status, 201);
  });
});
