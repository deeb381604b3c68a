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

describe("Priority", () => {
  const CLASSES = "/apis/scheduling.k8s.io/v1/priorityclasses";
  const of = async (spec: object) => {
    const { body } = await server.request(`POST ${PODS}`, { metadata: { generateName: "p-" }, spec: { containers: [{ name: "a", image: "a" }], ...spec } });
    return body.message ?? [body.spec.priorityClassName, body.spec.priority, body.spec.preemptionPolicy];
  };

  it("comes from the pod's class, or the default one", async () => {
    assert.deepEqual(await of({}), [undefined, 0, "PreemptLowerPriority"]);
    assert.deepEqual(await of({ priorityClassName: "system-node-critical" }), ["system-node-critical", 2000001000, "PreemptLowerPriority"]);
    await server.create(CLASSES, { metadata: { name: "usual" }, value: 7, globalDefault: true, preemptionPolicy: "Never" });
    assert.deepEqual(await of({}), ["usual", 7, "Never"]);
    assert.deepEqual(await of({ priority: 7 }), ["usual", 7, "Never"]);
  });

  it("can't be made up", async () => {
    assert.equal(await of({ priorityClassName: "none" }), 'pods "p-" is forbidden: no PriorityClass with name none was found');
    assert.equal(
      await of({ priority: 5 }),
      'pods "p-" is forbidden: the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name',
    );
  });

  it("has one default", async () => {
    await server.create(CLASSES, { metadata: { name: "usual" }, value: 7, globalDefault: true });
    assert.equal(
      await refused(`POST ${CLASSES}`, { metadata: { name: "other" }, value: 8, globalDefault: true }),
      'priorityclasses.scheduling.k8s.io "other" is forbidden: PriorityClass usual is already marked as default. Only one default can exist',
    );
  });
});

describe("RuntimeClass", () => {
  const gvisor = {
    metadata: { name: "gvisor" },
    handler: "runsc",
    overhead: { podFixed: { cpu: "250m" } },
    scheduling: { nodeSelector: { sandbox: "yes" }, tolerations: [{ key: "sandbox", operator: "Exists" }] },
  };
  const wanting = (spec: object) => ({ metadata: { name: "p" }, spec: { runtimeClassName: "gvisor", containers: [{ name: "a", image: "a" }], ...spec } });

  it("gives pods its overhead and its place", async () => {
    assert.equal(await refused(`POST ${PODS}`, wanting({})), 'pods "p" is forbidden: pod rejected: RuntimeClass "gvisor" not found');
    await server.create("/apis/node.k8s.io/v1/runtimeclasses", gvisor);
    const { body } = await server.request(`POST ${PODS}`, wanting({ nodeSelector: { disk: "ssd" } }));
    assert.deepEqual([body.spec.overhead, body.spec.nodeSelector, body.spec.tolerations.at(-1)], [{ cpu: "250m" }, { disk: "ssd", sandbox: "yes" }, { key: "sandbox", operator: "Exists" }]);
  });

  it("can't be contradicted", async () => {
    await server.create("/apis/node.k8s.io/v1/runtimeclasses", gvisor);
    assert.equal(await refused(`POST ${PODS}`, wanting({ overhead: { cpu: "1" } })), "pods \"p\" is forbidden: pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
    assert.equal(
      await refused(`POST ${PODS}`, wanting({ nodeSelector: { sandbox: "no" } })),
      'pods "p" is forbidden: conflict: runtimeClass.scheduling.nodeSelector[sandbox] = yes; pod.spec.nodeSelector[sandbox] = no',
    );
    assert.equal(
      await refused(`POST ${PODS}`, wanting({ runtimeClassName: undefined, overhead: { cpu: "1" } })),
      'pods "p" is forbidden: pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
    );
  });
});

describe("DefaultIngressClass", () => {
  it("gives Ingresses the default class", async () => {
    await server.create("/apis/networking.k8s.io/v1/ingressclasses", { metadata: { name: "nginx", annotations: { "ingressclass.kubernetes.io/is-default-class": "true" } }, spec: { controller: "example.com/nginx" } });
    const rule = { http: { paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: "s", port: { number: 80 } } } }] } };
    const { body } = await server.request("POST /apis/networking.k8s.io/v1/namespaces/default/ingresses", { metadata: { name: "i" }, spec: { rules: [rule] } });
    assert.equal(body.spec.ingressClassName, "nginx");
  });
});
