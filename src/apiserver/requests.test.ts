import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { requestInfo } from "./request-info.ts";
import { duplicateFields } from "./duplicate-fields.ts";
import { mediaRanges } from "./negotiation.ts";
import { configMap, startTestServer, type TestServer } from "./testing.ts";

const CONFIG_MAPS = "/api/v1/namespaces/default/configmaps";

let server: TestServer;
beforeEach(async () => void (server = await startTestServer()));
afterEach(() => server.close());

describe("request info", () => {
  const cases: [string, string, object | undefined][] = [
    ["GET", "/api/v1/pods", { verb: "list", resource: "pods" }],
    ["GET", "/api/v1/pods?watch=true", { verb: "watch", resource: "pods" }],
    ["GET", "/api/v1/namespaces/a/pods/b", { verb: "get", namespace: "a", resource: "pods", name: "b" }],
    ["GET", "/api/v1/namespaces/a/pods/b/log?follow=1", { verb: "get", namespace: "a", resource: "pods", name: "b", subresource: "log" }],
    ["GET", "/api/v1/namespaces/a", { verb: "get", namespace: "a", resource: "namespaces", name: "a" }],
    ["PUT", "/api/v1/namespaces/a/finalize", { verb: "update", namespace: "a", resource: "namespaces", name: "a", subresource: "finalize" }],
    ["POST", "/apis/apps/v1/namespaces/a/deployments", { verb: "create", group: "apps", namespace: "a", resource: "deployments" }],
    ["PATCH", "/apis/apps/v1/namespaces/a/deployments/b/scale", { verb: "patch", group: "apps", namespace: "a", resource: "deployments", name: "b", subresource: "scale" }],
    ["DELETE", "/api/v1/namespaces/a/pods", { verb: "deletecollection", namespace: "a", resource: "pods" }],
    ["GET", "/api/v1/watch/namespaces/a/pods/b", { verb: "watch", namespace: "a", resource: "pods", name: "b" }],
    ["GET", "/api/v1/namespaces/a/services/b/proxy/x/y", { verb: "get", namespace: "a", resource: "services", name: "b", subresource: "proxy", subpath: "x/y" }],
    ["GET", "/api/v1", undefined],
    ["GET", "/version", undefined],
  ];
  for (const [method, url, expected] of cases) {
    it(`${method} ${url}`, () => {
      const { resource } = requestInfo(method, url);
      const full = { verb: "", group: "", version: "v1", namespace: "", resource: "", name: "", subresource: "", subpath: "", ...expected };
      assert.deepEqual(resource, expected && full);
    });
  }
});

describe("warnings", () => {
  it("name what isn't supported when it is asked for, and not again with every later change", async () => {
    const services = "/api/v1/namespaces/default/services";
    const service = (externalIPs: string[], port: number): string => JSON.stringify({ metadata: { name: "a" }, spec: { externalIPs, ports: [{ port }] } });
    const created = await server.request(`POST ${services}`, service(["1.2.3.4"], 80));
    assert.match(created.headers["warning"] ?? "", /spec\.externalIPs: not supported/);
    assert.equal((await server.request(`PUT ${services}/a`, service(["1.2.3.4"], 81))).headers["warning"], undefined);
    assert.equal((await server.request(`PUT ${services}/a`, service([], 81))).headers["warning"], undefined);
    assert.match((await server.request(`PUT ${services}/a`, service(["1.2.3.5"], 81))).headers["warning"] ?? "", /spec\.externalIPs/);
  });
});

