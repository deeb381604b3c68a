import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import fc from "fast-check";
import { ensureSchemas } from "#api/openapi/index.ts";
import { patchMeta } from "#api/openapi/schema.ts";
import { applyStrategicMergePatch } from "./strategic-merge-patch.ts";

const DEPLOYMENT = "io.k8s.api.apps.v1.Deployment";
const patch = (document: unknown, change: unknown, model = "io.k8s.api.core.v1.Pod"): unknown =>
  applyStrategicMergePatch(document, change, (path) => patchMeta(model, path));
const containers = (...items: object[]): object => ({ spec: { containers: items } });

before(() => ensureSchemas());

describe("strategic merge patch of lists", () => {
  it("merges by their key, what is new first", () => {
    assert.deepEqual(
      patch(containers({ name: "a", image: "1", env: [{ name: "X", value: "1" }] }, { name: "b", image: "1" }), containers({ name: "a", image: "2", env: [{ name: "Y", value: "2" }] }, { name: "c", image: "1" })),
      containers({ name: "a", image: "2", env: [{ name: "Y", value: "2" }, { name: "X", value: "1" }] }, { name: "c", image: "1" }, { name: "b", image: "1" }),
    );
  });

  it("replaces where there is no key", () => {
    assert.deepEqual(patch(containers({ name: "a", command: ["x", "y"] }), containers({ name: "a", command: ["z"] })), containers({ name: "a", command: ["z"] }));
  });

  it("merges plain values where they are sets", () => {
    assert.deepEqual(patch({ metadata: { finalizers: ["a", "b"] } }, { metadata: { finalizers: ["b", "c"] } }), { metadata: { finalizers: ["a", "b", "c"] } });
    assert.deepEqual(patch({ metadata: { finalizers: ["a", "b"] } }, { metadata: { "$deleteFromPrimitiveList/finalizers": ["a"] } }), { metadata: { finalizers: ["b"] } });
    assert.deepEqual(patch({ metadata: { finalizers: ["a", "b"] } }, { metadata: { "$setElementOrder/finalizers": ["b", "a"] } }), { metadata: { finalizers: ["b", "a"] } });
  });

  it("puts them into the order it is told", () => {
    assert.deepEqual(
      patch(containers({ name: "a" }, { name: "b" }, { name: "server" }, { name: "c" }), { spec: { "$setElementOrder/containers": [{ name: "c" }, { name: "b" }, { name: "a" }], containers: [] } }),
      containers({ name: "server" }, { name: "c" }, { name: "b" }, { name: "a" }),
    );
    assert.deepEqual(
      patch(containers({ name: "a" }), { spec: { "$setElementOrder/containers": [{ name: "new" }, { name: "a" }], containers: [{ name: "new", image: "1" }] } }),
      containers({ name: "new", image: "1" }, { name: "a" }),
    );
  });

  it("puts a new item where one was deleted", () => {
    assert.deepEqual(
      patch(containers({ name: "old" }, { name: "server" }), { spec: { "$setElementOrder/containers": [{ name: "new" }], containers: [{ name: "new" }, { name: "old", $patch: "delete" }] } }),
      containers({ name: "server" }, { name: "new" }),
    );
  });
});

