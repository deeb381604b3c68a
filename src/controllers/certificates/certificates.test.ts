import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { certificateSigningRequests, clusterRoleBindings } from "#api/resources.ts";
import type { CertificateSigningRequest } from "#api/types.ts";
import { parseCertificateRequest } from "#lib/certificate-request.ts";
import { certificateRequest } from "#lib/testing/certificate-request.ts";
import { TestCluster } from "../testing/harness.ts";
import { uselessFromMs } from "./cleaner.ts";
import { problemOf } from "./requests.ts";
import { validity } from "./signer.ts";

const CLIENT = "kubernetes.io/kube-apiserver-client";
const KUBELET = "kubernetes.io/kube-apiserver-client-kubelet";
const SERVING = "kubernetes.io/kubelet-serving";
const CLIENT_USAGES = ["digital signature", "key encipherment", "client auth"];
const NODE = { commonName: "system:node:node-9", organizations: ["system:nodes"] };

const csrOf = (name: string, signerName: string, request: string, usages = CLIENT_USAGES, more: object = {}): CertificateSigningRequest =>
  ({ metadata: { name }, spec: { signerName, usages, request: Buffer.from(request).toString("base64"), ...more } }) as CertificateSigningRequest;

describe("what the signers of kubernetes.io sign", () => {
  const PROBLEMS: [title: string, signer: string, request: Parameters<typeof certificateRequest>[0], usages: string[], problem: string | undefined][] = [
    ["a client", CLIENT, { commonName: "jane" }, ["client auth"], undefined],
    ["a client that would serve", CLIENT, { commonName: "jane" }, ["client auth", "server auth"], "invalid usage for client certificate: server auth"],
    ["a client that isn't one", CLIENT, { commonName: "jane" }, ["digital signature"], "missing required usage for client certificate: client auth"],
    ["a kubelet", KUBELET, NODE, CLIENT_USAGES, undefined],
    ["a kubelet without RSA", KUBELET, NODE, ["client auth", "digital signature"], undefined],
    ["a kubelet of other organizations", KUBELET, { ...NODE, organizations: ["system:nodes", "system:masters"] }, CLIENT_USAGES, "subject organization is not system:nodes"],
    ["a kubelet of another name", KUBELET, { ...NODE, commonName: "node-9" }, CLIENT_USAGES, "subject common name does not begin with system:node:"],
    ["a kubelet with a host name", KUBELET, { ...NODE, dnsNames: ["node-9"] }, CLIENT_USAGES, "DNS subjectAltNames are not allowed"],
    ["a kubelet with an address", KUBELET, { ...NODE, ipAddresses: ["10.0.0.1"] }, CLIENT_USAGES, "IP subjectAltNames are not allowed"],
    ["a kubelet that would serve", KUBELET, NODE, ["client auth", "server auth"], "usages did not match [client auth digital signature key encipherment]"],
    ["a kubelet's server", SERVING, { ...NODE, ipAddresses: ["10.0.0.1"] }, ["digital signature", "server auth"], undefined],
    ["a kubelet's server without a name", SERVING, NODE, ["digital signature", "server auth"], "DNS or IP subjectAltName is required"],
    ["a kubelet's server that would be a client", SERVING, { ...NODE, dnsNames: ["node-9"] }, CLIENT_USAGES, "usages did not match [digital signature key encipherment server auth]"],
    ["another's server", SERVING, { commonName: "web", organizations: ["system:nodes"], dnsNames: ["web"] }, ["digital signature", "server auth"], "subject common name does not begin with system:node:"],
  ];
  for (const [title, signer, request, usages, problem] of PROBLEMS) {
    it(`${title}: ${problem ?? "yes"}`, () => {
      const pem = certificateRequest(request);
      assert.equal(problemOf(csrOf("x", signer, pem, usages), parseCertificateRequest(pem)), problem);
    });
  }
});

describe("how long a certificate is valid", () => {
  const MINUTE = 60;
  const HOUR = 60 * MINUTE;
  const YEAR = 365 * 24 * HOUR;
  const LIVES: [asked: number | undefined, seconds: number][] = [
    [undefined, YEAR - 5 * MINUTE],
    [2 * YEAR, YEAR - 5 * MINUTE],
    [24 * HOUR, 24 * HOUR - 5 * MINUTE],
    [HOUR, HOUR],
    [MINUTE, 10 * MINUTE],
  ];
  for (const [asked, seconds] of LIVES) {
    it(`${asked ?? "no"} seconds asked for: ${seconds} from now, and five minutes before`, () => {
      assert.deepEqual(validity(asked, 1_000_000_000), { notBeforeMs: 1_000_000_000 - 5 * MINUTE * 1000, notAfterMs: 1_000_000_000 + seconds * 1000 });
    });
  }
});

