/**
 * Whether a value fits its schema, in the words of upstream.
 * @see https://github.com/kubernetes-sigs/structured-merge-diff/blob/master/typed/validate.go
 */
import { goText } from "#lib/go-text.ts";
import type { FieldSchema, ListSchema, MapSchema } from "#api/field-schema.ts";
import { fieldElement, formatElement, type PathElement } from "./path-element.ts";
import { fieldOf, formsOf, isMap, itemElement, SchemaMismatch } from "./typed.ts";

/** Throws a SchemaMismatch with all problems: wrong types, fields that don't exist, items that occur twice. */
export function validate(schema: FieldSchema, value: unknown): void {
  const problems: string[] = [];
  check(problems, schema, value, "");
  if (problems.length > 0) throw new SchemaMismatch(problems);
}

function check(problems: string[], schema: FieldSchema, value: unknown, path: string): void {
  if (value === null) return;
  const { map, scalar, list } = formsOf(schema, value);
  const refuse = (why: string): unknown => problems.push(path === "" ? why : `${path}: ${why}`);
  if (map) {
    if (isMap(value)) checkFields(problems, map, value, path);
    else refuse(`expected map, got ${goPointer(value)}`);
  } else if (scalar || !list) {
    const mismatch = scalarMismatch(scalar, value);
    if (mismatch) refuse(mismatch);
  } else if (Array.isArray(value)) {
    checkItems(problems, list, value, path);
  } else {
    refuse(`expected list, got ${goPointer(value)}`);
  }
}

function checkFields(problems: string[], map: MapSchema, value: Record<string, unknown>, path: string): void {
  for (const [name, field] of Object.entries(value)) {
    const here = path + formatElement(fieldElement(name));
    const schema = fieldOf(map, name);
    if (!schema) {
      problems.push(`${here}: field not declared in schema`);
      return;
    }
    check(problems, schema, field, here);
  }
}

function checkItems(problems: string[], list: ListSchema, items: unknown[], path: string): void {
  const seen = new Set<PathElement>();
  for (const [i, item] of items.entries()) {
    let element: PathElement = `i:${i}`;
    if (list.type !== "atomic") {
      try {
        element = itemElement(list, item);
      } catch (error) {
        problems.push(`${path}: element ${i}: ${(error as Error).message}`);
        return;
      }
      if (seen.has(element)) problems.push(`${path}: duplicate entries for key ${formatElement(element)}`);
      seen.add(element);
    }
    check(problems, list.items, item, path + formatElement(element));
  }
}

function scalarMismatch(scalar: FieldSchema["scalar"], value: unknown): string | undefined {
  switch (scalar) {
    case "numeric":
      return typeof value === "number" ? undefined : `expected numeric (int or float), got ${goType(value)}`;
    case "string":
      return typeof value === "string" ? undefined : `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`;
    case "boolean":
      return typeof value === "boolean" ? undefined : `expected boolean, got ${goPointer(value)}`;
    case "untyped":
    case undefined:
      return typeof value === "object" ? `expected any scalar, got ${goPointer(value)}` : undefined;
  }
}

function goType(value: unknown): string {
  if (Array.isArray(value)) return "[]interface {}";
  if (isMap(value)) return "map[string]interface {}";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  return "string";
}

/** As Go's %#v. */
function goSyntax(value: unknown): string {
  if (value === null) return "interface {}(nil)";
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(", ")}}`;
  if (isMap(value)) return `map[string]interface {}{${sortedEntries(value).map(([name, item]) => `${JSON.stringify(name)}:${goSyntax(item)}`).join(", ")}}`;
  return JSON.stringify(value);
}

/** As Go's %v of a pointer to a struct with the value in it. */
const goPointer = (value: unknown): string => `&{${goText(value)}}`;

const sortedEntries = (value: Record<string, unknown>): [string, unknown][] => Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