describe("strategic merge patch directives", () => {
  it("delete and replace", () => {
    assert.deepEqual(patch(containers({ name: "a" }, { name: "b" }), containers({ name: "a", $patch: "delete" })), containers({ name: "b" }));
    assert.deepEqual(patch(containers({ name: "a" }, { name: "b" }), containers({ name: "c" }, { $patch: "replace" })), containers({ name: "c" }));
    assert.deepEqual(patch({ metadata: { labels: { a: "1", b: "2" } } }, { metadata: { labels: { c: "3", $patch: "replace" } } }), { metadata: { labels: { c: "3" } } });
    assert.deepEqual(patch({ metadata: { labels: { a: "1" } } }, { metadata: { labels: { $patch: "delete" } } }), { metadata: { labels: {} } });
    assert.deepEqual(patch({ metadata: { labels: { a: "1", b: "2" } } }, { metadata: { labels: { a: null } } }), { metadata: { labels: { b: "2" } } });
  });

  it("leave nothing of themselves in what is new", () => {
    assert.deepEqual(patch({}, containers({ name: "a", $patch: "delete" }, { name: "b", env: null, resources: { limits: { cpu: null } } })), containers({ name: "b", resources: { limits: {} } }));
  });

  it("retain only the keys they are told to", () => {
    const strategy = { spec: { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1 } } } };
    assert.deepEqual(patch(strategy, { spec: { strategy: { $retainKeys: ["type"], type: "Recreate" } } }, DEPLOYMENT), { spec: { strategy: { type: "Recreate" } } });
    assert.throws(() => patch(strategy, { spec: { strategy: { $retainKeys: ["type"], rollingUpdate: {} } } }, DEPLOYMENT), { code: 400, message: "invalid patch format of retainKeys" });
  });

  const refusals: [string, unknown, number, RegExp][] = [
    ["items without their key", containers({ image: "x" }), 500, /^map: map\[image:x\] does not contain declared merge key: name$/],
    ["what they don't know", { metadata: { $patch: "explode" } }, 500, /^unknown patch type: explode in map: map\[\$patch:explode\]$/],
    ["an order that isn't the patch's", { spec: { "$setElementOrder/containers": [{ name: "a" }, { name: "b" }], containers: [{ name: "b" }, { name: "a" }] } }, 500, /^The order in patch list:/],
    ["items of different kinds", containers({ name: "b" }, "x" as never), 500, /^list element types are not identical/],
    ["a list to retain that is none", { spec: { $retainKeys: "x" } }, 400, /^invalid patch format of retainKeys$/],
    ["a list to delete from that has no name", { metadata: { $deleteFromPrimitiveList: ["a"] } }, 400, /^invalid patch format of primitive list$/],
    ["a patch that is no map", [], 400, /cannot unmarshal array into Go value of type map\[string\]interface \{\}/],
  ];
  for (const [name, change, code, message] of refusals) {
    it(`refuse ${name}`, () => assert.throws(() => patch({ metadata: { labels: {} }, ...containers({ name: "a" }) }, change), { code, message }));
  }
});

describe("strategic merge patch laws", () => {
  const named = <T>(rest: Record<string, fc.Arbitrary<T>>) =>
    fc
      .uniqueArray(fc.record({ name: fc.constantFrom("a", "b", "c", "d"), ...rest }, { requiredKeys: ["name"] }), { selector: ({ name }) => name, maxLength: 4 })
      .map((items) => JSON.parse(JSON.stringify(items)) as Item[]);
  const envs = named({ value: fc.constantFrom("1", "2") });
  const lists = named<unknown>({ image: fc.constantFrom("1", "2"), env: envs });

  type Item = Record<string, unknown> & { name: string; env?: Item[] };

  /** As kubectl computes it: what differs, what is gone, and the order. */
  function diff(original: Item[], modified: Item[], list: string): object {
    const changed = modified.flatMap((item): object[] => {
      const known = original.find(({ name }) => name === item.name);
      if (!known) return [item];
      const { env, ...fields } = item;
      const gone = Object.fromEntries(Object.keys(known).flatMap((key) => (key in item ? [] : [[key, null]])));
      return [{ ...fields, ...gone, ...(env ? (known.env ? diff(known.env, env, "env") : { env }) : {}) }];
    });
    const deleted = original.filter(({ name }) => !modified.some((item) => item.name === name)).map(({ name }) => ({ name, $patch: "delete" }));
    if (changed.length + deleted.length === 0) return {};
    return { [list]: [...changed, ...deleted], [`$setElementOrder/${list}`]: modified.map(({ name }) => ({ name })) };
  }

  it("the difference of two lists makes one of the other", () => {
    fc.assert(
      fc.property(lists, lists, (original, modified) => {
        fc.pre(original.length > 0 && modified.length > 0);
        const hasEmptyEnv = (items: Item[]): boolean => items.some(({ env }) => env?.length === 0);
        fc.pre(!hasEmptyEnv(original) && !hasEmptyEnv(modified));
        assert.deepEqual(patch(containers(...original), { spec: diff(original, modified, "containers") }), containers(...modified));
      }),
    );
  });

  it("applied twice is applied once", () => {
    fc.assert(
      fc.property(lists, lists, (document, change) => {
        const once = patch(containers(...document), containers(...change));
        assert.deepEqual(patch(once, containers(...change)), once);
      }),
    );
  });
});
