/**
 * Objects in protocol buffers, as client-go sends them for the built-in kinds (kubectl from 1.32 in
 * `create`). Answers stay JSON: every client that sends this accepts them.
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
 */
import { badRequest, StatusError } from "#api/errors.ts";
import { FIELDS_V1, INT_OR_STRING, MICRO_TIME, QUANTITY, RAW_EXTENSION, shortName, TIME } from "#api/openapi/models.ts";
import { schemaOf, type Property } from "#api/openapi/schema.ts";
import { FIELDS } from "./fields.ts";
import { PROTOBUF } from "./media-type.ts";
import { readFields, WIRE, type Field } from "./wire.ts";

const MAGIC = Buffer.from("k8s\0");

interface FieldName {
  name: string;
  /** Its zero value is meant, not just Go's way to say nothing. */
  zeroCounts: boolean;
  /** The message whose fields stand in place of this one. */
  inline?: string;
}

type Json = Record<string, unknown>;

/** The object in a body. `model` is what the resource expects; without it the body's own kind decides. Throws BadRequest, UnsupportedMediaType. */
export function decodeProtobuf(body: Uint8Array, model?: string): Json {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (!bytes.subarray(0, MAGIC.byteLength).equals(MAGIC)) throw badRequest("couldn't get version/kind; proto: the body does not begin with k8s\\0");
  try {
    const { raw, apiVersion, kind } = readEnvelope(bytes.subarray(MAGIC.byteLength));
    const message = model ?? modelOf(apiVersion, kind);
    return { apiVersion, kind, ...decodeMessage(message, shortName(message), raw) };
  } catch (error) {
    if (error instanceof StatusError) throw error;
    throw badRequest(`unable to decode: ${(error as Error).message}`);
  }
}

/** The models of Kubernetes' own groups are called after them. */
function modelOf(apiVersion: string, kind: string): string {
  const [version, group = "core"] = apiVersion.split("/").reverse() as [string, string?];
  return `io.k8s.api.${group.split(".", 1)[0]}.${version}.${kind}`;
}

/** runtime.Unknown: the type and the object's bytes. */
function readEnvelope(bytes: Buffer): { raw: Buffer; apiVersion: string; kind: string } {
  const envelope: ReturnType<typeof readEnvelope> = { raw: Buffer.alloc(0), apiVersion: "", kind: "" };
  for (const field of readFields(bytes)) {
    if (field.number === 2) envelope.raw = field.bytes;
    if (field.number !== 1) continue;
    for (const { number, bytes: text } of readFields(field.bytes)) {
      if (number === 1) envelope.apiVersion = text.toString("utf8");
      if (number === 2) envelope.kind = text.toString("utf8");
    }
  }
  return envelope;
}

const parsed = new Map<string, (FieldName | undefined)[]>();

/** The names of a message's fields by number. */
function namesOf(model: string, message: string): (FieldName | undefined)[] {
  const key = FIELDS[model] === undefined ? message : model;
  let names = parsed.get(key);
  if (!names) {
    const text = FIELDS[key];
    if (text === undefined) throw unsupported(`message ${message}`);
    names = [undefined, ...text.split(" ").map(parseName)];
    parsed.set(key, names);
  }
  return names;
}

function parseName(text: string): FieldName | undefined {
  if (text === ".") return undefined;
  if (text.startsWith("=")) return { name: "", zeroCounts: false, inline: text.slice(1) };
  return text.endsWith("?") ? { name: text.slice(0, -1), zeroCounts: true } : { name: text, zeroCounts: false };
}

/** `model` says what the fields are, `message` which numbers they have: they differ for inlined messages only. */
function decodeMessage(model: string, message: string, bytes: Buffer): Json {
  const names = namesOf(model, message);
  const properties = schemaOf(model).properties ?? {};
  const result: Json = {};
  for (const field of readFields(bytes)) {
    const known = names[field.number];
    if (!known) throw unsupported(`field ${field.number} of message ${message}`);
    if (known.inline) {
      Object.assign(result, decodeMessage(model, known.inline, field.bytes));
      continue;
    }
    const property = properties[known.name];
    if (!property) throw unsupported(`field ${known.name} of message ${message}`);
    addField(result, known, property, field);
  }
  return result;
}

