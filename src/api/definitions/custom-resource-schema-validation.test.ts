import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { JsonSchema } from "../structural-schema/json-schema.ts";
import { validateCustomResourceSchema } from "./custom-resource-schema-validation.ts";

const told = (schema: JsonSchema, withStatus = false): string[] => validateCustomResourceSchema(schema, "s", withStatus).map(({ field, message }) => `${field}: ${message}`);
/** Of a schema under `spec`, whose path is written `S`. */
const errorsOf = (spec: JsonSchema): string[] => told({ type: "object", properties: { spec } }).map((error) => error.replaceAll("s.properties[spec]", "S"));

interface Case {
  what: string;
  spec: JsonSchema;
  errors: string[];
}

function table(cases: [what: string, spec: JsonSchema, ...errors: string[]][]): Case[] {
  return cases.map(([what, spec, ...errors]) => ({ what, spec, errors }));
}

function check(cases: Case[]): void {
  for (const { what, spec, errors } of cases) test(what, () => assert.deepEqual(errorsOf(spec), errors));
}

const object = (properties: Record<string, JsonSchema>, more: JsonSchema = {}): JsonSchema => ({ type: "object", properties, ...more });
const string: JsonSchema = { type: "string" };

describe("a schema", () => {
  check(
    table([
      ["with all that is allowed", object({ a: { type: "integer", minimum: 1, default: 2, format: "int32" }, b: { type: "array", items: string, "x-kubernetes-list-type": "set" }, c: { type: "object", additionalProperties: { type: "boolean" } } })],
      ["of an unknown type", { type: "text" }, 'S.type: Unsupported value: "text": supported values: "array", "boolean", "integer", "number", "object", "string"'],
      ["of type null", { type: "null" }, 'S.type: Unsupported value: "null": supported values: "array", "boolean", "integer", "number", "object", "string"', "S.type: Forbidden: type cannot be set to null, use nullable as an alternative"],
      ["with unique items", { type: "array", items: string, uniqueItems: true }, "S.uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic"],
      ["with properties and additional ones", object({ a: string }, { additionalProperties: string }), "S.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive"],
      ["with a reference", { type: "object", $ref: "#/x" }, "S.$ref: Forbidden: $ref is not supported"],
      ["with patterns for names", { type: "object", patternProperties: { a: string } }, "S.patternProperties: Forbidden: patternProperties is not supported"],
      ["with definitions", { type: "object", definitions: { a: string } }, "S.definitions: Forbidden: definitions is not supported"],
      ["with dependencies", { type: "object", dependencies: { a: ["b"] } }, "S.dependencies: Forbidden: dependencies is not supported"],
      ["with additional items", { type: "array", items: string, additionalItems: true }, "S.additionalItems: Forbidden: additionalItems is not supported"],
      ["with a list of schemas", { type: "array", items: [string] }, "S.items: Forbidden: items must be a schema object and not an array"],
      ["with an id", { type: "object", id: "x" }, "S.id: Forbidden: id is not supported"],
      ["that doesn't preserve unknown fields", { type: "object", "x-kubernetes-preserve-unknown-fields": false }, "S.x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined"],
    ]),
  );

  test("is no root when it may be null", () => {
    assert.deepEqual(told({ type: "object", nullable: true }), ["s.nullable: Forbidden: nullable cannot be true at the root"]);
  });

  test("has little at its root when there is a status subresource", () => {
    assert.deepEqual(told({ type: "array", items: string }, true)[0], 's.type: Invalid value: "array": only "object" is allowed as the type at the root of the schema if the status subresource is enabled');
    const [first] = told({ type: "object", anyOf: [{ required: ["spec"] }] }, true);
    assert.match(first!, /^s: Invalid value: \{"type":"object","anyOf":\[\{"required":\["spec"\]\}\]\}: only \[Description Type Format Title .* XValidations\] fields are allowed at the root of the schema if the status subresource is enabled$/);
  });
});

