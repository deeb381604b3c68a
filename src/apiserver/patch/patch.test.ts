import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import fc from "fast-check";
import { ensureSchemas } from "#api/openapi/index.ts";
import { patchMeta } from "#api/openapi/schema.ts";
import { applyJsonPatch } from "./json-patch.ts";
import { applyMergePatch } from "./merge-patch.ts";
import { applyPatch } from "./patch.ts";
import { applyStrategicMergePatch } from "./strategic-merge-patch.ts";

const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<unknown>;

describe("JSON patch", () => {
  const cases: [string, unknown, unknown[], unknown][] = [
    ["adds a member", { a: 1 }, [{ op: "add", path: "/b", value: 2 }], { a: 1, b: 2 }],
    ["inserts into a list, and appends to it", [1, 3], [{ op: "add", path: "/1", value: 2 }, { op: "add", path: "/-", value: 4 }], [1, 2, 3, 4]],
    ["removes", { a: [1, 2] }, [{ op: "remove", path: "/a/0" }], { a: [2] }],
    ["replaces", { a: { b: 1 } }, [{ op: "replace", path: "/a/b", value: null }], { a: { b: null } }],
    ["replaces the whole", { a: 1 }, [{ op: "replace", path: "", value: [] }], []],
    ["moves and copies", { a: 1 }, [{ op: "move", from: "/a", path: "/b" }, { op: "copy", from: "/b", path: "/c" }], { b: 1, c: 1 }],
    ["escapes slashes and tildes", { "a/b": 1, "c~d": 2 }, [{ op: "remove", path: "/a~1b" }, { op: "test", path: "/c~0d", value: 2 }], { "c~d": 2 }],
    ["treats a missing member as null in a test", {}, [{ op: "test", path: "/a", value: null }], {}],
  ];
  for (const [name, document, patch, expected] of cases) {
    it(name, () => {
      const before = structuredClone(document);
      assert.deepEqual(applyJsonPatch(document, patch), expected);
      assert.deepEqual(document, before, "the document itself stays");
    });
  }

  const refusals: [string, unknown, unknown, RegExp][] = [
    ["a test that fails", { a: 1 }, [{ op: "test", path: "/a", value: 2 }], /testing value \/a failed/],
    ["removal of what isn't there", {}, [{ op: "remove", path: "/a" }], /remove operation does not apply: doc is missing path: \/a: missing value/],
    ["a path through what isn't there", {}, [{ op: "add", path: "/a/b", value: 1 }], /add operation does not apply: doc is missing path/],
    ["an index outside the list", { a: [] }, [{ op: "replace", path: "/a/0", value: 1 }], /invalid index/],
    ["a patch that is no list", {}, { op: "add" }, /cannot unmarshal object/],
    ["an operation it doesn't know", {}, [{ op: "frob", path: "/a" }], /Unexpected kind: frob/],
  ];
  for (const [name, document, patch, message] of refusals) {
    it(`refuses ${name}`, () => assert.throws(() => applyJsonPatch(document, patch), { name: "StatusError", message }));
  }

  it("cannot reach the prototype", () => {
    const result = applyJsonPatch({}, [{ op: "add", path: "/__proto__", value: { polluted: true } }]) as object;
    assert.deepEqual([Object.keys(result), ({} as { polluted?: boolean }).polluted], [["__proto__"], undefined]);
    assert.throws(() => applyJsonPatch({}, [{ op: "add", path: "/__proto__/polluted", value: true }]), /missing path/);
  });
});

