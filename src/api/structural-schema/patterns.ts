/** The regular expressions of schemas: bounded when a definition is written, compiled when a value is checked. */
import { compileRegex, regexSize, type Regex } from "#cel/index.ts";
import { forbidden, invalid } from "../definitions/field-errors.ts";
import type { FieldError } from "../errors.ts";
import { someSchema, type JsonSchema } from "./json-schema.ts";

/** How long a regular expression may be: its matching takes time in proportion. */
const MAX_PATTERN_LENGTH = 10_000;

/** In steps of compiled programs, each of which takes some 200 bytes. */
const MAX_SIZE_OF_SCHEMA = 100_000;
const MAX_SIZE_KEPT = 300_000;

/** Why patterns can't be compiled at all, as they would take too long; empty where they can. */
export function patternsErrors(schema: JsonSchema, path: string): FieldError[] {
  let size = 0;
  const isTooLarge = someSchema(schema, ({ pattern }) => {
    // One that is too large by itself is told of where it is.
    if (pattern && pattern.length <= MAX_PATTERN_LENGTH) size += Math.min(regexSize(pattern), MAX_SIZE_OF_SCHEMA / 2);
    return size > MAX_SIZE_OF_SCHEMA;
  });
  return isTooLarge ? [forbidden(path, "its patterns are too large together for this cluster: they repeat too much, or there are too many")] : [];
}

/** `path` is that of the schema with the pattern. */
export function patternErrors(pattern: string, path: string): FieldError[] {
  const field = `${path}.pattern`;
  if (pattern.length > MAX_PATTERN_LENGTH) return [{ field, type: "TooLong", message: `Too long: may not be more than ${MAX_PATTERN_LENGTH} bytes` }];
  try {
    compilePattern(pattern);
    return [];
  } catch (error) {
    return [invalid(field, pattern, `must be a valid regular expression, but isn't: ${(error as Error).message}`)];
  }
}

/** Compiled patterns, the latest used last. */
const kept = new Map<string, Regex>();
let sizeKept = 0;

/** Throws an Error on a pattern that isn't valid, which those of definitions are: they were checked. */
export function compilePattern(pattern: string): Regex {
  const known = kept.get(pattern);
  if (known) {
    kept.delete(pattern);
    kept.set(pattern, known);
    return known;
  }
  const compiled = compileRegex(pattern);
  kept.set(pattern, compiled);
  sizeKept += compiled.programSize;
  for (const [oldest, { programSize }] of kept) {
    if (sizeKept <= MAX_SIZE_KEPT) break;
    kept.delete(oldest);
    sizeKept -= programSize;
  }
  return compiled;
}
