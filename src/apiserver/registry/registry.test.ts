import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { configMap, pod, startTestServer, type TestServer } from "../testing.ts";

const CONFIG_MAPS = "/api/v1/namespaces/default/configmaps";
const PODS = "/api/v1/namespaces/default/pods";

let server: TestServer;
beforeEach(async () => void (server = await startTestServer()));
afterEach(() => server.close());

describe("create", () => {
  it("fills in what the server owns", async () => {
    const { status, body } = await server.request(`POST ${CONFIG_MAPS}`, configMap("a", { x: "1" }, { uid: "mine", generation: 7, creationTimestamp: "1999-01-01T00:00:00Z" }));
    assert.equal(status, 201);
    assert.deepEqual(body, {
      kind: "ConfigMap",
      apiVersion: "v1",
      metadata: {
        name: "a",
        namespace: "default",
        uid: body.metadata.uid,
        creationTimestamp: "2026-01-01T00:00:00Z",
        resourceVersion: String(server.store.revision),
        managedFields: [
          {
            manager: "unknown",
            operation: "Update",
            apiVersion: "v1",
            time: "2026-01-01T00:00:00Z",
            fieldsType: "FieldsV1",
            fieldsV1: { "f:data": { ".": {}, "f:x": {} } },
          },
        ],
      },
      data: { x: "1" },
    });
    assert.match(body.metadata.uid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it("refuses a name that is taken, and one that is missing", async () => {
    await server.create(CONFIG_MAPS, configMap("a"));
    const taken = await server.request(`POST ${CONFIG_MAPS}`, configMap("a"));
    assert.deepEqual([taken.status, taken.body.reason, taken.body.message], [409, "AlreadyExists", 'configmaps "a" already exists']);
    const missing = await server.request(`POST ${CONFIG_MAPS}`, { metadata: {} });
    assert.equal(missing.status, 422);
    assert.equal(missing.body.message, 'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required');
  });

  it("generates names, and tries again when one is taken", async () => {
    const names = new Set<string>();
    for (let i = 0; i < 5; i++) {
      const { metadata } = await server.create(CONFIG_MAPS, { metadata: { generateName: "web-" } });
      assert.match(metadata.name!, /^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
      names.add(metadata.name!);
    }
    assert.equal(names.size, 5);
  });

  it("refuses another namespace, kind or version than the path's", async () => {
    const create = async (object: object): Promise<string> => (await server.request(`POST ${CONFIG_MAPS}`, object)).body.message as string;
    assert.equal(await create(configMap("a", {}, { namespace: "other" })), "the namespace of the provided object does not match the namespace sent on the request");
    assert.match(await create({ ...configMap("a"), kind: "Secret" }), /^the kind in the data \(Secret\)/);
    assert.match(await create({ ...configMap("a"), apiVersion: "v2" }), /^the API version in the data \(v2\)/);
    assert.equal(await create(configMap("a", {}, { resourceVersion: "5" })), "resourceVersion should not be set on objects to be created");
  });

  it("checks labels, finalizers and owners as every kind has them", async () => {
    const { body } = await server.request(`POST ${CONFIG_MAPS}`, configMap("a", {}, { labels: { "a b": "c" }, finalizers: ["x y"], ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: "p" }] }));
    assert.deepEqual(body.details.causes.map((cause: { field: string }) => cause.field), ["metadata.labels", "metadata.ownerReferences[0].uid", "metadata.finalizers"]);
  });

  it("stores nothing on a dry run", async () => {
    const { status, body } = await server.request(`POST ${CONFIG_MAPS}?dryRun=All`, configMap("a"));
    assert.equal(status, 201);
    assert.ok(body.metadata.uid);
    assert.equal((await server.request(`GET ${CONFIG_MAPS}/a`)).status, 404);
    const { status: refused, body: refusal } = await server.request(`POST ${CONFIG_MAPS}?dryRun=Some`, configMap("a"));
    assert.equal(refused, 422);
    assert.match(refusal.message, /Unsupported value/);
  });
});

describe("update", () => {
  it("refuses a stale resourceVersion and accepts none", async () => {
    const first = await server.create(CONFIG_MAPS, configMap("a", { x: "1" }));
    const { resourceVersion } = first.metadata;
    assert.equal((await server.request(`PUT ${CONFIG_MAPS}/a`, configMap("a", { x: "2" }, { resourceVersion }))).status, 200);
    const stale = await server.request(`PUT ${CONFIG_MAPS}/a`, configMap("a", { x: "3" }, { resourceVersion }));
    assert.equal(stale.status, 409);
    assert.equal(
      stale.body.message,
      'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
    );
    const { body } = await server.request(`PUT ${CONFIG_MAPS}/a`, configMap("a", { x: "4" }));
    assert.deepEqual([body.data, body.metadata.uid, body.metadata.creationTimestamp], [{ x: "4" }, first.metadata.uid, first.metadata.creationTimestamp]);
  });

  it("writes nothing when nothing changes", async () => {
    const { metadata } = await server.create(CONFIG_MAPS, configMap("a", { x: "1" }));
    const { body } = await server.request(`PUT ${CONFIG_MAPS}/a`, configMap("a", { x: "1" }));
    assert.equal(body.metadata.resourceVersion, metadata.resourceVersion);
  });

  it("refuses another name and another uid", async () => {
    await server.create(CONFIG_MAPS, configMap("a"));
    const renamed = await server.request(`PUT ${CONFIG_MAPS}/a`, configMap("b"));
    assert.deepEqual([renamed.status, renamed.body.message], [400, "the name of the object (b) does not match the name on the URL (a)"]);
    const other = await server.request(`PUT ${CONFIG_MAPS}/a`, configMap("a", {}, { uid: "other" }));
    assert.equal(other.status, 409);
    assert.match(other.body.message, /Precondition failed: UID in precondition: other/);
  });

  it("raises the generation when the spec changes, and keeps the status apart", async () => {
    const path = "/apis/apps/v1/namespaces/default/deployments";
    const template = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image: "web:1" }] } };
    const deployment = (replicas: number, status?: object): object => ({ metadata: { name: "web" }, spec: { replicas, selector: { matchLabels: { app: "web" } }, template }, ...(status ? { status } : {}) });
    await server.create(path, deployment(1, { replicas: 9 }));
    const spec = await server.request(`PUT ${path}/web`, deployment(2, { replicas: 9 }));
    assert.deepEqual([spec.body.metadata.generation, spec.body.status], [2, {}]);
    const status = await server.request(`PUT ${path}/web/status`, deployment(5, { replicas: 3 }));
    assert.deepEqual([status.body.metadata.generation, status.body.spec.replicas, status.body.status], [2, 2, { replicas: 3 }]);
    const patched = await server.request(`PATCH ${path}/web/status`, { status: { readyReplicas: 1 } }, { "content-type": "application/merge-patch+json" });
    assert.deepEqual(patched.body.status, { replicas: 3, readyReplicas: 1 });
  });
});

