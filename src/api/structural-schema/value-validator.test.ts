import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Correlation } from "./correlation.ts";
import type { JsonSchema } from "./json-schema.ts";
import { resource, texts } from "./testing.ts";
import { validateValue } from "./value-validator.ts";

/** The errors of `spec.x` with this schema and value. */
function check(schema: JsonSchema, x: unknown): string[] {
  return texts(validateValue({ spec: { x } }, resource({ x: schema })));
}

describe("a value is refused", () => {
  const cases: [what: string, schema: JsonSchema, value: unknown, errors: string[]][] = [
    ["of another type", { type: "integer" }, "3", ['spec.x: Invalid value: "string": spec.x in body must be of type integer: "string"']],
    ["that is a list", { type: "object" }, [], ['spec.x: Invalid value: "array": spec.x in body must be of type object: "array"']],
    ["that is null", { type: "string" }, null, ['spec.x: Invalid value: "null": spec.x in body must be of type string: "null"']],
    ["that is no whole number", { type: "integer" }, 1.5, ['spec.x: Invalid value: "number": spec.x in body must be of type integer: "number"']],
    ["that is neither int nor string", { "x-kubernetes-int-or-string": true }, true, ['spec.x: Invalid value: "boolean": spec.x in body must be of type integer,string: "boolean"']],
    ["that isn't one of a few", { type: "string", enum: ["a", "b"] }, "c", ['spec.x: Unsupported value: "c": supported values: "a", "b"']],
    ["that isn't one of a few numbers", { type: "integer", enum: [1, 2] }, 3, ['spec.x: Unsupported value: 3: supported values: "1", "2"']],
    ["below the least", { type: "integer", minimum: 1 }, 0, ["spec.x: Invalid value: 0: spec.x in body should be greater than or equal to 1"]],
    ["not above", { type: "number", minimum: 1, exclusiveMinimum: true }, 1, ["spec.x: Invalid value: 1: spec.x in body should be greater than 1"]],
    ["above the most", { type: "integer", maximum: 10 }, 11, ["spec.x: Invalid value: 11: spec.x in body should be less than or equal to 10"]],
    ["not below", { type: "number", maximum: 1.5, exclusiveMaximum: true }, 1.5, ["spec.x: Invalid value: 1.5: spec.x in body should be less than 1.5"]],
    ["between the steps", { type: "integer", multipleOf: 5 }, 7, ["spec.x: Invalid value: 7: spec.x in body should be a multiple of 5"]],
    ["beyond 32 bits", { type: "integer", format: "int32" }, 2 ** 31, ['<nil>: Invalid value: "": Checked value must be of type integer with format int32 in spec.x']],
    ["that is too long", { type: "string", maxLength: 3 }, "abcd", ["spec.x: Too long: may not be more than 3 bytes"]],
    ["that is too short", { type: "string", minLength: 2 }, "😀", ['spec.x: Invalid value: "😀": spec.x in body should be at least 2 chars long']],
    ["that doesn't match", { type: "string", pattern: "^[a-z]+$" }, "A", ["spec.x: Invalid value: \"A\": spec.x in body should match '^[a-z]+$'"]],
    ["of another format", { type: "string", format: "date-time" }, "today", ['spec.x: Invalid value: "today": spec.x in body must be of type date-time: "today"']],
    ["with too many items", { type: "array", items: { type: "string" }, maxItems: 1 }, ["a", "b"], ["spec.x: Too many: 2: must have at most 1 item"]],
    ["with too few items", { type: "array", items: { type: "string" }, minItems: 1 }, [], ["spec.x: Invalid value: 0: spec.x in body should have at least 1 items"]],
    ["with a wrong item", { type: "array", items: { type: "string" } }, ["a", 1], ['spec.x[1]: Invalid value: "integer": spec.x[1] in body must be of type string: "integer"']],
    ["with too many fields", { type: "object", additionalProperties: { type: "string" }, maxProperties: 1 }, { a: "1", b: "2" }, ["spec.x: Too many: 2: must have at most 1 item"]],
    ["with too few fields", { type: "object", minProperties: 1 }, {}, ["spec.x: Invalid value: 0: spec.x in body should have at least 1 properties"]],
    ["without a field", { type: "object", properties: { a: { type: "string" } }, required: ["a"] }, {}, ["spec.x.a: Required value"]],
    ["with a wrong value of a map", { type: "object", additionalProperties: { type: "integer" } }, { k: "v" }, ['spec.x.k: Invalid value: "string": spec.x.k in body must be of type integer: "string"']],
    ["with a field that is forbidden", { type: "object", additionalProperties: false }, { k: "v" }, ['spec.x: Invalid value: "k": spec.x.k in body is a forbidden property']],
    [
      "that is none of several",
      { type: "object", properties: { a: { type: "string" }, b: { type: "string" } }, oneOf: [{ required: ["a"] }, { required: ["b"] }] },
      {},
      ['<nil>: Invalid value: "": "spec.x" must validate one and only one schema (oneOf). Found none valid', "spec.x.a: Required value"],
    ],
    [
      "that is several",
      { type: "object", properties: { a: { type: "string" }, b: { type: "string" } }, oneOf: [{ required: ["a"] }, { required: ["b"] }] },
      { a: "1", b: "2" },
      ['<nil>: Invalid value: "": "spec.x" must validate one and only one schema (oneOf). Found 2 valid alternatives'],
    ],
    [
      "that is none of any",
      { type: "string", anyOf: [{ minLength: 5 }, { pattern: "^x" }] },
      "abc",
      [
        '<nil>: Invalid value: "": "spec.x" must validate at least one schema (anyOf)',
        'spec.x: Invalid value: "abc": spec.x in body should be at least 5 chars long',
      ],
    ],
    [
      "that isn't all",
      { type: "string", allOf: [{ maxLength: 5 }, { pattern: "^x" }] },
      "abc",
      ["spec.x: Invalid value: \"abc\": spec.x in body should match '^x'", '<nil>: Invalid value: "": "spec.x" must validate all the schemas (allOf)'],
    ],
    ["that must not be", { type: "string", not: { enum: ["a"] } }, "a", ['<nil>: Invalid value: "": "spec.x" must not validate the schema (not)']],
  ];
  for (const [what, schema, value, errors] of cases) test(what, () => assert.deepEqual(check(schema, value), errors));

  test("at the root", () => {
    const schema: JsonSchema = { type: "object", properties: { a: { type: "string" } }, required: ["a"], anyOf: [{ required: ["a"] }] };
    assert.deepEqual(texts(validateValue({}, schema)), ['<nil>: Invalid value: "": "" must validate at least one schema (anyOf)', "a: Required value"]);
    assert.deepEqual(texts(validateValue({}, schema, { path: "status" })), ['status: Invalid value: "": "" must validate at least one schema (anyOf)', "status.a: Required value"]);
  });
});

