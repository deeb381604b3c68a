/**
 * The tables of expressions in testdata, each with what it comes to. A line is `EXPRESSION => JSON`,
 * `EXPRESSION => error: MESSAGE` or `EXPRESSION => does not compile: LINE:COLUMN: MESSAGE`, and in costs.txt
 * `EXPRESSION => COST, MIN to MAX`: what it cost and what it was estimated to. Kubernetes 1.36 comes to the same.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { CelCompileError, CelEvaluationError, INT, STRING, compile, declaredType, type CelEnvironment, type CelProgram, type SchemaForCel } from "./index.ts";

interface Line {
  readonly expression: string;
  readonly expected: string;
}

/** The lines of a table under their headings. */
function table(name: string): Map<string, Line[]> {
  const sections = new Map<string, Line[]>();
  let section: Line[] = [];
  for (const line of readFileSync(new URL(`testdata/${name}.txt`, import.meta.url), "utf8").split("\n")) {
    if (line.startsWith("# ")) sections.set(line.slice(2), (section = []));
    else if (line !== "") section.push(lineOf(line));
  }
  return sections;
}

function lineOf(line: string): Line {
  const arrow = line.lastIndexOf(" => ");
  // The one expression of two lines.
  return { expression: line.slice(0, arrow).replace("triple\\x0aquoted", "triple\nquoted"), expected: line.slice(arrow + 4) };
}

function outcome(expression: string, environment: CelEnvironment, bindings: Record<string, unknown>): string {
  try {
    return JSON.stringify(compile(expression, environment).evaluate(bindings).value);
  } catch (error) {
    if (error instanceof CelEvaluationError) return `error: ${error.message}`;
    if (error instanceof CelCompileError) return `does not compile: ${firstLines(error.message)}`;
    throw error;
  }
}

/** What an evaluation cost, whether or not it came to an error. */
function spent(program: CelProgram, bindings: Record<string, unknown>): number {
  try {
    return program.evaluate(bindings).cost;
  } catch (error) {
    if (error instanceof CelEvaluationError) return error.cost;
    throw error;
  }
}

/** What the compiler says without the excerpts it shows. */
function firstLines(message: string): string {
  return message.split("\n").filter((line) => !line.startsWith(" | ")).map((line) => line.replace("ERROR: <input>:", "")).join(" AND ");
}

/** JSON written one way. */
function normal(expected: string): string {
  return /^(error|does not compile): /.test(expected) ? expected : JSON.stringify(JSON.parse(expected));
}

function describeTable(title: string, name: string, environment: CelEnvironment, bindings: Record<string, unknown> = {}): void {
  for (const [section, lines] of table(name)) {
    describe(`${title}: ${section}`, () => {
      for (const { expression, expected } of lines) {
        test(expression, () => assert.equal(outcome(expression, environment, bindings), normal(expected)));
      }
    });
  }
}

const text = (maxLength?: number): SchemaForCel => ({ type: "string", ...(maxLength !== undefined && { maxLength }) });

function schemaType(properties: Record<string, SchemaForCel>) {
  return declaredType({ type: "object", properties }, { name: "object", resourceRoot: false })!.type;
}

describeTable("the language", "language", { variables: {} });
describeTable("libraries", "libraries", { variables: {} });

describeTable("the checker", "checker", {
  variables: {
    x: INT,
    s: STRING,
    self: schemaType({
      meta: { type: "object", properties: { name: text() } },
      tags: { type: "array", items: { type: "object", properties: { a: text() } } },
      labels: { type: "object", additionalProperties: text() },
      namespace: text(),
    }),
  },
}, { x: 3, s: "s", self: {} });

describe("costs", () => {
  const environment = {
    variables: {
      x: INT,
      self: schemaType({
        name: text(63),
        missing: text(10),
        size: text(20),
        address: text(45),
        when: text(),
        at: { type: "string", format: "date-time" },
        meta: { type: "object", properties: { owner: text(20) } },
        tags: { type: "array", maxItems: 10, items: text(5) },
        labels: { type: "object", maxProperties: 20, additionalProperties: text(30) },
        items: { type: "array", items: { type: "object", required: ["name"], properties: { name: text(40), n: { type: "integer" } } } },
      }),
    },
  };
  const self = {
    name: "hello, world, this is a name",
    size: "2Gi",
    address: "10.1.2.3",
    when: "2024-01-01T00:00:00Z",
    at: "2024-01-01T00:00:00Z",
    meta: { owner: "someone" },
    tags: ["a", "bb", "ccc"],
    labels: { app: "shop", tier: "web" },
    items: [{ name: "one", n: 1 }, { name: "two", n: 2 }, { name: "three", n: 3 }],
  };
  // The size of a string without bounds is the largest integer; going through it is a tenth of that.
  const bound = (cost: number): string => (cost > 2 ** 60 ? "unbounded" : String(cost));

  for (const [section, lines] of table("costs")) {
    describe(section, () => {
      for (const { expression, expected } of lines) {
        test(expression, () => {
          const program = compile(expression, environment);
          const { min, max } = program.estimateCost();
          assert.equal(`${spent(program, { x: 3, self })}, ${bound(min)} to ${bound(max)}`, expected);
        });
      }
    });
  }
});
