/**
 * JSON Merge Patch (RFC 7396): null removes, maps merge, everything else replaces.
 * @see https://github.com/evanphx/json-patch/blob/v4.12.0/merge.go
 */
type Map_ = Record<string, unknown>;

/** Applies `patch` to a copy of `document`. */
export function applyMergePatch(document: unknown, patch: unknown): unknown {
  if (!isMap(document)) return withoutNulls(patch);
  if (!isMap(patch)) return patch;
  const result: Map_ = { ...document };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else set(result, key, applyMergePatch(Object.hasOwn(result, key) ? result[key] : undefined, value));
  }
  return result;
}

/** What is new has no nulls, not even in the maps of its lists. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isMap(value)) return value;
  const result: Map_ = {};
  for (const [key, item] of Object.entries(value)) if (item !== null) set(result, key, withoutNulls(item));
  return result;
}

/** An own property even where the name is special (`__proto__`). */
export function set(target: Map_, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

export function isMap(value: unknown): value is Map_ {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
