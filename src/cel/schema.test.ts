import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MAX_REQUEST_BYTES, compile, declaredType, maxCardinality, typeText, type CelType, type SchemaForCel } from "./index.ts";

const declare = (schema: SchemaForCel, resourceRoot = false) => declaredType(schema, { name: "object", resourceRoot });

function typeOf(schema: SchemaForCel): CelType {
  return declare(schema)!.type;
}

function evaluate(expression: string, schema: SchemaForCel, self: unknown): unknown {
  return compile(expression, { variables: { self: typeOf(schema) } }).evaluate({ self }).value;
}

const text: SchemaForCel = { type: "string" };
const WHOLE_REQUEST = MAX_REQUEST_BYTES - 2;

describe("a schema's data has the type", () => {
  const cases: [schema: SchemaForCel, type: string | undefined, size?: number][] = [
    [text, "string", WHOLE_REQUEST],
    [{ type: "string", maxLength: 10 }, "string", 40],
    [{ type: "string", enum: ["a", "日本"] }, "string", 6],
    [{ type: "string", format: "byte" }, "bytes", WHOLE_REQUEST],
    [{ type: "string", format: "byte", maxLength: 10 }, "bytes", 10],
    [{ type: "string", format: "date" }, "google.protobuf.Timestamp", 12],
    [{ type: "string", format: "date-time" }, "google.protobuf.Timestamp", 32],
    [{ type: "string", format: "duration" }, "google.protobuf.Duration", 32],
    [{ type: "string", format: "email" }, "string", WHOLE_REQUEST],
    [{ type: "integer" }, "int", 0],
    [{ type: "number" }, "double", 0],
    [{ type: "boolean" }, "bool", 0],
    [{ "x-kubernetes-int-or-string": true }, "dyn", WHOLE_REQUEST],
    [{ "x-kubernetes-int-or-string": true, maxLength: 5 }, "dyn", 20],
    [{ type: "array", items: text }, "list(string)", Math.floor(WHOLE_REQUEST / 3)],
    [{ type: "array", items: text, maxItems: 5 }, "list(string)", 5],
    [{ type: "array", items: { type: "object", required: ["name"], properties: { name: text } } }, "list(object.@idx)", Math.floor(WHOLE_REQUEST / 13)],
    [{ type: "object", additionalProperties: { type: "integer" } }, "map(string, int)", Math.floor(WHOLE_REQUEST / 7)],
    [{ type: "object", additionalProperties: { type: "integer" }, maxProperties: 7 }, "map(string, int)", 7],
    [{ type: "object", properties: { a: text } }, "object", 0],
    [{ type: "array" }, undefined],
    [{}, undefined],
  ];
  for (const [schema, type, size] of cases) {
    test(`${type} of at most ${size}: ${JSON.stringify(schema)}`, () => {
      const declared = declare(schema)?.type;
      assert.deepEqual([declared && typeText(declared), declared?.maxElements], [type, size]);
    });
  }
});

test("what an expression can't see isn't there", () => {
  const schema: SchemaForCel = { type: "object", properties: { seen: text, unseen: {} } };
  assert.equal(evaluate("self.seen", schema, { seen: "a", unseen: "b" }), "a");
  assert.throws(() => compile("self.unseen", { variables: { self: typeOf(schema) } }), /undefined field 'unseen'/);
});

describe("metadata", () => {
  test("of a resource shows its name and generateName", () => {
    const { type } = declare({ type: "object", properties: { spec: { type: "object" } } }, true)!;
    const program = compile("self.apiVersion + self.kind + self.metadata.name", { variables: { self: type } });
    assert.equal(program.evaluate({ self: { apiVersion: "v1", kind: "Pod", metadata: { name: "a", labels: {} } } }).value, "v1Poda");
    assert.throws(() => compile("self.metadata.labels", { variables: { self: type } }), /undefined field 'labels'/);
  });

  test("shows the same of an embedded resource", () => {
    const schema: SchemaForCel = { type: "object", properties: { template: { type: "object", "x-kubernetes-embedded-resource": true } } };
    assert.equal(evaluate("self.template.metadata.name", schema, { template: { metadata: { name: "a" } } }), "a");
  });
});

/** What an expression over two values of one schema comes to. */
function compare(expression: string, schema: SchemaForCel, self: unknown, oldSelf: unknown): unknown {
  const type = typeOf(schema);
  return compile(expression, { variables: { self: type, oldSelf: type } }).evaluate({ self, oldSelf }).value;
}

describe("a list that is a set", () => {
  const schema: SchemaForCel = { type: "array", items: text, "x-kubernetes-list-type": "set" };

  test("equals one in another order", () => {
    assert.equal(compare("self == oldSelf", schema, ["x", "y"], ["y", "x"]), true);
    assert.equal(compare("self == oldSelf", schema, ["x", "y"], ["y", "z"]), false);
  });

  test("adds what it doesn't have", () => {
    assert.deepEqual(compare("self + oldSelf", schema, ["x", "y"], ["y", "z"]), ["x", "y", "z"]);
  });
});

describe("a list that is a map", () => {
  const item: SchemaForCel = { type: "object", properties: { key: text, value: { type: "integer" } } };
  const schema: SchemaForCel = { type: "array", items: item, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["key"] };
  const [x1, x2, y1] = [{ key: "x", value: 1 }, { key: "x", value: 2 }, { key: "y", value: 1 }];

  test("equals one in another order", () => {
    assert.equal(compare("self == oldSelf", schema, [x1, y1], [y1, x1]), true);
    assert.equal(compare("self == oldSelf", schema, [x1, y1], [y1, x2]), false);
  });

  test("adds by key: the later one wins, in the earlier one's place", () => {
    assert.deepEqual(compare("self + oldSelf", schema, [x1], [y1, x2]), [x2, y1]);
  });
});

test("any other list compares and adds in order", () => {
  const schema: SchemaForCel = { type: "array", items: text };
  assert.equal(compare("self == oldSelf", schema, ["x", "y"], ["y", "x"]), false);
  assert.deepEqual(compare("self + oldSelf", schema, ["x", "y"], ["y"]), ["x", "y", "y"]);
});

test("an int or a string is what it is", () => {
  const schema: SchemaForCel = { type: "object", properties: { port: { "x-kubernetes-int-or-string": true } } };
  const expression = "type(self.port) == int ? self.port > 0 : self.port == 'http'";
  assert.deepEqual([80, 0, "http"].map((port) => evaluate(expression, schema, { port })), [true, false, true]);
});

test("data of few bytes can be often in one request", () => {
  assert.equal(maxCardinality(2), MAX_REQUEST_BYTES / 3);
  assert.equal(declare({ type: "object", required: ["a"], properties: { a: { type: "boolean" } } })!.minSerializedBytes, 11);
});
