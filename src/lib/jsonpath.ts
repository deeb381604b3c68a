/**
 * JSONPath as kubectl has it: `.spec.replicas`, `.status.conditions[?(@.type=="Ready")].status`, `.items[0:2]..name`.
 * @see https://kubernetes.io/docs/reference/kubectl/jsonpath/
 * @see https://github.com/kubernetes/client-go/blob/master/util/jsonpath/parser.go
 */

/** A path that doesn't parse. */
export class JsonPathError extends Error {}

/** Finds all values at the path, in order; none where it leads nowhere. Throws a JsonPathError when the path and the value don't fit. */
export type JsonPath = (value: unknown) => unknown[];

/** How many values one search may look at: paths may descend recursively more than once. */
const MAX_VALUES = 100_000;

/** Parses a path without the braces around it. Throws a JsonPathError. */
export function parseJsonPath(text: string): JsonPath {
  const steps = new Parser(text).steps();
  return (value) => walk([value], steps, { left: MAX_VALUES });
}

type Literal = string | number | boolean;

type Step =
  | { kind: "field"; name: string }
  | { kind: "wildcard" }
  | { kind: "recursive" }
  | { kind: "slice"; from: number | undefined; to: number | undefined; step: number; single: boolean }
  | { kind: "union"; paths: Step[][] }
  | { kind: "literal"; value: Literal }
  | { kind: "filter"; left: Step[]; operator: string; right: Step[] };

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  steps(): Step[] {
    const steps: Step[] = [];
    while (this.#at < this.#text.length) {
      const step = this.#step(steps.at(-1));
      if (step) steps.push(...step);
    }
    return steps;
  }

  #step(previous: Step | undefined): Step[] | undefined {
    const rest = this.#text.slice(this.#at);
    if (rest.startsWith("[?(")) return [this.#filter()];
    if (rest.startsWith("..")) {
      if (previous?.kind === "recursive") throw new JsonPathError("invalid multiple recursive descent");
      this.#at += 2;
      return /^[\p{L}\p{Nd}_]/u.test(this.#text.slice(this.#at)) ? [{ kind: "recursive" }, this.#field()] : [{ kind: "recursive" }];
    }
    const character = rest[0]!;
    if (character === " " || character === "@" || character === "$") {
      this.#at++;
      return undefined;
    }
    if (character === "[") return this.#array();
    if (character === '"' || character === "'") return [{ kind: "literal", value: this.#quoted(character) }];
    if (character === ".") {
      this.#at++;
      return [this.#field()];
    }
    if (/^[+\-\p{Nd}]/u.test(rest)) return [{ kind: "literal", value: this.#number() }];
    if (/^[\p{L}_]/u.test(rest)) return [this.#identifier()];
    throw new JsonPathError(`unrecognized character in action: ${JSON.stringify(character)}`);
  }

  /** A name up to the next delimiter; a backslash makes the next character part of it. */
  #field(): Step {
    const name = /^(?:\\.|[^\s.,[\]$@{}\\])*/su.exec(this.#text.slice(this.#at))![0];
    this.#at += name.length;
    return name === "*" ? { kind: "wildcard" } : { kind: "field", name: name.replaceAll("\\", "") };
  }

  #identifier(): Step {
    const word = /^[^\s.,[\]$@{}]*/u.exec(this.#text.slice(this.#at))![0];
    this.#at += word.length;
    if (word === "true" || word === "false") return { kind: "literal", value: word === "true" };
    throw new JsonPathError(`unrecognized identifier ${word}`);
  }

  #number(): number {
    const digits = /^[+-]?[\d.]*/.exec(this.#text.slice(this.#at))![0];
    this.#at += digits.length;
    if (digits === "" || Number.isNaN(Number(digits))) throw new JsonPathError(`cannot parse number ${digits}`);
    return Number(digits);
  }

  #quoted(quote: string): string {
    const end = this.#endOfQuote(this.#at + 1, quote);
    const body = this.#text.slice(this.#at + 1, end);
    this.#at = end + 1;
    return body.replace(/\\(.)/gs, (_, character: string) => ({ n: "\n", t: "\t", r: "\r" })[character] ?? character);
  }

  #endOfQuote(from: number, quote: string): number {
    for (let at = from; at < this.#text.length; at++) {
      if (this.#text[at] === "\\") at++;
      else if (this.#text[at] === quote) return at;
    }
    throw new JsonPathError("unterminated quoted string");
  }

  #array(): Step[] {
    const end = this.#text.indexOf("]", this.#at);
    if (end < 0) throw new JsonPathError("unterminated array");
    const text = this.#text.slice(this.#at + 1, end);
    this.#at = end + 1;
    const parts = text.split(",").map((part) => part.trim());
    return parts.length > 1 ? [{ kind: "union", paths: parts.map((part) => subscript(part)) }] : subscript(text);
  }

  #filter(): Step {
    const start = this.#at + 3;
    let end = start;
    while (this.#text[end] !== ")") {
      const character = this.#text[end];
      if (character === undefined) throw new JsonPathError("unterminated filter");
      end = character === '"' || character === "'" ? this.#endOfQuote(end + 1, character) + 1 : end + 1;
    }
    if (this.#text[end + 1] !== "]") throw new JsonPathError("unclosed array expect ]");
    const text = this.#text.slice(start, end);
    this.#at = end + 2;
    const comparison = /^([^!<>=]+)([!<>=]+)(.+)$/s.exec(text);
    if (!comparison) return { kind: "filter", left: new Parser(text).steps(), operator: "exists", right: [] };
    const [, left, operator, right] = comparison;
    if (!["<", ">", "==", "!=", "<=", ">="].includes(operator!)) throw new JsonPathError(`unrecognized filter operator ${operator}`);
    return { kind: "filter", left: new Parser(left!).steps(), operator: operator!, right: new Parser(right!).steps() };
  }
}

/** What stands in brackets: a name in quotes, a number, a slice, or `*`. */
function subscript(text: string): Step[] {
  const quoted = /^'([^']*)'$/.exec(text);
  if (quoted) return new Parser(`.${quoted[1]}`).steps();
  const parts = /^(-?\d*)(?:(:)(-?\d*))?(?:(:)(-?\d*))?$/.exec(text === "*" ? ":" : text);
  if (!parts) throw new JsonPathError(`invalid array index ${text}`);
  const [, from = "", colon, to = "", , step = ""] = parts;
  const number = (digits: string): number | undefined => (digits === "" || digits === "-" ? undefined : Number(digits));
  if (step !== "" && Number(step) <= 0) throw new JsonPathError("step must be > 0");
  return [{ kind: "slice", from: number(from), to: number(to), step: number(step) ?? 1, single: colon === undefined }];
}

interface Budget {
  left: number;
}

function walk(values: unknown[], steps: Step[], budget: Budget): unknown[] {
  return steps.reduce((found, step) => {
    const next = follow(found, step, budget);
    budget.left -= next.length + 1;
    if (budget.left < 0) throw new JsonPathError("the path finds too many values");
    return next;
  }, values);
}

function follow(values: unknown[], step: Step, budget: Budget): unknown[] {
  switch (step.kind) {
    case "field":
      return values.flatMap((value) => (isObject(value) && Object.hasOwn(value, step.name) ? [value[step.name]] : []));
    case "wildcard":
      return values.flatMap(children);
    case "recursive":
      return values.flatMap((value) => descendants(value, budget));
    case "slice":
      return values.flatMap((value) => slice(value, step));
    case "union":
      return step.paths.flatMap((path) => walk(values, path, budget));
    case "literal":
      return values.map(() => step.value);
    case "filter":
      return values.flatMap((value) => {
        if (!Array.isArray(value)) throw new JsonPathError("only a list can be filtered");
        return (value as unknown[]).filter((item) => passes(item, step, budget));
      });
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function children(value: unknown): unknown[] {
  return Array.isArray(value) ? value : isObject(value) ? Object.values(value) : [];
}

/** The value and all within it that hold something themselves. */
function descendants(value: unknown, budget: Budget): unknown[] {
  const inner = children(value);
  budget.left -= inner.length;
  if (budget.left < 0) throw new JsonPathError("the path finds too many values");
  return inner.length === 0 ? [] : [value, ...inner.flatMap((child) => descendants(child, budget))];
}

function slice(value: unknown, { from, to, step, single }: Extract<Step, { kind: "slice" }>): unknown[] {
  if (value === null) return [];
  if (!Array.isArray(value)) throw new JsonPathError("only a list has indices");
  const { length } = value;
  const start = from === undefined ? 0 : from < 0 ? from + length : from;
  if (single) {
    if (start < 0 || start >= length) throw new JsonPathError(`array index out of bounds: index ${start}, length ${length}`);
    return [value[start]];
  }
  const end = to === undefined ? length : to < 0 ? to + length : to;
  if (start === end) return [];
  if (start < 0 || start >= length || end < 0 || end > length || start > end) throw new JsonPathError(`array index out of bounds: ${start} to ${end}, length ${length}`);
  return value.slice(start, end).filter((_, i) => i % step === 0);
}

function passes(item: unknown, { left, operator, right }: Extract<Step, { kind: "filter" }>, budget: Budget): boolean {
  const lefts = walk([item], left, budget);
  if (operator === "exists") return lefts.length > 0;
  const rights = walk([item], right, budget);
  if (lefts.length === 0 || rights.length === 0) return false;
  if (lefts.length > 1 || rights.length > 1) throw new JsonPathError("can only compare one element at a time");
  return compare(lefts[0], operator, rights[0]);
}

function compare(a: unknown, operator: string, b: unknown): boolean {
  if (operator === "==") return a === b;
  if (operator === "!=") return a !== b;
  if (typeof a !== typeof b || (typeof a !== "number" && typeof a !== "string")) throw new JsonPathError("incompatible types for comparison");
  const [left, right] = [a as number, b as number];
  return operator === "<" ? left < right : operator === ">" ? left > right : operator === "<=" ? left <= right : left >= right;
}

/** A value as kubectl prints it: text as it is, lists and maps as JSON. */
export function jsonPathText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
