/**
 * The schemas of an OpenAPI v3 document as types of CEL. References are followed when a field is asked for:
 * types may contain themselves.
 */
import { BOOL, BYTES, DOUBLE, DYN, INT, listOf, mapOf, objectType, STRING, TIMESTAMP, type CelType } from "#cel/index.ts";

export interface Schema {
  $ref?: string;
  allOf?: Schema[];
  oneOf?: Schema[];
  type?: string;
  format?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  "x-kubernetes-int-or-string"?: boolean;
  "x-kubernetes-preserve-unknown-fields"?: boolean;
  "x-kubernetes-group-version-kind"?: { group: string; version: string; kind: string }[];
}

export interface OpenApiDocument {
  components?: { schemas?: Record<string, Schema> };
}

export interface GroupVersionKind {
  group: string;
  version: string;
  kind: string;
}

const REFERENCE = "#/components/schemas/";

/** Undefined when the document doesn't know the kind. */
export function typeOfKind({ components }: OpenApiDocument, { group, version, kind }: GroupVersionKind): CelType | undefined {
  const schemas = components?.schemas ?? {};
  const found = Object.values(schemas).find((schema) =>
    schema["x-kubernetes-group-version-kind"]?.some((known) => known.group === group && known.version === version && known.kind === kind),
  );
  return found && typeOf(found, schemas, kind);
}

function typeOf(schema: Schema, schemas: Record<string, Schema>, name: string): CelType {
  const reference = schema.$ref ?? (schema.allOf?.length === 1 ? schema.allOf[0]!.$ref : undefined);
  if (reference) return typeOf(schemas[reference.slice(REFERENCE.length)] ?? {}, schemas, name);
  if (schema["x-kubernetes-int-or-string"] || schema.oneOf) return DYN;
  const { type = "", additionalProperties: values, properties, items } = schema;
  switch (type) {
    case "object":
      if (typeof values === "object") return mapOf(STRING, typeOf(values, schemas, `${name}.@elem`));
      if (!properties) return DYN;
      return objectType(name, () => fieldsOf(properties, schemas, name), { escaped: true });
    case "array":
      return listOf(items ? typeOf(items, schemas, `${name}.@idx`) : DYN);
    case "string":
      return schema.format === "byte" ? BYTES : schema.format === "date-time" ? TIMESTAMP : STRING;
    case "boolean":
      return BOOL;
    case "integer":
      return INT;
    case "number":
      return DOUBLE;
    default:
      return DYN;
  }
}

function fieldsOf(properties: Record<string, Schema>, schemas: Record<string, Schema>, name: string): Record<string, CelType> {
  return Object.fromEntries(Object.entries(properties).map(([field, schema]) => [field, typeOf(schema, schemas, `${name}.${field}`)]));
}
