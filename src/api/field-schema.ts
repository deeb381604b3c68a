/**
 * What server-side apply needs to know of a field: whether it is owned as a whole or in parts, and what
 * identifies the items of its lists. Schemas are walked, not read: types may contain themselves.
 * @see https://github.com/kubernetes-sigs/structured-merge-diff/blob/master/schema/elements.go (Atom)
 * @see https://github.com/kubernetes/kube-openapi/blob/master/pkg/schemaconv/openapi.go
 */
import { JSON_MODELS, QUANTITY, RAW_EXTENSION } from "./openapi/models.ts";
import { schemaOf, type Property } from "./openapi/schema.ts";

/** The forms a field's value may have: one for most, several where the schema leaves it open. */
export interface FieldSchema {
  readonly scalar?: "numeric" | "string" | "boolean" | "untyped" | undefined;
  readonly list?: ListSchema | undefined;
  readonly map?: MapSchema | undefined;
}

export interface ListSchema {
  /** Owned as a whole, by value, or by the values of the items' {@link keys}. */
  readonly type: "atomic" | "set" | "map";
  /** Empty unless the type is `map`. */
  readonly keys: readonly string[];
  /** What an absent key counts as. */
  readonly keyDefaults: Readonly<Record<string, unknown>>;
  readonly items: FieldSchema;
}

/** An object with named fields, a map, or both. */
export interface MapSchema {
  /** Owned as a whole. */
  readonly atomic: boolean;
  /** A field that the schema names; undefined for any other key. */
  field(name: string): FieldSchema | undefined;
  /** The values of keys that the schema doesn't name; undefined where there can't be any. */
  readonly values: FieldSchema | undefined;
}

/** The parts of an OpenAPI v3 schema (JSONSchemaProps) that say how a field is merged. */
export interface MergeableJsonSchema {
  type?: string | undefined;
  default?: unknown;
  properties?: Record<string, MergeableJsonSchema> | undefined;
  additionalProperties?: MergeableJsonSchema | boolean | undefined;
  items?: MergeableJsonSchema | undefined;
  "x-kubernetes-preserve-unknown-fields"?: boolean | undefined;
  "x-kubernetes-embedded-resource"?: boolean | undefined;
  "x-kubernetes-list-type"?: string | undefined;
  "x-kubernetes-list-map-keys"?: string[] | undefined;
  "x-kubernetes-map-type"?: string | undefined;
}

const OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

const STRING: FieldSchema = { scalar: "string" };
const NUMERIC: FieldSchema = { scalar: "numeric" };
const BOOLEAN: FieldSchema = { scalar: "boolean" };

/** Values of any form, lists and maps owned as wholes. */
const UNTYPED_ATOMIC: FieldSchema = {
  scalar: "untyped",
  list: { type: "atomic", keys: [], keyDefaults: {}, get items() { return UNTYPED_ATOMIC; } },
  map: { atomic: true, field: () => undefined, get values() { return UNTYPED_ATOMIC; } },
};

/** Values of any form, maps owned key by key: where a schema preserves what it doesn't know. */
const DEDUCED: FieldSchema = {
  scalar: "untyped",
  list: { type: "atomic", keys: [], keyDefaults: {}, items: UNTYPED_ATOMIC },
  map: { atomic: false, field: () => undefined, get values() { return DEDUCED; } },
};

/** Builds each field once, when it is first looked at. */
function lazyFields(names: readonly string[], build: (name: string) => FieldSchema): (name: string) => FieldSchema | undefined {
  const known = new Map<string, FieldSchema | null>(names.map((name) => [name, null]));
  return (name) => {
    const found = known.get(name);
    if (found !== null) return found;
    const field = build(name);
    known.set(name, field);
    return field;
  };
}

const ofModels = new Map<string, FieldSchema>();

/** The schema of a built-in type, by its OpenAPI name (`io.k8s.api.core.v1.Pod`). */
export function fieldsOfModel(model: string): FieldSchema {
  let known = ofModels.get(model);
  if (!known) {
    known = readModel(model);
    ofModels.set(model, known);
  }
  return known;
}

function readModel(name: string): FieldSchema {
  if (name === QUANTITY) return { scalar: "untyped" };
  if (name === RAW_EXTENSION || JSON_MODELS.includes(name)) return DEDUCED;
  const { properties, type, format, mapType } = schemaOf(name);
  if (properties) {
    const field = lazyFields(Object.keys(properties), (property) => fieldsOfProperty(properties[property]!));
    return { map: { atomic: mapType === "atomic", field, values: Object.keys(properties).length === 0 ? DEDUCED : undefined } };
  }
  // Scalars with a name of their own (Time, IntOrString) have a format.
  if (type === "string") return format === undefined ? STRING : { scalar: "untyped" };
  return { map: { atomic: false, field: () => undefined, values: DEDUCED } };
}

