/**
 * The items of lists that are sets or maps must be unique.
 * @see https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/apiserver/schema/listtype/validation.go
 */
import { duplicate, invalid } from "../definitions/field-errors.ts";
import type { FieldError } from "../errors.ts";
import { childPath, isJsonObject, itemsOf, propertyOf, valuesOf, type JsonObject, type JsonSchema } from "./json-schema.ts";

export function validateListTypes(value: unknown, schema: JsonSchema | undefined, path = ""): FieldError[] {
  if (!schema) return [];
  if (Array.isArray(value)) {
    const items = itemsOf(schema);
    const errors = uniqueness(value, schema, path);
    if (items) value.forEach((item, i) => errors.push(...validateListTypes(item, items, `${path}[${i}]`)));
    return errors;
  }
  if (!isJsonObject(value)) return [];
  const values = valuesOf(schema);
  return Object.entries(value).flatMap(([name, field]) => {
    const property = propertyOf(schema, name);
    return property ? validateListTypes(field, property, childPath(path, name)) : values ? validateListTypes(field, values, `${path}[${name}]`) : [];
  });
}

function uniqueness(list: unknown[], schema: JsonSchema, path: string): FieldError[] {
  const listType = schema["x-kubernetes-list-type"];
  if (listType === "set") return repeated(list).map((i) => duplicate(`${path}[${i}]`, list[i]));
  if (listType !== "map") return [];
  const stray = list.findIndex((item) => item !== null && !isJsonObject(item));
  if (stray >= 0) return [invalid(`${path}[${stray}]`, list[stray], "must be an object for an array of list-type map")];
  const keys = list.map((item) => keyOf(item as JsonObject | null, schema["x-kubernetes-list-map-keys"] ?? []));
  return repeated(keys).map((i) => duplicate(`${path}[${i}]`, keys[i]));
}

/** The fields that identify an item; absent ones are left out. */
function keyOf(item: JsonObject | null, keys: string[]): JsonObject {
  return Object.fromEntries(keys.filter((key) => item && Object.hasOwn(item, key)).map((key) => [key, item![key]]));
}

/** Where values appear for the second time. */
function repeated(values: unknown[]): number[] {
  const times = new Map<string, number>();
  return values.flatMap((value, i) => {
    const text = canonical(value);
    const before = times.get(text) ?? 0;
    times.set(text, before + 1);
    return before === 1 ? [i] : [];
  });
}

/** JSON with sorted names. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (isJsonObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner));
}
