/**
 * The schema of one version of a custom resource.
 * @see https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/apis/apiextensions/validation/validation.go (validateCustomResourceDefinitionValidation)
 */
import type { FieldError } from "../errors.ts";
import { validateDefaults } from "../structural-schema/default-validation.ts";
import { someSchema, type JsonSchema } from "../structural-schema/json-schema.ts";
import { validateStructural } from "../structural-schema/structural.ts";
import { forbidden, invalid } from "./field-errors.ts";
import { RuleCosts, validateJsonSchema } from "./json-schema-validation.ts";

/** The fields that stay at the root when the status has a schema of its own, by their names here and in Go. */
const AT_ROOT: Partial<Record<keyof JsonSchema, string>> = {
  description: "Description",
  type: "Type",
  format: "Format",
  title: "Title",
  maximum: "Maximum",
  exclusiveMaximum: "ExclusiveMaximum",
  minimum: "Minimum",
  exclusiveMinimum: "ExclusiveMinimum",
  maxLength: "MaxLength",
  minLength: "MinLength",
  pattern: "Pattern",
  maxItems: "MaxItems",
  minItems: "MinItems",
  uniqueItems: "UniqueItems",
  multipleOf: "MultipleOf",
  required: "Required",
  items: "Items",
  properties: "Properties",
  externalDocs: "ExternalDocs",
  example: "Example",
  "x-kubernetes-preserve-unknown-fields": "XPreserveUnknownFields",
  "x-kubernetes-validations": "XValidations",
};

/** `path` is the schema's own; `withStatus`: objects have a status subresource. */
export function validateCustomResourceSchema(schema: JsonSchema, path: string, withStatus: boolean): FieldError[] {
  const errors = withStatus ? rootErrors(schema, path) : [];
  if (schema.nullable) errors.push(forbidden(`${path}.nullable`, "nullable cannot be true at the root"));
  const unsupported = unsupportedField(schema);
  const structural = unsupported === undefined ? structuralErrors(schema, path) : [];
  errors.push(...structural);
  // What costs are is asked of sound schemas only.
  const costs = unsupported === undefined && structural.length === 0 ? new RuleCosts() : undefined;
  errors.push(...validateJsonSchema(schema, path, costs));
  if (errors.length === 0 && unsupported !== undefined) errors.push(invalid(path, "", unsupported));
  return costs ? [...errors, ...costs.errors(path)] : errors;
}

function structuralErrors(schema: JsonSchema, path: string): FieldError[] {
  const errors = validateStructural(schema, path);
  return errors.length > 0 ? errors : validateDefaults(schema, path, true);
}

function rootErrors(schema: JsonSchema, path: string): FieldError[] {
  if (schema.type !== "object") return [invalid(`${path}.type`, schema.type ?? "", 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled')];
  const set = Object.entries(schema).filter(([, value]) => value !== undefined && value !== false && value !== "");
  if (set.every(([name]) => name in AT_ROOT)) return [];
  return [invalid(path, schema, `only [${Object.values(AT_ROOT).join(" ")}] fields are allowed at the root of the schema if the status subresource is enabled`)];
}

const UNSUPPORTED = { id: "id", $schema: "schema", $ref: "$ref", patternProperties: "patternProperties", dependencies: "dependencies", additionalItems: "additionalItems", definitions: "definitions" } as const;

/** What makes it impossible to look at the schema as a structural one. */
function unsupportedField(schema: JsonSchema): string | undefined {
  let why: string | undefined;
  someSchema(schema, (inner) => {
    const field = (Object.keys(UNSUPPORTED) as (keyof typeof UNSUPPORTED)[]).find((name) => isSet(inner[name]));
    if (field) why = `OpenAPIV3Schema '${UNSUPPORTED[field]}' is not supported`;
    else if (Array.isArray(inner.items)) why = "OpenAPIV3Schema 'items' must be a schema, but is an array";
    else if (inner["x-kubernetes-preserve-unknown-fields"] === false) why = "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined";
    return why !== undefined;
  });
  return why;
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== "" && !(typeof value === "object" && value !== null && Object.keys(value).length === 0);
}
