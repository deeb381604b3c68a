import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  BOOL, BYTES, CelEvaluationError, DOUBLE, DURATION, DYN, INT, LazyFields, STRING, TIMESTAMP, UINT, compile, listOf, mapOf, objectType, optionalOf, type CelType,
} from "./index.ts";

function evaluate(expression: string, variables: Record<string, CelType>, bindings: Record<string, unknown>): unknown {
  return compile(expression, { variables }).evaluate(bindings).value;
}

describe("plain JSON is read as its declared type", () => {
  const cases: [type: CelType, json: unknown, expression: string][] = [
    [INT, 3, "x / 2 == 1"],
    [UINT, 3, "x == 3u"],
    [DOUBLE, 3, "x / 2.0 == 1.5"],
    [BYTES, "aGVsbG8=", "x == b'hello'"],
    [TIMESTAMP, "2024-02-29T12:00:00Z", "x.getDayOfMonth() == 28"],
    [{ ...TIMESTAMP, format: "date" }, "2024-02-29", "x == timestamp('2024-02-29T00:00:00Z')"],
    [DURATION, "1h30m", "x == duration('90m')"],
    [DURATION, "3 days", "x == duration('72h')"],
    [listOf(DOUBLE), [1, 2.5], "x.sum() == 3.5"],
    [mapOf(STRING, INT), { a: 1 }, "x.a == 1 && 'a' in x && !('b' in x)"],
    [objectType("o", { at: TIMESTAMP, tags: listOf(STRING) }), { at: "2024-01-01T00:00:00Z", tags: ["a"] }, "x.at.getFullYear() == 2024 && x.tags == ['a']"],
  ];
  for (const [type, json, expression] of cases) test(`${JSON.stringify(json)}: ${expression}`, () => assert.equal(evaluate(expression, { x: type }, { x: json }), true));
});

describe("where no type is declared", () => {
  for (const [json, expression] of [
    [1, "type(x) == int"], [1.5, "type(x) == double"], [1e300, "type(x) == double"], ["a", "type(x) == string"], [null, "x == null"], [[1, "a"], "x[1] == 'a'"], [{ a: { b: 1 } }, "x.a.b == 1"],
  ] as const) test(`${JSON.stringify(json)}: ${expression}`, () => assert.equal(evaluate(expression, { x: DYN }, { x: json }), true));
});

describe("JSON that isn't what its type says is an error, where it's looked at", () => {
  const type = objectType("o", { count: INT, name: STRING, list: listOf(INT), map: mapOf(STRING, INT), at: TIMESTAMP, bytes: BYTES, for: DURATION }, { escaped: true });
  const cases: [field: string, json: unknown, message: string][] = [
    ["count", "a", "invalid data, expected int, got string"],
    ["name", 1, "invalid data, expected string, got int64"],
    ["list", { a: 1 }, "invalid data, expected an array for the provided schema with type=array"],
    ["map", [], "invalid data, expected a map for the provided schema with type=object"],
    ["at", "yesterday", "Invalid date-time formatted string yesterday"],
    ["bytes", "*", "Invalid byte formatted string *: illegal base64 data"],
    ["for", "long", "Invalid duration long: unable to parse long as duration"],
  ];
  for (const [field, json, message] of cases) {
    test(`${field}: ${JSON.stringify(json)}`, () => {
      assert.throws(() => evaluate(`self.${field} == self.${field}`, { self: type }, { self: { [field]: json } }), { name: "CelEvaluationError", message });
      assert.equal(evaluate("has(self.count) || true", { self: type }, { self: { [field]: json } }), true);
    });
  }
});

