/**
 * Request bodies: JSON, YAML or protobuf, checked against the resource's schema as strictly as the client asked.
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#validation-for-unrecognized-or-duplicate-fields
 */
import type { HttpRequest } from "#lib/http.ts";
import { nestsDeeperThan } from "#lib/json.ts";
import { badRequest, invalid, unsupportedMediaType } from "#api/errors.ts";
import { apiVersionOf } from "#api/resources.ts";
import { schemaOf } from "#api/object-schema.ts";
import type { ResourceDefinition } from "#api/scheme.ts";
import { PROTOBUF } from "./protobuf/media-type.ts";
import { duplicateFields } from "./duplicate-fields.ts";
import type { Stored } from "./registry/registry.ts";

export type FieldValidation = "Strict" | "Warn" | "Ignore";

/** Levels of nesting in a body; upstream's decoder reads 10,000. */
const MAX_DEPTH = 500;
const ACCEPTED = ["application/json", "application/yaml", PROTOBUF];

export interface DecodedBody {
  value: unknown;
  /** Problems that a lenient reader overlooks: `duplicate field "spec.replicas"`. */
  strictErrors: string[];
}

export function fieldValidationOf(query: URLSearchParams): FieldValidation {
  const value = query.get("fieldValidation") ?? "";
  if (value === "") return "Warn";
  if (value === "Strict" || value === "Warn" || value === "Ignore") return value;
  throw invalid({ group: "meta.k8s.io", resource: "CreateOptions" }, [
    {
      field: "fieldValidation",
      type: "NotSupported",
      message: `Unsupported value: ${JSON.stringify(value)}: supported values: "Ignore", "Strict", "Warn"`,
    },
  ]);
}

export function mediaType(request: HttpRequest): string {
  return (request.headers["content-type"] ?? "application/json").split(";", 1)[0]!.trim().toLowerCase();
}

export function bodyAsText(request: HttpRequest): string {
  const { body = "" } = request;
  return typeof body === "string" ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8");
}

/** Objects are walked by recursion: what no walk could follow is refused at the door. Throws BadRequest. */
export function checkDepth(text: string): void {
  if (nestsDeeperThan(text, MAX_DEPTH)) throw badRequest(`the body nests deeper than ${MAX_DEPTH} levels`);
}

/** The body as a value; `model` is what protocol buffers are read as. Throws UnsupportedMediaType, BadRequest. */
export async function decodeBody(request: HttpRequest, validation: FieldValidation, model: string): Promise<DecodedBody> {
  const type = mediaType(request);
  if (type === PROTOBUF) {
    const { decodeProtobuf } = await import("./protobuf/decode.ts");
    const { body = "" } = request;
    return { value: decodeProtobuf(typeof body === "string" ? Buffer.from(body, "latin1") : body, model), strictErrors: [] };
  }
  const text = bodyAsText(request);
  if (type === "application/yaml") {
    const { parseYaml } = await import("./yaml.ts");
    const { value, duplicates } = parseYaml(text);
    return { value, strictErrors: duplicates };
  }
  if (type !== "application/json") throw unsupportedMediaType(ACCEPTED);
  checkDepth(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw badRequest(`couldn't get version/kind; json parse error: ${(error as Error).message}`);
  }
  const strictErrors = validation === "Ignore" ? [] : duplicateFields(text, value).map((field) => `duplicate field "${field}"`);
  return { value, strictErrors };
}

/** An optional body of options; an empty one is an empty object. */
export async function decodeOptions<T extends object>(request: HttpRequest, model: string): Promise<Partial<T>> {
  if (bodyAsText(request).trim() === "") return {};
  const { value } = await decodeBody(request, "Ignore", model);
  return typeof value === "object" && value !== null ? (value) : {};
}

export interface Checks {
  definition: Pick<ResourceDefinition, "group" | "version" | "kind" | "model" | "schema">;
  validation: FieldValidation;
  warn: (text: string) => void;
}

/** The body as an object of the kind: of the right apiVersion and kind, without unknown fields. Throws BadRequest. */
export async function decodeObject(request: HttpRequest, checks: Checks): Promise<Stored> {
  const { value, strictErrors } = await decodeBody(request, checks.validation, checks.definition.model);
  return checkObject(value, strictErrors, checks);
}

/** Checks a value that came as a body or out of a patch. */
export function checkObject(value: unknown, strictErrors: string[], checks: Checks): Stored {
  const { definition, validation, warn } = checks;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badRequest(`couldn't get version/kind; json parse error: json: cannot unmarshal ${Array.isArray(value) ? "array" : typeof value} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`);
  }
  const object = value as Stored;
  const expected = apiVersionOf(definition);
  if (object.apiVersion && object.apiVersion !== expected) {
    throw badRequest(`the API version in the data (${object.apiVersion}) does not match the expected API version (${expected})`);
  }
  if (object.kind && object.kind !== definition.kind) {
    throw badRequest(`the kind in the data (${object.kind}) does not match the expected kind (${definition.kind})`);
  }
  // Type metadata first, as upstream serializes it.
  const { apiVersion: _, kind: __, ...rest } = object;
  const result = { kind: definition.kind, apiVersion: expected, ...rest } as Stored;
  result.metadata ??= {};
  const problems = [...strictErrors, ...schemaOf(definition).prune(result).map((field) => `unknown field "${field}"`)];
  if (problems.length > 0 && validation === "Strict") {
    throw badRequest(`${definition.kind} in version "${definition.version}" cannot be handled as a ${definition.kind}: strict decoding error: ${problems.join(", ")}`);
  }
  if (validation === "Warn") for (const problem of problems) warn(problem);
  return result;
}
