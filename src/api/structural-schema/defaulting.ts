/**
 * Fills in what a structural schema gives defaults for.
 * @see https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/apiserver/schema/defaulting/algorithm.go
 */
import { isJsonObject, itemsOf, propertyOf, valuesOf, type JsonObject, type JsonSchema } from "./json-schema.ts";
import { prune } from "./pruning.ts";

/** How much defaults may add to one object, in characters of JSON: a short list of empty items must not become gigabytes. */
export const MAX_DEFAULTS_LENGTH = 3 * 1024 * 1024;

/** Sizes of defaults as JSON. */
const lengths = new WeakMap<JsonSchema, number>();

/** The properties that have defaults. */
const defaulted = new WeakMap<JsonSchema, [name: string, property: JsonSchema][]>();

function defaultedOf(schema: JsonSchema): [name: string, property: JsonSchema][] {
  let known = defaulted.get(schema);
  if (!known) defaulted.set(schema, (known = Object.entries(schema.properties ?? {}).filter(([, property]) => property.default != null)));
  return known;
}

/**
 * Fills in the defaults of absent fields, and of nulls that may not be null. Returns false when they would
 * have come to more than {@link MAX_DEFAULTS_LENGTH}; the rest is left out then.
 */
export function applyDefaults(value: unknown, schema: JsonSchema): boolean {
  const budget = { left: MAX_DEFAULTS_LENGTH };
  defaultWithin(value, schema, budget);
  return budget.left >= 0;
}

interface Budget {
  left: number;
}

function defaultWithin(value: unknown, schema: JsonSchema | undefined, budget: Budget): void {
  if (!schema || typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    const items = itemsOf(schema);
    value.forEach((item, i) => {
      if (item === null && isDefaulted(items)) value[i] = take(items, budget);
      defaultWithin(value[i], items, budget);
    });
    return;
  }
  const object = value as JsonObject;
  for (const [name, property] of defaultedOf(schema)) {
    if (Object.hasOwn(object, name) && (object[name] !== null || property.nullable)) continue;
    const standard = take(property, budget);
    if (standard !== undefined) object[name] = standard;
  }
  const values = valuesOf(schema);
  for (const name of Object.keys(object)) {
    const property = propertyOf(schema, name);
    if (property) defaultWithin(object[name], property, budget);
    else if (values) {
      if (object[name] === null && isDefaulted(values)) object[name] = take(values, budget);
      defaultWithin(object[name], values, budget);
    }
  }
}

function isDefaulted(schema: JsonSchema | undefined): schema is JsonSchema {
  return schema !== undefined && schema.default != null && !schema.nullable;
}

/** A copy of the schema's default; undefined when the budget is spent. */
function take(schema: JsonSchema, budget: Budget): unknown {
  let length = lengths.get(schema);
  if (length === undefined) lengths.set(schema, (length = JSON.stringify(schema.default).length));
  budget.left -= length;
  return budget.left < 0 ? undefined : structuredClone(schema.default);
}

/** The schema with its defaults pruned by itself, as they are applied. The schema itself where there is nothing to prune. */
export function pruneDefaults(schema: JsonSchema): JsonSchema {
  let changed: JsonSchema = schema;
  const change = (part: Partial<JsonSchema>): void => void (changed = { ...changed, ...part });
  if (schema.default != null && typeof schema.default === "object") {
    const pruned = structuredClone(schema.default);
    if (prune(pruned, schema).length > 0) change({ default: pruned });
  }
  const items = itemsOf(schema);
  if (items) {
    const inner = pruneDefaults(items);
    if (inner !== items) change({ items: inner });
  }
  const values = valuesOf(schema);
  if (values) {
    const inner = pruneDefaults(values);
    if (inner !== values) change({ additionalProperties: inner });
  }
  const properties = Object.entries(schema.properties ?? {}).map(([name, property]) => [name, property, pruneDefaults(property)] as const);
  if (properties.some(([, before, after]) => before !== after)) change({ properties: Object.fromEntries(properties.map(([name, , after]) => [name, after])) });
  return changed;
}

/** Whether {@link applyDefaults} or pruning would change the value: most stored objects need neither, and are left alone. */
export function isComplete(value: unknown, schema: JsonSchema | undefined): boolean {
  if (typeof value !== "object" || value === null) return true;
  const preserves = schema?.["x-kubernetes-preserve-unknown-fields"] === true;
  if (Array.isArray(value)) {
    const items = schema && itemsOf(schema);
    if (preserves && !items) return true;
    const inner = preserves ? { ...items, "x-kubernetes-preserve-unknown-fields": true } : items;
    return value.every((item) => (item === null ? !isDefaulted(items) : isComplete(item, inner)));
  }
  if (!schema) return Object.keys(value).length === 0;
  const isResource = schema["x-kubernetes-embedded-resource"] === true;
  if (defaultedOf(schema).some(([name]) => !Object.hasOwn(value, name))) return false;
  return Object.entries(value).every(([name, field]) => {
    const property = propertyOf(schema, name);
    if (isResource && !property && (name === "apiVersion" || name === "kind" || name === "metadata")) return true;
    if (!property && schema.additionalProperties === undefined) return preserves;
    const inner = property ?? valuesOf(schema);
    if (field === null) return inner?.nullable === true || inner === undefined;
    return isResource && name === "metadata" ? !isJsonObject(field) || !hasDefaults(inner) : isComplete(field, inner);
  });
}

function hasDefaults(schema: JsonSchema | undefined): boolean {
  return schema !== undefined && (schema.default != null || Object.values(schema.properties ?? {}).some(hasDefaults));
}
