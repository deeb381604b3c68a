/**
 * Strategic merge patch: like a merge patch, but lists whose items have a merge key are merged item by
 * item, and directives say what merging can't.
 * @see https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
 */
import { isDeepStrictEqual } from "node:util";
import { badRequest } from "#api/errors.ts";
import type { PatchMeta } from "#api/object-schema.ts";
import { isMap } from "./merge-patch.ts";

type Map_ = Record<string, unknown>;
/** How to treat the field at a path of names. */
export type MetaOf = (path: readonly string[]) => PatchMeta;

const DIRECTIVE = "$patch";
const RETAIN_KEYS = "$retainKeys";
const SET_ORDER = "$setElementOrder/";
const DELETE_PRIMITIVES = "$deleteFromPrimitiveList/";

/** Applies `patch` to a copy of `document`. Throws BadRequest on a malformed directive. */
export function applyStrategicMergePatch(document: unknown, patch: unknown, metaOf: MetaOf): unknown {
  if (!isMap(patch)) throw badRequest("error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}");
  return mergeMap(isMap(document) ? document : {}, patch, [], metaOf) ?? {};
}

/** Undefined when the patch deletes the map. */
function mergeMap(original: Map_, patch: Map_, path: readonly string[], metaOf: MetaOf): Map_ | undefined {
  const { [DIRECTIVE]: directive, [RETAIN_KEYS]: retainKeys, ...fields } = patch;
  if (directive === "replace") return withoutDirectives(fields) as Map_;
  if (directive === "delete") return undefined;
  if (directive !== undefined && directive !== "merge") throw unknownDirective(directive);
  const result: Map_ = { ...original };
  if (retainKeys !== undefined) {
    if (!Array.isArray(retainKeys)) throw badRequest("invalid patch format of $retainKeys: must be a list of names");
    for (const key of Object.keys(result)) if (!retainKeys.includes(key)) delete result[key];
    const unlisted = Object.keys(fields).find((key) => fields[key] !== null && !key.startsWith("$") && !retainKeys.includes(key));
    if (unlisted !== undefined) throw badRequest(`invalid patch format of $retainKeys: ${unlisted} is set but not retained`);
  }
  for (const [key, value] of Object.entries(fields)) {
    if (key.startsWith(DELETE_PRIMITIVES)) {
      const name = key.slice(DELETE_PRIMITIVES.length);
      const doomed = asList(value, key);
      const list = result[name];
      if (Array.isArray(list)) set(result, name, list.filter((item) => !doomed.some((other) => isDeepStrictEqual(item, other))));
    } else if (!key.startsWith(SET_ORDER)) {
      mergeField(result, key, value, [...path, key], metaOf);
    }
  }
  for (const [key, value] of Object.entries(fields)) {
    if (!key.startsWith(SET_ORDER)) continue;
    const name = key.slice(SET_ORDER.length);
    const list = result[name];
    if (Array.isArray(list)) set(result, name, inOrder(list, asList(value, key), metaOf([...path, name]).mergeKey, original[name]));
  }
  return result;
}

function mergeField(result: Map_, key: string, value: unknown, path: readonly string[], metaOf: MetaOf): void {
  if (value === null) {
    delete result[key];
    return;
  }
  const current = result[key];
  if (isMap(value)) {
    const replace = metaOf(path).strategy === "replace" && value[DIRECTIVE] === undefined;
    const merged = replace ? (withoutDirectives(value) as Map_) : mergeMap(isMap(current) ? current : {}, value, path, metaOf);
    if (merged === undefined) delete result[key];
    else set(result, key, merged);
  } else if (Array.isArray(value)) {
    const meta = metaOf(path);
    const list = Array.isArray(current) ? current : [];
    if (meta.strategy === "replace" && !value.some((item) => isMap(item) && item[DIRECTIVE] !== undefined)) set(result, key, withoutDirectives(value));
    else if (meta.mergeKey === undefined) set(result, key, mergePrimitives(list, value, meta));
    else set(result, key, mergeList(list, value, meta.mergeKey, path, metaOf));
  } else {
    set(result, key, value);
  }
}