function fieldsOfProperty(property: Property): FieldSchema {
  const { ref, type, listType = "atomic", listKeys = [], items, values, mapType } = property;
  if (ref) {
    const schema = fieldsOfModel(ref);
    return mapType && schema.map ? { ...schema, map: { ...schema.map, atomic: mapType === "atomic" } } : schema;
  }
  switch (type) {
    case "array":
      return { list: { type: listType, keys: listKeys, keyDefaults: keyDefaultsOf(listKeys, items!), items: fieldsOfProperty(items!) } };
    case "object":
      return { map: { atomic: mapType === "atomic", field: () => undefined, values: fieldsOfProperty(values!) } };
    case "string":
      return STRING;
    case "boolean":
      return BOOLEAN;
    case "integer":
    case "number":
      return NUMERIC;
    case undefined:
      return DEDUCED;
  }
}

function keyDefaultsOf(keys: readonly string[], items: Property): Record<string, unknown> {
  const { properties = {}, required = [] } = items.ref ? schemaOf(items.ref) : {};
  const standard = (key: string): unknown => {
    const { type, default: given } = properties[key] ?? {};
    // What must be given is Go's zero value where it isn't.
    return given ?? (required.includes(key) ? (type === "string" ? "" : 0) : undefined);
  };
  return Object.fromEntries(keys.map((key) => [key, standard(key)]).filter(([, value]) => value !== undefined));
}

/** The schema of a custom resource from its definition's `openAPIV3Schema`. */
export function fieldsOfCustomResource(schema: MergeableJsonSchema): FieldSchema {
  return fieldsOfJsonSchema({ ...schema, type: "object", "x-kubernetes-embedded-resource": true }, false);
}

/** `preserves` says that an outer schema keeps unknown fields, which its descendants inherit. */
function fieldsOfJsonSchema(schema: MergeableJsonSchema, preserves: boolean): FieldSchema {
  const keeps = preserves || schema["x-kubernetes-preserve-unknown-fields"] === true;
  switch (schema.type) {
    case "object":
      return { map: mapOfJsonSchema(schema, keeps) };
    case "array":
      return { list: listOfJsonSchema(schema, keeps) };
    case "string":
      return STRING;
    case "boolean":
      return BOOLEAN;
    case "integer":
    case "number":
      return NUMERIC;
    case undefined:
    default:
      return { scalar: "untyped", list: listOfJsonSchema(schema, keeps), map: mapOfJsonSchema(schema, keeps) };
  }
}

function mapOfJsonSchema(schema: MergeableJsonSchema, preserves: boolean): MapSchema {
  const { properties = {}, additionalProperties } = schema;
  const isResource = schema["x-kubernetes-embedded-resource"] === true;
  const names = Object.keys(properties);
  const field = lazyFields(isResource ? [...names, "apiVersion", "kind", "metadata"] : names, (name) => {
    if (isResource && name === "metadata") return fieldsOfModel(OBJECT_META);
    if (isResource && (name === "apiVersion" || name === "kind")) return STRING;
    return fieldsOfJsonSchema(properties[name]!, preserves);
  });
  let values: FieldSchema | undefined;
  if (typeof additionalProperties === "object") values = fieldsOfJsonSchema(additionalProperties, preserves);
  else if (additionalProperties ?? (preserves || (names.length === 0 && !isResource))) values = DEDUCED;
  return { atomic: schema["x-kubernetes-map-type"] === "atomic", field, values };
}

function listOfJsonSchema(schema: MergeableJsonSchema, preserves: boolean): ListSchema {
  const { items } = schema;
  const listType = schema["x-kubernetes-list-type"];
  const keys = (listType === "map" && schema["x-kubernetes-list-map-keys"]) || [];
  const keyDefaults = Object.fromEntries(keys.map((key) => [key, items?.properties?.[key]?.default]).filter(([, value]) => value !== undefined));
  return {
    type: listType === "map" || listType === "set" ? listType : "atomic",
    keys,
    keyDefaults,
    items: items ? fieldsOfJsonSchema(items, preserves) : UNTYPED_ATOMIC,
  };
}
