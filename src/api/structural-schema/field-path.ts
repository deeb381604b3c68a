/**
 * Paths to fields as rules and selectable fields name them: `.spec.host`, `.spec['my-key']`.
 * @see https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/apiserver/schema/cel/validation.go (ValidFieldPath)
 */
import { propertyOf, valuesOf, childPath, type JsonSchema } from "./json-schema.ts";

export interface FoundField {
  /** As messages show it: `spec.host`, `labels[app]`. */
  path: string;
  /** The first name. */
  root: string;
  schema: JsonSchema | undefined;
}

/** Finds the field. Throws an Error that says why there is none. */
export function findField(text: string, schema: JsonSchema, { brackets = true }: { brackets?: boolean } = {}): FoundField {
  const tokens = tokenize(text);
  let found: FoundField = { path: "", root: "", schema };
  const end = (): never => {
    throw new Error("unexpected end of JSON path");
  };
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    if (token === ".") {
      found = step(found, tokens[++i] ?? end());
    } else if (token === "[") {
      if (!brackets) throw new Error("array notation is not allowed");
      const quoted = tokens[++i] ?? end();
      if (!/^'.*'$/s.test(quoted) || quoted.length < 2) throw new Error(`expected single quoted string but got ${quoted}`);
      found = step(found, unescape(quoted.slice(1, -1)));
      const close = tokens[++i] ?? end();
      if (close !== "]") throw new Error(`expected ] but got ${close}`);
    } else {
      throw new Error(`expected [ or . but got: ${token}`);
    }
  }
  return found;
}

function step({ path, root, schema }: FoundField, name: string): FoundField {
  const first = root === "" ? name : root;
  if (schema && Object.keys(schema.properties ?? {}).length > 0) {
    const property = propertyOf(schema, name);
    if (!property) throw new Error("does not refer to a valid field");
    return { path: childPath(path, name), root: first, schema: property };
  }
  if (schema?.additionalProperties === undefined) throw new Error("does not refer to a valid field");
  return { path: `${path}[${name}]`, root: first, schema: valuesOf(schema) };
}

/** The delimiters `.`, `[` and `]`, quoted strings, and what is between. */
function tokenize(text: string): string[] {
  const tokens: string[] = [];
  for (let rest = text; rest !== ""; ) {
    const token = /^(?:[.[\]]|'(?:[^'\\]|\\.)*'|'.*|[^.[\]]+)/s.exec(rest)![0];
    tokens.push(token);
    rest = rest.slice(token.length);
  }
  return tokens;
}

const ESCAPES: Record<string, string> = { a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v", "'": "'", "\\": "\\" };

function unescape(text: string): string {
  return text.replace(/\\./gs, (escape) => {
    const character = ESCAPES[escape[1]!];
    if (character === undefined) throw new Error(`invalid string literal: invalid escape char ${escape}`);
    return character;
  });
}