describe("merge patch", () => {
  const cases: [unknown, unknown, unknown][] = [
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [["a"], { a: "b", c: null }, { a: "b" }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ];
  it("does what RFC 7396 shows", () => {
    for (const [document, patch, expected] of cases) assert.deepEqual(applyMergePatch(document, patch), expected);
  });

  it("applied twice is applied once", () => {
    fc.assert(
      fc.property(json, json, (document, patch) => {
        const once = applyMergePatch(document, patch);
        assert.deepEqual(applyMergePatch(once, patch), once);
      }),
    );
  });
});

describe("strategic merge patch", () => {
  before(() => ensureSchemas());
  const patch = (document: unknown, change: unknown, model = "io.k8s.api.core.v1.Pod"): unknown =>
    applyStrategicMergePatch(document, change, (path) => patchMeta(model, path));
  const containers = (...items: object[]): object => ({ spec: { containers: items } });

  it("merges lists by their key, and appends what is new", () => {
    assert.deepEqual(
      patch(containers({ name: "a", image: "1", env: [{ name: "X", value: "1" }] }, { name: "b", image: "1" }), containers({ name: "a", image: "2", env: [{ name: "Y", value: "2" }] }, { name: "c", image: "1" })),
      containers({ name: "a", image: "2", env: [{ name: "X", value: "1" }, { name: "Y", value: "2" }] }, { name: "b", image: "1" }, { name: "c", image: "1" }),
    );
  });

  it("replaces lists that have no key", () => {
    assert.deepEqual(patch(containers({ name: "a", command: ["x", "y"] }), containers({ name: "a", command: ["z"] })), containers({ name: "a", command: ["z"] }));
  });

  it("merges lists of plain values where they are sets", () => {
    assert.deepEqual(patch({ metadata: { finalizers: ["a", "b"] } }, { metadata: { finalizers: ["b", "c"] } }), { metadata: { finalizers: ["a", "b", "c"] } });
    assert.deepEqual(patch({ metadata: { finalizers: ["a", "b"] } }, { metadata: { "$deleteFromPrimitiveList/finalizers": ["a"] } }), { metadata: { finalizers: ["b"] } });
  });

  it("deletes and replaces by directive", () => {
    assert.deepEqual(patch(containers({ name: "a" }, { name: "b" }), containers({ name: "a", $patch: "delete" })), containers({ name: "b" }));
    assert.deepEqual(patch(containers({ name: "a" }, { name: "b" }), containers({ name: "c" }, { $patch: "replace" })), containers({ name: "c" }));
    assert.deepEqual(patch({ metadata: { labels: { a: "1", b: "2" } } }, { metadata: { labels: { c: "3", $patch: "replace" } } }), { metadata: { labels: { c: "3" } } });
    assert.deepEqual(patch({ metadata: { labels: { a: "1" } } }, { metadata: { labels: { $patch: "delete" } } }), { metadata: {} });
    assert.deepEqual(patch({ metadata: { labels: { a: "1", b: "2" } } }, { metadata: { labels: { a: null } } }), { metadata: { labels: { b: "2" } } });
  });

  it("retains only the keys it is told to", () => {
    const strategy = { spec: { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1 } } } };
    assert.deepEqual(patch(strategy, { spec: { strategy: { $retainKeys: ["type"], type: "Recreate" } } }, "io.k8s.api.apps.v1.Deployment"), { spec: { strategy: { type: "Recreate" } } });
    assert.throws(() => patch(strategy, { spec: { strategy: { $retainKeys: ["type"], rollingUpdate: {} } } }, "io.k8s.api.apps.v1.Deployment"), /\$retainKeys/);
  });

  it("puts lists into the order it is told", () => {
    assert.deepEqual(
      patch(containers({ name: "a" }, { name: "b" }, { name: "server" }, { name: "c" }), { spec: { "$setElementOrder/containers": [{ name: "c" }, { name: "b" }, { name: "a" }], containers: [] } }),
      containers({ name: "server" }, { name: "c" }, { name: "b" }, { name: "a" }),
    );
    assert.deepEqual(
      patch(containers({ name: "a" }), { spec: { "$setElementOrder/containers": [{ name: "new" }, { name: "a" }], containers: [{ name: "new", image: "1" }] } }),
      containers({ name: "new", image: "1" }, { name: "a" }),
    );
  });

  it("refuses items without their key and directives it doesn't know", () => {
    assert.throws(() => patch(containers({ name: "a" }), containers({ image: "x" })), { message: 'map: {"image":"x"} does not contain declared merge key: name' });
    assert.throws(() => patch(containers({ name: "a" }), { metadata: { $patch: "explode" } }), { message: "Unknown patch type: explode" });
  });

  it("applied twice is applied once", () => {
    const named = fc.uniqueArray(fc.record({ name: fc.constantFrom("a", "b", "c", "d"), image: fc.constantFrom("1", "2") }), { selector: ({ name }) => name, maxLength: 4 });
    fc.assert(
      fc.property(named, named, (document, change) => {
        const once = patch(containers(...document), containers(...change));
        assert.deepEqual(patch(once, containers(...change)), once);
      }),
    );
  });
});

describe("patches by content type", () => {
  it("name what is accepted when it is another", () => {
    assert.throws(() => applyPatch("application/apply-patch+yaml", {}, {}, () => ({ strategy: "merge" })), {
      name: "StatusError",
      message:
        "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json",
    });
  });
});
