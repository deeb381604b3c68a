/** No expression, however it is made, may keep the server busy: each ends, and soon. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DYN, INT, PER_CALL_LIMIT, STRING, compile, listOf, mapOf, optionalOf, type CelEvaluationError } from "./index.ts";

const TOO_MUCH = "operation cancelled: actual cost limit exceeded";

describe("an evaluation that costs more than it may", () => {
  const variables = { l: listOf(INT) };
  const l = Array.from({ length: 1000 }, (_, index) => index);

  test("is cancelled", () => {
    const program = compile("l.all(x, l.all(y, l.all(z, x + y + z >= 0)))", { variables });
    assert.throws(() => program.evaluate({ l }), (error: CelEvaluationError) => {
      assert.deepEqual([error.name, error.message, error.costLimitExceeded], ["CelEvaluationError", TOO_MUCH, true]);
      return error.cost > PER_CALL_LIMIT && error.cost < PER_CALL_LIMIT + 100;
    });
  });

  test("may be given less", () => {
    const program = compile("l.all(x, x >= 0)", { variables });
    const { cost } = program.evaluate({ l });
    assert.equal(program.evaluate({ l }, { costLimit: cost }).value, true);
    assert.throws(() => program.evaluate({ l }, { costLimit: cost - 1 }), { message: TOO_MUCH, costLimitExceeded: true });
  });

  test("is cancelled whatever else it could have come to", () => {
    const program = compile("l.all(x, x >= 0) || true", { variables });
    assert.throws(() => program.evaluate({ l }, { costLimit: 100 }), { message: TOO_MUCH });
  });

  test("tells what another error cost", () => {
    assert.throws(() => compile("l[0] / 0 > 1", { variables }).evaluate({ l }), { message: "division by zero", costLimitExceeded: false, cost: 4 });
  });
});

/** Of this process, whatever else the machine does. */
function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  return process.cpuUsage(before).user / 1000;
}

/** Far above what any of these takes on a slow machine, and far below what they take without bounds. */
const SOON_MS = 3000;

describe("a hostile expression ends soon", () => {
  const s = "a".repeat(1_400_000);
  const l = Array.from({ length: 200_000 }, (_, index) => index);
  let deep: unknown = 1;
  for (let level = 0; level < 20_000; level++) deep = [deep];
  const bindings = {
    s, l, deep,
    unicode: "日".repeat(400_000),
    texts: Array.from({ length: 20 }, () => s.slice(0, 60_000)),
    m: Object.fromEntries(l.map((index) => [`k${index}`, index])),
    pair: { a: s, b: `${s}x` },
    o: 1,
  };
  const variables = { s: STRING, unicode: STRING, l: listOf(INT), texts: listOf(STRING), m: mapOf(STRING, INT), pair: DYN, deep: DYN, o: optionalOf(INT) };
  const doubled = (start: string, times: number, then: string) => `[${start}]${".map(x, x + x)".repeat(times)}${then}`;

  for (const [title, expression] of [
    ["nested comprehensions", "l.all(a, l.all(b, l.all(c, a + b + c > -1)))"],
    ["comprehensions that build lists", "l.map(a, l.map(b, l))"],
    ["a long string's length, again and again", "l.all(x, s.size() > 0 && unicode.size() > 0)"],
    ["a long string's equality, again and again", "l.all(x, s == pair.a)"],
    ["long lists' equality, again and again", "l.all(x, texts == texts && l == l)"],
    ["a large map's equality, again and again", "l.all(x, m == m)"],
    ["a large map's size, again and again", "l.all(x, size(m) > 0)"],
    ["concatenated strings", "l.map(x, s + s + s + s)"],
    ["a string that doubles", doubled("'a'", 60, ".map(x, x.size())")],
    ["a list that doubles", doubled("[1]", 60, "")],
    ["a list that doubles, searched", doubled("[1]", 40, ".map(x, 5 in x)")],
    ["a list that doubles, compared", doubled("[1]", 40, ".all(x, x == x)")],
    ["a list that doubles, summed", doubled("[1]", 40, ".map(x, x.sum())")],
    ["a list that doubles, written", doubled("[1]", 40, ".map(x, '%s'.format([x]))")],
    ["replacements that multiply", "[s].map(x, x.replace('a', 'bbbbbbbbbb')).map(x, x.replace('b', 'cccccccccc')).map(x, x.replace('c', 'dddddddddd'))"],
    ["a replacement of nothing by much", "s.replace('', s)"],
    ["a pattern that would go back and forth", "s.matches('(a+)+$')"],
    ["a pattern of many repetitions", "s.matches('((([ab]x?){100}){10}d)')"],
    ["a new pattern each time", "l.all(x, 'a'.matches('x{1000}y{1000}z{1000}' + string(x)) || true)"],
    ["every match of a pattern", "s.findAll('a')"],
    ["every character", "s.split('').map(x, s.split(''))"],
    ["searches of long strings", "l.all(x, s.indexOf('b') == -1 && s.lastIndexOf('b') == -1 && !s.contains('b'))"],
    ["conversions of long strings", "l.all(x, int(s) == 1 || double(s) == 1.0 || timestamp(s) == timestamp(s) || bytes(s).size() > 0)"],
    ["parsing of long strings", "l.all(x, isSemver(s) || isIP(s) || isQuantity(s) || url('http://a/' + s).getQuery().size() == 0)"],
    ["a range of all numbers", "lists.range(999999999999)"],
    ["data nested too deep to compare", "deep == [deep]"],
    ["data nested too deep to write", "'%s'.format([deep])"],
    ["errors that are absorbed", "l.exists(x, 1 / 0 == 1)"],
  ] as const) {
    test(title, () => {
      const spent = cpuMs(() => {
        try {
          const result = compile(expression, { variables }).evaluate(bindings);
          // Huge results are refused, rather than written out.
          assert.ok(result.cost <= PER_CALL_LIMIT);
          JSON.stringify(result.value);
        } catch (error) {
          assert.ok(error instanceof Error && /^(Cel\w+Error|Error)$/.test(error.name), String(error));
        }
      });
      assert.ok(spent < SOON_MS, `${spent} ms`);
    });
  }

  const repeat = (part: string, times: number) => Array.from({ length: times }, () => part).join(",");
  for (const [title, expression] of [
    ["many elements", `[${repeat("1", 49_000)}]`],
    ["many errors", `[${repeat("zz", 33_000)}]`],
    ["many comparisons", `[${repeat("pair == pair", 7_000)}]`],
    ["many patterns", `[${repeat("s.matches('x{1000}')", 4_500)}]`],
    ["many signs", `${"-".repeat(50_001)}o`],
    ["many quotes", "'".repeat(99_999)],
    ["many brackets", "[".repeat(99_999)],
    ["copies of copies", `o${".optMap(a, a)".repeat(200)}`],
    ["macros in macros", `${"l.all(x, ".repeat(120)}true${")".repeat(120)}`],
    ["many formats", `'${"%s".repeat(20_000)}'.format([${repeat("1", 20_000)}])`],
  ] as const) {
    test(`even to compile: ${title}`, () => {
      const spent = cpuMs(() => {
        try {
          compile(expression, { variables }).estimateCost();
        } catch (error) {
          assert.equal((error as Error).name, "CelCompileError");
        }
      });
      assert.ok(spent < SOON_MS, `${spent} ms`);
    });
  }
});
