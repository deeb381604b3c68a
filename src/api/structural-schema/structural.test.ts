import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { JsonSchema } from "./json-schema.ts";
import { validateStructural } from "./structural.ts";
import { texts } from "./testing.ts";

const STRING: JsonSchema = { type: "string" };

function spec(schema: JsonSchema): JsonSchema {
  return { type: "object", properties: { spec: schema } };
}

describe("a structural schema", () => {
  const cases: [what: string, schema: JsonSchema][] = [
    ["has types everywhere", spec({ type: "object", properties: { list: { type: "array", items: STRING } } })],
    ["may leave the type to int-or-string", spec({ "x-kubernetes-int-or-string": true })],
    ["may say types within the pattern of int-or-string", spec({ "x-kubernetes-int-or-string": true, anyOf: [{ type: "integer" }, { type: "string" }] })],
    ["may do so within allOf", spec({ "x-kubernetes-int-or-string": true, allOf: [{ anyOf: [{ type: "integer" }, { type: "string" }] }, { minimum: 1 }] })],
    ["may leave the type to what is preserved", spec({ "x-kubernetes-preserve-unknown-fields": true })],
    ["may restrict names", { type: "object", properties: { metadata: { type: "object", properties: { name: { type: "string", pattern: "^a" } } } } }],
    ["may restrict known fields in junctors", spec({ type: "object", properties: { a: STRING }, anyOf: [{ required: ["a"] }, { properties: { a: { pattern: "^x" } } }] })],
  ];
  for (const [what, schema] of cases) test(what, () => assert.deepEqual(texts(validateStructural(schema, "schema")), []));
});

describe("a schema isn't structural", () => {
  const cases: [what: string, schema: JsonSchema, errors: string[]][] = [
    ["without a type at the root", {}, ["schema.type: Required value: must not be empty at the root"]],
    ["with another type at the root", { type: "array", items: STRING }, ['schema.type: Invalid value: "array": must be object at the root']],
    ["without a field's type", spec({}), ["schema.properties[spec].type: Required value: must not be empty for specified object fields"]],
    [
      "without an item's type",
      spec({ type: "array", items: {} }),
      ["schema.properties[spec].items.type: Required value: must not be empty for specified array items"],
    ],
    ["without items", spec({ type: "array" }), ["schema.properties[spec].items: Required value: must be specified"]],
    ["with a map at the root", { type: "object", additionalProperties: STRING }, ["schema.additionalProperties: Forbidden: must not be used at the root"]],
    [
      "with restrictions of fields it doesn't specify",
      { ...spec({ type: "object" }), anyOf: [{ properties: { spec: { properties: { a: { pattern: "^x" } } } } }], not: { items: { minLength: 1 } } },
      [
        "schema.items: Required value: because it is defined in schema.not.items",
        "schema.properties[spec].properties[a]: Required value: because it is defined in schema.anyOf[0].properties[spec].properties[a]",
      ],
    ],
    [
      "with structure in junctors",
      spec({ type: "string", oneOf: [{ type: "string", default: "x", description: "d", nullable: true }], allOf: [{ additionalProperties: STRING }] }),
      [
        "schema.properties[spec].allOf[0].additionalProperties: Forbidden: must be undefined to be structural",
        "schema.properties[spec].oneOf[0].default: Forbidden: must be undefined to be structural",
        "schema.properties[spec].oneOf[0].description: Forbidden: must be empty to be structural",
        "schema.properties[spec].oneOf[0].nullable: Forbidden: must be false to be structural",
        "schema.properties[spec].oneOf[0].type: Forbidden: must be empty to be structural",
      ],
    ],
    [
      "with rules in junctors",
      spec({ type: "string", allOf: [{ "x-kubernetes-validations": [{ rule: "true" }] }] }),
      ["schema.properties[spec].allOf[0].x-kubernetes-validations: Forbidden: must be empty to be structural"],
    ],
    [
      "with more than names in metadata",
      { type: "object", properties: { metadata: { type: "object", properties: { name: STRING, labels: { type: "object", additionalProperties: STRING } } } } },
      ["schema.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified"],
    ],
    [
      "with another type of kind",
      { type: "object", properties: { kind: { type: "integer" }, metadata: { type: "string" } } },
      ['schema.properties[kind].type: Invalid value: "integer": must be string', 'schema.properties[metadata].type: Invalid value: "string": must be object'],
    ],
    [
      "with an empty embedded resource",
      spec({ type: "object", "x-kubernetes-embedded-resource": true }),
      [
        "schema.properties[spec].properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields",
      ],
    ],
    [
      "with an embedded resource that is none",
      spec({ type: "string", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true }),
      ['schema.properties[spec].type: Invalid value: "string": must be object if x-kubernetes-embedded-resource is true'],
    ],
    [
      "with int-or-string of preserved fields",
      spec({ "x-kubernetes-int-or-string": true, "x-kubernetes-preserve-unknown-fields": true }),
      ["schema.properties[spec].x-kubernetes-preserve-unknown-fields: Invalid value: true: must be false if x-kubernetes-int-or-string is true"],
    ],
    [
      "with a pattern that is none",
      spec({ type: "string", pattern: "a(" }),
      ['schema.properties[spec].pattern: Invalid value: "a(": must be a valid regular expression, but isn\'t: error parsing regexp: missing closing ): `a(`'],
    ],
    [
      "with a pattern without end",
      spec({ type: "string", pattern: "a".repeat(10_001) }),
      ["schema.properties[spec].pattern: Too long: may not be more than 10000 bytes"],
    ],
    [
      "with a pattern that repeats too much",
      spec({ type: "string", pattern: "((a{1,900}){1,900}){1,900}" }),
      ['schema.properties[spec].pattern: Invalid value: "((a{1,900}){1,900}){1,900}": must be a valid regular expression, but isn\'t: error parsing regexp: expression too large'],
    ],
    [
      "with many patterns that repeat much",
      spec({ type: "object", properties: Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`p${i}`, { type: "string", pattern: `^(a?){900}b{${i}}$` }])) }),
      ["schema: Forbidden: its patterns are too large together for this cluster: they repeat too much, or there are too many"],
    ],
  ];
  for (const [what, schema, errors] of cases) test(what, () => assert.deepEqual(texts(validateStructural(schema, "schema")), errors));
});
