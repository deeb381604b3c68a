/**
 * JSON Patch (RFC 6902), with the peculiarities and the errors of the library upstream uses: `replace` adds a
 * member that isn't there, indices may count from the end, and what isn't there may be copied as null.
 * @see https://github.com/evanphx/json-patch/blob/v4.12.0/patch.go
 */
import { sameJson } from "#lib/json.ts";
import { badRequest, StatusError } from "#api/errors.ts";
import { isMap } from "./merge-patch.ts";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Container = Json[] | { [key: string]: Json };

interface Operation {
  op?: unknown;
  path?: unknown;
  from?: unknown;
  value?: Json;
}

/** Longest patch accepted, as upstream. */
const MAX_OPERATIONS = 10_000;

/**
 * How many bytes all copies of a patch may add, as upstream: copies of copies would grow without bound.
 * @see https://github.com/kubernetes/apiserver/blob/v0.36.0/pkg/server/config.go
 */
const MAX_COPIED_BYTES = 3 * 1024 * 1024;

/** Applies the operations to a copy of `document`. Throws BadRequest on a malformed patch, Invalid on one that doesn't fit. */
export function applyJsonPatch(document: unknown, patch: unknown): unknown {
  if (patch === null) return structuredClone(document);
  if (!Array.isArray(patch)) throw badRequest(`error decoding patch: json: cannot unmarshal ${typeOf(patch)} into Go value of type []handlers.jsonPatchOp`);
  if (patch.length > MAX_OPERATIONS) {
    throw new StatusError(413, "RequestEntityTooLarge", `Request entity too large: The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`);
  }
  for (const operation of patch) checkOperation(operation);
  let result = structuredClone(document) as Json;
  const copied = { bytes: 0 };
  for (const operation of patch as (Operation | null)[]) {
    try {
      result = applyOne(result as Container, operation ?? {}, copied);
    } catch (error) {
      throw error instanceof PatchError ? unprocessable(error.message) : error;
    }
  }
  return result;
}

function checkOperation(operation: unknown): void {
  if (operation !== null && !isMap(operation)) {
    throw badRequest(`error decoding patch: json: cannot unmarshal ${typeOf(operation)} into Go value of type handlers.jsonPatchOp`);
  }
  for (const field of ["op", "path", "from"] as const) {
    const value = operation?.[field] ?? "";
    if (typeof value !== "string") throw badRequest(`error decoding patch: json: cannot unmarshal ${typeOf(value)} into Go struct field jsonPatchOp.${field} of type string`);
  }
}

/** A patch that doesn't fit the document. */
class PatchError extends Error {}

/** `copied` counts what the patch's copies have added so far. */
function applyOne(root: Container, operation: Operation, copied: { bytes: number }): Json {
  const value = operation.value ?? null;
  switch (operation.op) {
    case "add": {
      const path = pathOf(operation, "path", "add operation failed to decode path: missing value");
      const at = locate(root, path, `add operation does not apply: doc is missing path: "${path}": missing value`);
      within(`error in add for path: '${path}'`, () => add(at, structuredClone(value)));
      return root;
    }
    case "remove": {
      const path = pathOf(operation, "path", "remove operation failed to decode path: missing value");
      const at = locate(root, path, `remove operation does not apply: doc is missing path: "${path}": missing value`);
      within(`error in remove for path: '${path}'`, () => remove(at));
      return root;
    }
    case "replace":
      return replace(root, operation, structuredClone(value));
    case "move": {
      const from = pathOf(operation, "from", "move operation failed to decode from: operation, missing from field: missing value");
      const source = locate(root, from, `move operation does not apply: doc is missing from path: ${from}: missing value`);
      const moved = within(`error in move for path: '${source.key}'`, () => {
        const found = get(source);
        remove(source);
        return found;
      });
      const path = pathOf(operation, "path", "move operation failed to decode path: operation missing path field: missing value");
      const target = locate(root, path, `move operation does not apply: doc is missing destination path: ${path}: missing value`);
      within(`error in move for path: '${path}'`, () => add(target, moved ?? null));
      return root;
    }
    case "copy": {
      const from = pathOf(operation, "from", "copy operation failed to decode from: operation, missing from field: missing value");
      const source = locate(root, from, `copy operation does not apply: doc is missing from path: ${from}: missing value`);
      const found = within(`error in copy for from: '${from}'`, () => get(source)) ?? null;
      const path = pathOf(operation, "path", "copy operation failed to decode path: missing value");
      const target = locate(root, path, `copy operation does not apply: doc is missing destination path: ${path}: missing value`);
      copied.bytes += Buffer.byteLength(JSON.stringify(found));
      if (copied.bytes > MAX_COPIED_BYTES) {
        throw new PatchError(`Unable to complete the copy, the accumulated size increase of copy is ${copied.bytes}, exceeding the limit ${MAX_COPIED_BYTES}`);
      }
      within("error while adding value during copy", () => add(target, structuredClone(found)));
      return root;
    }
    case "test":
      test(root, operation, value);
      return root;
    default:
      throw new PatchError(`Unexpected kind: ${typeof operation.op === "string" ? operation.op : "unknown"}`);
  }
}

