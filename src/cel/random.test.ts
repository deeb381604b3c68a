/** Whatever is written or bound, only the two errors come of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BOOL, CelCompileError, CelEvaluationError, DOUBLE, DYN, INT, STRING, compile, listOf, mapOf, objectType, optionalOf, type CelProgram } from "./index.ts";

const variables = {
  i: INT, d: DOUBLE, s: STRING, b: BOOL, l: listOf(INT), m: mapOf(STRING, STRING), any: DYN, o: optionalOf(INT), self: objectType("self", { a: INT, list: listOf(STRING) }),
};
const environment = { variables, patchTypes: true };

/** Compiles an expression; undefined when it is refused as it should be. */
function compiled(expression: string): CelProgram | undefined {
  try {
    return compile(expression, environment);
  } catch (error) {
    assert.ok(error instanceof CelCompileError, `${JSON.stringify(expression)}: ${String((error as Error).stack)}`);
    assert.match(error.message, /^(ERROR: <input>:-?\d+:\d+: |\S)/);
    return undefined;
  }
}

function evaluated(program: CelProgram, bindings: Record<string, unknown>): void {
  try {
    const { cost } = program.evaluate(bindings, { costLimit: 50_000 });
    assert.ok(cost <= 50_000);
  } catch (error) {
    assert.ok(error instanceof CelEvaluationError, `${JSON.stringify(program.expression)}: ${String((error as Error).stack)}`);
  }
}

const TOKENS = [
  "i", "d", "s", "b", "l", "m", "any", "o", "self", "x", "1", "0", "-1", "2u", "1.5", "1e400", "9223372036854775807", "0xff", "true", "null", "'a'", "\"\\u00e9\"", "r'\\d+'", "b'\\xff'", "'''x'''",
  "+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "!", "?", ":", "in", ".", ".?", "[?", "(", ")", "[", "]", "{", "}", ",", "=", ";",
  ".size()", ".all(x, ", ".exists(x, ", ".exists_one(x, ", ".map(x, ", ".filter(x, ", ".transformMap(x, y, ", "has(self.a)", "cel.bind(", ".optMap(x, ", ".orValue(", "size(", "int(", "string(", "dyn(", "type(",
  "quantity('1Gi')", "ip('::1')", "url('http://a')", "semver('1.0.0')", "duration('1s')", "timestamp('2024-01-01T00:00:00Z')", ".matches('a+')", ".format([i])", "optional.none()", "Object{a: 1}", "sets.contains(l, l)", "if", "`a`", "//", "\n", " ",
];

const token = fc.constantFrom(...TOKENS);

const bindings = fc.record({
  i: fc.jsonValue(), d: fc.jsonValue(), s: fc.jsonValue(), b: fc.jsonValue(), l: fc.jsonValue(), m: fc.jsonValue(), any: fc.jsonValue(), o: fc.jsonValue(), self: fc.jsonValue(),
}, { requiredKeys: [] });

/** Expressions with the shape of expressions, often of the right types too. */
const { expression } = fc.letrec<{ expression: string; leaf: string }>((tie) => ({
  leaf: fc.constantFrom("i", "d", "s", "b", "l", "m", "any", "o", "self", "self.a", "self.list", "1", "2u", "0.5", "'a'", "b'a'", "true", "null", "[]", "{}", "[1, 2]", "{'a': 'b'}", "x", "y"),
  expression: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    tie("leaf"),
    fc.tuple(tie("expression"), fc.constantFrom("+", "-", "*", "/", "%", "==", "!=", "<", ">=", "&&", "||", "in"), tie("expression")).map(([left, operator, right]) => `(${left} ${operator} ${right})`),
    fc.tuple(tie("expression"), fc.constantFrom("all", "exists", "exists_one", "map", "filter", "optMap"), tie("expression")).map(([target, macro, body]) => `${target}.${macro}(x, ${body})`),
    fc.tuple(tie("expression"), fc.constantFrom("all", "exists", "existsOne", "transformList", "transformMap"), tie("expression")).map(([target, macro, body]) => `${target}.${macro}(x, y, ${body})`),
    fc.tuple(tie("expression"), fc.constantFrom("size", "sum", "min", "isSorted", "hasValue", "value", "trim", "reverse", "first", "distinct", "getFullYear", "upperAscii")).map(([target, name]) => `${target}.${name}()`),
    fc.tuple(tie("expression"), fc.constantFrom("contains", "matches", "indexOf", "split", "orValue", "format", "findAll", "charAt", "join", "startsWith"), tie("expression")).map(([target, name, argument]) => `${target}.${name}(${argument})`),
    fc.tuple(fc.constantFrom("dyn", "string", "int", "uint", "double", "bytes", "size", "type", "duration", "timestamp", "bool", "quantity", "ip", "cidr", "url", "semver", "isQuantity", "optional.of", "lists.range", "strings.quote", "!", "-"), tie("expression")).map(([name, argument]) => `${name}(${argument})`),
    fc.tuple(tie("expression"), tie("expression")).map(([target, index]) => `${target}[${index}]`),
    fc.tuple(tie("expression"), tie("expression"), tie("expression")).map(([condition, yes, no]) => `(${condition} ? ${yes} : ${no})`),
    fc.array(tie("expression"), { maxLength: 3 }).map((elements) => `[${elements.join(", ")}]`),
    fc.tuple(tie("expression"), tie("expression")).map(([key, value]) => `{${key}: ${value}}`),
  ),
}));

test("random text is refused or compiles", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => void compiled(text)), { numRuns: 1000 });
});

test("random bytes are refused or compile", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => void compiled(Buffer.from(bytes).toString("latin1"))), { numRuns: 1000 });
});

test("random words of the language are refused, or compile and come to something", () => {
  fc.assert(fc.property(fc.array(token, { maxLength: 14 }), bindings, (tokens, bound) => {
    const program = compiled(tokens.join(""));
    if (program) evaluated(program, bound);
  }), { numRuns: 2000 });
});

test("random expressions come to something, whatever they're given", () => {
  let count = 0;
  fc.assert(fc.property(expression, bindings, (text, bound) => {
    const program = compiled(text);
    if (!program) return;
    count++;
    const { min, max } = program.estimateCost();
    assert.ok(min >= 0 && min <= max);
    evaluated(program, bound);
  }), { numRuns: 3000 });
  assert.ok(count > 300, `${count} compile`);
});