describe("bodies", () => {
  it("find fields that are named twice", () => {
    assert.deepEqual(duplicateFields('{"a":1,"b":{"c":[{"d":1,"d":2}],"c":0},"a\\u0062":1,"ab":2,"e":"a\\"{a,\\"a"}'), ["b.c[0].d", "b.c", "ab"]);
    assert.deepEqual(duplicateFields('[{"a":1},{"a":1}]'), []);
  });

  it("with unknown or duplicate fields are refused, warned of, or let pass, as the client wishes", async () => {
    const body = '{"metadata":{"name":"a","colour":"red"},"data":{"x":"1"},"data":{"x":"2"},"dat":{}}';
    const strict = await server.request(`POST ${CONFIG_MAPS}?fieldValidation=Strict`, body);
    assert.deepEqual(
      [strict.status, strict.body.message],
      [400, 'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: duplicate field "data", unknown field "metadata.colour", unknown field "dat"'],
    );
    const warned = await server.request(`POST ${CONFIG_MAPS}`, body);
    assert.equal(warned.status, 201);
    assert.equal(warned.headers["warning"], '299 - "duplicate field \\"data\\"", 299 - "unknown field \\"metadata.colour\\"", 299 - "unknown field \\"dat\\""');
    assert.deepEqual([warned.body.data, warned.body.dat, warned.body.metadata.colour], [{ x: "2" }, undefined, undefined]);
    const ignored = await server.request(`PUT ${CONFIG_MAPS}/a?fieldValidation=Ignore`, body);
    assert.deepEqual([ignored.status, ignored.headers["warning"]], [200, undefined]);
    assert.equal((await server.request(`POST ${CONFIG_MAPS}?fieldValidation=Loose`, body)).status, 422);
  });

  it("of the wrong type are refused in Go's words", async () => {
    const { status, body } = await server.request(`POST ${CONFIG_MAPS}`, { metadata: { name: "a" }, data: { x: 1 } });
    assert.deepEqual([status, body.message], [400, 'ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ConfigMap.data of type string']);
    assert.equal((await server.request(`POST ${CONFIG_MAPS}`, "{")).status, 400);
    assert.equal((await server.request(`POST ${CONFIG_MAPS}`, "[]")).status, 400);
  });

  it("may be YAML, read as Kubernetes does", async () => {
    const yaml = 'metadata:\n  name: a\n  annotations: {on: "x"}\ndata:\n  date: "2026-01-01"\n  when: 2026-01-01\n';
    const { status, body } = await server.request(`POST ${CONFIG_MAPS}`, yaml, { "content-type": "application/yaml" });
    assert.deepEqual([status, body.data], [201, { date: "2026-01-01", when: "2026-01-01" }]);
    const secret = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers: [{name: a, image: b}]\n  volumes:\n  - name: v\n    configMap: {name: a, defaultMode: 0644}\n";
    const lists = ["a0: &a0 [x, x, x, x, x, x, x, x]", ...[1, 2, 3, 4].map((n) => `a${n}: &a${n} [${Array(8).fill(`*a${n - 1}`).join(", ")}]`)];
    const bomb = await server.request(`POST ${CONFIG_MAPS}`, lists.join("\n"), { "content-type": "application/yaml" });
    assert.equal(bomb.status, 400, "aliases that unfold to something huge");
    const pod = await server.request("POST /api/v1/namespaces/default/pods", secret, { "content-type": "application/yaml" });
    assert.equal(pod.body.spec.volumes[0].configMap.defaultMode, 420);
  });

  it("of other types, and patches of other types, are refused by name", async () => {
    const body = await server.request(`POST ${CONFIG_MAPS}`, "x", { "content-type": "application/xml" });
    assert.deepEqual([body.status, body.body.reason], [415, "UnsupportedMediaType"]);
    await server.create(CONFIG_MAPS, configMap("a"));
    const patch = await server.request(`PATCH ${CONFIG_MAPS}/a`, "{}", { "content-type": "application/json" });
    assert.equal(patch.status, 415);
    assert.match(patch.body.message, /application\/json-patch\+json, application\/merge-patch\+json, application\/strategic-merge-patch\+json, application\/apply-patch\+yaml/);
  });

  it("of patches are checked like those of writes", async () => {
    await server.create(CONFIG_MAPS, configMap("a"));
    const patch = (query: string, body: string, type = "merge") => server.request(`PATCH ${CONFIG_MAPS}/a?${query}`, body, { "content-type": `application/${type}-patch+json` });
    const refusal = async (...request: Parameters<typeof patch>): Promise<[number, string]> => {
      const { status, body } = await patch(...request);
      return [status, body.message];
    };
    const [strict, why] = await refusal("fieldValidation=Strict", '{"colour":"red"}');
    assert.equal(strict, 422);
    assert.match(why, /^ "" is invalid: patch: Invalid value: ".*": strict decoding error: unknown field "colour"$/);
    const wrong = await refusal("", '{"data":{"x":1}}');
    assert.equal(wrong[0], 422);
    assert.match(wrong[1], /: json: cannot unmarshal number into Go struct field ConfigMap\.data of type string$/);
    assert.deepEqual(await refusal("", '{"data":{"x":1}}', "strategic-merge"), [422, ' "" is invalid: patch: Invalid value: "map[data:map[x:1]]": cannot convert int64 to string']);
    assert.deepEqual(await refusal("", "{"), [400, "invalid JSON patch"]);
    assert.deepEqual(await refusal("", "[]"), [400, "Invalid JSON Patch"]);
    assert.deepEqual(await refusal("", '[{"op":"test","path":"/data","value":1}]', "json"), [422, "the server rejected our request due to an error in our request"]);
    assert.match((await refusal("fieldValidation=Strict", '[{"op":"test","path":"/x","frob":1}]', "json"))[1], /json patch unknown field "\[0\]\.frob"$/);
    assert.deepEqual(await refusal("force=true", "{}"), [422, 'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch']);
    assert.deepEqual((await patch("", '{"data":{"x":"1"}}', "strategic-merge")).body.data, { x: "1" });
    assert.equal((await patch("", '{"metadata":{"resourceVersion":"1"}}')).status, 409);
  });
});

