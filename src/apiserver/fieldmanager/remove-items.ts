/**
 * Takes fields out of a value.
 * @see https://github.com/kubernetes-sigs/structured-merge-diff/blob/master/typed/remove.go
 */
import type { FieldSchema, ListSchema, MapSchema } from "#api/field-schema.ts";
import { hasElement, isEmpty, withPrefix, type FieldSet } from "./field-set.ts";
import { fieldElement } from "./path-element.ts";
import { ANYTHING, fieldOf, formsOf, isMap, itemElement } from "./typed.ts";

/** The value without these fields; null when nothing stays. The value itself stays as it is. */
export function removeItems(schema: FieldSchema, value: unknown, fields: FieldSet): unknown {
  const { map, scalar, list } = formsOf(schema, value);
  if (map) return isMap(value) ? removeFields(map, value, fields) : null;
  if (scalar || !list) return value;
  return Array.isArray(value) ? removeFromList(list, value, fields) : null;
}

function removeFields(map: MapSchema, value: Record<string, unknown>, fields: FieldSet): unknown {
  if (map.atomic) return null;
  const result: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) {
    const element = fieldElement(name);
    if (hasElement(fields, element)) continue;
    const below = withPrefix(fields, element);
    const kept = isEmpty(below) ? field : removeItems(fieldOf(map, name) ?? ANYTHING, field, below);
    Object.defineProperty(result, name, { value: kept, enumerable: true, configurable: true, writable: true });
  }
  return Object.keys(result).length > 0 ? result : null;
}

function removeFromList(list: ListSchema, items: unknown[], fields: FieldSet): unknown {
  if (list.type === "atomic") return null;
  const result: unknown[] = [];
  for (const item of items) {
    const element = itemElement(list, item);
    if (hasElement(fields, element)) continue;
    const below = withPrefix(fields, element);
    result.push(isEmpty(below) ? item : removeItems(list.items, item, below));
  }
  return result.length > 0 ? result : null;
}