describe("lists", () => {
  const list = (items: JsonSchema | undefined, more: JsonSchema = {}): JsonSchema => ({ type: "array", ...(items ? { items } : {}), ...more });
  const map = (keys: string[] | undefined, items: JsonSchema | undefined): JsonSchema => list(items, { "x-kubernetes-list-type": "map", ...(keys ? { "x-kubernetes-list-map-keys": keys } : {}) });
  const keyed = object({ name: string, port: { type: "integer", default: 1 }, o: { type: "object" } }, { required: ["name"] });
  check(
    table([
      ["of an unknown type", list(string, { "x-kubernetes-list-type": "bag" }), 'S.x-kubernetes-list-type: Unsupported value: "bag": supported values: "atomic", "set", "map"'],
      ["that are none", { type: "string", "x-kubernetes-list-type": "set" }, 'S.type: Invalid value: "string": must be array if x-kubernetes-list-type is specified'],
      ["by keys", map(["name", "port"], keyed)],
      ["without keys", map(undefined, keyed), "S.x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map"],
      ["with keys of a list that isn't keyed", list(keyed, { "x-kubernetes-list-map-keys": ["name"] }), "S.x-kubernetes-list-type: Required value: must be map if x-kubernetes-list-map-keys is non-empty"],
      ["with keys of a set", list(string, { "x-kubernetes-list-type": "set", "x-kubernetes-list-map-keys": ["name"] }), 'S.x-kubernetes-list-type: Invalid value: "set": must be map if x-kubernetes-list-map-keys is non-empty'],
      ["by keys of text", map(["name"], string), 'S.items.type: Invalid value: "string": must be object if parent array\'s x-kubernetes-list-type is map'],
      ["by a key that isn't there", map(["id"], keyed), 'S.x-kubernetes-list-map-keys: Invalid value: ["id"]: entries must all be names of item properties'],
      ["by a key twice", map(["name", "name"], keyed), 'S.x-kubernetes-list-map-keys: Invalid value: ["name","name"]: must not contain duplicate entries'],
      [
        "by a key that is an object, and may be missing",
        map(["o"], keyed),
        'S.items.properties[o].type: Invalid value: "object": must be a scalar type if parent array\'s x-kubernetes-list-type is map',
        "S.items.properties[o].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
      ],
      ["by a key that may be null", map(["a"], object({ a: { type: "string", nullable: true } }, { required: ["a"] })), "S.items.properties[a].nullable: Forbidden: this property is in x-kubernetes-list-map-keys, so it cannot be nullable"],
      ["of things that may be null, by keys", map(["name"], { ...keyed, nullable: true }), "S.items.nullable: Forbidden: cannot be nullable when x-kubernetes-list-type is map"],
      ["of objects, as sets", list(object({}), { "x-kubernetes-list-type": "set" }), "S.items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set"],
      ["of whole objects, as sets", list(object({}, { "x-kubernetes-map-type": "atomic" }), { "x-kubernetes-list-type": "set" })],
      ["of an unknown kind of map", object({}, { "x-kubernetes-map-type": "loose" }), 'S.x-kubernetes-map-type: Unsupported value: "loose": supported values: "atomic", "granular"'],
    ]),
  );
});

describe("defaults", () => {
  // As upstream: a value without a name leaves a gap.
  const bad = 'S.properties[a].default: Invalid value: "string":  in body must be of type integer: "string"';
  check(
    table([
      ["that fit", object({ a: { type: "integer", default: 3 }, b: object({ c: { type: "string", default: "x" } }, { default: {} }) })],
      ["of another type", object({ a: { type: "integer", default: "x" } }), bad],
      ["with unknown fields", object({ a: object({ b: string }, { default: { b: "x", c: 1 } }) }), 'S.properties[a].default: Invalid value: {"b":"x","c":1}: must not have unknown fields'],
      ["that break a rule", object({ a: { type: "integer", default: 3, "x-kubernetes-validations": [{ rule: "self > 5" }] } }), "S.properties[a].default: Invalid value: 3: failed rule: self > 5"],
      ["that are out of bounds", object({ a: { type: "integer", maximum: 2, default: 3 } }), "S.properties[a].default: Invalid value: 3:  in body should be less than or equal to 2"],
      ["that are null", object({ a: { type: "string", nullable: true, default: null } })],
    ]),
  );

  test("of metadata are refused", () => {
    const inMetadata = told(object({ metadata: object({ name: { type: "string", default: "x" } }) }));
    assert.deepEqual(inMetadata, ["s.properties[metadata].properties[name].default: Forbidden: must not be set in top-level metadata"]);
    assert.deepEqual(told(object({ kind: { type: "string", default: "x" } })), ["s.properties[kind].default: Forbidden: must not be set in top-level kind"]);
  });
});