function replace(root: Container, operation: Operation, value: Json): Json {
  const path = pathOf(operation, "path", "replace operation failed to decode path: operation missing path field: missing value");
  if (path === "") {
    if (typeof value !== "object" || value === null) throw new PatchError("replace operation value must be object or array");
    return value;
  }
  const at = locate(root, path, `replace operation does not apply: doc is missing path: ${path}: missing value`);
  const { parent, key } = at;
  if (!Array.isArray(parent)) {
    define(parent, key, value);
    return root;
  }
  try {
    parent[indexOf(parent, key)] = value;
  } catch {
    throw new PatchError(`replace operation does not apply: doc is missing key: ${path}: missing value`);
  }
  return root;
}

function test(root: Container, operation: Operation, value: Json): void {
  const path = pathOf(operation, "path", "test operation failed to decode path: operation missing path field: missing value");
  let found: Json = root;
  if (path !== "") {
    const at = locate(root, path, `test operation does not apply: is missing path: ${path}: missing value`);
    found = within(`error in test for path: '${path}'`, () => get(at)) ?? null;
  }
  if (!sameJson(found, value)) throw new PatchError(`testing value ${path} failed: test failed`);
}

function pathOf(operation: Operation, field: "path" | "from", missing: string): string {
  const path = operation[field];
  if (typeof path !== "string") throw new PatchError(missing);
  return path;
}

/** A place in a container, whether something is there or not. */
interface Place {
  parent: Container;
  key: string;
}

function locate(root: Container, path: string, missing: string): Place {
  const [first, ...keys] = path.split("/").map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  const key = keys.pop();
  if (key === undefined || first === undefined) throw new PatchError(missing);
  let parent = root;
  for (const step of keys) {
    const next = getOrNothing({ parent, key: step });
    if (typeof next !== "object" || next === null) throw new PatchError(missing);
    parent = next;
  }
  return { parent, key };
}

function getOrNothing(place: Place): Json | undefined {
  try {
    return get(place);
  } catch (error) {
    if (error instanceof PatchError) return undefined;
    throw error;
  }
}

function get({ parent, key }: Place): Json | undefined {
  if (Array.isArray(parent)) return parent[indexOf(parent, key)];
  return Object.hasOwn(parent, key) ? parent[key] : undefined;
}

function add({ parent, key }: Place, value: Json): void {
  if (!Array.isArray(parent)) define(parent, key, value);
  else if (key === "-") parent.push(value);
  else if (!isIndex(key)) throw new PatchError(`value was not a proper array index: '${key}': ${notAnIndex(key)}`);
  else parent.splice(inRange(Number(key), parent.length + 1), 0, value);
}

function remove({ parent, key }: Place): void {
  if (Array.isArray(parent)) {
    parent.splice(indexOf(parent, key), 1);
  } else {
    if (!Object.hasOwn(parent, key)) throw new PatchError(`Unable to remove nonexistent key: ${key}: missing value`);
    delete parent[key];
  }
}

/** An own property even where the name is special (`__proto__`). */
function define(target: { [key: string]: Json }, key: string, value: Json): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

const isIndex = (key: string): boolean => /^[+-]?\d+$/.test(key);
const notAnIndex = (key: string): string => `strconv.Atoi: parsing ${JSON.stringify(key)}: invalid syntax`;

function indexOf(list: Json[], key: string): number {
  if (!isIndex(key)) throw new PatchError(notAnIndex(key));
  return inRange(Number(key), list.length);
}

/** Negative indices count from the end. */
function inRange(index: number, size: number): number {
  if (index >= size || index < -size) throw new PatchError(`Unable to access invalid index: ${index}: invalid index referenced`);
  return index < 0 ? index + size : index;
}

function within<T>(where: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw error instanceof PatchError ? new PatchError(`${where}: ${error.message}`) : error;
  }
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}

/** Upstream keeps what didn't fit to itself; here it is the cause. */
export function unprocessable(cause: string): StatusError {
  return new StatusError(422, "Invalid", "the server rejected our request due to an error in our request", {
    causes: [{ reason: "UnexpectedServerResponse", message: cause }],
  });
}
