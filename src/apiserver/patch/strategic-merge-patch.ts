/**
 * Strategic merge patch: like a merge patch, but lists whose items have a merge key are merged item by
 * item, and directives say what merging can't.
 * @see https://github.com/kubernetes/apimachinery/blob/master/pkg/util/strategicpatch/patch.go
 * @see https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
 */
import { goText } from "#lib/go-text.ts";
import { badRequest, StatusError } from "#api/errors.ts";
import type { PatchMeta } from "#api/object-schema.ts";
import { mergeOrders, type Identity } from "./element-order.ts";
import { unprocessable } from "./json-patch.ts";
import { isMap, set, withoutNulls } from "./merge-patch.ts";

type Map_ = Record<string, unknown>;
/** How to treat the field at a path of names. */
export type MetaOf = (path: readonly string[]) => PatchMeta;

const DIRECTIVE = "$patch";
const RETAIN_KEYS = "$retainKeys";
const SET_ORDER = "$setElementOrder";
const DELETE_PRIMITIVES = "$deleteFromPrimitiveList";

/** Applies `patch` to a copy of `document`. Throws BadRequest on a malformed patch, and upstream's nameless error on one that doesn't fit. */
export function applyStrategicMergePatch(document: unknown, patch: unknown, metaOf: MetaOf): unknown {
  if (!isMap(patch)) throw badRequest(`json: cannot unmarshal ${kindOf(patch)} into Go value of type map[string]interface {}`);
  return new Merge(metaOf).maps(isMap(document) ? document : {}, patch, []);
}

class Merge {
  readonly #metaOf: MetaOf;

  constructor(metaOf: MetaOf) {
    this.#metaOf = metaOf;
  }

  maps(original: Map_, { ...patch }: Map_, path: readonly string[]): Map_ {
    if (Object.hasOwn(patch, DIRECTIVE)) return directed(patch);
    const result = { ...original };
    retainKeys(result, patch);
    this.#mergeOrderedLists(result, patch, path);
    for (const [key, value] of Object.entries(patch)) {
      if (key.startsWith(DELETE_PRIMITIVES)) this.#deletePrimitives(result, key, value, path);
      else this.#mergeField(result, key, value, [...path, key]);
    }
    return result;
  }

  #mergeField(result: Map_, key: string, value: unknown, path: readonly string[]): void {
    const current = result[key];
    if (value === null) delete result[key];
    else if (isMap(value) && isMap(current)) set(result, key, this.#metaOf(path).strategy === "replace" ? value : this.maps(current, value, path));
    else if (Array.isArray(value) && Array.isArray(current)) set(result, key, this.#mergeListField(current, value, path).list);
    else setOrDelete(result, key, withoutDirectives(kindOf(current) === kindOf(value) ? value : withoutNulls(value)));
  }

  #mergeListField(current: unknown[], patch: unknown[], path: readonly string[]): MergedList {
    const { strategy, mergeKey } = this.#metaOf(path);
    return strategy === "merge" ? this.#lists(current, patch, mergeKey, path) : { list: patch, before: current };
  }

