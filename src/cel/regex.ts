import { RE2JS, RE2JSException } from "re2js";

/** Repetition multiplies a pattern: beyond so many steps it isn't compiled. */
const MAX_PROGRAM_SIZE = 50_000;

/** A pattern of RE2: matching takes time linear in the text, times the program's size at worst. */
export interface Regex {
  readonly programSize: number;
  test(text: string): boolean;
  /** Up to `limit` matches that don't overlap, leftmost first. `onMatch` is told of each, and may throw. */
  findAll(text: string, limit: number, onMatch: () => void): string[];
}

/** Compiles a pattern. Throws an Error with Go's message on one that isn't valid. */
export function compileRegex(pattern: string): Regex {
  if (regexSize(pattern) > MAX_PROGRAM_SIZE) throw new Error(`error parsing regexp: expression too large`);
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(pattern);
  } catch (error) {
    if (error instanceof RE2JSException) throw new Error(error.message);
    throw error;
  }
  return {
    programSize: compiled.programSize(),
    test: (text) => compiled.test(text),
    findAll: (text, limit, onMatch) => {
      const found: string[] = [];
      const matcher = compiled.matcher(text);
      while (found.length < limit && matcher.find()) {
        onMatch();
        found.push(matcher.group() ?? "");
      }
      return found;
    },
  };
}

/** The patterns that an expression has as literals: compiled once, and bounded all together. */
export class LiteralRegexes {
  readonly compiled = new Map<string, Regex>();
  #programSize = 0;

  /** Throws an Error on a pattern that isn't valid, and when it's one too many. */
  compile(pattern: string): void {
    if (this.compiled.has(pattern)) return;
    this.#programSize += regexSize(pattern);
    if (this.#programSize > MAX_PROGRAM_SIZE) throw new Error("error parsing regexp: expressions too large");
    this.compiled.set(pattern, compileRegex(pattern));
  }
}

const PIECE = /\\.|\[\^?\]?(?:\\.|\[:\^?\w*:\]|[^\]\\])*\]|\{(\d+)(?:,(\d*))?\}|[^]/gsu;

/** About how many steps the pattern compiles to, from above: groups and what repeats them. */
export function regexSize(pattern: string): number {
  const outer: number[] = [];
  let size = 0;
  let last = 0;
  for (const [piece, least, most] of pattern.matchAll(PIECE)) {
    if (least !== undefined) {
      const repeated = last * Math.max(Number(least), Number(most ?? 0), 1);
      size += repeated - last;
      last = repeated;
    } else if (piece === "(") {
      outer.push(size);
      size = 0;
      last = 0;
    } else if (piece === ")" && outer.length > 0) {
      last = size + 2;
      size = outer.pop()! + last;
    } else {
      last = 1;
      size += 1;
    }
    if (size > MAX_PROGRAM_SIZE) return size;
  }
  return size;
}
