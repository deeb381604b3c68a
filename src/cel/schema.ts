import { MAX_REQUEST_BYTES } from "./limits.ts";
import { BOOL, BYTES, DOUBLE, DURATION, DYN, INT, STRING, TIMESTAMP, listOf, mapOf, objectType, type CelType } from "./types.ts";

/** The parts of an OpenAPI v3 schema, or of a structural schema, that say how its data looks to expressions. */
export interface SchemaForCel {
  readonly type?: string;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, SchemaForCel>>;
  readonly additionalProperties?: boolean | SchemaForCel;
  readonly items?: SchemaForCel;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-embedded-resource"?: boolean;
  readonly "x-kubernetes-list-type"?: string;
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
}

/** A schema's data as a CEL type, with the bounds its estimates need. */
export interface DeclaredType {
  readonly type: CelType;
  /** The fewest bytes its data takes as JSON: bounds how often it can be repeated in a request. */
  readonly minSerializedBytes: number;
}

const METADATA: SchemaForCel = { type: "object", properties: { name: { type: "string" }, generateName: { type: "string" } } };

/** The most bytes of the text of a duration, a date and a date-time. */
const TEXT_BYTES: Readonly<Record<string, number>> = { duration: 32, date: 12, "date-time": 32 };

/**
 * The type of a schema's data; undefined for a schema that expressions can't see (no type, or an array without visible
 * items). `name` is the name of the root object type; nested ones are named by their path. At a resource's root,
 * apiVersion, kind, metadata.name and metadata.generateName can always be seen.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/cel/common/schemas.go
 */
export function declaredType(schema: SchemaForCel, { name, resourceRoot }: { name: string; resourceRoot: boolean }): DeclaredType | undefined {
  if (schema["x-kubernetes-int-or-string"]) return sized({ ...DYN, maxElements: textSize(schema) }, 1);
  const whole = resourceRoot ? withMetadata(schema) : schema;
  switch (whole.type ?? "") {
    case "array":
      return whole.items && arrayType(whole, whole.items, name);
    case "object":
      return typeof whole.additionalProperties === "object" ? mapType(whole, whole.additionalProperties, name) : objectOf(whole, name);
    case "string":
      return stringType(whole);
    case "boolean":
      return sized({ ...BOOL, maxElements: 0 }, 4);
    case "number":
      return sized({ ...DOUBLE, maxElements: 0 }, 1);
    case "integer":
      return sized({ ...INT, maxElements: 0 }, 1);
    default:
      return undefined;
  }
}

function sized(type: CelType, minSerializedBytes: number): DeclaredType {
  return { type, minSerializedBytes };
}

function nested(schema: SchemaForCel, name: string): DeclaredType | undefined {
  return declaredType(schema, { name, resourceRoot: schema["x-kubernetes-embedded-resource"] === true });
}

function withMetadata(schema: SchemaForCel): SchemaForCel {
  const { kind, apiVersion, metadata } = schema.properties ?? {};
  const known = kind?.type === "string" && apiVersion?.type === "string" && metadata?.type === "object"
    && metadata.properties?.["name"]?.type === "string" && metadata.properties["generateName"]?.type === "string";
  if (known) return schema;
  return { ...schema, properties: { ...schema.properties, kind: { type: "string" }, apiVersion: { type: "string" }, metadata: METADATA } };
}

function arrayType(schema: SchemaForCel, items: SchemaForCel, name: string): DeclaredType | undefined {
  const element = nested(items, `${name}.@idx`);
  if (element === undefined) return undefined;
  // Brackets around, and a comma between.
  const maxElements = schema.maxItems === undefined ? Math.floor((MAX_REQUEST_BYTES - 2) / (element.minSerializedBytes + 1)) : Math.max(0, schema.maxItems);
  const listType = schema["x-kubernetes-list-type"];
  return sized(listOf(element.type, {
    maxElements,
    ...((listType === "set" || listType === "map") && { listType }),
    ...(listType === "map" && { mapKeys: schema["x-kubernetes-list-map-keys"] ?? [] }),
  }), 2);
}

function mapType(schema: SchemaForCel, values: SchemaForCel, name: string): DeclaredType | undefined {
  const value = nested(values, `${name}.@elem`);
  if (value === undefined) return undefined;
  // Braces around; quotes, a colon, a comma and a short key to each value.
  const maxElements = schema.maxProperties === undefined ? Math.floor((MAX_REQUEST_BYTES - 2) / (value.minSerializedBytes + 6)) : Math.max(0, schema.maxProperties);
  return sized(mapOf({ ...STRING, maxElements: 0 }, value.type, { maxElements }), 2);
}

function objectOf(schema: SchemaForCel, name: string): DeclaredType {
  const fields: Record<string, CelType> = {};
  let minSerializedBytes = 2;
  for (const [property, propertySchema] of Object.entries(schema.properties ?? {})) {
    const field = nested(propertySchema, `${name}.${property}`);
    if (field === undefined) continue;
    fields[property] = field.type;
    // A default may stand in for what the request leaves out.
    if (schema.required?.includes(property) && propertySchema.default === undefined) minSerializedBytes += property.length + field.minSerializedBytes + 4;
  }
  return sized(objectType(name, fields, { escaped: true, maxElements: 0 }), minSerializedBytes);
}

function stringType(schema: SchemaForCel): DeclaredType {
  switch (schema.format ?? "") {
    case "byte":
      return sized({ ...BYTES, maxElements: schema.maxLength === undefined ? MAX_REQUEST_BYTES - 2 : Math.max(0, schema.maxLength) }, 2);
    case "duration":
      return sized({ ...DURATION, maxElements: textSize(schema) }, 3);
    case "date":
      return sized({ ...TIMESTAMP, format: "date", maxElements: textSize(schema) }, 12);
    case "date-time":
      return sized({ ...TIMESTAMP, maxElements: textSize(schema) }, 21);
    default:
      return sized({ ...STRING, maxElements: textSize(schema) }, 2);
  }
}

/** The most bytes of a text: a character may be four. */
function textSize(schema: SchemaForCel): number {
  const fixed = schema["x-kubernetes-int-or-string"] ? undefined : TEXT_BYTES[schema.format ?? ""];
  if (fixed !== undefined) return fixed;
  if (schema.maxLength !== undefined) return Math.max(0, schema.maxLength) * 4;
  if (schema.enum === undefined || schema.enum.length === 0 || schema["x-kubernetes-int-or-string"]) return MAX_REQUEST_BYTES - 2;
  return Math.max(0, ...schema.enum.map((value) => (typeof value === "string" ? Buffer.byteLength(value) : 0)));
}

/** How often data of at least so many bytes can be in one request. */
export function maxCardinality(minSerializedBytes: number): number {
  return Math.floor(MAX_REQUEST_BYTES / (minSerializedBytes + 1));
}
