/**
 * The Swagger document in protocol buffers: the only form in which kubectl before 1.29 asks for it.
 * @see https://github.com/google/gnostic-models/tree/main/openapiv2
 */
import { booleanField, bytesField, doubleField, integerField } from "./wire.ts";

export const OPENAPI_V2_PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

type Json = Record<string, unknown>;
/** Writes a value as the field of a message. */
type Encode = (number: number, value: never) => Buffer;
/** A message: which field each property is, and how it is written. */
type Message = Record<string, readonly [number: number, encode: Encode]>;

const concat = (parts: Buffer[]): Buffer => Buffer.concat(parts);

const text: Encode = (number, value: string) => bytesField(number, value);
const flag: Encode = (number, value: boolean) => booleanField(number, value);
const double: Encode = (number, value: number) => doubleField(number, value);
const integer: Encode = (number, value: number) => integerField(number, value);
const texts: Encode = (number, values: string[]) => concat(values.map((value) => bytesField(number, value)));
/** A value of any type travels as YAML, of which JSON is a part. */
const anyBytes = (value: unknown): Buffer => bytesField(2, JSON.stringify(value));
const any: Encode = (number, value: unknown) => bytesField(number, anyBytes(value));
const anys: Encode = (number, values: unknown[]) => concat(values.map((value) => bytesField(number, anyBytes(value))));

/** A message, field by field; `x-` properties become its vendor extensions. */
function encodeMessage(message: Message, vendorExtension: number | undefined, value: Json): Buffer {
  return concat(
    Object.entries(value).map(([name, item]) => {
      if (item === undefined) return Buffer.alloc(0);
      if (name.startsWith("x-")) {
        if (vendorExtension === undefined) throw new Error(`${name} has no place here`);
        return bytesField(vendorExtension, concat([bytesField(1, name), bytesField(2, anyBytes(item))]));
      }
      const field = message[name];
      if (!field) throw new Error(`the Swagger document has a property that its protocol buffers don't: ${name}`);
      return field[1](field[0], item as never);
    }),
  );
}

const embedded =
  (encode: (value: Json) => Buffer): Encode =>
  (number, value: Json) =>
    bytesField(number, encode(value));

/** A map, as a list of names and values. */
const named =
  (encode: (value: Json) => Buffer): Encode =>
  (number, map: Record<string, Json>) =>
    bytesField(number, namedEntries(1, map, encode));

function namedEntries(number: number, map: Record<string, Json>, encode: (value: Json) => Buffer): Buffer {
  return concat(Object.entries(map).map(([name, value]) => bytesField(number, concat([bytesField(1, name), bytesField(2, encode(value))]))));
}

const schema = (value: Json): Buffer => encodeMessage(SCHEMA, 31, value);

const EXTERNAL_DOCS: Message = { description: [1, text], url: [2, text] };

const SCHEMA: Message = {
  $ref: [1, text],
  format: [2, text],
  title: [3, text],
  description: [4, text],
  default: [5, any],
  multipleOf: [6, double],
  maximum: [7, double],
  exclusiveMaximum: [8, flag],
  minimum: [9, double],
  exclusiveMinimum: [10, flag],
  maxLength: [11, integer],
  minLength: [12, integer],
  pattern: [13, text],
  maxItems: [14, integer],
  minItems: [15, integer],
  uniqueItems: [16, flag],
  maxProperties: [17, integer],
  minProperties: [18, integer],
  required: [19, texts],
  enum: [20, anys],
  additionalProperties: [21, (number, value: Json | boolean) => bytesField(number, typeof value === "boolean" ? booleanField(2, value) : bytesField(1, schema(value)))],
  type: [22, (number, value: string | string[]) => bytesField(number, texts(1, [value].flat() as never))],
  items: [23, (number, value: Json) => bytesField(number, bytesField(1, schema(value)))],
  allOf: [24, (number, values: Json[]) => concat(values.map((value) => bytesField(number, schema(value))))],
  properties: [25, named(schema)],
  externalDocs: [29, embedded((value) => encodeMessage(EXTERNAL_DOCS, 3, value))],
  example: [30, any],
};

const BODY_PARAMETER: Message = { description: [1, text], name: [2, text], in: [3, text], required: [4, flag], schema: [5, embedded(schema)] };
const QUERY_PARAMETER: Message = {
  required: [1, flag],
  in: [2, text],
  description: [3, text],
  name: [4, text],
  type: [6, text],
  format: [7, text],
  uniqueItems: [20, flag],
};
const PATH_PARAMETER: Message = {
  required: [1, flag],
  in: [2, text],
  description: [3, text],
  name: [4, text],
  type: [5, text],
  format: [6, text],
  uniqueItems: [19, flag],
};

/** A ParametersItem: a reference, or a parameter in the body, the path or the query. */
function parameter(value: Json): Buffer {
  if (value["$ref"] !== undefined) return bytesField(2, bytesField(1, value["$ref"] as string));
  const parameterItem = (bytes: Buffer): Buffer => bytesField(1, bytes);
  if (value["in"] === "body") return parameterItem(bytesField(1, encodeMessage(BODY_PARAMETER, 6, value)));
  const [number, bytes] =
    value["in"] === "path" ? ([4, encodeMessage(PATH_PARAMETER, 22, value)] as const) : ([3, encodeMessage(QUERY_PARAMETER, 23, value)] as const);
  return parameterItem(bytesField(2, bytesField(number, bytes)));
}

const parameters: Encode = (number, values: Json[]) => concat(values.map((value) => bytesField(number, parameter(value))));

const RESPONSE: Message = {
  description: [1, text],
  schema: [2, (number, value: Json) => bytesField(number, bytesField(1, schema(value)))],
};

function responses(value: Record<string, Json>): Buffer {
  return namedEntries(1, value, (response) => bytesField(1, encodeMessage(RESPONSE, 5, response)));
}

const OPERATION: Message = {
  tags: [1, texts],
  summary: [2, text],
  description: [3, text],
  operationId: [5, text],
  produces: [6, texts],
  consumes: [7, texts],
  parameters: [8, parameters],
  responses: [9, embedded(responses as (value: Json) => Buffer)],
  schemes: [10, texts],
  deprecated: [11, flag],
};

const operation: Encode = embedded((value) => encodeMessage(OPERATION, 13, value));

const PATH_ITEM: Message = {
  get: [2, operation],
  put: [3, operation],
  post: [4, operation],
  delete: [5, operation],
  options: [6, operation],
  head: [7, operation],
  patch: [8, operation],
  parameters: [9, parameters],
};

const INFO: Message = { title: [1, text], version: [2, text], description: [3, text] };

const DOCUMENT: Message = {
  swagger: [1, text],
  info: [2, embedded((value) => encodeMessage(INFO, 7, value))],
  paths: [8, (number, value: Record<string, Json>) => bytesField(number, namedEntries(2, value, (item) => encodeMessage(PATH_ITEM, 10, item)))],
  definitions: [9, named(schema)],
};

/** The document in the form of gnostic's `openapi.v2.Document`. Throws when it has a property that form lacks. */
export function encodeOpenApiV2(document: object): Buffer {
  return encodeMessage(DOCUMENT, 16, document as Json);
}