function addField(result: Json, { name, zeroCounts }: FieldName, property: Property, field: Field): void {
  if (property.type === "array") {
    const list = (result[name] ??= []) as unknown[];
    list.push(decodeValue(property.items!, field));
  } else if (property.type === "object" && property.values) {
    const map = (result[name] ??= {}) as Json;
    const [key, value] = decodeEntry(property.values, field.bytes);
    map[key] = value;
  } else {
    const value = decodeValue(property, field);
    if (zeroCounts || !isZero(value)) result[name] = value;
  }
}

/** Go sends the zero values of fields that aren't pointers: they mean nothing. */
function isZero(value: unknown): boolean {
  return value === undefined || value === "" || value === 0 || value === false;
}

function decodeEntry(values: Property, bytes: Buffer): [string, unknown] {
  let key = "";
  let value: unknown = values.type === "string" || values.type === undefined ? "" : undefined;
  for (const field of readFields(bytes)) {
    if (field.number === 1) key = field.bytes.toString("utf8");
    else if (field.number === 2) value = decodeValue(values, field);
  }
  return [key, value];
}

function decodeValue(property: Property, field: Field): unknown {
  if (property.ref) return decodeRef(property.ref, field.bytes);
  // A list as a map's value is a message with nothing but the list (ExtraValue).
  if (property.type === "array") return [...readFields(field.bytes)].map((item) => decodeValue(property.items!, item));
  switch (property.type) {
    case "integer":
      return Number(field.integer);
    case "boolean":
      return field.integer !== 0n;
    case "number":
      return field.wire === WIRE.fixed64 ? field.bytes.readDoubleLE(0) : field.bytes.readFloatLE(0);
    case "string":
      return field.bytes.toString(property.format === "byte" ? "base64" : "utf8");
    case "object":
    case undefined:
      throw unsupported(`field of type ${String(property.type)}`);
  }
}

function decodeRef(model: string, bytes: Buffer): unknown {
  switch (model) {
    case QUANTITY:
      return text(bytes, 1);
    case TIME:
    case MICRO_TIME:
      return decodeTime(bytes, model === MICRO_TIME);
    case INT_OR_STRING:
      return decodeIntOrString(bytes);
    case RAW_EXTENSION:
    case FIELDS_V1:
      return JSON.parse(text(bytes, 1) || "null");
    default:
      return decodeMessage(model, shortName(model), bytes);
  }
}

function text(bytes: Buffer, number: number): string {
  for (const field of readFields(bytes)) if (field.number === number) return field.bytes.toString("utf8");
  return "";
}

/** Undefined for Go's zero time, which is an empty message. */
function decodeTime(bytes: Buffer, micro: boolean): string | undefined {
  let seconds: bigint | undefined;
  let nanos = 0n;
  for (const { number, integer } of readFields(bytes)) {
    if (number === 1) seconds = integer;
    if (number === 2) nanos = integer;
  }
  if (seconds === undefined) return undefined;
  const iso = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return micro ? `${iso}.${String(nanos / 1000n).padStart(6, "0")}Z` : `${iso}Z`;
}

/** The zero value counts as absent where the field may be left out, as for the rest. */
function decodeIntOrString(bytes: Buffer): number | string {
  let isText = false;
  let number = 0;
  let string = "";
  for (const field of readFields(bytes)) {
    if (field.number === 1) isText = field.integer === 1n;
    if (field.number === 2) number = Number(field.integer);
    if (field.number === 3) string = field.bytes.toString("utf8");
  }
  return isText ? string : number;
}

function unsupported(what: string): StatusError {
  return new StatusError(415, "UnsupportedMediaType", `the body's ${what} can't be read from ${PROTOBUF} here: send application/json`);
}