describe("delete", () => {
  it("answers with a Status for most kinds, and with NotFound the second time", async () => {
    const { metadata } = await server.create(CONFIG_MAPS, configMap("a"));
    const { body } = await server.request(`DELETE ${CONFIG_MAPS}/a`);
    assert.deepEqual(body, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details: { name: "a", kind: "configmaps", uid: metadata.uid } });
    const again = await server.request(`DELETE ${CONFIG_MAPS}/a`);
    assert.deepEqual([again.status, again.body.message], [404, 'configmaps "a" not found']);
  });

  it("honours preconditions", async () => {
    const { metadata } = await server.create(CONFIG_MAPS, configMap("a"));
    const wrong = await server.request(`DELETE ${CONFIG_MAPS}/a`, { preconditions: { uid: "other" } });
    assert.equal(wrong.status, 409);
    assert.match(wrong.body.message, /the UID in the precondition \(other\) does not match the UID in record/);
    assert.equal((await server.request(`DELETE ${CONFIG_MAPS}/a`, { preconditions: { uid: metadata.uid } })).status, 200);
  });

  it("waits for finalizers, which can go but not come any more", async () => {
    await server.create(CONFIG_MAPS, configMap("a", {}, { finalizers: ["example.com/hold", "example.com/too"] }));
    const deleting = await server.request(`DELETE ${CONFIG_MAPS}/a`);
    assert.deepEqual([deleting.body.metadata.deletionTimestamp, deleting.body.metadata.deletionGracePeriodSeconds], ["2026-01-01T00:00:00Z", 0]);
    const more = await server.request(`PUT ${CONFIG_MAPS}/a`, configMap("a", {}, { finalizers: ["example.com/new"] }));
    assert.match(more.body.message, /no new finalizers can be added if the object is being deleted, found new finalizers \[\]string\{"example.com\/new"\}/);
    await server.request(`PUT ${CONFIG_MAPS}/a`, configMap("a", {}, { finalizers: ["example.com/hold"] }));
    assert.equal((await server.request(`GET ${CONFIG_MAPS}/a`)).status, 200);
    await server.request(`PUT ${CONFIG_MAPS}/a`, configMap("a"));
    assert.equal((await server.request(`GET ${CONFIG_MAPS}/a`)).status, 404);
  });

  it("leaves propagation to the garbage collector, by finalizer", async () => {
    for (const [policy, finalizer] of [["Foreground", "foregroundDeletion"], ["Orphan", "orphan"]]) {
      await server.create(CONFIG_MAPS, configMap("a"));
      const { body } = await server.request(`DELETE ${CONFIG_MAPS}/a?propagationPolicy=${policy}`);
      assert.deepEqual(body.metadata.finalizers, [finalizer]);
      await server.request(`PATCH ${CONFIG_MAPS}/a`, { metadata: { finalizers: null } }, { "content-type": "application/merge-patch+json" });
      assert.equal((await server.request(`GET ${CONFIG_MAPS}/a`)).status, 404);
    }
    await server.create(CONFIG_MAPS, configMap("a"));
    assert.equal((await server.request(`DELETE ${CONFIG_MAPS}/a`, { propagationPolicy: "Never" })).status, 422);
  });

  it("gives pods on a node their grace, and lets it be shortened only", async () => {
    await server.create(PODS, pod("a", "node-1"));
    const first = await server.request(`DELETE ${PODS}/a`);
    assert.deepEqual([first.body.metadata.deletionTimestamp, first.body.metadata.deletionGracePeriodSeconds], ["2026-01-01T00:00:30Z", 30]);
    const longer = await server.request(`DELETE ${PODS}/a`, { gracePeriodSeconds: 60 });
    assert.equal(longer.body.metadata.deletionGracePeriodSeconds, 30);
    const shorter = await server.request(`DELETE ${PODS}/a`, { gracePeriodSeconds: 5 });
    assert.deepEqual([shorter.body.metadata.deletionTimestamp, shorter.body.metadata.deletionGracePeriodSeconds], ["2026-01-01T00:00:05Z", 5]);
    const uid = first.body.metadata.uid as string;
    assert.equal((await server.request(`DELETE ${PODS}/a`, { gracePeriodSeconds: 0, preconditions: { uid } })).status, 200);
    assert.equal((await server.request(`GET ${PODS}/a`)).status, 404);
  });

  it("deletes pods without a node, and ended ones, at once", async () => {
    await server.create(PODS, pod("waiting"));
    await server.request(`DELETE ${PODS}/waiting`);
    assert.equal((await server.request(`GET ${PODS}/waiting`)).status, 404);
    await server.create(PODS, pod("ended", "node-1"));
    await server.request(`PATCH ${PODS}/ended/status`, { status: { phase: "Succeeded" } }, { "content-type": "application/merge-patch+json" });
    await server.request(`DELETE ${PODS}/ended`);
    assert.equal((await server.request(`GET ${PODS}/ended`)).status, 404);
  });

  it("deletes a collection by selector", async () => {
    for (const [name, app] of [["a", "x"], ["b", "x"], ["c", "y"]]) await server.create(CONFIG_MAPS, configMap(name!, {}, { labels: { app } }));
    const { body } = await server.request(`DELETE ${CONFIG_MAPS}?labelSelector=app=x`);
    assert.deepEqual(body.items.map((item: { metadata: { name: string } }) => item.metadata.name), ["a", "b"]);
    const left = await server.request(`GET ${CONFIG_MAPS}`);
    assert.deepEqual(left.body.items.map((item: { metadata: { name: string } }) => item.metadata.name), ["c"]);
  });
});

