/**
 * What the walks over a value and its schema share: which form of the schema a value has, and what
 * identifies the items of its lists. Go's nil is `undefined` here (no value at all), null is null.
 * @see https://github.com/kubernetes-sigs/structured-merge-diff/blob/master/typed/helpers.go
 */
import type { FieldSchema, ListSchema, MapSchema } from "#api/field-schema.ts";
import { fieldElement, formatElement, keyElement, valueElement, type PathElement } from "./path-element.ts";

export type Json = Record<string, unknown>;

/** Any one of the forms that a schema allows. */
export interface Form {
  readonly map?: MapSchema | undefined;
  readonly scalar?: FieldSchema["scalar"];
  readonly list?: ListSchema | undefined;
}

/** A value that doesn't fit its schema; the message begins with the path. */
export class SchemaMismatch extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.length === 1 ? problems[0] : ["errors:", ...problems.map((problem) => `  ${problem}`)].join("\n"));
    this.name = "SchemaMismatch";
    this.problems = problems;
  }
}

export function isMap(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const isScalar = (value: unknown): boolean => typeof value === "string" || typeof value === "number" || typeof value === "boolean";

/** The forms of the schema that the value may be seen in: one, or all where none fits or the value is null or absent. */
export function formsOf(schema: FieldSchema, value: unknown): Form {
  if (value === undefined || value === null) return schema;
  if (Array.isArray(value)) return schema.list && (schema.map || schema.scalar) ? { list: schema.list } : schema;
  if (isScalar(value)) return schema.scalar && (schema.map || schema.list) ? { scalar: schema.scalar } : schema;
  return schema.map && (schema.scalar || schema.list) ? { map: schema.map } : schema;
}

export const sameForms = (a: Form, b: Form): boolean => a.map === b.map && a.scalar === b.scalar && a.list === b.list;

/** The schema of a map's or an object's value; undefined where the schema knows no such field. */
export const fieldOf = (map: MapSchema, name: string): FieldSchema | undefined => map.field(name) ?? map.values;

/** Of a field that the schema doesn't know: it is taken as it comes. */
export const ANYTHING: FieldSchema = { scalar: "untyped" };

/** What identifies an item among the others. Throws when nothing does, naming the reason only. */
export function itemElement(list: ListSchema, item: unknown): PathElement {
  return list.type === "map" ? keyedElement(list, item) : setElement(item);
}

function keyedElement({ keys, keyDefaults }: ListSchema, item: unknown): PathElement {
  if (item === null || item === undefined) throw new Error("associative list with keys may not have a null element");
  if (!isMap(item)) throw new Error("associative list with keys may not have non-map elements");
  const fields: [string, unknown][] = [];
  for (const key of keys) {
    const value = Object.hasOwn(item, key) ? item[key] : keyDefaults[key];
    if (value !== undefined) fields.push([key, value]);
  }
  if (fields.length === 0) {
    const names = keys.map((key) => JSON.stringify(key)).join(" ");
    throw new Error(`associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`);
  }
  return keyElement(fields);
}

function setElement(item: unknown): PathElement {
  if (isMap(item)) throw new Error("associative list without keys has an element that's a map type");
  if (Array.isArray(item)) throw new Error("not supported: associative list with lists as elements");
  if (item === null || item === undefined) throw new Error("associative list without keys has an element that's an explicit null");
  return valueElement(item);
}

/** The elements of all items. Throws a SchemaMismatch. */
export function itemElements(list: ListSchema, items: readonly unknown[], path: readonly PathElement[]): PathElement[] {
  return items.map((item, i) => {
    try {
      return itemElement(list, item);
    } catch (error) {
      throw new SchemaMismatch([`${path.map(formatElement).join("")}: element ${i}: ${(error as Error).message}`]);
    }
  });
}

/** Whether there is nothing in a value, seen as a map. */
export const isEmptyMap = (value: unknown): boolean => !isMap(value) || Object.keys(value).length === 0;

/** Whether there is nothing in a value, seen as a list. */
export const isEmptyList = (value: unknown): boolean => !Array.isArray(value) || value.length === 0;

/** Calls `visit` for the fields of either object. */
export function zipFields(a: unknown, b: unknown, visit: (name: string, left: unknown, right: unknown, element: PathElement) => void): void {
  const left = isMap(a) ? a : {};
  const right = isMap(b) ? b : {};
  for (const name of Object.keys(left)) visit(name, left[name], Object.hasOwn(right, name) ? right[name] : undefined, fieldElement(name));
  for (const name of Object.keys(right)) if (!Object.hasOwn(left, name)) visit(name, undefined, right[name], fieldElement(name));
}
