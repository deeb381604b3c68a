import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { OPENAPI_V2_PROTOBUF } from "../protobuf/openapi-v2.ts";
import { readFields } from "../protobuf/wire.ts";
import { systemUser } from "../user.ts";
import { startTestServer, type Answer, type TestServer } from "../testing.ts";
import { CRDS, define, remove } from "./testing.ts";

const AGGREGATED = { accept: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList" };
const MODEL = "com.example.v1.Widget";

/** With one of everything that a schema may say. */
const SPEC = {
  type: "object",
  description: "What the widget should be.",
  required: ["size"],
  properties: {
    size: { type: "integer", format: "int32", minimum: 1, maximum: 9.5, exclusiveMaximum: true, multipleOf: 1, default: 1 },
    name: { type: "string", maxLength: 10, minLength: 1, pattern: "^[a-z]+$", enum: ["a", "b"], example: "a", externalDocs: { url: "http://example.com" } },
    port: { "x-kubernetes-int-or-string": true },
    parts: { type: "array", maxItems: 3, minItems: 1, "x-kubernetes-list-type": "set", items: { type: "string" } },
    labels: { type: "object", maxProperties: 3, minProperties: 1, additionalProperties: { type: "string" } },
    template: { type: "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true },
    maybe: { type: "object", nullable: true, properties: { a: { type: "string" } } },
  },
  anyOf: [{ required: ["size"] }, { required: ["name"] }],
  "x-kubernetes-validations": [{ rule: "self.size > 0" }],
};

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.close());

async function read(path: string, headers: Record<string, string> = {}): Promise<Answer["body"]> {
  const { status, body } = await server.request(`GET ${path}`, undefined, headers);
  assert.equal(status, 200, path);
  return body;
}

async function hashes(): Promise<Map<string, string>> {
  const { paths } = (await read("/openapi/v3")) as { paths: Record<string, { serverRelativeURL: string }> };
  return new Map(Object.entries(paths).map(([path, { serverRelativeURL }]) => [path, serverRelativeURL]));
}

describe("as soon as a definition is established", () => {
  let earlier: Map<string, string>;
  before(async () => {
    earlier = await hashes();
    await define(server, {
      singular: "widget",
      shortNames: ["wd"],
      categories: ["all"],
      version: {
        schema: { openAPIV3Schema: { type: "object", properties: { spec: SPEC, status: { type: "object", properties: { n: { type: "integer" } } } } } },
        subresources: { status: {}, scale: { specReplicasPath: ".spec.size", statusReplicasPath: ".status.n" } },
        selectableFields: [{ jsonPath: ".spec.name" }],
      },
      more: [{ name: "v1beta1", served: true, storage: false, schema: { openAPIV3Schema: { type: "object" } } }],
    });
  });

  test("discovery has its group, its versions by preference, its names and its subresources", async () => {
    const { groups } = (await read("/apis")) as { groups: { name: string }[] };
    const versions = [
      { groupVersion: "example.com/v1", version: "v1" },
      { groupVersion: "example.com/v1beta1", version: "v1beta1" },
    ];
    const group = { name: "example.com", versions, preferredVersion: versions[0] };
    assert.deepEqual(groups.find(({ name }) => name === "example.com"), group);
    assert.deepEqual(await read("/apis/example.com"), { kind: "APIGroup", apiVersion: "v1", ...group });
    const verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
    assert.deepEqual((await read("/apis/example.com/v1")).resources, [
      { name: "widgets", singularName: "widget", namespaced: true, kind: "Widget", verbs, shortNames: ["wd"], categories: ["all"] },
      { name: "widgets/scale", singularName: "", namespaced: true, group: "autoscaling", version: "v1", kind: "Scale", verbs: ["get", "patch", "update"] },
      { name: "widgets/status", singularName: "", namespaced: true, kind: "Widget", verbs: ["get", "patch", "update"] },
    ]);
    assert.deepEqual(
      (await read("/apis/example.com/v1beta1")).resources.map(({ name }: { name: string }) => name),
      ["widgets"],
    );
  });

  test("aggregated discovery has it too", async () => {
    const { items } = (await read("/apis", AGGREGATED)) as { items: { metadata: { name: string }; versions: { version: string; resources: { resource: string; subresources?: { subresource: string }[] }[] }[] }[] };
    const group = items.find(({ metadata }) => metadata.name === "example.com")!;
    assert.deepEqual(
      group.versions.map(({ version, resources }) => [version, resources.map(({ resource, subresources }) => [resource, subresources?.map((sub) => sub.subresource)])]),
      [
        ["v1", [["widgets", ["scale", "status"]]]],
        ["v1beta1", [["widgets", undefined]]],
      ],
    );
  });

  test("OpenAPI v3 has a document for each version, and the others stay what they were", async () => {
    const now = await hashes();
    assert.deepEqual([...now.keys()].filter((path) => !earlier.has(path)), ["apis/example.com/v1", "apis/example.com/v1beta1"]);
    for (const [path, url] of earlier) assert.equal(now.get(path), url, path);
    const { components, paths } = await read(now.get("apis/example.com/v1")!);
    const schema = components.schemas[MODEL];
    assert.deepEqual(schema["x-kubernetes-group-version-kind"], [{ group: "example.com", version: "v1", kind: "Widget" }]);
    assert.deepEqual(schema["x-kubernetes-selectable-fields"], [{ fieldPath: "spec.name" }]);
    assert.deepEqual(Object.keys(schema.properties), ["apiVersion", "kind", "metadata", "spec", "status"]);
    const { maybe, port, name } = schema.properties.spec.properties;
    assert.equal(maybe.nullable, true);
    assert.deepEqual(port.anyOf, [{ type: "integer" }, { type: "string" }]);
    assert.deepEqual(name, SPEC.properties.name);
    assert.ok(components.schemas["com.example.v1.WidgetList"], "lists");
    assert.ok(components.schemas["io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"], "what it refers to");
    const operations = paths["/apis/example.com/v1/namespaces/{namespace}/widgets/{name}"];
    assert.deepEqual(Object.keys(operations.patch.requestBody.content), [
      "application/json-patch+json",
      "application/merge-patch+json",
      "application/apply-patch+yaml",
    ]);
    assert.ok(paths["/apis/example.com/v1/namespaces/{namespace}/widgets/{name}/scale"]);
  });

  test("OpenAPI v2 has what Swagger can say of it", async () => {
    const { definitions } = await read("/openapi/v2");
    const spec = definitions[MODEL].properties.spec;
    assert.deepEqual(spec.required, ["size"]);
    assert.equal(spec.anyOf, undefined);
    assert.deepEqual(spec["x-kubernetes-validations"], SPEC["x-kubernetes-validations"]);
    assert.deepEqual(spec.properties.maybe, {}, "null has no type");
    assert.deepEqual(spec.properties.port, { "x-kubernetes-int-or-string": true });
    assert.deepEqual(spec.properties.template, { "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true });
  });

  test("OpenAPI v2 is there in protocol buffers", async () => {
    const { body } = await server.api.handle({ method: "GET", url: "/openapi/v2", headers: { accept: OPENAPI_V2_PROTOBUF }, body: undefined }, systemUser("admin"));
    const definitions = [...readFields(body as Buffer)].find(({ number }) => number === 9)!;
    const named = [...readFields(definitions.bytes)].map(({ bytes: entry }) => [...readFields(entry)]);
    const [, value] = named.find(([name]) => name!.bytes.toString() === MODEL)!;
    assert.ok([...readFields(value!.bytes)].some(({ number }) => number === 25), "with properties");
  });
});

test("a definition that goes takes its documents along", async () => {
  await define(server, { group: "gone.example.com" });
  await remove(server, "widgets.gone.example.com");
  for (const path of ["/apis/gone.example.com", "/apis/gone.example.com/v1", "/openapi/v3/apis/gone.example.com/v1"]) {
    assert.equal((await server.request(`GET ${path}`)).status, 404, path);
  }
  assert.equal((await hashes()).has("apis/gone.example.com/v1"), false);
  assert.equal((await read("/openapi/v2")).definitions["com.example.gone.v1.Widget"], undefined);
  assert.equal((await server.request(`GET ${CRDS}`)).body.items.length, 1);
});
