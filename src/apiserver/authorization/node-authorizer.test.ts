import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { startTestServer, type TestServer } from "../testing.ts";
import { nodeUser } from "../user.ts";

const node = nodeUser("node-1");
const CORE = "/api/v1/namespaces/default";

describe("a node", () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
    for (const name of ["node-1", "node-2"]) await server.create("/api/v1/nodes", { metadata: { name } });
    for (const name of ["mine", "theirs"]) {
      await server.create(`${CORE}/secrets`, { metadata: { name } });
      await server.create(`${CORE}/configmaps`, { metadata: { name } });
      await server.create(`${CORE}/serviceaccounts`, { metadata: { name } });
      await server.create(`${CORE}/persistentvolumeclaims`, { metadata: { name }, spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } } });
      await server.create("/api/v1/persistentvolumes", {
        metadata: { name },
        spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/x" }, claimRef: { namespace: "default", name } },
      });
      await server.create(`${CORE}/pods`, {
        metadata: { name },
        spec: {
          nodeName: name === "mine" ? "node-1" : "node-2",
          serviceAccountName: name,
          containers: [{ name: "app", image: "app:1", envFrom: [{ secretRef: { name } }] }],
          volumes: [{ name: "a", configMap: { name } }, { name: "b", persistentVolumeClaim: { claimName: name } }],
        },
      });
    }
  });
  after(() => server.close());

  const cases: [line: string, status: number, reason?: string][] = [
    [`GET ${CORE}/secrets/mine`, 200],
    [`GET ${CORE}/secrets/theirs`, 403, "no relationship found between node 'node-1' and this object"],
    [`GET ${CORE}/secrets/absent`, 403, "no relationship found between node 'node-1' and this object"],
    [`GET ${CORE}/secrets`, 403, "No Object name found"],
    [`GET ${CORE}/secrets?fieldSelector=metadata.name%3Dmine`, 200],
    [`GET ${CORE}/secrets?fieldSelector=metadata.name%3Dtheirs`, 403],
    ["GET /api/v1/secrets", 403, "can only read namespaced object of this type"],
    [`DELETE ${CORE}/secrets/mine`, 403, "can only read resources of this type"],
    [`GET ${CORE}/configmaps/mine`, 200],
    [`GET ${CORE}/configmaps/theirs`, 403],
    [`GET ${CORE}/persistentvolumeclaims/mine`, 200],
    [`GET ${CORE}/persistentvolumeclaims/theirs`, 403],
    [`GET ${CORE}/persistentvolumeclaims`, 403, "can only get individual resources of this type"],
    ["GET /api/v1/persistentvolumes/mine", 200],
    ["GET /api/v1/persistentvolumes/theirs", 403],
    [`GET ${CORE}/pods/mine`, 200],
    [`GET ${CORE}/pods/theirs`, 403],
    ["GET /api/v1/pods?fieldSelector=spec.nodeName%3Dnode-1", 200],
    ["GET /api/v1/pods?fieldSelector=spec.nodeName%3Dnode-2", 403, "can only list/watch pods with spec.nodeName field selector"],
    ["GET /api/v1/pods", 403],
    ["GET /api/v1/nodes/node-1", 200],
    ["GET /api/v1/nodes/node-2", 403, "node 'node-1' cannot read 'node-2', only its own Node object"],
    ["GET /api/v1/nodes", 403, "node 'node-1' cannot read all nodes, only its own Node object"],
    ["GET /api/v1/services", 200],
    [`GET ${CORE}/serviceaccounts/mine`, 200],
    [`GET ${CORE}/serviceaccounts/theirs`, 403],
    [`POST ${CORE}/serviceaccounts/theirs/token`, 403, "no relationship found between node 'node-1' and this object"],
    ["GET /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/node-2", 403, "can only access node lease with the same name as the requesting node"],
    [`GET /apis/coordination.k8s.io/v1/namespaces/default/leases/node-1`, 403, 'can only access leases in the "kube-node-lease" system namespace'],
    [`GET ${CORE}/services/kubernetes/proxy/`, 403],
    ["DELETE /api/v1/namespaces/default", 403],
  ];
  for (const [line, status, reason] of cases) {
    it(`${status === 200 ? "may" : "may not"} ${line}`, async () => {
      const { status: actual, body } = await server.request(line, line.startsWith("POST") ? {} : undefined, {}, node);
      assert.equal(actual, status, JSON.stringify(body));
      if (reason) assert.ok((body.message as string).endsWith(`: ${reason}`), body.message);
    });
  }

  it("gets tokens for its pods only, bound to them", async () => {
    const { uid } = (await server.request(`GET ${CORE}/pods/mine`)).body.metadata;
    const ask = (boundObjectRef?: object) => server.request(`POST ${CORE}/serviceaccounts/mine/token`, { spec: { boundObjectRef } }, {}, node);
    assert.equal((await ask({ apiVersion: "v1", kind: "Pod", name: "mine", uid })).status, 201);
    assert.match((await ask()).body.message, /node requested token not bound to a pod$/);
    assert.match((await ask({ apiVersion: "v1", kind: "Pod", name: "mine" })).body.message, /node requested token with a pod binding without a uid$/);
  });

  it("writes to itself and its pods only", async () => {
    const merge = { "content-type": "application/merge-patch+json" };
    const patch = async (path: string, body: object) => (await server.request(`PATCH ${path}`, body, merge, node)).body.message as string | undefined;
    assert.equal(await patch("/api/v1/nodes/node-1/status", { status: { phase: "Running" } }), undefined);
    assert.equal(await patch("/api/v1/nodes/node-2/status", { status: {} }), `nodes "node-2" is forbidden: node "node-1" is not allowed to modify node "node-2"`);
    assert.match((await patch("/api/v1/nodes/node-1", { spec: { taints: [{ key: "a", effect: "NoSchedule" }] } }))!, /node "node-1" is not allowed to modify taints$/);
    assert.match((await patch("/api/v1/nodes/node-1", { metadata: { labels: { "node-role.kubernetes.io/control-plane": "" } } }))!, /is not allowed to modify labels: node-role.kubernetes.io\/control-plane$/);
    assert.equal(await patch("/api/v1/nodes/node-1", { metadata: { labels: { rack: "a" } } }), undefined);
    assert.equal(await patch(`${CORE}/pods/mine/status`, { status: { phase: "Running" } }), undefined);
    assert.match((await patch(`${CORE}/pods/theirs/status`, { status: {} }))!, /node "node-1" can only update pod status for pods with spec.nodeName set to itself$/);
    assert.match((await server.request(`DELETE ${CORE}/pods/theirs`, undefined, {}, node)).body.message, /node "node-1" can only delete pods with spec.nodeName set to itself$/);
    const lease = await server.request("POST /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases", { metadata: { name: "node-2" } }, {}, node);
    assert.match(lease.body.message, /can only access node lease with the same name as the requesting node$/);
    assert.match((await server.request(`POST ${CORE}/pods`, { metadata: { name: "x" }, spec: { nodeName: "node-1", containers: [{ name: "a", image: "a" }] } }, {}, node)).body.message, /pod does not have "kubernetes.io\/config.mirror" annotation, node "node-1" can only create mirror pods$/);
  });

  it("that names no node gets nothing", async () => {
    const { body } = await server.request("GET /api/v1/services", undefined, {}, { name: "system:node:", groups: ["system:nodes"] });
    assert.match(body.message, /: unknown node for user "system:node:"$/);
  });
});