  /** Lists whose order the patch names; they are taken out of the patch. */
  #mergeOrderedLists(result: Map_, patch: Map_, path: readonly string[]): void {
    for (const [directive, order] of Object.entries(patch)) {
      if (!directive.startsWith(SET_ORDER)) continue;
      delete patch[directive];
      if (!Array.isArray(order)) throw badArgument("[]interface {}", order);
      const key = listNamedBy(directive, SET_ORDER);
      const at = [...path, key];
      const current = listOrNothing(result[key]);
      const changes = listOrNothing(patch[key]);
      const { mergeKey } = this.#metaOf(at);
      checkOrder(changes ?? [], order, mergeKey);
      if (!current?.length && !changes) continue;
      const { list, before } =
        current && changes ? this.#mergeListField(current, changes, at) : { list: current ?? (withoutDirectives(changes) as unknown[]), before: current ?? [] };
      set(result, key, inOrder(list, order, before, mergeKey, elementKind(current ?? [], changes ?? [])));
      delete patch[key];
    }
  }

  #deletePrimitives(result: Map_, directive: string, doomed: unknown, path: readonly string[]): void {
    const key = listNamedBy(directive, DELETE_PRIMITIVES);
    const current = result[key];
    if (doomed === null) delete result[key];
    else if (Array.isArray(doomed) && Array.isArray(current) && doomed.length + current.length > 0) {
      if (elementKind(current, doomed) === "map") throw unfit(`cannot merge lists without merge key for ${path.at(-1) ?? ""}`);
      set(result, key, current.filter((item) => !doomed.includes(item)));
    }
  }

  #lists(original: unknown[], patch: unknown[], mergeKey: string | undefined, path: readonly string[]): MergedList {
    if (original.length === 0 && patch.length === 0) return { list: original, before: original };
    const kind = elementKind(original, patch);
    if (kind !== "map") return { list: inOrder([...new Set([...original, ...patch])], patch, original, undefined, kind), before: original };
    if (mergeKey === undefined) throw unfit(`cannot merge lists without merge key for ${path.at(-1) ?? ""}`);
    const { kept, changes } = followDirectives(original as Map_[], patch as Map_[], mergeKey);
    const merged = [...kept];
    for (const item of changes) {
      const at = indexOfItem(merged, mergeKey, keyOf(item, mergeKey));
      if (at < 0) merged.push(item);
      else merged[at] = this.maps(merged[at]!, item, path);
    }
    return { list: inOrder(merged, changes, kept, mergeKey, "map"), before: merged.slice(0, original.length) };
  }
}

interface MergedList {
  list: unknown[];
  /** What counts as the order before: of what is deleted, new items take the places. */
  before: unknown[];
}

/** What `$patch` in a map makes of it. */
function directed({ [DIRECTIVE]: directive, ...patch }: Map_): Map_ {
  if (directive === "replace") return patch;
  if (directive === "delete") return {};
  throw unknownDirective(directive, { [DIRECTIVE]: directive, ...patch });
}

/** Follows `$retainKeys`, and takes it out of the patch. */
function retainKeys(result: Map_, patch: Map_): void {
  if (!Object.hasOwn(patch, RETAIN_KEYS)) return;
  const keys = patch[RETAIN_KEYS];
  delete patch[RETAIN_KEYS];
  if (!Array.isArray(keys)) throw badRequest("invalid patch format of retainKeys");
  const isDirective = (key: string): boolean => key.startsWith(DELETE_PRIMITIVES) || key.startsWith(SET_ORDER);
  const unlisted = Object.keys(patch).some((key) => patch[key] !== null && !isDirective(key) && !keys.includes(key));
  if (unlisted) throw badRequest("invalid patch format of retainKeys");
  for (const key of Object.keys(result)) if (!keys.includes(key)) delete result[key];
}

/** Removes what items with `$patch: delete` name; an item with `$patch: replace` lets only the patch's items stay. */
function followDirectives(original: Map_[], patch: Map_[], mergeKey: string): { kept: Map_[]; changes: Map_[] } {
  let kept = original;
  let replaces = false;
  const changes: Map_[] = [];
  for (const item of patch) {
    const directive = item[DIRECTIVE];
    if (!Object.hasOwn(item, DIRECTIVE)) {
      changes.push(item);
    } else if (directive === "delete") {
      const key = keyOf(item, mergeKey);
      kept = kept.filter((other) => other[mergeKey] !== key);
    } else if (directive === "replace") {
      replaces = true;
    } else if (directive === "merge") {
      throw unfit("merging lists cannot yet be specified in the patch");
    } else {
      throw unknownDirective(directive, item);
    }
  }
  return replaces ? { kept: changes, changes: [] } : { kept, changes };
}

const indexOfItem = (list: readonly Map_[], mergeKey: string, key: unknown): number => list.findIndex((item) => item[mergeKey] === key);

