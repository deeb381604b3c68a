import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BOOL, CelCompileError, DYN, INT, STRING, compile, isExactly, listOf, mapOf, optionalOf, typeText, type CelEnvironment } from "./index.ts";

const NOTHING: CelEnvironment = { variables: {} };

function refusal(expression: string, environment = NOTHING): CelCompileError {
  try {
    compile(expression, environment);
  } catch (error) {
    assert.ok(error instanceof CelCompileError, String(error));
    return error;
  }
  assert.fail(`${expression} compiles`);
}

function message(...lines: string[]): string {
  return lines.join("\n");
}

describe("what is wrong with an expression", () => {
  test("is shown at its place", () => {
    assert.equal(refusal("1 + nope").message, message(
      "ERROR: <input>:1:5: undeclared reference to 'nope' (in container '')",
      " | 1 + nope",
      " | ....^",
    ));
  });

  test("is all named, in the order of the text", () => {
    assert.equal(refusal("'a'.size() +\n  nope + 1u").message, message(
      "ERROR: <input>:2:3: undeclared reference to 'nope' (in container '')",
      " |   nope + 1u",
      " | ..^",
      "ERROR: <input>:2:8: found no matching overload for '_+_' applied to '(int, uint)'",
      " |   nope + 1u",
      " | .......^",
    ));
  });

  test("is shown below wide characters too", () => {
    assert.equal(refusal("'日本語😀' + nope").message, message(
      "ERROR: <input>:1:10: undeclared reference to 'nope' (in container '')",
      " | '日本語😀' + nope",
      " | .．．．．....^",
    ));
  });

  test("may be a literal argument that no function takes", () => {
    assert.match(refusal("'abc'.matches('(')").message, /^ERROR: <input>:1:15: invalid matches argument\n/);
    assert.match(refusal("duration('x')").message, /^ERROR: <input>:1:10: invalid duration argument\n/);
    assert.match(refusal("timestamp('x')").message, /^ERROR: <input>:1:11: invalid timestamp argument\n/);
  });

  test("may be a constant conversion that always fails, which Kubernetes words another way", () => {
    const { reason, message: text } = refusal("int('x')");
    assert.deepEqual([reason, text], ["program instantiation failed", "type conversion error from 'string' to 'int'"]);
    assert.equal(refusal("nope").reason, "compilation failed");
  });
});

describe("an expression is refused when it is", () => {
  test("too long", () => {
    assert.equal(refusal("1".repeat(100_001)).message, "ERROR: <input>:-1:0: expression code point size exceeds limit: size: 100001, limit 100000");
  });

  for (const [title, expression] of [
    ["nested too deep in parentheses", "(".repeat(50_000)],
    ["nested too deep in lists", `${"[".repeat(50_000)}`],
    ["nested too deep in macros", `${"[1].all(x, ".repeat(260)}true${")".repeat(260)}`],
  ] as const) {
    test(title, () => assert.match(refusal(expression).message, /expression recursion limit exceeded: 250/));
  }

  test("a chain of macros that copy what they're called on", () => {
    assert.match(refusal(`o${".optMap(a, a)".repeat(200)}`, { variables: { o: optionalOf(INT) } }).message, /^ERROR: <input>:/);
  });
});

describe("a compiled expression", () => {
  test("knows its type", () => {
    const environment = { variables: { x: INT, name: { ...STRING, maxElements: 10 } } };
    assert.equal(compile("x > 1", environment).resultType, BOOL);
    assert.equal(compile("name", environment).resultType, STRING);
    for (const [expression, text] of [
      ["[x]", "list(int)"], ["{name: [x]}", "map(string, list(int))"], ["optional.of(x)", "optional_type(int)"], ["dyn(x)", "dyn"],
      ["now - now", "google.protobuf.Duration"], ["quantity('1')", "kubernetes.Quantity"], ["type(x)", "type(int)"], ["null", "null_type"], ["[]", "list(dyn)"],
    ]) {
      assert.equal(typeText(compile(expression!.replaceAll("now", "timestamp('2024-01-01T00:00:00Z')"), environment).resultType), text);
    }
  });

  test("knows which variables it refers to", () => {
    const variables = { x: INT, y: INT, "a.b": mapOf(STRING, INT) };
    assert.deepEqual([...compile("x > 1 && [1].all(y, y > 0) && a.b.c > 0", { variables }).references], ["x", "a.b"]);
  });

  test("can be evaluated again and again", () => {
    const program = compile("x * 2", { variables: { x: INT } });
    assert.deepEqual([program.evaluate({ x: 1 }), program.evaluate({ x: 2 })].map(({ value }) => value), [2, 4]);
  });
});

test("a dynamic type is not exactly any other", () => {
  assert.ok(isExactly(listOf(INT), listOf(INT)));
  assert.ok(!isExactly(BOOL, DYN));
  assert.ok(!isExactly(listOf(INT), listOf(DYN)));
});