describe("answers", () => {
  it("to what isn't there say so", async () => {
    const unknownResource = await server.request("GET /api/v1/frobs");
    assert.deepEqual([unknownResource.status, unknownResource.body.message], [404, "the server could not find the requested resource"]);
    assert.equal((await server.request("GET /apis/example.com/v1/frobs")).status, 404);
    assert.equal((await server.request("GET /nothing")).status, 404);
    assert.equal((await server.request(`GET ${CONFIG_MAPS}/a/status`)).status, 404);
    assert.equal((await server.request("POST /api/v1/configmaps", configMap("a"))).status, 405);
    assert.equal((await server.request(`POST ${CONFIG_MAPS}/a`, configMap("a"))).status, 405);
    assert.equal((await server.request(`PUT ${CONFIG_MAPS}`, configMap("a"))).status, 405);
    assert.equal((await server.request("GET /api/v1/namespaces/default/pods/a/exec")).status, 400);
    const pizza = await server.request("POST /apis/example.com/v1/namespaces/default/pizzas", { apiVersion: "example.com/v1", kind: "Pizza", metadata: { name: "a" } });
    assert.deepEqual([pizza.status, pizza.body.message], [404, "404 page not found: this cluster doesn't serve pizzas of example.com/v1"]);
  });

  it("to HEAD and OPTIONS say that they aren't allowed", async () => {
    for (const line of [`HEAD ${CONFIG_MAPS}`, `HEAD ${CONFIG_MAPS}/a`, `HEAD ${CONFIG_MAPS}?watch=1`, `OPTIONS ${CONFIG_MAPS}`]) {
      const { status, body } = await server.request(line);
      assert.deepEqual([status, body.message], [405, "the server does not allow this method on the requested resource"], line);
    }
  });

  it("to reads of a revision still to come say so", async () => {
    await server.create(CONFIG_MAPS, configMap("a"));
    const get = async (resourceVersion: string) => server.request(`GET ${CONFIG_MAPS}/a?resourceVersion=${resourceVersion}`);
    assert.deepEqual([(await get("0")).status, (await get("1")).status], [200, 200]);
    const future = await get("999");
    assert.deepEqual([future.status, future.body.details.causes[0].message], [504, "Too large resource version"]);
    assert.equal((await get("abc")).body.message, 'resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax');
  });

  it("are pretty for people", async () => {
    await server.create(CONFIG_MAPS, configMap("a"));
    const curl = await server.api.handle({ method: "GET", url: `${CONFIG_MAPS}/a`, headers: { "user-agent": "curl/8.0" } }, { name: "a", groups: ["system:masters"] });
    assert.match(curl.body as string, /^\{\n {2}"kind": "ConfigMap",\n/);
  });

  it("prefer by quality", () => {
    assert.deepEqual(mediaRanges("a/b;q=0.5, c/d;as=Table;v=v1, e/f;q=0").map(({ type }) => type), ["c/d", "a/b"]);
  });

  it("tell health by check", async () => {
    assert.deepEqual((await server.request("GET /readyz")).body, "ok");
    assert.equal((await server.request("GET /livez?verbose")).body, "[+]ping ok\nlivez check passed\n");
    assert.equal((await server.request("GET /healthz/nothing")).status, 404);
    await server.close();
    server = await startTestServer({ healthChecks: [{ name: "store", healthy: () => false }] });
    const { status, body } = await server.request("GET /readyz");
    assert.deepEqual([status, body], [500, "[+]ping ok\n[-]store failed: reason withheld\nreadyz check failed\n"]);
    assert.equal((await server.request("GET /readyz?exclude=store")).status, 200);
  });
});

describe("documents", () => {
  it("list what is served, at once or one by one", async () => {
    assert.deepEqual((await server.request("GET /api")).body.versions, ["v1"]);
    assert.ok((await server.request("GET /apis")).body.groups.some(({ name }: { name: string }) => name === "apps"));
    assert.equal((await server.request("GET /apis/apps")).body.preferredVersion.groupVersion, "apps/v1");
    assert.ok((await server.request("GET /apis/apps/v1")).body.resources.some(({ name }: { name: string }) => name === "deployments/scale"));
    assert.equal((await server.request("GET /apis/nothing")).status, 404);
    for (const version of ["v2", "v2beta1"]) {
      const accept = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList,application/json`;
      const { headers, body } = await server.request("GET /apis", undefined, { accept });
      assert.deepEqual([headers["content-type"], body.apiVersion], [`application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`, `apidiscovery.k8s.io/${version}`]);
    }
    assert.equal((await server.request("GET /version")).body.gitVersion, "v1.36.0");
  });

  it("of OpenAPI carry a tag, and nothing more to those who have it", async () => {
    const index = await server.request("GET /openapi/v3");
    const url = index.body.paths["apis/apps/v1"].serverRelativeURL as string;
    assert.match(url, /^\/openapi\/v3\/apis\/apps\/v1\?hash=[0-9A-F]+$/);
    const document = await server.request(`GET ${url}`);
    assert.equal(document.body.openapi, "3.0.0");
    const again = await server.request(`GET ${url}`, undefined, { "if-none-match": document.headers["etag"]! });
    assert.deepEqual([again.status, again.body], [304, ""]);
    assert.equal((await server.request("GET /openapi/v3/apis/nothing/v1")).status, 404);
    const v2 = await server.request("GET /openapi/v2", undefined, { accept: "application/com.github.proto-openapi.spec.v2@v1.0+protobuf" });
    assert.equal(v2.headers["content-type"], "application/com.github.proto-openapi.spec.v2.v1.0+protobuf");
    assert.equal((await server.request("GET /openapi/v2", undefined, { accept: "image/png" })).status, 406);
  });
});

describe("events", () => {
  it("go an hour after their last change", async () => {
    const event = (name: string, lastTimestamp: string): object => ({ metadata: { name }, involvedObject: { kind: "Pod", name: "p", namespace: "default" }, lastTimestamp });
    await server.create("/api/v1/namespaces/default/events", event("old", "2026-01-01T00:00:00Z"));
    await server.create("/api/v1/namespaces/default/events", event("young", "2026-01-01T00:30:00Z"));
    await server.clock.advance(62 * 60_000);
    const { body } = await server.request("GET /api/v1/namespaces/default/events");
    assert.deepEqual(body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name), ["young"]);
  });
});

describe("bodies that nothing good comes in", () => {
  it("refuses what nests too deep, in creates and in patches", async () => {
    const deep = `{"metadata":{"name":"deep"},"data":${'{"a":'.repeat(1000)}1${"}".repeat(1000)}}`;
    const created = await server.request(`POST ${CONFIG_MAPS}`, deep, { "content-type": "application/json" });
    assert.deepEqual([created.status, created.body.message], [400, "the body nests deeper than 500 levels"]);
    await server.create(CONFIG_MAPS, configMap("a"));
    const patched = await server.request(`PATCH ${CONFIG_MAPS}/a`, deep, { "content-type": "application/merge-patch+json" });
    assert.equal(patched.status, 400);
  });

  it("takes a patch that empties what isn't there for no change", async () => {
    const before = await server.create(CONFIG_MAPS, configMap("b"));
    const { status, body } = await server.request(`PATCH ${CONFIG_MAPS}/b`, { metadata: { labels: {}, finalizers: [], annotations: {} }, binaryData: {} }, { "content-type": "application/merge-patch+json" });
    assert.equal(status, 200);
    assert.deepEqual(body, before);
  });

  it("ends a watch at once when its time is negative", async () => {
    const watch = await server.watch(`${CONFIG_MAPS}?watch=1&resourceVersion=${server.store.revision}&timeoutSeconds=-1`);
    await server.clock.advance(1);
    assert.equal(await watch.next(), undefined);
  });
});
