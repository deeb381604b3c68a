/**
 * Removes what a structural schema doesn't specify.
 * @see https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/apiserver/schema/pruning/algorithm.go
 */
import { childPath, fieldOf, isJsonObject, itemsOf, propertyOf, type JsonSchema } from "./json-schema.ts";

/** The fields of every resource: not a schema's to prune. */
const META_FIELDS = new Set(["apiVersion", "kind", "metadata"]);

/** Removes unspecified fields from `value` and returns their paths, sorted. At a resource's root give the schema {@link asResource}. */
export function prune(value: unknown, schema: JsonSchema | undefined): string[] {
  const unknown: string[] = [];
  pruneValue(value, schema, "", unknown);
  return unknown.sort();
}

function pruneValue(value: unknown, schema: JsonSchema | undefined, path: string, unknown: string[]): void {
  if (typeof value !== "object" || value === null) return;
  const preserves = schema?.["x-kubernetes-preserve-unknown-fields"] === true;
  if (Array.isArray(value)) {
    const items = schema && itemsOf(schema);
    // Lists in a preserved part are preserved, too, whatever their items' schema says, but for their specified fields.
    const itemSchema = preserves && items ? { ...items, "x-kubernetes-preserve-unknown-fields": true } : items;
    if (preserves && !items) return;
    value.forEach((item, i) => pruneValue(item, itemSchema, `${path}[${i}]`, unknown));
    return;
  }
  const object = value as Record<string, unknown>;
  for (const name of Object.keys(object)) {
    if (schema?.["x-kubernetes-embedded-resource"] && META_FIELDS.has(name)) continue;
    const here = childPath(path, name);
    if (schema && (propertyOf(schema, name) || schema.additionalProperties !== undefined)) pruneValue(object[name], fieldOf(schema, name), here, unknown);
    else if (!preserves) {
      if (!META_FIELDS.has(name) || path !== "") unknown.push(here);
      delete object[name];
    }
  }
}

/** Removes the nulls of fields that may not be null and have no default: in Go they are absent. */
export function pruneNulls(value: unknown, schema: JsonSchema | undefined): void {
  if (!schema) return;
  if (Array.isArray(value)) {
    const items = itemsOf(schema);
    for (const item of value) pruneNulls(item, items);
  } else if (isJsonObject(value)) {
    for (const [name, field] of Object.entries(value)) {
      const fieldSchema = fieldOf(schema, name);
      if (field === null && fieldSchema && !fieldSchema.nullable && fieldSchema.default == null) delete value[name];
      else pruneNulls(field, fieldSchema);
    }
  }
}
