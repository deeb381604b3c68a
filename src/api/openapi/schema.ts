/**
 * The schemas of the API's types, generated from the client library's declarations on first use (see
 * generate.ts) and loaded from `generated/openapi/` after that.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fingerprint, generate } from "./generate.ts";

/** A field, or the items or values of one. */
export interface Property {
  type?: "string" | "integer" | "number" | "boolean" | "array" | "object";
  /** `int32`, `int64`, `double`, `byte` (base64 text). */
  format?: string;
  /** The model of an object, or of a scalar with a name (Quantity, Time). */
  ref?: string;
  /** A list's items. */
  items?: Property;
  /** A map's values. */
  values?: Property;
  listType?: "atomic" | "map" | "set";
  /** The keys of a list of type `map`. */
  listKeys?: string[];
  mapType?: "atomic" | "granular";
  /** Strategic merge patch: `merge`, `retainKeys`, or both with a comma; absent means replace for lists and merge for maps. */
  strategy?: string;
  mergeKey?: string;
  default?: unknown;
  enum?: string[];
  /** Go's named type, where error messages show it. */
  goType?: string;
}

/** A type: an object with fields, or a named scalar. */
export interface Model {
  properties?: Record<string, Property>;
  required?: string[];
  type?: "string" | "object";
  format?: string;
  mapType?: "atomic";
}

export interface Schemas {
  fingerprint: string;
  models: Record<string, Model>;
}

/** Descriptions by model and field; the empty field is the model's own. */
export type Descriptions = Record<string, Record<string, string>>;

const FOLDER = fileURLToPath(new URL("../../../generated/openapi", import.meta.url));

let loaded: Schemas | undefined;

/**
 * Loads the schemas, generating them when they're missing or were made from something else. Takes some
 * milliseconds, or a few hundred when it generates. Where the client library isn't installed (a published
 * package), the generated files are taken as they are. Throws when there is neither.
 */
export function ensureSchemas(): void {
  loaded ??= load(FOLDER);
}

function load(folder: string): Schemas {
  let existing: Schemas | undefined;
  try {
    existing = JSON.parse(readFileSync(join(folder, "schemas.json"), "utf8")) as Schemas;
  } catch {
    existing = undefined; // not generated yet
  }
  const wanted = fingerprint();
  return existing && (wanted === undefined || existing.fingerprint === wanted) ? existing : generate(folder);
}

/** All models by name. */
export function models(): Record<string, Model> {
  ensureSchemas();
  return loaded!.models;
}

/** A model by its OpenAPI name (`io.k8s.api.core.v1.Pod`). Throws on a name that no definition reaches. */
export function schemaOf(model: string): Model {
  const found = models()[model];
  if (!found) throw new Error(`there is no schema of ${model}`);
  return found;
}

/** The descriptions, read from disk each time: only OpenAPI requests need them, and their answers are kept. */
export function descriptions(): Descriptions {
  ensureSchemas();
  return JSON.parse(readFileSync(join(FOLDER, "descriptions.json"), "utf8")) as Descriptions;
}

/** How strategic merge patch treats a field. */
export interface PatchMeta {
  /** The field that identifies the items of a list; undefined when items are merged by value, or not at all. */
  mergeKey?: string | undefined;
  /** Merge the list's items or the map's keys, or replace the whole. */
  strategy: "merge" | "replace";
  /** Whether the patch names the keys to keep (`$retainKeys`). */
  retainKeys?: boolean | undefined;
}

/** How strategic merge patch treats the field at `path` (names only; list indices left out). A field the model doesn't know is replaced. */
export function patchMeta(model: string, path: readonly string[]): PatchMeta {
  const property = propertyAt(model, path);
  if (!property) return { strategy: "replace" };
  const strategies = property.strategy?.split(",") ?? [];
  const isList = property.type === "array";
  return {
    strategy: strategies.includes("replace") || (isList && !strategies.includes("merge")) ? "replace" : "merge",
    ...(property.mergeKey ? { mergeKey: property.mergeKey } : {}),
    ...(strategies.includes("retainKeys") ? { retainKeys: true } : {}),
  };
}

/** The field at a path of names; lists and maps are stepped into. */
function propertyAt(model: string, path: readonly string[]): Property | undefined {
  let property: Property | undefined = { ref: model };
  for (const name of path) {
    while (property.type === "array") property = property.items!;
    property = property.values ?? (property.ref ? schemaOf(property.ref).properties?.[name] : undefined);
    if (!property) return undefined;
  }
  return property;
}
