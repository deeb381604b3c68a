import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { pod, startTestServer, type TestServer } from "../testing.ts";

const PODS = "/api/v1/namespaces/default/pods";
const CLAIMS = "/api/v1/namespaces/default/persistentvolumeclaims";
const MERGE = { "content-type": "application/merge-patch+json" };

let server: TestServer;
beforeEach(async () => void (server = await startTestServer()));
afterEach(() => server.close());

async function refused(line: string, body: unknown): Promise<string> {
  const { status, body: answer } = await server.request(line, body);
  assert.ok(status >= 400, `${line} answered ${status}`);
  return answer.message as string;
}

describe("NamespaceLifecycle", () => {
  it("keeps the namespaces that everything stands on", async () => {
    for (const name of ["default", "kube-system", "kube-public"]) {
      assert.equal(await refused(`DELETE /api/v1/namespaces/${name}`, undefined), `namespaces "${name}" is forbidden: this namespace may not be deleted`);
    }
  });

  it("lets nothing new into a namespace that isn't there, or is going", async () => {
    assert.equal(await refused("POST /api/v1/namespaces/nowhere/pods", pod("p")), 'namespaces "nowhere" not found');
    await server.create("/api/v1/namespaces", { metadata: { name: "going" } });
    await server.request("DELETE /api/v1/namespaces/going");
    const { status, body } = await server.request("POST /api/v1/namespaces/going/configmaps", { metadata: { generateName: "c-" } });
    assert.deepEqual(
      [status, body.message, body.details.causes],
      [
        403,
        'configmaps "c-" is forbidden: unable to create new content in namespace going because it is being terminated',
        [{ reason: "NamespaceTerminating", message: "namespace going is being terminated", field: "metadata.namespace" }],
      ],
    );
  });
});

describe("ServiceAccount", () => {
  const ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts";
  const enforcing = { metadata: { name: "strict", annotations: { "kubernetes.io/enforce-mountable-secrets": "true" } }, secrets: [{ name: "mine" }], imagePullSecrets: [{ name: "pull" }] };
  const with_ = (spec: object, container: object = {}) => ({ metadata: { name: "p" }, spec: { serviceAccountName: "strict", containers: [{ name: "a", image: "a", ...container }], ...spec } });

  it("gives pods the account's pull secrets, unless they have their own", async () => {
    await server.create(ACCOUNTS, enforcing);
    const made = await server.create(PODS, with_({}));
    assert.deepEqual((made as { spec?: { imagePullSecrets?: object } }).spec?.imagePullSecrets, [{ name: "pull" }]);
  });

  it("refuses secrets that the account doesn't list, where it says so", async () => {
    await server.create(ACCOUNTS, enforcing);
    const because = "is not allowed because service account strict does not reference that";
    const from = (name: string) => ({ valueFrom: { secretKeyRef: { name, key: "k" } } });
    const cases: [object, string][] = [
      [with_({ volumes: [{ name: "v", secret: { secretName: "other" } }] }), `volume with secret.secretName="other" ${because} secret`],
      [with_({}, { env: [{ name: "A", ...from("mine") }, { name: "B", ...from("other") }] }), `container a with envVar B referencing secret.secretName="other" ${because} secret`],
      [with_({}, { envFrom: [{ secretRef: { name: "other" } }] }), `container a with envFrom referencing secret.secretName="other" ${because} secret`],
      [with_({ initContainers: [{ name: "i", image: "a", env: [{ name: "B", ...from("other") }] }] }), `init container i with envVar B referencing secret.secretName="other" ${because} secret`],
      [with_({ imagePullSecrets: [{ name: "pull" }, { name: "other" }] }), `imagePullSecrets[1].name="other" ${because} imagePullSecret`],
    ];
    for (const [sent, why] of cases) assert.equal(await refused(`POST ${PODS}`, sent), `pods "p" is forbidden: ${why}`);
    await server.create(PODS, with_({ volumes: [{ name: "v", secret: { secretName: "mine" } }] }));
  });

  it("refuses pods of accounts that aren't there, and mirror pods that use one", async () => {
    assert.equal(await refused(`POST ${PODS}`, with_({})), 'pods "p" is forbidden: error looking up service account default/strict: serviceaccount "strict" not found');
    const mirror = { ...with_({}), metadata: { name: "p", annotations: { "kubernetes.io/config.mirror": "x" } } };
    assert.equal(await refused(`POST ${PODS}`, mirror), 'pods "p" is forbidden: a mirror pod may not reference service accounts');
    const secret = with_({ serviceAccountName: undefined, volumes: [{ name: "v", secret: { secretName: "s" } }] });
    assert.equal(await refused(`POST ${PODS}`, { ...secret, metadata: mirror.metadata }), 'pods "p" is forbidden: a mirror pod may not reference secrets');
  });
});

