/** Server-side apply of kinds with several versions, and of those that users define. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { define } from "./apiextensions/testing.ts";
import { startTestServer, type Answer, type TestServer } from "./testing.ts";

let server: TestServer;
beforeEach(async () => void (server = await startTestServer()));
afterEach(() => server.close());

const apply = (path: string, config: unknown, query = "fieldManager=applier"): Promise<Answer> =>
  server.request(`PATCH ${path}?${query}`, config, { "content-type": "application/apply-patch+yaml" });

const fieldsOf = ({ body }: Answer, manager: string): unknown => body.metadata.managedFields.find((entry: { manager: string }) => entry.manager === manager)?.fieldsV1;

describe("applying custom resources", () => {
  const THINGS = "/apis/example.com/v1/namespaces/default/things";
  const thing = (spec: object, version = "v1"): object => ({ apiVersion: `example.com/${version}`, kind: "Thing", metadata: { name: "a" }, spec });

  beforeEach(async () => {
    const spec = {
      type: "object",
      properties: {
        size: { type: "integer" },
        tags: { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "set" },
        ports: {
          type: "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["port", "protocol"],
          items: { type: "object", required: ["port"], properties: { port: { type: "integer" }, protocol: { type: "string", default: "TCP" }, name: { type: "string" } } },
        },
        whole: { type: "object", "x-kubernetes-map-type": "atomic", additionalProperties: { type: "string" } },
        anything: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
      },
    };
    const version = {
      subresources: { status: {}, scale: { specReplicasPath: ".spec.size", statusReplicasPath: ".status.size" } },
      schema: { openAPIV3Schema: { type: "object", properties: { spec, status: { type: "object", properties: { size: { type: "integer" }, phase: { type: "string" } } } } } },
    };
    await define(server, { plural: "things", kind: "Thing", version, more: [{ name: "v2", served: true, storage: false, ...version }] });
  });

  it("merges as their schema says", async () => {
    const first = await apply(`${THINGS}/a`, thing({ size: 1, tags: ["x"], ports: [{ port: 80 }], whole: { a: "1" }, anything: { deep: { a: 1 } } }), "fieldManager=one");
    assert.equal(first.status, 201, first.body.message);
    const second = await apply(`${THINGS}/a`, thing({ tags: ["y"], ports: [{ port: 80, protocol: "UDP" }, { port: 80, protocol: "TCP", name: "http" }], anything: { deep: { b: 2 } } }), "fieldManager=two");
    assert.equal(second.status, 200, second.body.message);
    assert.deepEqual(second.body.spec, {
      size: 1,
      tags: ["x", "y"],
      ports: [
        { port: 80, protocol: "UDP" },
        { port: 80, protocol: "TCP", name: "http" },
      ],
      whole: { a: "1" },
      anything: { deep: { a: 1, b: 2 } },
    });
    const refused = await apply(`${THINGS}/a`, thing({ whole: { b: "2" } }), "fieldManager=two");
    assert.deepEqual([refused.status, refused.body.message], [409, 'Apply failed with 1 conflict: conflict with "one": .spec.whole']);
    const gone = await apply(`${THINGS}/a`, thing({ size: 1 }), "fieldManager=one");
    assert.deepEqual(gone.body.spec, { size: 1, tags: ["y"], ports: second.body.spec.ports, anything: { deep: { b: 2 } } });
  });

  it("refuses what they have no field for, and items that come twice", async () => {
    const unknown = await apply(`${THINGS}/a`, thing({ colour: "red" }));
    assert.deepEqual([unknown.status, unknown.body.message], [500, "failed to create typed patch object (/a; example.com/v1, Kind=Thing): .spec.colour: field not declared in schema"]);
    const twice = await apply(`${THINGS}/a`, thing({ ports: [{ port: 80 }, { port: 80, protocol: "TCP" }] }));
    assert.match(twice.body.message, /\.spec\.ports: duplicate entries for key \[port=80,protocol="TCP"\]$/);
  });

  it("knows owners across versions", async () => {
    await apply(`${THINGS}/a`, thing({ size: 1 }), "fieldManager=one");
    const v2 = THINGS.replace("v1", "v2");
    const refused = await apply(`${v2}/a`, thing({ size: 2 }, "v2"), "fieldManager=two");
    assert.deepEqual([refused.status, refused.body.message], [409, 'Apply failed with 1 conflict: conflict with "one": .spec.size']);
    const taken = await apply(`${v2}/a`, thing({ size: 2 }, "v2"), "fieldManager=two&force=true");
    assert.deepEqual(taken.body.metadata.managedFields.map(({ manager, apiVersion }: Record<string, string>) => [manager, apiVersion]), [["two", "example.com/v2"]]);
    const back = await apply(`${THINGS}/a`, thing({}), "fieldManager=two");
    assert.deepEqual([back.status, back.body.spec, back.body.metadata.managedFields.length], [200, undefined, 1]);
  });

  it("keeps the status and the scale apart", async () => {
    await apply(`${THINGS}/a`, thing({ size: 1 }), "fieldManager=one");
    const status = await apply(`${THINGS}/a/status`, { ...thing({ size: 9 }), status: { phase: "Ready" } }, "fieldManager=controller");
    assert.deepEqual([status.status, status.body.spec, status.body.status, fieldsOf(status, "controller")], [200, { size: 1 }, { phase: "Ready" }, { "f:status": { "f:phase": {} } }]);
    const scale = { apiVersion: "autoscaling/v1", kind: "Scale", metadata: { name: "a" }, spec: { replicas: 3 } };
    assert.equal((await apply(`${THINGS}/a/scale`, scale)).status, 409);
    assert.equal((await apply(`${THINGS}/a/scale`, scale, "fieldManager=scaler&force=true")).status, 200);
    const object = await server.request(`GET ${THINGS}/a`);
    assert.deepEqual([object.body.spec, fieldsOf(object, "scaler")], [{ size: 3 }, { "f:spec": { "f:size": {} } }]);
  });

  it("tracks updates with the spec as such", async () => {
    const created = await server.request(`POST ${THINGS}`, thing({ size: 1 }), { "user-agent": "kubectl" });
    assert.deepEqual(fieldsOf(created, "kubectl"), { "f:spec": { ".": {}, "f:size": {} } });
  });
});

describe("owners in several versions of a built-in kind", () => {
  it("are compared in the version they wrote", async () => {
    const hpa = (version: string, spec: object): object => ({
      apiVersion: `autoscaling/${version}`,
      kind: "HorizontalPodAutoscaler",
      metadata: { name: "web" },
      spec: { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" }, maxReplicas: 3, ...spec },
    });
    const path = (version: string): string => `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers/web`;
    const metric = (averageUtilization: number): object => ({ metrics: [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization } } }] });
    const created = await apply(path("v2"), hpa("v2", metric(50)), "fieldManager=two");
    assert.equal(created.status, 201, created.body.message);
    const same = await apply(path("v1"), hpa("v1", { targetCPUUtilizationPercentage: 50 }), "fieldManager=one");
    assert.equal(same.status, 200, same.body.message);
    const refused = await apply(path("v1"), hpa("v1", { targetCPUUtilizationPercentage: 70 }), "fieldManager=one");
    assert.deepEqual([refused.status, refused.body.message], [409, 'Apply failed with 1 conflict: conflict with "two": .spec.metrics']);
  });
});
