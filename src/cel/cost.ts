/**
 * What an evaluation has cost so far, counted as cel-go counts it: the limit is what ends a hostile expression.
 * @see https://github.com/google/cel-go/blob/master/interpreter/runtimecost.go
 */
import { compileRegex, type Regex } from "./regex.ts";
import { CelBytes, CelError, CelList, CelMap, CelOpaque, CelOptional, type Result } from "./values.ts";

/** Of an identifier, a field or an index. */
export const SELECT_COST = 1;
export const LIST_CREATE_COST = 10;
export const MAP_CREATE_COST = 30;
export const STRUCT_CREATE_COST = 40;
/** For each character of a string that is gone through. */
export const STRING_TRAVERSAL_FACTOR = 0.1;
/** For each character of a pattern, times the cost of the string it's applied to. */
export const REGEX_LENGTH_FACTOR = 0.25;

/**
 * cel-go charges one unit for some work that isn't constant (counting a long string's characters, comparing lists of
 * long strings). That work is counted by itself, in bytes or steps, and bounded far above what an honest expression
 * within its cost limit does.
 */
const WORK_LIMIT = 100_000_000;

/** Compiling a pattern is so many times as slow as a step of matching. */
const COMPILE_WORK = 500;

/** A string this short is counted again and again rather than remembered. */
const SHORT_STRING = 256;

/** Ends an evaluation; nothing absorbs it. */
export class CostLimitExceeded extends Error {
  constructor() {
    super("operation cancelled: actual cost limit exceeded");
  }
}

export class CostMeter {
  readonly #limit: number;
  readonly #lengths = new Map<string, number>();
  readonly #regexes: Map<string, Regex>;
  #cost = 0;
  #work = 0;

  /** `regexes` are those of literal patterns, compiled before. */
  constructor(limit: number, regexes: ReadonlyMap<string, Regex> = new Map()) {
    this.#limit = limit;
    this.#regexes = new Map(regexes);
  }

  get cost(): number {
    return this.#cost;
  }

  charge(cost: number): void {
    this.#cost += cost;
    if (this.#cost > this.#limit) throw new CostLimitExceeded();
  }

  /** For work that the cost leaves out. */
  work(steps: number): void {
    this.#work += steps;
    if (this.#work > WORK_LIMIT) throw new CostLimitExceeded();
  }

  /** The count of a string's code points. */
  length(text: string): number {
    if (text.length <= SHORT_STRING) return codePointCount(text);
    let length = this.#lengths.get(text);
    if (length === undefined) {
      this.work(text.length);
      length = codePointCount(text);
      this.#lengths.set(text, length);
    }
    return length;
  }

  /** A pattern, for matching against a text of so many characters. Throws an Error on a pattern that isn't valid. */
  regex(pattern: string, textLength: number): Regex {
    let regex = this.#regexes.get(pattern);
    if (regex === undefined) {
      this.work(pattern.length * COMPILE_WORK);
      regex = compileRegex(pattern);
      this.work(regex.programSize * COMPILE_WORK);
      this.#regexes.set(pattern, regex);
    }
    this.work(regex.programSize * textLength * 2);
    return regex;
  }

  /** Elements, characters or bytes; one for what has no size. */
  sizeOf(value: Result): number {
    if (typeof value === "string") return this.length(value);
    if (value instanceof CelList || value instanceof CelMap) return value.size;
    if (value instanceof CelBytes) return value.bytes.length;
    if (value instanceof CelOpaque) return value.size();
    if (value instanceof CelOptional && value.value !== undefined) return this.sizeOf(value.value);
    return 1;
  }

  /** Of going through a string or the like once. */
  traversal(value: Result, times = 1): number {
    return Math.ceil(this.sizeOf(value) * times * STRING_TRAVERSAL_FACTOR);
  }

  /** Of going through a value with all that it holds. */
  deepTraversal(value: Result): number {
    if (value instanceof CelError) return 1;
    if (typeof value === "string") return Math.trunc(Buffer.byteLength(value) * STRING_TRAVERSAL_FACTOR);
    if (value instanceof CelBytes) return Math.trunc(value.bytes.length * STRING_TRAVERSAL_FACTOR);
    if (value instanceof CelList) {
      let cost = 0;
      this.work(value.size * 5);
      for (const element of value) cost += this.deepTraversal(element);
      return cost;
    }
    if (value instanceof CelMap) {
      let cost = 0;
      this.work(value.size * 20);
      for (const key of value.keys()) cost += this.deepTraversal(key) + this.deepTraversal(value.find(key) ?? null);
      return cost;
    }
    return 1;
  }

  /** Of applying a regular expression to a string. */
  regexCost(text: Result, pattern: Result): number {
    return Math.ceil((1 + this.sizeOf(text)) * STRING_TRAVERSAL_FACTOR) * Math.ceil(this.sizeOf(pattern) * REGEX_LENGTH_FACTOR);
  }
}

function codePointCount(text: string): number {
  let count = text.length;
  for (let index = 1; index < text.length; index++) {
    if ((text.charCodeAt(index) & 0xfc00) === 0xdc00 && (text.charCodeAt(index - 1) & 0xfc00) === 0xd800) count--;
  }
  return count;
}
