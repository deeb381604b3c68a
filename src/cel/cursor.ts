import { shownText, type Token, type TokenKind } from "./lexer.ts";
import type { Problems } from "./source.ts";

export const LITERALS = ["true", "false", "null", "NUM_FLOAT", "NUM_INT", "NUM_UINT", "STRING", "BYTES"];
export const EXPRESSION_STARTS: ReadonlySet<string> = new Set(["[", "{", "(", ".", "-", "!", ...LITERALS, "IDENTIFIER"]);

/** What can follow a complete expression. */
const CONTINUATIONS = new Set(["<", "<=", ">=", ">", "==", "!=", "in", "+", "-", "*", "/", "%", "&&", "||", "?", ".", "[", ")", "]", "}", "EOF"]);

/** The order in which ANTLR lists what it expected. */
const SHOWN_ORDER = ["[", "]", "{", "}", "(", ")", ".", ",", "-", "!", "?", ...LITERALS, "IDENTIFIER", "ESC_IDENTIFIER"];

/** Ends a parse: what went wrong has been reported. */
export class Stopped extends Error {}

/** A place among the tokens of an expression. What isn't as expected is reported in ANTLR's words, and ends the parse. */
export class Cursor {
  readonly #tokens: readonly Token[];
  readonly #problems: Problems;
  #at = 0;

  constructor(tokens: readonly Token[], problems: Problems) {
    this.#tokens = tokens;
    this.#problems = problems;
  }

  get token(): Token {
    return this.#tokens[this.#at]!;
  }

  get kind(): TokenKind {
    return this.token.kind;
  }

  get following(): TokenKind {
    return this.#tokens[this.#at + 1]?.kind ?? "EOF";
  }

  next(): Token {
    const token = this.token;
    if (token.kind !== "EOF") this.#at++;
    return token;
  }

  accept(kind: TokenKind): Token | undefined {
    return this.kind === kind ? this.next() : undefined;
  }

  /** Takes a token that must be there. `before` are others that could have stood in its place. */
  expect(kind: TokenKind, before: string[] = []): Token {
    if (this.kind === kind) return this.next();
    if (this.following === kind || before.includes(this.following)) return this.stop("extraneous", [kind, ...before]);
    // As if it were there, when what comes after it already is.
    const isLeftOut = before.length === 0 && (kind === ":" ? EXPRESSION_STARTS : CONTINUATIONS).has(this.kind);
    return this.stop(isLeftOut ? "missing" : "mismatched", [kind, ...before]);
  }

  /** Whether `a.b.c{` is ahead. */
  isAtStruct(): boolean {
    let at = this.#at + 1;
    while (this.#tokens[at]?.kind === "." && this.#tokens[at + 1]?.kind === "IDENTIFIER") at += 2;
    return this.#tokens[at]?.kind === "{";
  }

  /** Reports that the token isn't what was expected. */
  stop(what: "extraneous" | "mismatched" | "missing", expected: string[]): never {
    const { text, offset } = this.token;
    const sorted = SHOWN_ORDER.filter((kind) => expected.includes(kind));
    const names = (sorted.length === 0 ? expected : sorted).map(shownKind);
    const set = names.length === 1 ? names[0] : `{${names.join(", ")}}`;
    this.#problems.report(offset, what === "missing"
      ? `Syntax error: missing ${set} at '${shownText(text)}'`
      : `Syntax error: ${what} input '${shownText(text)}' expecting ${set}`);
    throw new Stopped();
  }

  /** Reports that nothing can begin with these two tokens. */
  noViableAlternative(from: Token): never {
    const input = this.kind === "EOF" ? from.text : from.text + this.token.text;
    this.#problems.report(this.token.offset, ["true", "false", "null"].includes(this.kind)
      ? `Syntax error: mismatched input '${this.kind}' expecting IDENTIFIER`
      : `Syntax error: no viable alternative at input '${shownText(input)}'`);
    throw new Stopped();
  }
}

function shownKind(kind: string): string {
  if (kind === "EOF") return "<EOF>";
  return /^[A-Z]/.test(kind) ? kind : `'${kind}'`;
}
