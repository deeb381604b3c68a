import type { Problems } from "./source.ts";

/** Punctuation and the words `in`, `true`, `false`, `null` are kinds by themselves. */
export type TokenKind = string;

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly offset: number;
}

const ESCAPE = String.raw`\\(?:[abfnrtv"'\\?${"`"}]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7][0-7])`;

const STRING = [
  String.raw`[rR]"""[^]*?"""`,
  String.raw`[rR]'''[^]*?'''`,
  String.raw`"""(?:${ESCAPE}|[^\\])*?"""`,
  String.raw`'''(?:${ESCAPE}|[^\\])*?'''`,
  String.raw`[rR]"[^"\n\r]*"`,
  String.raw`[rR]'[^'\n\r]*'`,
  String.raw`"(?:${ESCAPE}|[^\\"\n\r])*"`,
  String.raw`'(?:${ESCAPE}|[^\\'\n\r])*'`,
].join("|");

/** In the order in which they are tried: the first is the longest. */
const TOKENS: [kind: TokenKind, pattern: RegExp][] = [
  ["WHITESPACE", /(?:[\t \r\n\f]+|\/\/[^\n]*)+/y],
  ["NUM_FLOAT", /(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)/y],
  ["NUM_UINT", /(?:0x[0-9a-fA-F]+|\d+)[uU]/y],
  ["NUM_INT", /(?:0x[0-9a-fA-F]+|\d+)/y],
  ["BYTES", new RegExp(`[bB](?:${STRING})`, "y")],
  ["STRING", new RegExp(STRING, "y")],
  ["IDENTIFIER", /[A-Za-z_][A-Za-z0-9_]*/y],
  ["ESC_IDENTIFIER", /`[A-Za-z0-9_./ -]+`/y],
  ["PUNCTUATION", /==|!=|<=|>=|&&|\|\||[<>[\]{}().,\-!?:+*/%]/y],
];

/** The longest beginning of a token that could still have become one. */
const UNFINISHED = new RegExp(
  `[=&|]|"(?:${ESCAPE}|[^\\\\"\\n\\r])*(?:\\\\(?:[xXuU][0-9a-fA-F]*|[0-3][0-7]?)?)?|'(?:${ESCAPE}|[^\\\\'\\n\\r])*(?:\\\\(?:[xXuU][0-9a-fA-F]*|[0-3][0-7]?)?)?`, "y");

const WORDS = new Set(["in", "true", "false", "null"]);

/** Splits an expression into tokens, the last one `EOF`. What is no token is reported and left out. */
export function tokenize(source: string, problems: Problems): Token[] {
  const tokens: Token[] = [];
  let offset = 0;
  while (offset < source.length) {
    const token = tokenAt(source, offset);
    if (token === undefined) {
      const text = unrecognized(source, offset);
      problems.report(offset, `Syntax error: token recognition error at: '${shownText(text)}'`);
      offset += text.length;
      continue;
    }
    if (token.kind !== "WHITESPACE") tokens.push(token);
    offset += token.text.length;
  }
  tokens.push({ kind: "EOF", text: "<EOF>", offset: source.length });
  return tokens;
}

function tokenAt(source: string, offset: number): Token | undefined {
  for (const [kind, pattern] of TOKENS) {
    pattern.lastIndex = offset;
    const text = pattern.exec(source)?.[0];
    if (text === undefined) continue;
    return { kind: kind === "PUNCTUATION" || WORDS.has(text) ? text : kind, text, offset };
  }
  return undefined;
}

/** What the lexer had taken in when it gave up: an unfinished string up to the character that ended its hopes. */
function unrecognized(source: string, offset: number): string {
  const first = String.fromCodePoint(source.codePointAt(offset)!);
  UNFINISHED.lastIndex = offset;
  const begun = UNFINISHED.exec(source)?.[0] ?? "";
  if (begun === "") return first;
  const failing = source.codePointAt(offset + begun.length);
  return failing === undefined ? begun : begun + String.fromCodePoint(failing);
}

/** As ANTLR shows text in its messages. */
export function shownText(text: string): string {
  return text.replaceAll("\n", "\\n").replaceAll("\r", "\\r").replaceAll("\t", "\\t");
}