describe("rules", () => {
  const ruled = (rule: object, more: JsonSchema = {}): JsonSchema => object({ a: { type: "integer" }, t: string }, { "x-kubernetes-validations": [rule as { rule: string }], ...more });
  const R = "S.x-kubernetes-validations[0]";
  check(
    table([
      ["with all that is allowed", ruled({ rule: "self.a > 1", message: "m", messageExpression: "'a is ' + self.t", reason: "FieldValueForbidden", fieldPath: ".a" }, { properties: { a: { type: "integer" }, t: { type: "string", maxLength: 10 } } })],
      ["that are empty", ruled({ rule: " " }), `${R}.rule: Required value: rule is not specified`],
      ["with an empty message", ruled({ rule: "true", message: " " }), `${R}.message: Invalid value: " ": must be non-empty if specified`],
      ["with a message in lines", ruled({ rule: "true", message: "a\nb" }), `${R}.message: Invalid value: "a\\nb": must not contain line breaks`],
      ["in lines without a message", ruled({ rule: "true &&\ntrue" }), `${R}.message: Required value: message must be specified if rule contains line breaks`],
      ["with an unknown reason", ruled({ rule: "true", reason: "Because" }), `${R}.reason: Unsupported value: "Because": supported values: "FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"`],
      ["with a path to nowhere", ruled({ rule: "true", fieldPath: ".b" }), `${R}.fieldPath: Invalid value: ".b": must be a valid path`],
      ["that don't parse", ruled({ rule: "self.a >" }), `${R}.rule: Invalid value: {"Rule":"self.a >","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:9: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | self.a >\n | ........^`],
      ["with an unknown field", ruled({ rule: "self.b" }), `${R}.rule: Invalid value: {"Rule":"self.b","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:5: undefined field 'b'\n | self.b\n | ....^`],
      ["that aren't true or false", ruled({ rule: "self.a" }), `${R}.rule: Invalid value: {"Rule":"self.a","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: cel expression must evaluate to a bool`],
      ["with a message that isn't text", ruled({ rule: "true", messageExpression: "self.a" }), `${R}.messageExpression: Invalid value: {"Rule":"true","Message":"","MessageExpression":"self.a","Reason":null,"FieldPath":"","OptionalOldSelf":null}: messageExpression must evaluate to a string`],
      ["with optionalOldSelf in vain", ruled({ rule: "true", optionalOldSelf: true }), `${R}.optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule`],
      ["of changes", ruled({ rule: "self.a >= oldSelf.a" })],
      ["of changes, also of what is new", ruled({ rule: "!oldSelf.hasValue() || self.a >= oldSelf.value().a", optionalOldSelf: true })],
      [
        "of changes to items that can't be told apart",
        { type: "array", maxItems: 3, items: { type: "integer", "x-kubernetes-validations": [{ rule: "self >= oldSelf" }] } },
        'S.items.x-kubernetes-validations[0].rule: Invalid value: "self >= oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within S',
      ],
      [
        "of changes to items that have keys",
        { type: "array", maxItems: 3, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"], items: object({ k: string }, { required: ["k"], "x-kubernetes-validations": [{ rule: "self == oldSelf" }] }) },
      ],
    ]),
  );

  test("may cost so much and no more, each and together", () => {
    const expensive: JsonSchema = { type: "array", items: { type: "array", items: { type: "array", items: { type: "string" } } }, "x-kubernetes-validations": [{ rule: "self.all(x, x.all(y, y.all(z, z.matches('a+b+c+'))))" }] };
    const hint = "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)";
    const rule = "S.x-kubernetes-validations[0].rule: Forbidden:";
    assert.deepEqual(errorsOf(expensive), [
      `${rule} estimated rule cost exceeds budget by factor of more than 100x ${hint}`,
      `${rule} contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema`,
      `s: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x ${hint}`,
    ]);
    const bounded: JsonSchema = { type: "array", maxItems: 10, items: { type: "array", maxItems: 10, items: { type: "string", maxLength: 20 } }, "x-kubernetes-validations": [{ rule: "self.all(x, x.all(y, y.matches('a+b+c+')))" }] };
    assert.deepEqual(errorsOf(bounded), []);
  });

  test("count for as often as they can run", () => {
    const rule: JsonSchema = { type: "string", maxLength: 1000, "x-kubernetes-validations": [{ rule: "self.contains('x')" }] };
    assert.deepEqual(errorsOf({ type: "array", maxItems: 100, items: rule }), []);
    assert.match(errorsOf({ type: "array", maxItems: 1_000_000, items: rule })[0]!, /^S\.items\.x-kubernetes-validations\[0\]\.rule: Forbidden: estimated rule cost exceeds budget by factor of \d+\.\dx /);
  });
});