describe("namespaces", () => {
  it("stay, terminating, until the namespace controller lets go", async () => {
    await server.create("/api/v1/namespaces", { metadata: { name: "team" } });
    const { body } = await server.request("DELETE /api/v1/namespaces/team");
    assert.deepEqual([body.status.phase, body.spec.finalizers], ["Terminating", ["kubernetes"]]);
    const create = await server.request("POST /api/v1/namespaces/team/configmaps", configMap("a"));
    assert.deepEqual(
      [create.status, create.body.message, create.body.details.causes[0].reason],
      [403, 'configmaps "a" is forbidden: unable to create new content in namespace team because it is being terminated', "NamespaceTerminating"],
    );
    assert.equal((await server.request("DELETE /api/v1/namespaces/team")).status, 409);
    await server.request("PUT /api/v1/namespaces/team/finalize", { metadata: { name: "team" }, spec: { finalizers: [] } });
    assert.equal((await server.request("GET /api/v1/namespaces/team")).status, 404);
  });

  it("must exist for what is created in them; the system's can't be deleted", async () => {
    const { status, body } = await server.request("POST /api/v1/namespaces/nowhere/configmaps", configMap("a"));
    assert.deepEqual([status, body.message], [404, 'namespaces "nowhere" not found']);
    const system = await server.request("DELETE /api/v1/namespaces/kube-system");
    assert.deepEqual([system.status, system.body.message], [403, 'namespaces "kube-system" is forbidden: this namespace may not be deleted']);
  });
});