describe("a value is accepted", () => {
  const cases: [what: string, schema: JsonSchema, value: unknown][] = [
    ["that may be null", { type: "string", nullable: true }, null],
    ["that is a whole number", { type: "number" }, 1],
    ["of a format that nobody knows", { type: "string", format: "colour" }, "blue"],
    ["of any type", { "x-kubernetes-preserve-unknown-fields": true }, [1, "a", {}]],
    ["that is int or string", { "x-kubernetes-int-or-string": true, anyOf: [{ type: "integer" }, { type: "string" }] }, "50%"],
    ["with as many characters as allowed", { type: "string", maxLength: 2 }, "😀😀"],
    ["that is a step", { type: "number", multipleOf: 0.1 }, 0.3],
  ];
  for (const [what, schema, value] of cases) test(what, () => assert.deepEqual(check(schema, value), []));
});

describe("what was wrong and didn't change stays", () => {
  const schema = resource({
    name: { type: "string", maxLength: 3 },
    size: { type: "integer", maximum: 5 },
    keyed: { type: "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["id"], items: { type: "object", properties: { id: { type: "string" }, n: { type: "integer", maximum: 5 } } } },
    atomic: { type: "array", items: { type: "integer", maximum: 5 } },
  });
  const update = (old: object, spec: object): string[] => {
    const [value, before] = [{ spec }, { spec: old }];
    return texts(validateValue(value, schema, { correlation: new Correlation(value, before, schema) }));
  };
  const cases: [what: string, old: object, spec: object, errors: string[]][] = [
    ["a field", { name: "long" }, { name: "long", size: 1 }, []],
    ["but not another value", { name: "long" }, { name: "longer" }, ["spec.name: Too long: may not be more than 3 bytes"]],
    ["an item of a keyed list, wherever it is", { keyed: [{ id: "a", n: 9 }] }, { keyed: [{ id: "b", n: 1 }, { id: "a", n: 9 }] }, []],
    ["a whole list", { atomic: [9] }, { atomic: [9], size: 1 }, []],
    [
      "but not an item of a changed list",
      { atomic: [9] },
      { atomic: [9, 1] },
      ["spec.atomic[0]: Invalid value: 9: spec.atomic[0] in body should be less than or equal to 5"],
    ],
  ];
  for (const [what, old, spec, errors] of cases) test(what, () => assert.deepEqual(update(old, spec), errors));
});

describe("validation ends", () => {
  const soon = (run: () => string[]): string[] => {
    const started = process.cpuUsage();
    const errors = run();
    assert.ok(process.cpuUsage(started).user < 5_000_000, "within seconds, whatever the schema");
    return errors;
  };

  test("with many alternatives for many items", () => {
    const anyOf = Array.from({ length: 3000 }, (_, i) => ({ enum: [`v${i}`] }));
    const list = Array.from({ length: 3000 }, () => "other");
    assert.deepEqual(soon(() => check({ type: "array", items: { type: "string", anyOf } }, list)), [
      '<nil>: Invalid value: "": the object takes too long to validate: its schema is too large for its size',
    ]);
  });

  test("with a pattern that needs many steps", () => {
    assert.deepEqual(soon(() => check({ type: "string", pattern: "(.*a.{900})+$" }, "a".repeat(1_000_000))), [
      '<nil>: Invalid value: "": the object takes too long to validate: its texts are too long for their patterns',
    ]);
    assert.deepEqual(soon(() => check({ type: "string", pattern: "^(a+)+$" }, `${"a".repeat(50_000)}!`)).length, 1, "nested repetition is nothing special");
  });
});
