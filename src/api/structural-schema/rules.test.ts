import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Correlation } from "./correlation.ts";
import type { JsonSchema, ValidationRule } from "./json-schema.ts";
import { RuleValidator, type RuleOptions } from "./rules.ts";
import { resource, texts } from "./testing.ts";

const string: JsonSchema = { type: "string" };
const integer: JsonSchema = { type: "integer" };

/** What the rules of a spec's schema say of a spec, and of the one before. */
function check(schema: JsonSchema, spec: unknown, old?: unknown, options?: RuleOptions): string[] {
  const root = { type: "object", properties: { spec: schema } };
  return texts(RuleValidator.of(root, true)!.validate({ spec }, old === undefined ? undefined : { spec: old }, options).errors);
}

const ruled = (properties: Record<string, JsonSchema>, ...rules: ValidationRule[]): JsonSchema => ({ type: "object", properties, "x-kubernetes-validations": rules });

describe("a rule that isn't kept", () => {
  const cases: [what: string, rule: Omit<ValidationRule, "rule">, error: string][] = [
    ["names itself", {}, "spec: Invalid value: failed rule: self.a > 1"],
    ["has a message", { message: " too small " }, "spec: Invalid value: too small"],
    ["computes its message", { message: "too small", messageExpression: "'no more than ' + self.t" }, "spec: Invalid value: no more than x"],
    ["falls back to its message when the expression fails", { message: "too small", messageExpression: "self.gone" }, "spec: Invalid value: too small"],
    ["falls back when the expression comes to nothing", { message: "too small", messageExpression: "'  '" }, "spec: Invalid value: too small"],
    ["falls back when the expression comes to several lines", { message: "too small", messageExpression: "'a\\nb'" }, "spec: Invalid value: too small"],
    ["is about a field", { message: "no", fieldPath: ".a" }, "spec.a: Invalid value: no"],
    ["is about an item", { message: "no", fieldPath: ".m['x.y']" }, "spec.m[x.y]: Invalid value: no"],
    ["forbids", { message: "no", reason: "FieldValueForbidden" }, "spec: Forbidden: no"],
    ["requires", { message: "no", reason: "FieldValueRequired" }, "spec: Required value: no"],
    ["finds a duplicate", { message: "no", reason: "FieldValueDuplicate" }, "spec: Duplicate value"],
  ];
  for (const [what, rule, error] of cases) {
    test(what, () => {
      const schema = ruled({ a: integer, t: { type: "string", maxLength: 5 }, gone: string, m: { type: "object", additionalProperties: string } }, { rule: "self.a > 1", ...rule });
      assert.deepEqual(check(schema, { a: 1, t: "x" }), [error]);
      assert.deepEqual(check(schema, { a: 2, t: "x" }), []);
    });
  }

  test("shows a scalar", () => {
    assert.deepEqual(check({ ...string, "x-kubernetes-validations": [{ rule: "self != 'x'", reason: "FieldValueDuplicate" }, { rule: "self.size() > 1" }] }, "x"), [
      'spec: Duplicate value: "x"',
      'spec: Invalid value: "x": failed rule: self.size() > 1',
    ]);
  });
});

test("a rule that can't be evaluated says why", () => {
  assert.deepEqual(check(ruled({ a: integer }, { rule: "self.a > 1" }), {}), ['spec: Invalid value: "object": no such key: a evaluating rule: self.a > 1']);
  assert.deepEqual(check(ruled({ a: integer }, { rule: "1 / self.a > 1", message: "m" }), { a: 0 }), ['spec: Invalid value: "object": division by zero evaluating rule: m']);
});

describe("rules look at", () => {
  const positive: JsonSchema = { type: "integer", "x-kubernetes-validations": [{ rule: "self > 0" }] };

  test("items, values and fields, wherever they are", () => {
    const schema: JsonSchema = { type: "object", properties: { list: { type: "array", items: positive }, map: { type: "object", additionalProperties: positive }, deep: { type: "object", properties: { n: positive } } } };
    assert.deepEqual(check(schema, { list: [1, 0], map: { a: 0 }, deep: { n: 0 } }), [
      "spec.list[1]: Invalid value: 0: failed rule: self > 0",
      "spec.map[a]: Invalid value: 0: failed rule: self > 0",
      "spec.deep.n: Invalid value: 0: failed rule: self > 0",
    ]);
  });

  test("no nulls, and nothing that isn't there", () => {
    const schema: JsonSchema = { type: "object", properties: { n: { ...positive, nullable: true } } };
    assert.deepEqual(check(schema, { n: null }), []);
    assert.deepEqual(check(schema, {}), []);
  });

  test("names and types of objects, at the root and within", () => {
    const embedded: JsonSchema = { type: "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-validations": [{ rule: "self.kind == 'Pod' && self.metadata.name != ''" }] };
    assert.deepEqual(check(embedded, { apiVersion: "v1", kind: "Pod", metadata: { name: "x" } }), []);
    const root = RuleValidator.of({ ...resource({}), "x-kubernetes-validations": [{ rule: "self.metadata.name == 'singleton'", message: "there is one" }] }, true)!;
    assert.deepEqual(texts(root.validate({ apiVersion: "v1", kind: "X", metadata: { name: "other" } }, undefined).errors), ["<nil>: Invalid value: there is one"]);
  });

  test("fields whose names are no identifiers", () => {
    assert.deepEqual(check(ruled({ "a-b": integer, "in": integer, "x.y": integer }, { rule: "self.a__dash__b + self.__in__ + self.x__dot__y == 6" }), { "a-b": 1, "in": 2, "x.y": 3 }), []);
  });
});