describe("pods", () => {
  it("are bound to a node once", async () => {
    await server.create(PODS, pod("a"));
    await server.request(`PATCH ${PODS}/a/status`, { status: { nominatedNodeName: "node-1" } }, { "content-type": "application/merge-patch+json" });
    const bind = (node: string) => server.request(`POST ${PODS}/a/binding`, { metadata: { name: "a" }, target: { kind: "Node", name: node } });
    assert.equal((await bind("node-1")).status, 201);
    const { body } = await server.request(`GET ${PODS}/a`);
    assert.equal(body.spec.nodeName, "node-1");
    assert.equal(body.status.nominatedNodeName, undefined);
    assert.deepEqual(body.status.conditions.map(({ type, status }: { type: string; status: string }) => [type, status]), [["PodScheduled", "True"]]);
    const again = await bind("node-2");
    assert.deepEqual([again.status, again.body.message], [409, 'Operation cannot be fulfilled on pods/binding "a": pod a is already assigned to node "node-1"']);
  });

  it("are evicted with their grace", async () => {
    await server.create(PODS, pod("a", "node-1"));
    const { status } = await server.request(`POST ${PODS}/a/eviction`, { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "a" }, deleteOptions: { gracePeriodSeconds: 7 } });
    assert.equal(status, 201);
    assert.equal((await server.request(`GET ${PODS}/a`)).body.metadata.deletionGracePeriodSeconds, 7);
  });

  it("get a service account's token and the usual tolerations", async () => {
    const { spec } = (await server.create(PODS, pod("a"))) as unknown as { spec: { serviceAccountName: string; volumes: { name: string }[]; containers: { volumeMounts: { name: string; mountPath: string }[] }[]; tolerations: { key: string }[] } };
    assert.equal(spec.serviceAccountName, "default");
    assert.match(spec.volumes[0]!.name, /^kube-api-access-[a-z0-9]{5}$/);
    assert.deepEqual(spec.containers[0]!.volumeMounts[0], { name: spec.volumes[0]!.name, readOnly: true, mountPath: "/var/run/secrets/kubernetes.io/serviceaccount" });
    assert.deepEqual(spec.tolerations.map(({ key }) => key), ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]);
    const nobody = await server.request(`POST ${PODS}`, { ...pod("b"), spec: { serviceAccountName: "nobody", containers: [{ name: "app", image: "app:1" }] } });
    assert.deepEqual([nobody.status, nobody.body.message], [403, 'pods "b" is forbidden: error looking up service account default/nobody: serviceaccount "nobody" not found']);
  });
});

describe("scale", () => {
  it("is read, replaced and patched", async () => {
    const path = "/apis/apps/v1/namespaces/default/deployments";
    await server.create(path, {
      metadata: { name: "web" },
      spec: { replicas: 2, selector: { matchLabels: { app: "web" } }, template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image: "web:1" }] } } },
    });
    const { body } = await server.request(`GET ${path}/web/scale`);
    assert.deepEqual([body.kind, body.spec, body.status], ["Scale", { replicas: 2 }, { replicas: 0, selector: "app=web" }]);
    assert.equal((await server.request(`PUT ${path}/web/scale`, { ...body, spec: { replicas: 3 } })).body.spec.replicas, 3);
    assert.equal((await server.request(`PUT ${path}/web/scale`, { ...body, spec: { replicas: 4 } })).status, 409, "stale");
    await server.request(`PATCH ${path}/web/scale`, { spec: { replicas: 0 } }, { "content-type": "application/merge-patch+json" });
    assert.equal((await server.request(`GET ${path}/web`)).body.spec.replicas, 0);
  });
});

describe("concurrency", () => {
  it("loses no patch of many at once", async () => {
    await server.create(CONFIG_MAPS, configMap("a"));
    const patch = (i: number) => server.request(`PATCH ${CONFIG_MAPS}/a`, { data: { [`k${i}`]: "1" } }, { "content-type": "application/merge-patch+json" });
    const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => patch(i)));
    assert.deepEqual(answers.map(({ status }) => status), Array<number>(8).fill(200));
    assert.equal(Object.keys((await server.request(`GET ${CONFIG_MAPS}/a`)).body.data as object).length, 8);
  });
});
