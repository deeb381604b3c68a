/**
 * Property names as CEL identifiers: `foo.bar/baz-qux` is written `foo__dot__bar__slash__baz__dash__qux`, and a reserved
 * word such as `namespace` is `__namespace__`.
 * @see https://kubernetes.io/docs/reference/using-api/cel/#escaping
 */
const KEYWORDS = new Set([
  "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package",
  "namespace", "return", "var", "void", "while",
]);

/** Whether a name is a word of the language: as a field, it's also found without its escape. */
export function isKeyword(name: string): boolean {
  return KEYWORDS.has(name);
}

const ESCAPES: Record<string, string> = { __: "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__" };
const UNESCAPES: Record<string, string> = { underscores: "__", dot: ".", dash: "-", slash: "/" };

/** The identifier for a property name; undefined for one that no identifier can stand for (`a b`, `0x`). */
export function escapeIdentifier(name: string): string | undefined {
  if (!/^[A-Za-z_./-][A-Za-z0-9_./-]*$/.test(name)) return undefined;
  if (KEYWORDS.has(name)) return `__${name}__`;
  return name.replace(/__|[./-]/g, (part) => ESCAPES[part]!);
}

/** The property name an identifier stands for; undefined for an identifier with an unknown escape. */
export function unescapeIdentifier(identifier: string): string | undefined {
  let known = true;
  const name = identifier.replace(/__([^_]+)__/g, (part, word: string) => {
    const plain = UNESCAPES[word];
    if (plain !== undefined) return plain;
    // A keyword is escaped only as a whole name.
    if (!KEYWORDS.has(word) || part.length !== identifier.length) known = false;
    return word;
  });
  return known ? name : undefined;
}
