/** Server-side apply as clients see it. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { configMap, pod, startTestServer, type Answer, type TestServer } from "./testing.ts";

const CONFIG_MAPS = "/api/v1/namespaces/default/configmaps";
const DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments";
const SERVICES = "/api/v1/namespaces/default/services";
const PODS = "/api/v1/namespaces/default/pods";

let server: TestServer;
beforeEach(async () => void (server = await startTestServer()));
afterEach(() => server.close());

const APPLY = { "content-type": "application/apply-patch+yaml" };

const apply = (path: string, config: unknown, query = "fieldManager=applier"): Promise<Answer> => server.request(`PATCH ${path}?${query}`, config, APPLY);
const patch = (path: string, change: unknown, query = "", type = "merge"): Promise<Answer> =>
  server.request(`PATCH ${path}?${query}`, change, { "content-type": `application/${type}-patch+json` });

const configuration = (data?: object, metadata: object = {}): object => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", ...metadata }, ...(data ? { data } : {}) });

function deployment(spec: object = {}, containers: object[] = [{ name: "app", image: "app:1", ports: [{ containerPort: 80 }] }]): object {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web" },
    spec: { selector: { matchLabels: { app: "web" } }, template: { metadata: { labels: { app: "web" } }, spec: { containers } }, ...spec },
  };
}

/** `applier Apply`, `kubectl Update scale`. */
const managersOf = ({ body }: Answer): string[] =>
  body.metadata.managedFields.map(({ manager, operation, subresource }: Record<string, string>) => [manager, operation, subresource].filter(Boolean).join(" "));
const fieldsOf = ({ body }: Answer, manager: string): unknown => body.metadata.managedFields.find((entry: { manager: string }) => entry.manager === manager)?.fieldsV1;

