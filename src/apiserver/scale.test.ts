/** `scale` of every kind that has it, read and written as kubectl does. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { startTestServer, type TestServer } from "./testing.ts";

const template = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "c", image: "i" }] } };
const selector = { matchLabels: { app: "web" } };
const CASES: [path: string, spec: object][] = [
  ["/apis/apps/v1/namespaces/default/deployments", { selector, template }],
  ["/apis/apps/v1/namespaces/default/replicasets", { selector, template }],
  ["/apis/apps/v1/namespaces/default/statefulsets", { selector, template, serviceName: "web" }],
  ["/api/v1/namespaces/default/replicationcontrollers", { template }],
];

let server: TestServer;
before(async () => void (server = await startTestServer()));
after(() => server.close());

describe("scale", () => {
  for (const [path, spec] of CASES) {
    it(`of ${path.split("/").at(-1)}`, async () => {
      await server.create(path, { metadata: { name: "web" }, spec });
      const { body: scale } = await server.request(`GET ${path}/web/scale`);
      assert.deepEqual([scale.apiVersion, scale.kind, scale.spec, scale.status], ["autoscaling/v1", "Scale", { replicas: 1 }, { replicas: 0, selector: "app=web" }]);
      scale.spec.replicas = 3;
      assert.deepEqual((await server.request(`PUT ${path}/web/scale`, scale)).body.spec, { replicas: 3 });
      const patched = await server.request(`PATCH ${path}/web/scale`, { spec: { replicas: 0 } }, { "content-type": "application/merge-patch+json" });
      assert.deepEqual([patched.status, patched.body.spec], [200, {}]);
      const { body: object } = await server.request(`GET ${path}/web`);
      assert.deepEqual([object.spec.replicas, object.metadata.generation], [0, 3]);
    });
  }
});