describe("when a request can go", () => {
  const made = "2026-01-01T00:00:00Z";
  const answered = "2026-01-01T02:00:00Z";
  const of = (types: string[], certificate?: string): CertificateSigningRequest =>
    ({ metadata: { creationTimestamp: made }, spec: {}, status: { conditions: types.map((type) => ({ type, status: "True", lastUpdateTime: answered })), certificate } }) as CertificateSigningRequest;
  const CASES: [title: string, csr: CertificateSigningRequest, end: string | undefined][] = [
    ["pending: a day after it was made", of([]), "2026-01-02T00:00:00.000Z"],
    ["denied: an hour after", of(["Denied"]), "2026-01-01T03:00:00.000Z"],
    ["failed: an hour after", of(["Approved", "Failed"]), "2026-01-01T03:00:00.000Z"],
    ["issued: an hour after", of(["Approved"], "eA=="), "2026-01-01T03:00:00.000Z"],
    ["approved, but not signed: it waits", of(["Approved"]), undefined],
  ];
  for (const [title, csr, end] of CASES) {
    it(title, () => {
      const ms = uselessFromMs(csr);
      assert.equal(ms === undefined ? undefined : new Date(ms).toISOString(), end);
    });
  }
});

describe("the controllers of certificates", () => {
  let cluster: TestCluster;
  before(async () => void (cluster = await TestCluster.start({ nodes: 0 })));
  after(() => cluster.stop());
  const get = (name: string): Promise<CertificateSigningRequest> => cluster.client.get(certificateSigningRequests, name);
  async function approve(name: string): Promise<void> {
    const csr = await get(name);
    const approved = { type: "Approved", status: "True", reason: "KubectlApprove", message: "This CSR was approved by kubectl certificate approve." };
    await cluster.client.updateSubresource(certificateSigningRequests, { ...csr, status: { conditions: [approved] } }, "approval");
    await cluster.settle();
  }

  it("sign what was approved, and delete the request an hour later", async () => {
    await cluster.client.create(certificateSigningRequests, csrOf("jane", CLIENT, certificateRequest({ commonName: "jane", organizations: ["readers"] }), ["client auth"], { expirationSeconds: 86_400 }));
    await cluster.settle();
    assert.equal((await get("jane")).status?.certificate, undefined);
    await approve("jane");
    const { status } = await get("jane");
    const certificate = new X509Certificate(Buffer.from(status!.certificate!, "base64"));
    assert.equal(certificate.subject, "O=readers\nCN=jane");
    assert.deepEqual(certificate.keyUsage, ["1.3.6.1.5.5.7.3.2"]);
    assert.equal(Date.parse(certificate.validTo), (Math.floor(cluster.clock.now() / 1000) + 86_400 - 300) * 1000);
    await cluster.clock.advance(60 * 60_000);
    await cluster.settle();
    await assert.rejects(get("jane"), /not found/);
  });

  it("say why they sign something not", async () => {
    await cluster.client.create(certificateSigningRequests, csrOf("server", CLIENT, certificateRequest({ commonName: "web" }), ["server auth"]));
    await approve("server");
    const { status } = await get("server");
    assert.deepEqual(status?.conditions?.map(({ type, reason, message }) => ({ type, reason, message })).slice(1), [
      { type: "Failed", reason: "SignerValidationFailure", message: "invalid usage for client certificate: server auth" },
    ]);
    assert.equal(status?.certificate, undefined);
  });

  it("leave signers of others alone", async () => {
    await cluster.client.create(certificateSigningRequests, csrOf("mesh", "example.org/mesh", certificateRequest({ commonName: "web" }), ["server auth"]));
    await approve("mesh");
    assert.deepEqual((await get("mesh")).status?.conditions?.map(({ type }) => type), ["Approved"]);
  });

  it("approve kubelets that join with a bootstrap token, and that renew their own, and nobody else", async () => {
    const joining = cluster.as({ name: "system:bootstrap:abcdef", groups: ["system:bootstrappers", "system:bootstrappers:kubeadm:default-node-token", "system:authenticated"] });
    const itself = cluster.as({ name: "system:node:node-9", groups: ["system:nodes", "system:authenticated"] });
    const other = cluster.as({ name: "system:node:node-8", groups: ["system:nodes", "system:authenticated"] });
    await joining.create(certificateSigningRequests, csrOf("joins", KUBELET, certificateRequest(NODE)));
    await itself.create(certificateSigningRequests, csrOf("renews", KUBELET, certificateRequest(NODE)));
    await assert.rejects(other.create(certificateSigningRequests, csrOf("pretends", KUBELET, certificateRequest(NODE))), /can only create a node CSR with CN=system:node:node-8/);
    await cluster.client.create(clusterRoleBindings, {
      metadata: { name: "csr-makers" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:node-bootstrapper" },
      subjects: [{ kind: "User", name: "mallory", apiGroup: "rbac.authorization.k8s.io" }],
    });
    await cluster.as({ name: "mallory", groups: ["system:authenticated"] }).create(certificateSigningRequests, csrOf("asks", KUBELET, certificateRequest(NODE)));
    await cluster.settle();
    const answers = await Promise.all(["joins", "renews", "asks"].map(async (name) => {
      const { status } = await get(name);
      return [name, status?.conditions?.[0]?.message, status?.certificate !== undefined];
    }));
    assert.deepEqual(answers, [
      ["joins", "Auto approving kubelet client certificate after SubjectAccessReview.", true],
      ["renews", "Auto approving self kubelet client certificate after SubjectAccessReview.", true],
      ["asks", undefined, false],
    ]);
  });
});