describe("applying", () => {
  it("creates, changes and removes", async () => {
    const created = await apply(`${CONFIG_MAPS}/a`, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  x: '1'\n  z: '1'\n");
    assert.deepEqual([created.status, created.body.data, managersOf(created)], [201, { x: "1", z: "1" }, ["applier Apply"]]);
    const changed = await apply(`${CONFIG_MAPS}/a`, configuration({ x: "2" }));
    assert.deepEqual([changed.status, changed.body.data], [200, { x: "2" }]);
    assert.equal(changed.body.metadata.uid, created.body.metadata.uid);
  });

  it("writes nothing when nothing changes", async () => {
    const first = await apply(`${CONFIG_MAPS}/a`, configuration({ x: "1" }));
    await server.clock.advance(60_000);
    const second = await apply(`${CONFIG_MAPS}/a`, configuration({ x: "1" }));
    assert.deepEqual(second.body, first.body);
  });

  it("writes nothing in a dry run", async () => {
    const dry = await apply(`${CONFIG_MAPS}/a`, configuration({ x: "1" }), "fieldManager=applier&dryRun=All");
    assert.deepEqual([dry.status, managersOf(dry)], [201, ["applier Apply"]]);
    assert.equal((await server.request(`GET ${CONFIG_MAPS}/a`)).status, 404);
  });

  it("conflicts with who owns a field, until it is forced", async () => {
    await server.request(`POST ${CONFIG_MAPS}`, configMap("a", { x: "1" }), { "user-agent": "kubectl/v1.32.4 (linux/amd64)" });
    const refused = await apply(`${CONFIG_MAPS}/a`, configuration({ x: "2" }));
    assert.deepEqual([refused.status, refused.body.message], [409, 'Apply failed with 1 conflict: conflict with "kubectl" using v1: .data.x']);
    const forced = await apply(`${CONFIG_MAPS}/a`, configuration({ x: "2" }), "fieldManager=applier&force=true");
    assert.deepEqual([forced.status, forced.body.data, fieldsOf(forced, "kubectl")], [200, { x: "2" }, { "f:data": {} }]);
  });

  it("fills in what is left open, and owns it not", async () => {
    const { body, ...answer } = await apply(`${DEPLOYMENTS}/web`, deployment());
    assert.equal(body.spec.replicas, 1);
    assert.deepEqual(fieldsOf({ body, ...answer }, "applier"), {
      "f:spec": {
        "f:selector": {},
        "f:template": {
          "f:metadata": { "f:labels": { "f:app": {} } },
          "f:spec": {
            "f:containers": { 'k:{"name":"app"}': { ".": {}, "f:image": {}, "f:name": {}, "f:ports": { 'k:{"containerPort":80,"protocol":"TCP"}': { ".": {}, "f:containerPort": {} } } } },
          },
        },
      },
    });
  });

  it("lets go of what an autoscaler is to own", async () => {
    await apply(`${DEPLOYMENTS}/web`, deployment({ replicas: 3 }));
    await patch(`${DEPLOYMENTS}/web/scale`, { spec: { replicas: 5 } }, "fieldManager=autoscaler");
    const released = await apply(`${DEPLOYMENTS}/web`, deployment());
    assert.deepEqual([released.body.spec.replicas, managersOf(released)], [5, ["applier Apply", "autoscaler Update scale"]]);
  });

  it("removes a container that nobody else owns, and leaves one that was injected", async () => {
    await apply(`${DEPLOYMENTS}/web`, deployment({}, [{ name: "app", image: "app:1" }, { name: "old", image: "old:1" }]));
    await patch(`${DEPLOYMENTS}/web`, { spec: { template: { spec: { containers: [{ name: "injected", image: "sidecar:1" }] } } } }, "fieldManager=injector", "strategic-merge");
    const { body } = await apply(`${DEPLOYMENTS}/web`, deployment({}, [{ name: "app", image: "app:2" }]));
    assert.deepEqual(
      body.spec.template.spec.containers.map(({ name, image }: Record<string, string>) => [name, image]),
      [
        ["injected", "sidecar:1"],
        ["app", "app:2"],
      ],
    );
  });

  it("keeps a Service's addresses and ports", async () => {
    const service = (ports: object[]): object => ({ apiVersion: "v1", kind: "Service", metadata: { name: "web" }, spec: { type: "NodePort", ports } });
    const before = await apply(`${SERVICES}/web`, service([{ port: 80 }]));
    assert.equal(before.status, 201, before.body.message);
    const after = await apply(`${SERVICES}/web`, service([{ port: 80, name: "http" }]));
    assert.deepEqual([after.body.spec.clusterIP, after.body.spec.ports[0].nodePort, after.body.spec.ports[0].name], [before.body.spec.clusterIP, before.body.spec.ports[0].nodePort, "http"]);
  });

  it("honours a uid and a resourceVersion", async () => {
    const { body } = await apply(`${CONFIG_MAPS}/a`, configuration({ x: "1" }));
    const { uid, resourceVersion } = body.metadata;
    assert.equal((await apply(`${CONFIG_MAPS}/a`, configuration({ x: "2" }, { resourceVersion }))).status, 200);
    assert.equal((await apply(`${CONFIG_MAPS}/a`, configuration({ x: "3" }, { resourceVersion }))).status, 409);
    assert.equal((await apply(`${CONFIG_MAPS}/a`, configuration({ x: "3" }, { uid }))).status, 200);
    const other = await apply(`${CONFIG_MAPS}/a`, configuration({ x: "3" }, { uid: "other" }));
    assert.deepEqual([other.status, other.body.message], [422, 'ConfigMap "a" is invalid: metadata.uid: Invalid value: "other": field is immutable']);
    const missing = await apply(`${CONFIG_MAPS}/b`, configuration({}, { name: "b", uid }));
    assert.deepEqual([missing.status, missing.body.message], [409, `Operation cannot be fulfilled on configmaps "b": uid mismatch: the provided object specified uid ${uid}, and no existing object was found`]);
  });

  it("creates where an object has just gone, and changes where one has just come", async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, (_, i) => apply(`${CONFIG_MAPS}/a`, configuration({ [`k${i}`]: "1" }), `fieldManager=m${i}`)));
    assert.deepEqual(answers.map(({ status }) => status).toSorted((a, b) => a - b), [200, 200, 200, 200, 201]);
    const { body } = await server.request(`GET ${CONFIG_MAPS}/a`);
    assert.deepEqual(Object.keys(body.data).sort(), ["k0", "k1", "k2", "k3", "k4"]);
  });

  it("creates only for who may create", async () => {
    const rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default";
    await server.create(`${rbac}/roles`, { metadata: { name: "patcher" }, rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["patch"] }] });
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "patcher" };
    await server.create(`${rbac}/rolebindings`, { metadata: { name: "patcher" }, roleRef, subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "eve" }] });
    const applyAsEve = (): Promise<Answer> => server.request(`PATCH ${CONFIG_MAPS}/a?fieldManager=eve`, configuration({ x: "1" }), APPLY, { name: "eve", groups: ["system:authenticated"] });
    const refused = await applyAsEve();
    assert.deepEqual([refused.status, refused.body.message], [403, 'configmaps "a" is forbidden: User "eve" cannot create resource "configmaps" in API group "" in the namespace "default"']);
    await server.create(CONFIG_MAPS, configMap("a"));
    assert.equal((await applyAsEve()).status, 200);
  });

  const refusals: [string, string, unknown, string, number, string | RegExp][] = [
    ["without a manager", "a", configuration(), "", 422, 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'],
    ["a manager with a long name", "a", configuration(), `fieldManager=${"m".repeat(129)}`, 422, 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Too long: may not be more than 128 bytes'],
    ["a manager that can't be printed", "a", configuration(), "fieldManager=a%07", 422, 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Invalid value: "a\\u0007": invalid character U+0007 (at position 1)'],
    ["another name than the path's", "b", configuration(), "fieldManager=m", 400, "the name of the object (a) does not match the name on the URL (b)"],
    ["no name", "b", { apiVersion: "v1", kind: "ConfigMap", metadata: { generateName: "b-" } }, "fieldManager=m", 400, "the name of the object (b based on URL) was undeterminable: name must be provided"],
    ["another namespace", "a", configuration({}, { namespace: "other" }), "fieldManager=m", 400, /namespace of the provided object does not match/],
    ["another version", "a", { ...configuration(), apiVersion: "v2" }, "fieldManager=m", 400, "invalid object type: /v2, Kind=ConfigMap"],
    ["no kind", "a", { metadata: { name: "a" } }, "fieldManager=m", 400, "invalid object type: /, Kind="],
    ["text", "a", "text", "fieldManager=m", 400, /^error decoding patch: .*cannot unmarshal string into Go value of type map\[string\]interface \{\}$/],
    ["YAML that is none", "a", "a: [", "fieldManager=m", 400, /^error encoding patch: error converting YAML to JSON: yaml: /],
    ["a key that comes twice", "a", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: '1', x: '2'}", "fieldManager=m&fieldValidation=Strict", 400, /^error strict decoding patch: .*key "x" already set in map$/],
    ["managed fields", "a", configuration({}, { managedFields: [] }), "fieldManager=m", 400, "metadata.managedFields must be nil"],
    ["a field that doesn't exist", "a", { ...configuration(), colour: "red" }, "fieldManager=m", 500, "failed to create typed patch object (/a; /v1, Kind=ConfigMap): .colour: field not declared in schema"],
    ["what isn't valid", "a", configuration({ "no key": "1" }), "fieldManager=m", 422, /^ConfigMap "a" is invalid: data\[no key\]: Invalid value/],
  ];
  for (const [name, object, config, query, status, message] of refusals) {
    it(`refuses ${name}`, async () => {
      const { status: code, body } = await apply(`${CONFIG_MAPS}/${object}`, config, query);
      assert.equal(code, status, body.message);
      if (typeof message === "string") assert.equal(body.message, message);
      else assert.match(body.message, message);
    });
  }

  it("warns of a key that comes twice", async () => {
    const { status, headers } = await apply(`${CONFIG_MAPS}/a`, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: '1', x: '2'}");
    assert.equal(status, 201);
    assert.match(headers.warning!, /key \\"x\\" already set in map/);
  });
});

describe("applying a subresource", () => {
  it("changes the status alone", async () => {
    await server.create(PODS, pod("a"));
    await patch(`${PODS}/a/status`, { status: { phase: "Running" } }, "fieldManager=kubelet");
    const config = { apiVersion: "v1", kind: "Pod", metadata: { name: "a" }, spec: { nodeName: "elsewhere" }, status: { conditions: [{ type: "example.com/Ready", status: "True" }] } };
    const answer = await apply(`${PODS}/a/status`, config);
    assert.equal(answer.status, 200, answer.body.message);
    assert.equal(answer.body.spec.nodeName, undefined);
    assert.deepEqual(managersOf(answer), ["applier Apply status", "kubelet Update status", "unknown Update"]);
    assert.deepEqual(fieldsOf(answer, "applier"), { "f:status": { "f:conditions": { 'k:{"type":"example.com/Ready"}': { ".": {}, "f:status": {}, "f:type": {} } } } });
    const gone = await apply(`${PODS}/a/status`, { ...config, status: undefined });
    assert.deepEqual([gone.status, gone.body.status.phase, gone.body.status.conditions, managersOf(gone)], [200, "Running", undefined, ["kubelet Update status", "unknown Update"]]);
  });

  it("doesn't create", async () => {
    const { status } = await apply(`${PODS}/b/status`, { apiVersion: "v1", kind: "Pod", metadata: { name: "b" } });
    assert.equal(status, 404);
  });

  it("owns the status from there only", async () => {
    await server.create(PODS, pod("a"));
    const answer = await apply(`${PODS}/a`, { apiVersion: "v1", kind: "Pod", metadata: { name: "a", labels: { x: "y" } }, status: { phase: "Failed" } });
    assert.deepEqual([answer.body.status.phase, fieldsOf(answer, "applier")], ["Pending", { "f:metadata": { "f:labels": { "f:x": {} } } }]);
  });

  it("scales, as owner of the replicas", async () => {
    await apply(`${DEPLOYMENTS}/web`, deployment({ replicas: 2 }), "fieldManager=owner");
    const scale = (replicas: number): object => ({ apiVersion: "autoscaling/v1", kind: "Scale", metadata: { name: "web" }, spec: { replicas } });
    const refused = await apply(`${DEPLOYMENTS}/web/scale`, scale(3));
    assert.deepEqual([refused.status, refused.body.message], [409, 'Apply failed with 1 conflict: conflict with "owner": .spec.replicas']);
    const forced = await apply(`${DEPLOYMENTS}/web/scale`, scale(3), "fieldManager=applier&force=true");
    assert.deepEqual([forced.status, forced.body.spec.replicas, forced.body.metadata.managedFields], [200, 3, undefined]);
    const object = await server.request(`GET ${DEPLOYMENTS}/web`);
    assert.deepEqual(managersOf(object), ["applier Apply scale", "owner Apply"]);
    assert.deepEqual(fieldsOf(object, "applier"), { "f:spec": { "f:replicas": {} } });
    assert.equal((fieldsOf(object, "owner") as Record<string, object>)["f:spec"]!.hasOwnProperty("f:replicas"), false);
    const { status, body } = await apply(`${DEPLOYMENTS}/web`, deployment({ replicas: 2 }), "fieldManager=owner");
    assert.deepEqual([status, body.message], [409, 'Apply failed with 1 conflict: conflict with "applier" with subresource "scale": .spec.replicas']);
  });
});

describe("managed fields", () => {
  it("of what is created include what is filled in, and no struct as such", async () => {
    const created = await server.request(`POST ${DEPLOYMENTS}`, deployment(), { "user-agent": "kubectl" });
    assert.deepEqual(fieldsOf(created, "kubectl"), {
      "f:spec": {
        "f:progressDeadlineSeconds": {},
        "f:replicas": {},
        "f:revisionHistoryLimit": {},
        "f:selector": {},
        "f:strategy": { "f:rollingUpdate": { ".": {}, "f:maxSurge": {}, "f:maxUnavailable": {} }, "f:type": {} },
        "f:template": {
          "f:metadata": { "f:labels": { ".": {}, "f:app": {} } },
          "f:spec": {
            "f:containers": {
              'k:{"name":"app"}': {
                ".": {},
                "f:image": {},
                "f:imagePullPolicy": {},
                "f:name": {},
                "f:ports": { ".": {}, 'k:{"containerPort":80,"protocol":"TCP"}': { ".": {}, "f:containerPort": {}, "f:protocol": {} } },
                "f:resources": {},
                "f:terminationMessagePath": {},
                "f:terminationMessagePolicy": {},
              },
            },
            "f:dnsPolicy": {},
            "f:restartPolicy": {},
            "f:schedulerName": {},
            "f:securityContext": {},
            "f:terminationGracePeriodSeconds": {},
          },
        },
      },
    });
  });

  it("come with every form of an object", async () => {
    await apply(`${CONFIG_MAPS}/a`, configuration({ x: "1" }));
    const list = await server.request(`GET ${CONFIG_MAPS}`);
    assert.equal(list.body.items[0].metadata.managedFields[0].manager, "applier");
    const partial = await server.request(`GET ${CONFIG_MAPS}/a`, undefined, { accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1" });
    assert.deepEqual(managersOf(partial), ["applier Apply"]);
    const table = await server.request(`GET ${CONFIG_MAPS}`, undefined, { accept: "application/json;as=Table;g=meta.k8s.io;v=v1" });
    assert.equal(table.body.rows[0].object.metadata.managedFields[0].manager, "applier");
  });

  it("name the user agent where no manager is named", async () => {
    const manager = async (agent: string): Promise<string> => {
      const { body } = await server.request(`POST ${CONFIG_MAPS}`, configMap("a", { x: "1" }), { "user-agent": agent });
      await server.request(`DELETE ${CONFIG_MAPS}/a`);
      return body.metadata.managedFields[0].manager;
    };
    assert.equal(await manager("kubectl/v1.32.4 (linux/amd64) kubernetes/59526cd"), "kubectl");
    assert.equal(await manager("my tool\u0007"), "my tool");
    assert.equal(await manager("é".repeat(100)), "é".repeat(64));
  });

  it("say who patched and who updated", async () => {
    await server.request(`POST ${CONFIG_MAPS}?fieldManager=creator`, configMap("a", { x: "1" }));
    await patch(`${CONFIG_MAPS}/a`, [{ op: "add", path: "/data/y", value: "1" }], "fieldManager=patcher", "json");
    const { body } = await server.request(`GET ${CONFIG_MAPS}/a`);
    const answer = await server.request(`PUT ${CONFIG_MAPS}/a?fieldManager=updater`, { ...body, data: { ...body.data, z: "1" } });
    assert.deepEqual(managersOf(answer), ["creator Update", "patcher Update", "updater Update"]);
    assert.deepEqual(fieldsOf(answer, "patcher"), { "f:data": { "f:y": {} } });
  });

  it("are upgraded by clients from client-side to server-side apply", async () => {
    await server.request(`POST ${CONFIG_MAPS}?fieldManager=kubectl-client-side-apply`, configMap("a", { x: "1", y: "1" }));
    const { body } = await server.request(`GET ${CONFIG_MAPS}/a`);
    const [entry] = body.metadata.managedFields;
    const upgraded = [
      { op: "replace", path: "/metadata/managedFields", value: [{ ...entry, manager: "applier", operation: "Apply" }] },
      { op: "replace", path: "/metadata/resourceVersion", value: body.metadata.resourceVersion },
    ];
    assert.deepEqual(managersOf(await patch(`${CONFIG_MAPS}/a`, upgraded, "", "json")), ["applier Apply"]);
    assert.deepEqual((await apply(`${CONFIG_MAPS}/a`, configuration({ x: "2" }))).body.data, { x: "2" });
  });

  it("don't say who bound a pod", async () => {
    await server.create(PODS, pod("a"));
    await server.request(`POST ${PODS}/a/binding`, { target: { kind: "Node", name: "n" } }, { "user-agent": "kube-scheduler" });
    assert.deepEqual(managersOf(await server.request(`GET ${PODS}/a`)), ["unknown Update"]);
  });
});
