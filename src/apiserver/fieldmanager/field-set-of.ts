/**
 * The fields that a value has: what an applier owns from then on.
 * @see https://github.com/kubernetes-sigs/structured-merge-diff/blob/master/typed/tofieldset.go
 */
import type { FieldSchema, ListSchema, MapSchema } from "#api/field-schema.ts";
import { FieldSetBuilder, type FieldSet } from "./field-set.ts";
import { fieldElement, type PathElement } from "./path-element.ts";
import { ANYTHING, fieldOf, formsOf, isMap, itemElements } from "./typed.ts";

/** Every leaf, and every item of a list or a map. Throws a SchemaMismatch when a list's items can't be told apart. */
export function fieldSetOf(schema: FieldSchema, value: unknown): FieldSet {
  const set = new FieldSetBuilder();
  visit(set, schema, value, []);
  return set.build();
}

function visit(set: FieldSetBuilder, schema: FieldSchema, value: unknown, path: PathElement[]): void {
  const { map, scalar, list } = formsOf(schema, value);
  if (map) {
    if (map.atomic) set.insert(path);
    else if (isMap(value)) visitFields(set, map, value, path);
  } else if (scalar || !list) {
    set.insert(path);
  } else if (list.type === "atomic") {
    set.insert(path);
  } else if (Array.isArray(value)) {
    visitItems(set, list, value, path);
  }
}

function visitFields(set: FieldSetBuilder, map: MapSchema, value: Record<string, unknown>, path: PathElement[]): void {
  for (const [name, field] of Object.entries(value)) {
    const here = [...path, fieldElement(name)];
    visit(set, fieldOf(map, name) ?? ANYTHING, field, here);
    const isEmptyMap = isMap(field) && Object.keys(field).length === 0;
    if (field === null || isEmptyMap || !map.field(name)) set.insert(here);
  }
}

function visitItems(set: FieldSetBuilder, list: ListSchema, items: unknown[], path: PathElement[]): void {
  const elements = itemElements(list, items, path);
  const seen = new Set<PathElement>();
  const duplicates = new Set<PathElement>();
  for (const element of elements) (seen.has(element) ? duplicates : seen).add(element);
  elements.forEach((element, i) => {
    const here = [...path, element];
    set.insert(here);
    if (!duplicates.has(element)) visit(set, list.items, items[i], here);
  });
}