function keyOf(item: Map_, mergeKey: string): unknown {
  if (!Object.hasOwn(item, mergeKey)) throw unfit(`map: ${goText(item)} does not contain declared merge key: ${mergeKey}`);
  return item[mergeKey];
}

/** Puts the items that `order` names in that order, and the others where they were between them. */
function inOrder(list: readonly unknown[], order: readonly unknown[], before: readonly unknown[], mergeKey: string | undefined, kind: string): unknown[] {
  const identity: Identity = kind === "map" && mergeKey !== undefined ? (item) => keyOf(item as Map_, mergeKey) : (item) => item;
  const named = new Set(order.map((item) => (kind === "map" && !isMap(item) ? undefined : identity(item))));
  return mergeOrders({ list, isNamed: (item) => named.has(identity(item)), order, before, identity });
}

/** Whether the items of the patch are among those of the order, and in its order. */
function checkOrder(patch: readonly unknown[], order: readonly unknown[], mergeKey: string | undefined): void {
  if (patch.length === 0 || order.length === 0) return;
  const identity: Identity = mergeKey === undefined ? (item) => item : (item) => keyOf(asMap(item), mergeKey);
  const items = patch.filter((item) => !(isMap(item) && Object.hasOwn(item, DIRECTIVE)));
  let matched = 0;
  for (const item of order) if (matched < items.length && identity(items[matched]) === identity(item)) matched++;
  if (matched < items.length) throw unfit(`The order in patch list:\n${goText(patch)}\n doesn't match ${SET_ORDER} list:\n${goText(order)}\n`);
}

function listNamedBy(key: string, directive: typeof SET_ORDER | typeof DELETE_PRIMITIVES): string {
  if (key.startsWith(`${directive}/`)) return key.slice(directive.length + 1);
  throw badRequest(directive === SET_ORDER ? "invalid patch format of setElementOrder list" : "invalid patch format of primitive list");
}

function listOrNothing(value: unknown): unknown[] | undefined {
  if (value === undefined || Array.isArray(value)) return value as unknown[] | undefined;
  throw badArgument("[]interface {}", value);
}

function asMap(value: unknown): Map_ {
  if (!isMap(value)) throw badArgument("map[string]interface {}", value);
  return value;
}

/** Of the items of both lists together; throws where they differ, or are lists. */
function elementKind(...lists: (readonly unknown[])[]): string {
  let kind: string | undefined;
  for (const item of lists.flat()) {
    kind ??= kindOf(item);
    if (kind === "array") throw unprocessable("lists of lists are not supported");
    if (kindOf(item) !== kind) throw unfit(`list element types are not identical: ${goText(lists)}`);
  }
  if (kind === undefined) throw unfit("no elements in any of the given slices");
  return kind;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (value === null) return "null";
  return typeof value === "object" ? "map" : typeof value === "boolean" ? "bool" : typeof value;
}

/** A new value less its directives; undefined when it is one. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((item) => item !== undefined);
  if (!isMap(value)) return value;
  if (Object.hasOwn(value, DIRECTIVE)) return undefined;
  const result: Map_ = {};
  for (const [key, item] of Object.entries(value)) setOrDelete(result, key, withoutDirectives(item));
  return result;
}

function setOrDelete(target: Map_, key: string, value: unknown): void {
  if (value === undefined) delete target[key];
  else set(target, key, value);
}

/** Upstream doesn't blame the client for these. */
const unfit = (message: string): StatusError => new StatusError(500, "", message);

const unknownDirective = (directive: unknown, map: Map_): StatusError => unfit(`unknown patch type: ${goText(directive)} in map: ${goText(map)}`);

const GO_TYPES: Record<string, string> = { array: "[]interface {}", map: "map[string]interface {}", null: "%!s(<nil>)", number: "int64" };

const badArgument = (expected: string, actual: unknown): StatusError => unfit(`expected a ${expected}, but received a ${GO_TYPES[kindOf(actual)] ?? kindOf(actual)}`);