describe("a rule of changes", () => {
  const grows: ValidationRule = { rule: "self >= oldSelf", message: "may not shrink" };

  test("isn't asked of what is new", () => {
    const schema: JsonSchema = { type: "object", properties: { n: { type: "integer", "x-kubernetes-validations": [grows] } } };
    assert.deepEqual(check(schema, { n: 1 }), []);
    assert.deepEqual(check(schema, { n: 1 }, {}), []);
    assert.deepEqual(check(schema, { n: 1 }, { n: 2 }), ["spec.n: Invalid value: 1: may not shrink"]);
    assert.deepEqual(check(schema, { n: 2 }, { n: 2 }), []);
  });

  test("is asked of what is new where it says so", () => {
    const schema: JsonSchema = { type: "object", properties: { n: { type: "integer", "x-kubernetes-validations": [{ rule: "oldSelf.hasValue() ? self >= oldSelf.value() : self == 0", optionalOldSelf: true, message: "begins with 0" }] } } };
    assert.deepEqual(check(schema, { n: 1 }), ["spec.n: Invalid value: 1: begins with 0"]);
    assert.deepEqual(check(schema, { n: 1 }, { n: 0 }), []);
    assert.deepEqual(check(schema, { n: 1 }, {}), ["spec.n: Invalid value: 1: begins with 0"]);
  });

  test("finds items by their keys, and values by their names", () => {
    const item: JsonSchema = { type: "object", required: ["k"], properties: { k: string, n: { type: "integer", "x-kubernetes-validations": [grows] } } };
    const schema: JsonSchema = {
      type: "object",
      properties: { list: { type: "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"], items: item }, map: { type: "object", additionalProperties: { type: "integer", "x-kubernetes-validations": [grows] } } },
    };
    const old = { list: [{ k: "a", n: 5 }, { k: "b", n: 1 }], map: { x: 3 } };
    assert.deepEqual(check(schema, { list: [{ k: "b", n: 1 }, { k: "a", n: 4 }, { k: "c", n: 0 }], map: { x: 2, y: 0 } }, old), ["spec.list[1].n: Invalid value: 4: may not shrink", "spec.map[x]: Invalid value: 2: may not shrink"]);
  });
});

describe("what was wrong before", () => {
  const schema: JsonSchema = { type: "object", properties: { spec: ruled({ n: { type: "integer", "x-kubernetes-validations": [{ rule: "self > 0", message: "positive" }] }, m: integer }) } };
  delete schema.properties!["spec"]!["x-kubernetes-validations"];
  const update = (value: object, old: object): { errors: string[]; warnings: string[] } => {
    const warnings: string[] = [];
    const { errors } = RuleValidator.of(schema, true)!.validate(value, old, { correlation: new Correlation(value, old, schema), warn: (text) => void warnings.push(text) });
    return { errors: texts(errors), warnings };
  };

  test("is warned of while it doesn't change", () => {
    assert.deepEqual(update({ spec: { n: 0, m: 2 } }, { spec: { n: 0, m: 1 } }), { errors: [], warnings: ["spec.n: Invalid value: 0: positive"] });
  });

  test("is an error when it changes", () => {
    assert.deepEqual(update({ spec: { n: -1 } }, { spec: { n: 0 } }), { errors: ["spec.n: Invalid value: -1: positive"], warnings: [] });
  });
});

describe("a budget", () => {
  const schema: JsonSchema = { type: "array", items: { type: "string", "x-kubernetes-validations": [{ rule: "self.contains('abc')" }] } };
  const list = Array.from({ length: 100 }, () => "x".repeat(100) + "abc");

  test("is shared by all rules of an object, and ends them", () => {
    const errors = check(schema, list, undefined, { budget: 500 });
    assert.equal(errors.length, 1);
    assert.match(errors[0]!, /^spec\[\d+\]: Invalid value: "string": validation failed due to running out of cost budget, no further validation rules will be run$/);
    assert.deepEqual(check(schema, list), []);
  });

  test("of one evaluation ends all", () => {
    const costly: JsonSchema = { type: "array", items: integer, "x-kubernetes-validations": [{ rule: "self.all(a, self.all(b, self.all(c, a + b + c >= 0)))" }, { rule: "self.size() == 0" }] };
    assert.deepEqual(check(costly, Array.from({ length: 300 }, () => 1)), [
      "spec: Invalid value: \"array\": 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: self.all(a, self.all(b, self.all(c, a + b + c >= 0)))",
    ]);
  });
});
