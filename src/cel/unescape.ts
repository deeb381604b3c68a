const SIMPLE: Record<string, number> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11, "\\": 92, "'": 39, '"': 34, "`": 96, "?": 63 };

const ESCAPES = /\\(?:[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.))/gs;

/** What stands between the quotes of a string token; newlines are always `\n`. */
function unquoted(token: string): { text: string; raw: boolean } {
  const normalized = token.replace(/\r\n?/g, "\n");
  const raw = normalized.startsWith("r") || normalized.startsWith("R");
  const quoted = raw ? normalized.slice(1) : normalized;
  const quotes = quoted.length >= 6 && (quoted.startsWith('"""') || quoted.startsWith("'''")) ? 3 : 1;
  return { text: quoted.slice(quotes, -quotes), raw };
}

/** The string of a string token. Throws on an escape that is no Unicode code point. */
export function unescapeString(token: string): string {
  const { text, raw } = unquoted(token);
  if (raw) return text;
  return text.replace(ESCAPES, (_, hex?: string, short?: string, long?: string, octal?: string, simple?: string) => {
    const code = simple === undefined ? codeOf(hex ?? short ?? long, octal) : SIMPLE[simple]!;
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw new Error("invalid unicode code point");
    return String.fromCodePoint(code);
  });
}

/** The bytes of a bytes token, without its `b`: UTF-8, but `\x` and octal escapes are bytes. Throws on a `\u` escape. */
export function unescapeBytes(token: string): Uint8Array {
  const { text, raw } = unquoted(token);
  if (raw) return Buffer.from(text);
  const parts: Buffer[] = [];
  let end = 0;
  for (const match of text.matchAll(ESCAPES)) {
    const [whole, hex, short, long, octal, simple] = match;
    if (short !== undefined || long !== undefined) throw new Error("unable to unescape string");
    parts.push(Buffer.from(text.slice(end, match.index)), Buffer.of(simple === undefined ? codeOf(hex, octal) : SIMPLE[simple]!));
    end = match.index + whole.length;
  }
  parts.push(Buffer.from(text.slice(end)));
  return Buffer.concat(parts);
}

function codeOf(hex: string | undefined, octal: string | undefined): number {
  return hex === undefined ? Number.parseInt(octal!, 8) : Number.parseInt(hex, 16);
}
