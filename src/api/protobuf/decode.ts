/**
 * Request bodies in Kubernetes' protobuf encoding, which Go clients prefer for built-in kinds, as the
 * values their JSON would be. Answers stay JSON: every client that sends protobuf accepts it.
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
 */
import { toMicroTime, toTime } from "#lib/clock.ts";
import { schemaOf, type Property } from "../openapi/schema.ts";
import { fieldsOf } from "./fields.ts";
import { signed, wireFields, WireError } from "./wire.ts";

export const PROTOBUF_MEDIA_TYPE = "application/vnd.kubernetes.protobuf";

/** `k8s` and a zero byte, before the envelope. */
const MAGIC = [0x6b, 0x38, 0x73, 0x00];

type Value = Record<string, unknown>;

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Decodes an object. `modelOf` names the OpenAPI model of a kind, or is undefined for one that isn't
 * known. Throws a {@link WireError} that says what is wrong with the bytes.
 */
export function decodeProtobuf(body: Uint8Array, modelOf: (apiVersion: string, kind: string) => string | undefined): Value {
  if (!MAGIC.every((byte, index) => body[index] === byte)) throw new WireError("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  let apiVersion = "";
  let kind = "";
  let raw = new Uint8Array();
  for (const [number, value] of wireFields(body.subarray(MAGIC.length))) {
    if (number === 1) {
      for (const [part, name] of wireFields(bytesOf(value))) {
        if (part === 1) apiVersion = text(name);
        if (part === 2) kind = text(name);
      }
    } else if (number === 2) raw = new Uint8Array(bytesOf(value));
    else if (number === 3 && text(value) !== "") throw new WireError(`content encoding ${text(value)} is not supported`);
  }
  const model = modelOf(apiVersion, kind);
  if (model === undefined) throw new WireError(`no kind "${kind}" is registered for version "${apiVersion}"`);
  return { kind, apiVersion, ...decodeMessage(raw, model) };
}

function decodeMessage(bytes: Uint8Array, model: string): Value {
  const result: Value = {};
  decodeInto(result, bytes, shortName(model), model);
  return result;
}

/** Decodes a message's fields into `target`; the fields of an inlined message have the same model's schema. */
function decodeInto(target: Value, bytes: Uint8Array, message: string, model: string): void {
  const fields = fieldsOf(message);
  const properties = schemaOf(model).properties ?? {};
  for (const [number, value] of wireFields(bytes)) {
    const field = fields?.get(number);
    // A field of a newer version: clients may know more than this server does.
    if (!field) continue;
    if (field.inline) {
      decodeInto(target, bytesOf(value), field.inline, model);
      continue;
    }
    const property = properties[field.name];
    if (!property) continue;
    if (property.items) ((target[field.name] ??= []) as unknown[]).push(decodeValue(value, property.items));
    else if (property.values) {
      const [key, entry] = decodeEntry(bytesOf(value), property.values);
      // Not by assignment: a key may be "__proto__".
      Object.defineProperty((target[field.name] ??= {}) as Value, key, { value: entry, enumerable: true, configurable: true, writable: true });
    } else {
      const decoded = decodeValue(value, property);
      if (field.zeroCounts || !isZero(decoded)) target[field.name] = decoded;
    }
  }
}

function decodeEntry(bytes: Uint8Array, values: Property): [string, unknown] {
  let key = "";
  let entry: unknown = values.type === "string" ? "" : {};
  for (const [number, value] of wireFields(bytes)) {
    if (number === 1) key = text(value);
    if (number === 2) entry = decodeValue(value, values);
  }
  return [key, entry];
}

function decodeValue(value: bigint | Uint8Array, property: Property): unknown {
  if (property.ref) return decodeReference(value, property.ref);
  switch (property.type) {
    case "integer":
    case "number":
      return number(value);
    case "boolean":
      return number(value) !== 0;
    case "array":
      // A map's values that are lists (ExtraValue): a message of repeated items.
      return [...wireFields(bytesOf(value))].map(([, item]) => decodeValue(item, property.items!));
    default:
      return property.format === "byte" ? Buffer.from(bytesOf(value)).toString("base64") : text(value);
  }
}

/** Types with an encoding of their own; all others are messages by their fields. */
function decodeReference(value: bigint | Uint8Array, model: string): unknown {
  switch (shortName(model)) {
    case "meta.v1.Time":
      return decodeTime(bytesOf(value), toTime);
    case "meta.v1.MicroTime":
      return decodeTime(bytesOf(value), toMicroTime);
    case "io.k8s.apimachinery.pkg.api.resource.Quantity":
      return [...wireFields(bytesOf(value))].map(([, quantity]) => text(quantity))[0] ?? "0";
    case "io.k8s.apimachinery.pkg.util.intstr.IntOrString":
      return decodeIntOrString(bytesOf(value));
    case "meta.v1.FieldsV1":
    case "io.k8s.apimachinery.pkg.runtime.RawExtension":
      return [...wireFields(bytesOf(value))].map(([, json]) => parseJson(text(json)))[0];
    default:
      return decodeMessage(bytesOf(value), model);
  }
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch (error) {
    throw new WireError(`embedded JSON: ${(error as Error).message}`);
  }
}

/** Undefined for a time that isn't set. */
function decodeTime(bytes: Uint8Array, format: (epochMs: number) => string): string | undefined {
  const parts = new Map(wireFields(bytes));
  if (parts.size === 0) return undefined;
  return format(number(parts.get(1) ?? 0n) * 1000 + Math.floor(number(parts.get(2) ?? 0n) / 1e6));
}

function decodeIntOrString(bytes: Uint8Array): number | string {
  const parts = new Map(wireFields(bytes));
  return number(parts.get(1) ?? 0n) === 1 ? text(parts.get(3) ?? new Uint8Array()) : number(parts.get(2) ?? 0n);
}

function isZero(value: unknown): boolean {
  return value === undefined || value === "" || value === 0 || value === false;
}

function bytesOf(value: bigint | Uint8Array): Uint8Array {
  if (typeof value === "bigint") throw new WireError("a number stands where bytes are expected");
  return value;
}

function number(value: bigint | Uint8Array): number {
  if (typeof value !== "bigint") throw new WireError("bytes stand where a number is expected");
  return signed(value);
}

function text(value: bigint | Uint8Array): string {
  try {
    return utf8.decode(bytesOf(value));
  } catch (error) {
    if (error instanceof WireError) throw error;
    throw new WireError("a string is not UTF-8");
  }
}

/** `io.k8s.api.core.v1.Pod` is core.v1.Pod; other libraries' types keep their name. */
function shortName(model: string): string {
  return model.replace(/^io\.k8s\.(?:api|apimachinery\.pkg\.apis)\./, "");
}
