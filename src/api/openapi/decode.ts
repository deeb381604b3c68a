/**
 * What the API server's decoder does to a parsed object before anyone looks at it: values of the wrong
 * type are refused, unknown fields are dropped and reported, nulls are dropped, quantities become canonical.
 * @see https://github.com/kubernetes-sigs/json (error texts and the order they come in)
 */
import { isQuantity, QUANTITY_ERROR } from "#lib/quantity.ts";
import { badRequest } from "../errors.ts";
import {
  INT_OR_STRING, JSON_SCHEMA, MICRO_TIME, OBJECT_META, QUANTITY, SCHEMA_OR_ARRAY, SCHEMA_OR_BOOL, SCHEMA_OR_STRINGS, TIME, shortName,
} from "./models.ts";
import { canonicalQuantity } from "./quantity.ts";
import { type Property, schemaOf } from "./schema.ts";
import { isRequiredPointer } from "./zero.ts";

type Json = Record<string, unknown>;

interface Decoding {
  /** Paths of fields that the model doesn't know. */
  unknown: string[];
  /** The first mismatch; decoding goes on after it, as Go's does, so that only this one is told. */
  mismatch: string | undefined;
}

/**
 * Brings `object` into the form of its model, in place: unknown fields go, nulls go, required fields that
 * are absent get Go's zero value, quantities become canonical. Returns the paths of the unknown fields (`spec.containers[0].imagee`). Throws a BadRequest in
 * Kubernetes' words when a value has another type than its field.
 */
