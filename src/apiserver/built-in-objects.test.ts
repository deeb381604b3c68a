import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { ensureBuiltInObjects } from "./built-in-objects.ts";
import { startTestServer, type TestServer } from "./testing.ts";
import { systemUser } from "./user.ts";

const TABLE = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };
const RANGE = "10.96.0.0/12";

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer();
  await ensure();
});
afterEach(() => server.close());

const ensure = (): Promise<void> => ensureBuiltInObjects(server.api.handlerFor(systemUser("system:apiserver")), RANGE);
const rows = async (path: string): Promise<string[][]> => {
  const { body } = await server.request(`GET /apis/${path}`, undefined, TABLE);
  return body.rows.map(({ cells }: { cells: unknown[] }) => cells.map(String));
};

describe("what tells of the server itself", () => {
  it("is an APIService for each version of each group, but that of the APIServices", async () => {
    const services = await rows("apiregistration.k8s.io/v1/apiservices");
    assert.deepEqual(services[0]!.slice(0, 3), ["v1.", "Local", "True"]);
    const names = services.map(([name]) => name);
    for (const name of ["v1.apps", "v1.admissionregistration.k8s.io", "v2.autoscaling", "v1.networking.k8s.io"]) assert.ok(names.includes(name), name);
    assert.ok(!names.some((name) => name!.endsWith("apiregistration.k8s.io")));
    const { body } = await server.request("GET /apis/apiregistration.k8s.io/v1/apiservices/v1.");
    assert.deepEqual(body.metadata.labels, { "kube-aggregator.kubernetes.io/automanaged": "onstart" });
    assert.deepEqual(body.spec, { version: "v1", groupPriorityMinimum: 18000, versionPriority: 1 });
  });

  it("is its flow control, mandatory and suggested, and the range of its Services", async () => {
    const schemas = await rows("flowcontrol.apiserver.k8s.io/v1/flowschemas");
    assert.deepEqual(schemas.find(([name]) => name === "catch-all")!.filter((_, i) => i !== 4), ["catch-all", "catch-all", "10000", "ByUser", "False"]);
    assert.equal(schemas.length, 11);
    assert.equal((await rows("flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations")).length, 8);
    assert.deepEqual((await rows("networking.k8s.io/v1/servicecidrs"))[0]!.slice(0, 2), ["kubernetes", RANGE]);
    const { body } = await server.request("GET /apis/networking.k8s.io/v1/servicecidrs/kubernetes");
    assert.equal(body.status.conditions[0].type, "Ready");
  });

  it("comes back when it is deleted, goes when it isn't true any more, and is else left alone", async () => {
    const before = server.store.revision;
    await ensure();
    assert.equal(server.store.revision, before);
    await server.request("DELETE /apis/apiregistration.k8s.io/v1/apiservices/v1.apps");
    const spec = { group: "gone.example.com", version: "v1", groupPriorityMinimum: 1000, versionPriority: 100 };
    await server.create("/apis/apiregistration.k8s.io/v1/apiservices", {
      metadata: { name: "v1.gone.example.com", labels: { "kube-aggregator.kubernetes.io/automanaged": "true" } },
      spec,
    });
    await ensure();
    const names = (await rows("apiregistration.k8s.io/v1/apiservices")).map(([name]) => name);
    assert.ok(names.includes("v1.apps") && !names.includes("v1.gone.example.com"));
  });
});

describe("the component statuses", () => {
  it("are the store's alone, can only be read, and are deprecated", async () => {
    const { body, headers } = await server.request("GET /api/v1/componentstatuses", undefined, TABLE);
    assert.deepEqual(body.rows.map(({ cells }: { cells: string[] }) => cells), [["etcd-0", "Healthy", "ok", ""]]);
    assert.equal(headers["warning"], '299 - "v1 ComponentStatus is deprecated in v1.19+"');
    assert.equal((await server.request("DELETE /api/v1/componentstatuses/etcd-0")).status, 405);
  });
});
