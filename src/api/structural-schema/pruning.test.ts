import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { applyDefaults, isComplete, pruneDefaults } from "./defaulting.ts";
import type { JsonSchema } from "./json-schema.ts";
import { prune, pruneNulls } from "./pruning.ts";
import { resource } from "./testing.ts";

const STRING: JsonSchema = { type: "string" };

describe("pruning", () => {
  const cases: [what: string, schema: JsonSchema, value: object, pruned: object, unknown: string[]][] = [
    [
      "drops what isn't specified",
      resource({ a: STRING, list: { type: "array", items: { type: "object", properties: { b: STRING } } } }),
      { kind: "X", metadata: { any: 1 }, status: {}, spec: { a: "1", c: "2", list: [{ b: "1", d: {} }] } },
      { kind: "X", metadata: { any: 1 }, spec: { a: "1", list: [{ b: "1" }] } },
      ["spec.c", "spec.list[0].d", "status"],
    ],
    [
      "keeps maps, and drops what isn't specified in them",
      resource({ map: { type: "object", additionalProperties: { type: "object", properties: { a: STRING } } }, any: { type: "object", additionalProperties: true } }),
      { spec: { map: { k: { a: "1", b: "2" } }, any: { k: { a: "1" }, l: "2" } } },
      { spec: { map: { k: { a: "1" } }, any: { k: {}, l: "2" } } },
      ["spec.any.k.a", "spec.map.k.b"],
    ],
    [
      "keeps what is preserved, and drops within what is specified there",
      resource({ raw: { type: "object", "x-kubernetes-preserve-unknown-fields": true, properties: { known: { type: "object", properties: { a: STRING } } } } }),
      { spec: { raw: { x: { y: 1 }, known: { a: "1", b: "2" }, list: [{ z: 1 }] } } },
      { spec: { raw: { x: { y: 1 }, known: { a: "1" }, list: [{ z: 1 }] } } },
      ["spec.raw.known.b"],
    ],
    [
      "keeps the kind and metadata of embedded resources",
      resource({ template: { type: "object", "x-kubernetes-embedded-resource": true, properties: { spec: { type: "object", properties: { a: STRING } } } } }),
      { spec: { template: { apiVersion: "v1", kind: "Pod", metadata: { name: "x" }, status: {}, spec: { a: "1", b: "2" } } } },
      { spec: { template: { apiVersion: "v1", kind: "Pod", metadata: { name: "x" }, spec: { a: "1" } } } },
      ["spec.template.spec.b", "spec.template.status"],
    ],
  ];
  for (const [what, schema, value, pruned, unknown] of cases) {
    test(what, () => {
      const object = structuredClone(value);
      assert.equal(isComplete(object, schema), false);
      assert.deepEqual(prune(object, schema), unknown);
      assert.deepEqual(object, pruned);
      assert.equal(isComplete(object, schema), true, "what was pruned needs no pruning");
    });
  }

  test("drops nulls that may not be null, but for those with a default", () => {
    const schema = resource({ a: STRING, b: { type: "string", nullable: true }, c: { type: "string", default: "x" } });
    const object = { spec: { a: null, b: null, c: null } };
    pruneNulls(object, schema);
    assert.deepEqual(object, { spec: { b: null, c: null } });
  });
});

describe("defaulting", () => {
  const cases: [what: string, schema: JsonSchema, value: object, defaulted: object][] = [
    [
      "fills in what is absent, deep within",
      resource({ a: { type: "string", default: "x" }, list: { type: "array", items: { type: "object", properties: { b: { type: "integer", default: 1 } } } } }),
      { spec: { list: [{}, { b: 2 }] } },
      { spec: { a: "x", list: [{ b: 1 }, { b: 2 }] } },
    ],
    ["needs the object around it, or its default", resource({ a: { type: "string", default: "x" } }), {}, {}],
    ["fills in an object, then its fields", resource({ a: { type: "string", default: "x" } }, { default: {} }), {}, { spec: { a: "x" } }],
    [
      "replaces nulls that may not be null",
      resource({ a: { type: "string", default: "x" }, b: { type: "string", default: "y", nullable: true } }),
      { spec: { a: null, b: null } },
      { spec: { a: "x", b: null } },
    ],
    [
      "fills in the values of maps",
      resource({ map: { type: "object", additionalProperties: { type: "object", properties: { a: { type: "boolean", default: true } } } } }),
      { spec: { map: { k: {} } } },
      { spec: { map: { k: { a: true } } } },
    ],
  ];
  for (const [what, schema, value, defaulted] of cases) {
    test(what, () => {
      const object = structuredClone(value);
      assert.equal(applyDefaults(object, schema), true);
      assert.deepEqual(object, defaulted);
      assert.equal(isComplete(object, schema), true, "what was defaulted needs no defaulting");
    });
  }

  test("gives everyone a copy", () => {
    const schema = resource({ a: { type: "object", default: { x: "1" }, properties: { x: STRING } } });
    const [one, other] = [{ spec: {} }, { spec: {} }] as { spec: { a?: { x: string } } }[];
    applyDefaults(one, schema);
    applyDefaults(other, schema);
    one!.spec.a!.x = "2";
    assert.deepEqual(other, { spec: { a: { x: "1" } } });
  });

  test("stops before it fills the memory", () => {
    const schema = resource({ list: { type: "array", items: { type: "object", properties: { a: { type: "string", default: "x".repeat(100_000) } } } } });
    const object: { spec: { list: { a?: string }[] } } = { spec: { list: Array.from({ length: 1000 }, () => ({})) } };
    assert.equal(applyDefaults(object, schema), false);
    assert.equal(object.spec.list.filter(({ a }) => a !== undefined).length, 31);
  });

  test("prunes the defaults themselves", () => {
    const schema = resource({ a: { type: "object", default: { x: "1", y: "2" }, properties: { x: STRING } } });
    assert.deepEqual(pruneDefaults(schema).properties!["spec"]!.properties!["a"]!.default, { x: "1" });
    const clean = resource({ a: { type: "object", default: { x: "1" }, properties: { x: STRING } } });
    assert.equal(pruneDefaults(clean), clean);
  });
});