describe("storage", () => {
  const CLASSES = "/apis/storage.k8s.io/v1/storageclasses";
  const DEFAULT = { "storageclass.kubernetes.io/is-default-class": "true" };
  const claim = (spec: object = {}) => ({ metadata: { name: "c" }, spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, ...spec } });
  const storageClass = (name: string, more: object = {}) => server.create(CLASSES, { metadata: { name, annotations: DEFAULT }, provisioner: "p", ...more });

  it("gives claims the newest default class, and a finalizer", async () => {
    await storageClass("old");
    await server.clock.advance(1000);
    await storageClass("b-new");
    await storageClass("a-new");
    const { body } = await server.request(`POST ${CLAIMS}`, claim());
    assert.deepEqual([body.spec.storageClassName, body.metadata.finalizers], ["a-new", ["kubernetes.io/pvc-protection"]]);
    await server.request(`DELETE ${CLAIMS}/c`);
    const { body: none } = await server.request(`POST ${CLAIMS}`, { ...claim({ storageClassName: "" }), metadata: { name: "d" } });
    assert.equal(none.spec.storageClassName, "");
  });

  it("lets claims grow when they are bound and their class allows it", async () => {
    await storageClass("fixed");
    await storageClass("elastic", { allowVolumeExpansion: true });
    const grow = () => server.request(`PATCH ${CLAIMS}/c`, { spec: { resources: { requests: { storage: "2Gi" } } } }, MERGE);
    const bind = () => server.request(`PATCH ${CLAIMS}/c/status`, { status: { phase: "Bound" } }, MERGE);
    await server.create(CLAIMS, claim({ storageClassName: "fixed" }));
    await bind();
    assert.equal(
      (await grow()).body.message,
      'persistentvolumeclaims "c" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
    );
    await server.request(`PATCH ${CLAIMS}/c`, { metadata: { finalizers: null } }, MERGE);
    await server.request(`DELETE ${CLAIMS}/c`);
    await server.create(CLAIMS, claim({ storageClassName: "elastic" }));
    await bind();
    assert.equal((await grow()).status, 200);
  });
});

describe("nodes", () => {
  const ZONE = { "topology.kubernetes.io/zone": "z1", "topology.kubernetes.io/region": "r1" };

  it("begin with the taint of those that aren't ready", async () => {
    const { body } = await server.request("POST /api/v1/nodes", { metadata: { name: "n" } });
    assert.deepEqual(body.spec.taints, [{ key: "node.kubernetes.io/not-ready", effect: "NoSchedule" }]);
  });

  it("give their zone and region to the pods they get", async () => {
    await server.create("/api/v1/nodes", { metadata: { name: "n", labels: { ...ZONE, other: "x" } } });
    const { body } = await server.request(`POST ${PODS}`, pod("direct", "n"));
    assert.deepEqual(body.metadata.labels, ZONE);
    await server.create(PODS, pod("bound", undefined, { labels: { app: "a" } }));
    await server.request(`POST ${PODS}/bound/binding`, { apiVersion: "v1", kind: "Binding", metadata: { name: "bound" }, target: { kind: "Node", name: "n" } });
    assert.deepEqual((await server.request(`GET ${PODS}/bound`)).body.metadata.labels, { app: "a", ...ZONE });
  });
});