export function prune(model: string, object: object): string[] {
  const decoding = decodePart(model, object, "");
  if (decoding.mismatch !== undefined) {
    const { kind, apiVersion = "" } = object as { kind?: string; apiVersion?: string };
    const version = apiVersion.slice(apiVersion.indexOf("/") + 1);
    throw badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${decoding.mismatch}`);
  }
  return decoding.unknown;
}

/** The same for a part of an object, which is at `path`: its unknown fields, and what is wrong with it. */
export function decodePart(model: string, object: object, path: string): Decoding {
  const decoding: Decoding = { unknown: [], mismatch: undefined };
  decodeObject(decoding, model, object as Json, path, []);
  return decoding;
}

/** `fields` are the names on the way here without indices, as Go's messages show them. */
function decodeObject(decoding: Decoding, model: string, object: Json, path: string, fields: string[]): void {
  const { properties, required = [] } = schemaOf(model);
  if (!properties) return; // free-form
  for (const name of Object.keys(object)) {
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
    const here = path === "" ? name : `${path}.${name}`;
    if (!property) {
      decoding.unknown.push(here);
      delete object[name];
    } else if (object[name] === null) {
      delete object[name];
    } else {
      object[name] = decode(decoding, property, object[name], here, { struct: shortName(model), names: [...fields, name] });
      if (object[name] === undefined || (EMPTIED.includes(model) && property.ref === undefined && isEmpty(object[name]))) delete object[name];
    }
  }
  for (const name of required) {
    if (object[name] === undefined && !isRequiredPointer(model, name, properties[name]!)) object[name] = zero(properties[name]!);
  }
}

/**
 * Models whose lists and maps go when they are empty, as Go leaves them out when it writes: then a patch
 * that empties what isn't there changes nothing. (Elsewhere an empty list may be what validation refuses.)
 */
const EMPTIED: readonly string[] = [OBJECT_META, "io.k8s.api.core.v1.ConfigMap", "io.k8s.api.core.v1.Secret"];

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** Where a mismatch is: the innermost struct, and the names of the fields that lead to it. */
interface Place {
  struct: string;
  names: string[];
}

function decode(decoding: Decoding, property: Property, value: unknown, path: string, place: Place): unknown {
  if (property.ref) return decodeRef(decoding, property, value, path, place);
  switch (property.type) {
    case "array":
      if (!Array.isArray(value)) return mismatch(decoding, property, value, place);
      return value.map((item, i) => (item === null ? zero(property.items!) : decode(decoding, property.items!, item, `${path}[${i}]`, place)));
    case "object":
      if (!isObject(value)) return mismatch(decoding, property, value, place);
      for (const [key, item] of Object.entries(value)) {
        value[key] = item === null ? zero(property.values!) : decode(decoding, property.values!, item, `${path}.${key}`, place);
      }
      return value;
    case "boolean":
      return typeof value === "boolean" ? value : mismatch(decoding, property, value, place);
    case "integer":
      return isInteger(value, property.format) ? value : mismatch(decoding, property, value, place);
    case "number":
      return typeof value === "number" ? value : mismatch(decoding, property, value, place);
    case "string":
      if (typeof value !== "string") return mismatch(decoding, property, value, place);
      if (property.format === "byte") decodeBase64(decoding, value);
      return value;
    case undefined:
      return value;
  }
}

function decodeRef(decoding: Decoding, property: Property, value: unknown, path: string, place: Place): unknown {
  const model = property.ref!;
  switch (model) {
    case QUANTITY:
      if ((typeof value !== "string" && typeof value !== "number") || !isQuantity(value)) {
        decoding.mismatch ??= QUANTITY_ERROR;
        return value;
      }
      return canonicalQuantity(String(value));
    case INT_OR_STRING:
      if (typeof value === "string" || isInteger(value, "int32")) return value;
      return mismatch(decoding, { type: "integer", format: "int32" }, value, place);
    case TIME:
    case MICRO_TIME:
      return decodeTime(decoding, property, value, place);
    case SCHEMA_OR_ARRAY:
    case SCHEMA_OR_BOOL:
    case SCHEMA_OR_STRINGS:
      return decodeSchema(decoding, model, value);
    default:
      if (isAnything(model)) return value;
      if (!isObject(value)) return mismatch(decoding, property, value, place);
      decodeObject(decoding, model, value, path, place.names);
      return value;
  }
}

/** Schemas within schemas, some of which may be something else. As in Go, unknown fields in them go without a word. */
function decodeSchema(decoding: Decoding, model: string, value: unknown): unknown {
  if (isObject(value)) {
    decoding.mismatch ??= decodePart(JSON_SCHEMA, value, "").mismatch;
  } else if (model === SCHEMA_OR_BOOL) {
    if (typeof value !== "boolean") decoding.mismatch ??= "boolean or JSON schema expected";
  } else if (!Array.isArray(value)) {
    return undefined;
  } else if (model === SCHEMA_OR_ARRAY) {
    return value.map((item) => decodeSchema(decoding, model, item) ?? {});
  }
  return value;
}

/** Whether values of the model may have any form. */
function isAnything(model: string): boolean {
  const { properties, type } = schemaOf(model);
  return !properties && !type;
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

function decodeTime(decoding: Decoding, property: Property, value: unknown, place: Place): unknown {
  if (typeof value !== "string") return mismatch(decoding, { type: "string" }, value, place);
  if (RFC3339.test(value) && !Number.isNaN(Date.parse(value))) return value;
  const layout = property.ref === TIME ? "2006-01-02T15:04:05Z07:00" : "2006-01-02T15:04:05.000000Z07:00";
  decoding.mismatch ??= `parsing time ${JSON.stringify(value)} as "${layout}": cannot parse ${JSON.stringify(value)} as "2006"`;
  return value;
}

function decodeBase64(decoding: Decoding, value: string): void {
  const bad = /^(?:[A-Za-z0-9+/\r\n]*)(={0,2})/.exec(value)!;
  const compact = value.replaceAll(/[\r\n]/g, "");
  if (bad[0].length !== value.length) decoding.mismatch ??= `illegal base64 data at input byte ${bad[0].length}`;
  else if (compact.length % 4 !== 0) decoding.mismatch ??= `illegal base64 data at input byte ${Math.max(0, 4 * Math.floor(compact.length / 4))}`;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isInteger(value: unknown, format: string | undefined): boolean {
  if (typeof value !== "number" || !Number.isInteger(value)) return false;
  return format === "int64" || (value >= -(2 ** 31) && value < 2 ** 31);
}

/** Go's zero value: what null decodes to inside lists and maps, and what a required field is without a value. */
function zero(property: Property): unknown {
  switch (property.ref) {
    case undefined:
      break;
    case QUANTITY:
      return "0";
    case INT_OR_STRING:
      return 0;
    default: {
      const object = {};
      decodeObject({ unknown: [], mismatch: undefined }, property.ref, object, "", []);
      return object;
    }
  }
  switch (property.type) {
    case "array":
      return [];
    case "string":
      return "";
    case "boolean":
      return false;
    case "integer":
    case "number":
      return 0;
    case "object":
    case undefined:
      return {};
  }
}

/** Notes the mismatch in the words of Go's JSON decoder, and leaves the value. */
function mismatch(decoding: Decoding, property: Property, value: unknown, { struct, names }: Place): unknown {
  decoding.mismatch ??= `json: cannot unmarshal ${jsonTypeOf(property, value)} into Go struct field ${struct}.${names.join(".")} of type ${goType(property)}`;
  return value;
}

function jsonTypeOf(property: Property, value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return property.type === "integer" ? `number ${value}` : "number";
  return typeof value;
}

function goType(property: Property): string {
  if (property.ref === QUANTITY) return "resource.Quantity";
  if (property.ref) return property.ref.split(".").slice(-2).join(".");
  switch (property.type) {
    case "array":
      return `[]${goType(property.items!)}`;
    case "object":
      return property.values?.ref === QUANTITY ? "v1.ResourceList" : `map[string]${goType(property.values!)}`;
    case "boolean":
      return "bool";
    case "integer":
      return property.format ?? "int32";
    case "number":
      return "float64";
    case "string":
      return property.format === "byte" ? "[]uint8" : property.goType ? `v1.${property.goType}` : "string";
    case undefined:
      return "interface {}";
  }
}
