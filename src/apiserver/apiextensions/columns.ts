/**
 * The columns that a definition adds to `kubectl get`.
 * @see https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/registry/customresource/tableconvertor/tableconvertor.go
 */
import { JsonPathError, jsonPathText, parseJsonPath, type JsonPath } from "#lib/jsonpath.ts";
import { nameColumn, since } from "#api/definitions/columns.ts";
import type { Column } from "#api/scheme.ts";
import type { CustomResourceColumnDefinition } from "#api/types.ts";

type Cell = string | number | boolean | null;

const AGE: CustomResourceColumnDefinition = {
  name: "Age",
  type: "date",
  description:
    "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata",
  jsonPath: ".metadata.creationTimestamp",
};

/** The name, then the definition's own columns, or else the age. Columns from the first on whose path doesn't parse are left out, as upstream does. */
export function columnsOf(definitions: readonly CustomResourceColumnDefinition[] | undefined): Column[] {
  const columns: Column[] = [nameColumn()];
  for (const definition of definitions?.length ? definitions : [AGE]) {
    const column = columnOf(definition);
    if (!column) break;
    columns.push(column);
  }
  return columns;
}

function columnOf({ name, type, format, description, jsonPath, priority }: CustomResourceColumnDefinition): Column | undefined {
  const find = parsed(jsonPath);
  return (
    find && {
      name,
      type: type as Column["type"],
      ...(format ? { format: format as Column["format"] } : {}),
      description: description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
      priority,
      cell: (object, nowMs) => cellOf(type, firstOf(find, object), nowMs),
    }
  );
}

function parsed(path: string): JsonPath | undefined {
  try {
    return parseJsonPath(path);
  } catch (error) {
    if (error instanceof JsonPathError) return undefined;
    throw error;
  }
}

/** The first value at the path; undefined where there is none. */
function firstOf(find: JsonPath, object: object): unknown {
  try {
    return find(object)[0];
  } catch (error) {
    if (error instanceof JsonPathError) return undefined;
    throw error;
  }
}

function cellOf(type: string, value: unknown, nowMs: number): Cell {
  if (value === undefined) return null;
  switch (type) {
    case "string":
      // As Go prints a nil.
      return value === null ? "<no value>" : jsonPathText(value);
    case "integer":
      return typeof value === "number" ? Math.trunc(value) : null;
    case "number":
      return typeof value === "number" ? value : null;
    case "boolean":
      return typeof value === "boolean" ? value : null;
    case "date":
      if (typeof value !== "string") return null;
      return Number.isNaN(Date.parse(value)) && value !== "" ? "<invalid>" : since(value, nowMs);
    default:
      return null;
  }
}
