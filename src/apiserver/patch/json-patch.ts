/**
 * JSON Patch (RFC 6902), with the errors of the library upstream uses.
 * @see https://github.com/evanphx/json-patch
 */
import { badRequest, StatusError } from "#api/errors.ts";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

interface Operation {
  op: string;
  path: string;
  from?: string;
  value?: Json;
}

/** Longest patch accepted, as upstream. */
const MAX_OPERATIONS = 10_000;

/** Applies the operations to a copy of `document`. Throws BadRequest on a malformed patch, Invalid on one that doesn't fit. */
export function applyJsonPatch(document: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest("error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch");
  if (patch.length > MAX_OPERATIONS) {
    throw new StatusError(413, "RequestEntityTooLarge", `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`);
  }
  let result = structuredClone(document) as Json;
  for (const operation of patch as Operation[]) result = applyOne(result, operation);
  return result;
}

function applyOne(root: Json, { op, path, from, value }: Operation): Json {
  switch (op) {
    case "add":
      return place(root, path, requireValue(op, value), false);
    case "replace":
      return place(root, path, requireValue(op, value), true);
    case "remove":
      return take(root, path, op).root;
    case "move": {
      const moved = take(root, from ?? "", op);
      return place(moved.root, path, moved.value, false);
    }
    case "copy":
      return place(root, path, structuredClone(read(root, from ?? "", op)), false);
    case "test":
      if (!equal(readOptional(root, path), value ?? null)) {
        throw unprocessable(`testing value ${path} failed`);
      }
      return root;
    default:
      throw badRequest(`Unexpected kind: ${String(op)}`);
  }
}

function requireValue(op: string, value: Json | undefined): Json {
  if (value === undefined) throw unprocessable(`${op} operation requires a value`);
  return value;
}

function segments(path: string): string[] {
  if (path === "") return [];
  if (typeof path !== "string" || !path.startsWith("/")) throw unprocessable(`invalid path: ${String(path)}`);
  return path
    .slice(1)
    .split("/")
    .map((part) => part.replace(/~1/g, "/").replace(/~0/g, "~"));
}

function readOptional(root: Json, path: string): Json {
  let value: Json | undefined = root;
  for (const key of segments(path)) {
    if (Array.isArray(value)) value = value[Number(key)];
    else if (typeof value === "object" && value !== null && Object.hasOwn(value, key)) value = value[key];
    else return null;
  }
  return value ?? null;
}

function read(root: Json, path: string, op: string): Json {
  const { parent, key } = locate(root, path, op);
  if (parent === undefined) return root;
  if (Array.isArray(parent)) return parent[index(parent, key, false)]!;
  if (!Object.hasOwn(parent, key)) throw missing(op, path);
  return parent[key]!;
}

function locate(root: Json, path: string, op: string): { parent: Json[] | { [key: string]: Json } | undefined; key: string } {
  const keys = segments(path);
  const key = keys.pop();
  if (key === undefined) return { parent: undefined, key: "" };
  let parent: Json = root;
  for (const step of keys) {
    const next: Json | undefined = Array.isArray(parent)
      ? parent[Number(step)]
      : typeof parent === "object" && parent !== null && Object.hasOwn(parent, step)
        ? parent[step]
        : undefined;
    if (typeof next !== "object" || next === null) throw missing(op, path);
    parent = next;
  }
  if (typeof parent !== "object" || parent === null) throw missing(op, path);
  return { parent, key };
}

function place(root: Json, path: string, value: Json, mustExist: boolean): Json {
  const { parent, key } = locate(root, path, mustExist ? "replace" : "add");
  if (parent === undefined) return value;
  if (Array.isArray(parent)) {
    if (mustExist) parent[index(parent, key, false)] = value;
    else if (key === "-") parent.push(value);
    else parent.splice(index(parent, key, true), 0, value);
  } else {
    if (mustExist && !Object.hasOwn(parent, key)) throw missing("replace", path);
    define(parent, key, value);
  }
  return root;
}

function take(root: Json, path: string, op: string): { root: Json; value: Json } {
  const { parent, key } = locate(root, path, op);
  if (parent === undefined) return { root: null, value: root };
  if (Array.isArray(parent)) return { value: parent.splice(index(parent, key, false), 1)[0]!, root };
  if (!Object.hasOwn(parent, key)) throw unprocessable(`${op} operation does not apply: doc is missing path: ${path}: missing value`);
  const value = parent[key]!;
  delete parent[key];
  return { root, value };
}

/** An own property even where the name is special (`__proto__`). */
function define(target: { [key: string]: Json }, key: string, value: Json): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

function index(list: Json[], key: string, allowEnd: boolean): number {
  const at = Number(key);
  const end = allowEnd ? list.length : list.length - 1;
  if (!/^(0|[1-9]\d*)$/.test(key) || at > end) throw unprocessable(`Unable to access invalid index: ${key}: invalid index referenced`);
  return at;
}

function equal(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => equal(item, b[i]!));
  }
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && equal(a[key]!, b[key]!));
}

const missing = (op: string, path: string): StatusError => unprocessable(`${op} operation does not apply: doc is missing path: ${path}: missing value`);

/** Upstream answers 422 without causes when a well-formed patch doesn't apply. */
function unprocessable(message: string): StatusError {
  return new StatusError(422, "Invalid", `the server rejected our request due to an error in our request: ${message}`);
}
