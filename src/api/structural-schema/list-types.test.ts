import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { coerceMetadata } from "./coerce-metadata.ts";
import { findField } from "./field-path.ts";
import type { JsonSchema } from "./json-schema.ts";
import { validateListTypes } from "./list-types.ts";
import { validateMetadata } from "./object-meta.ts";
import { resource, texts } from "./testing.ts";

describe("the items of a list are unique", () => {
  const set: JsonSchema = { type: "array", "x-kubernetes-list-type": "set", items: { type: "string" } };
  const keyed = (...keys: string[]): JsonSchema => ({ type: "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys, items: { type: "object" } });
  const cases: [what: string, schema: JsonSchema, list: unknown[], errors: string[]][] = [
    ["as a set", set, ["a", "b", "a", "a"], ['spec.x[2]: Duplicate value: "a"']],
    ["as a set of lists", set, [["a"], ["a"]], ['spec.x[1]: Duplicate value: ["a"]']],
    ["by a key", keyed("id"), [{ id: 1, n: 1 }, { id: 2 }, { id: 1, n: 2 }], ['spec.x[2]: Duplicate value: {"id":1}']],
    ["by several keys", keyed("a", "b"), [{ a: 1, b: 1 }, { a: 1, b: 2 }, { b: 1, a: 1 }], ['spec.x[2]: Duplicate value: {"a":1,"b":1}']],
    ["without a key", keyed("id"), [{}, {}], ["spec.x[1]: Duplicate value: {}"]],
    ["and objects", keyed("id"), [{ id: 1 }, 2], ["spec.x[1]: Invalid value: 2: must be an object for an array of list-type map"]],
    ["or it says nothing", { type: "array", items: { type: "string" } }, ["a", "a"], []],
  ];
  for (const [what, schema, list, errors] of cases) {
    test(what, () => assert.deepEqual(texts(validateListTypes({ spec: { x: list } }, resource({ x: schema }))), errors));
  }
});

describe("embedded resources", () => {
  const schema = resource({ template: { type: "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true } });
  const errors = (template: object): string[] => texts(validateMetadata({ spec: { template } }, { ...schema, "x-kubernetes-embedded-resource": false }));

  test("have a kind and valid metadata", () => {
    assert.deepEqual(errors({ apiVersion: "v1", kind: "Pod", metadata: { name: "a" } }), []);
    assert.deepEqual(errors({}), ["spec.template.apiVersion: Required value", "spec.template.kind: Required value"]);
    assert.deepEqual(errors({ apiVersion: "a/b/c", kind: "" }), [
      'spec.template.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
      'spec.template.kind: Invalid value: "": must not be empty',
    ]);
    assert.deepEqual(errors({ apiVersion: "v1", kind: "Pod", metadata: { name: "a/b", labels: { "-": "x" } } }).map((error) => error.slice(0, 60)), [
      "spec.template.metadata.name: Invalid value: \"a/b\": may not contain '/'".slice(0, 60),
      'spec.template.metadata.labels: Invalid value: "-": name part must consist'.slice(0, 60),
    ]);
  });

  test("lose what metadata doesn't have", () => {
    const object = { spec: { template: { apiVersion: "v1", kind: "Pod", metadata: { name: "a", creationTimestamp: null, extra: 1 } } } };
    assert.deepEqual(coerceMetadata(object, { ...schema, "x-kubernetes-embedded-resource": false }), { unknown: ["spec.template.metadata.extra"], mismatch: undefined });
    assert.deepEqual(object.spec.template.metadata, { name: "a" });
  });

  test("of a wrong form can't be read", () => {
    const { mismatch } = coerceMetadata({ spec: { template: { kind: 1, metadata: { labels: "x" } } } }, { ...schema, "x-kubernetes-embedded-resource": false });
    assert.deepEqual(texts([mismatch!]), ["spec.template.kind: Invalid value: 1: must be a string"]);
  });
});

describe("paths to fields", () => {
  const schema = resource({ host: { type: "string" }, "a.b": { type: "integer" }, labels: { type: "object", additionalProperties: { type: "string" } } });
  const cases: [path: string, found: string][] = [
    [".spec.host", "spec.host"],
    [".spec['a.b']", "spec.a.b"],
    [".spec.labels.app", "spec.labels[app]"],
    [".spec.labels['it\\'s']", "spec.labels[it's]"],
  ];
  for (const [path, found] of cases) test(path, () => assert.equal(findField(path, schema).path, found));

  const wrong: [path: string, why: string][] = [
    ["spec.host", "expected [ or . but got: spec"],
    [".spec.port", "does not refer to a valid field"],
    [".spec.host.name", "does not refer to a valid field"],
    [".spec.", "unexpected end of JSON path"],
    [".spec[0]", "expected single quoted string but got 0"],
    [".spec['host'", "unexpected end of JSON path"],
    [".spec['\\q']", "invalid string literal: invalid escape char \\q"],
  ];
  for (const [path, message] of wrong) test(`not ${path}`, () => assert.throws(() => findField(path, schema), { message }));
  test("not in brackets, where they may not be", () => {
    assert.throws(() => findField(".spec['host']", schema, { brackets: false }), { message: "array notation is not allowed" });
  });
});