describe("a field", () => {
  const self = objectType("o", { "a.b/c-d": INT, namespace: STRING, __x__: INT, null: INT, plain: INT, "no way": INT }, { escaped: true });

  test("is written as Kubernetes escapes names", () => {
    const json = { "a.b/c-d": 1, namespace: "n", __x__: 2, null: 3 };
    assert.deepEqual(
      evaluate("[string(self.a__dot__b__slash__c__dash__d), self.__namespace__, string(self.__underscores__x__underscores__), string(self.__null__)]", { self }, { self: json }),
      ["1", "n", "2", "3"],
    );
  });

  test("that can't be written isn't there", () => {
    assert.equal(evaluate("self.plain", { self }, { self: { plain: 1, "no way": 2 } }), 1);
  });

  test("that is null or missing is absent", () => {
    assert.deepEqual(evaluate("[has(self.plain), self.?plain.hasValue()]", { self }, { self: { plain: null } }), [false, false]);
    assert.throws(() => evaluate("self.plain", { self }, { self: {} }), { message: "no such key: plain" });
  });

  test("of the language's own objects is nobody's", () => {
    assert.throws(() => evaluate("x.constructor", { x: DYN }, { x: {} }), { message: "no such key: constructor" });
    assert.throws(() => evaluate("x.__proto__", { x: DYN }, { x: {} }), { message: "no such key: __proto__" });
    assert.equal(evaluate("'toString' in x", { x: mapOf(STRING, INT) }, { x: {} }), false);
  });
});

describe("a variable", () => {
  test("that isn't bound is an error, which may be absorbed", () => {
    assert.throws(() => evaluate("x", { x: BOOL }, {}), { name: "CelEvaluationError", message: "no such attribute(s): x" });
    assert.equal(evaluate("x || true", { x: BOOL }, {}), true);
  });

  test("may be optional", () => {
    const variables = { oldSelf: optionalOf(INT) };
    assert.deepEqual([{}, { oldSelf: 4 }].map((bindings) => evaluate("oldSelf.orValue(3)", variables, bindings)), [3, 4]);
  });

  test("may have dots in its name", () => {
    assert.equal(evaluate("a.b.c", { "a.b": mapOf(STRING, INT) }, { "a.b": { c: 7 } }), 7);
  });

  test("may be another expression's value, which keeps its type", () => {
    const { celValue } = compile("quantity('1Gi')", { variables: {} }).evaluate({});
    assert.equal(evaluate("x.isGreaterThan(quantity('1Mi'))", { x: compile("quantity('1')", { variables: {} }).resultType }, { x: celValue }), true);
    assert.equal(evaluate("type(x) == double", { x: DYN }, { x: compile("1.0", { variables: {} }).evaluate({}).celValue }), true);
  });

  test("is read only where an expression looks", () => {
    const trap = { get secret(): never { throw new Error("read"); }, name: "a" };
    assert.equal(evaluate("x.name", { x: DYN }, { x: trap }), "a");
  });
});

describe("lazy fields", () => {
  const fields = { a: INT, b: INT, bad: INT };
  const variables = { variables: objectType("variables", fields) };
  const resolving = (asked: string[]) => new LazyFields(fields, (name) => {
    asked.push(name);
    if (name === "bad") throw new CelEvaluationError("out of luck", 0);
    return name === "a" ? 1 : 2;
  });

  test("are computed when they're read, once", () => {
    const asked: string[] = [];
    assert.equal(evaluate("variables.a + variables.a", variables, { variables: resolving(asked) }), 2);
    assert.deepEqual(asked, ["a"]);
  });

  test("fail with the error they came to, which may be absorbed", () => {
    assert.throws(() => evaluate("variables.bad", variables, { variables: resolving([]) }), { name: "CelEvaluationError", message: "out of luck" });
    assert.equal(evaluate("variables.bad > 0 || variables.b == 2", variables, { variables: resolving([]) }), true);
  });
});

describe("as JSON, a result", () => {
  for (const [expression, json] of [
    ["1u", 1], ["1.5", 1.5], ["b'abc'", "YWJj"], ["duration('90m')", "5400s"], ["timestamp('2024-01-01T00:00:00Z')", "2024-01-01T00:00:00Z"],
    ["optional.none()", null], ["optional.of(1)", 1], ["type(1)", "int"], ["{'a': [1, 2]}", { a: [1, 2] }],
  ] as const) test(`of ${expression} is ${JSON.stringify(json)}`, () => assert.deepEqual(evaluate(expression, {}, {}), json));

  test("isn't there for a quantity, or a map whose keys aren't strings", () => {
    assert.throws(() => evaluate("quantity('1')", {}, {}), /^Error: a kubernetes.Quantity has no JSON form$/);
    assert.throws(() => evaluate("{1: 2}", {}, {}), /^Error: unsupported type conversion from 'int' to string$/);
  });

  test("shares the data it was bound to", () => {
    const list = [{ a: 1 }];
    assert.equal(evaluate("x", { x: listOf(DYN) }, { x: list }), list);
  });
});
