import { CelCompileError } from "./errors.ts";

/** Beyond so many problems the rest is only counted. */
const MAX_REPORTED = 100;

/** A longer line is not shown below the problem. */
const MAX_SNIPPET_BYTES = 16384;

interface Problem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** Collects the problems of an expression and writes them as cel-go does, with the line and a caret below it. */
export class Problems {
  readonly #source: string;
  readonly #reported: Problem[] = [];
  #count = 0;

  constructor(source: string) {
    this.#source = source;
  }

  get count(): number {
    return this.#count;
  }

  /** `offset` is in UTF-16 units; undefined for a problem of the whole expression. */
  report(offset: number | undefined, message: string): void {
    if (++this.#count > MAX_REPORTED) return;
    if (offset === undefined) {
      this.#reported.push({ line: -1, column: -1, message });
      return;
    }
    const before = this.#source.slice(0, offset);
    const lineStart = before.lastIndexOf("\n") + 1;
    const column = codePointCount(before.slice(lineStart));
    // cel-go counts the columns of nothing from one before.
    this.#reported.push({ line: before.split("\n").length, column: this.#source === "" ? -1 : column, message });
  }

  throwIfAny(): void {
    if (this.#count > 0) throw new CelCompileError(this.toString());
  }

  toString(): string {
    const lines = this.#source === "" ? [] : this.#source.split("\n");
    const sorted = this.#reported.toSorted((a, b) => a.line - b.line || a.column - b.column);
    const shown = sorted.map((problem) => display(problem, lines[problem.line - 1]));
    if (this.#count > MAX_REPORTED) shown.push(`${this.#count - MAX_REPORTED} more errors were truncated`);
    return shown.join("\n");
  }
}

function display({ line, column, message }: Problem, lineText: string | undefined): string {
  const header = `ERROR: <input>:${line}:${column + 1}: ${message}`;
  if (lineText === undefined || Buffer.byteLength(lineText) > MAX_SNIPPET_BYTES) return header;
  const snippet = lineText.replaceAll("\t", " ");
  const characters = Array.from(snippet);
  const pointed = characters.slice(0, column).map((character) => (character > "\x7f" ? "\uff0e" : ".")).join("");
  const caret = (characters[column] ?? "") > "\x7f" ? "\uff3e" : "^";
  return `${header}\n | ${snippet}\n | ${pointed}${caret}`;
}

export function codePointCount(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