function mergePrimitives(list: unknown[], patch: unknown[], meta: PatchMeta): unknown[] {
  if (patch.some((item) => isMap(item) && item[DIRECTIVE] === "replace") || meta.strategy === "replace") {
    return withoutDirectives(patch.filter((item) => !(isMap(item) && item[DIRECTIVE] !== undefined))) as unknown[];
  }
  const added = patch.filter((item) => !list.some((other) => isDeepStrictEqual(item, other)));
  return [...list, ...added];
}

/** Merges lists of maps by their key. Items of the patch that are new are appended. */
function mergeList(list: unknown[], patch: unknown[], mergeKey: string, path: readonly string[], metaOf: MetaOf): unknown[] {
  const items = patch.map((item) => {
    if (!isMap(item)) throw badRequest(`invalid patch: the items of ${path.join(".")} must be maps with the key ${mergeKey}`);
    return item;
  });
  // A lone {$patch: replace} clears the list; the other items take its place.
  if (items.some((item) => item[DIRECTIVE] === "replace" && item[mergeKey] === undefined)) {
    return withoutDirectives(items.filter((item) => item[DIRECTIVE] === undefined)) as unknown[];
  }
  const result = [...list];
  for (const item of items) {
    const value = item[mergeKey];
    if (value === undefined) throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${mergeKey}`);
    const at = result.findIndex((other) => isMap(other) && isDeepStrictEqual(other[mergeKey], value));
    if (item[DIRECTIVE] === "delete") {
      for (let i = result.length - 1; i >= 0; i--) {
        const other = result[i];
        if (isMap(other) && isDeepStrictEqual(other[mergeKey], value)) result.splice(i, 1);
      }
      continue;
    }
    const merged = mergeMap(at < 0 ? {} : (result[at] as Map_), item, path, metaOf)!;
    if (at < 0) result.push(merged);
    else result[at] = merged;
  }
  return result;
}

/** Sorts a merged list as `$setElementOrder` says; items it doesn't name keep their place relative to their old neighbours. */
function inOrder(list: unknown[], order: unknown[], mergeKey: string | undefined, original: unknown): unknown[] {
  const identity = (item: unknown): unknown => (mergeKey !== undefined && isMap(item) ? item[mergeKey] : item);
  const rank = (item: unknown): number => order.findIndex((other) => isDeepStrictEqual(identity(other), identity(item)));
  const before = Array.isArray(original) ? original : [];
  const place = (item: unknown): number => before.findIndex((other) => isDeepStrictEqual(identity(other), identity(item)));
  const named = list.filter((item) => rank(item) >= 0).sort((a, b) => rank(a) - rank(b));
  const others = list.filter((item) => rank(item) < 0);
  const result: unknown[] = [];
  while (named.length > 0 && others.length > 0) {
    const next = place(named[0]);
    // An item the server has and the order doesn't name goes before the first named one that stood after it.
    if (next >= 0 && place(others[0]) >= 0 && place(others[0]) < next) result.push(others.shift());
    else result.push(named.shift());
  }
  return [...result, ...named, ...others];
}

/** What a replacing patch stores: the patch less its directives. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives);
  if (!isMap(value)) return value;
  const result: Map_ = {};
  for (const [key, item] of Object.entries(value)) {
    if (item !== null && !key.startsWith("$")) set(result, key, withoutDirectives(item));
  }
  return result;
}

function set(target: Map_, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

function asList(value: unknown, key: string): unknown[] {
  if (!Array.isArray(value)) throw badRequest(`invalid patch format of ${key}: must be a list`);
  return value;
}

const unknownDirective = (directive: unknown): Error => badRequest(`Unknown patch type: ${String(directive)}`);
