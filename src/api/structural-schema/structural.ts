/**
 * What makes a schema structural: every field has one type, said outside of `allOf`, `anyOf`, `oneOf` and
 * `not`; those only restrict values. Pruning, defaulting and server-side apply rest on it.
 * @see https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/apiserver/schema/validation.go
 * @see https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/apiserver/schema/complete.go
 */
import { isDeepStrictEqual } from "node:util";
import { forbidden, invalid, required } from "../definitions/field-errors.ts";
import type { FieldError } from "../errors.ts";
import { itemsOf, propertyOf, valuesOf, type JsonSchema } from "./json-schema.ts";
import { patternErrors, patternsErrors } from "./patterns.ts";

type Level = "root" | "item" | "field";

const NO_TYPE: Record<Level, string> = {
  root: "must not be empty at the root",
  item: "must not be empty for specified array items",
  field: "must not be empty for specified object fields",
};

const INT_OR_STRING = [{ type: "integer" }, { type: "string" }];

/** The problems of a schema, in the order of their texts; `path` is the schema's own. */
export function validateStructural(schema: JsonSchema, path: string): FieldError[] {
  const hopeless = patternsErrors(schema, path);
  if (hopeless.length > 0) return hopeless;
  const errors = [...invariants(schema, "root", path), ...completeness(schema, schema, path, path)];
  const text = ({ field, message }: FieldError): string => `${field}: ${message}`;
  return errors.sort((a, b) => (text(a) < text(b) ? -1 : 1));
}

function invariants(schema: JsonSchema, level: Level, path: string): FieldError[] {
  const { type = "", properties = {}, additionalProperties } = schema;
  const items = itemsOf(schema);
  const values = valuesOf(schema);
  return [
    ...(type === "array" && !items ? [required(`${path}.items`, "must be specified")] : []),
    ...(items ? invariants(items, "item", `${path}.items`) : []),
    ...Object.entries(properties).flatMap(([name, property]) => invariants(property, "field", `${path}.properties[${name}]`)),
    ...(additionalProperties !== undefined && level === "root" ? [forbidden(`${path}.additionalProperties`, "must not be used at the root")] : []),
    ...(values ? invariants(values, "field", `${path}.additionalProperties`) : []),
    ...extensions(schema, path),
    ...junctors(schema, isIntOrString(schema.anyOf), isIntOrString(schema.allOf?.[0]?.anyOf), path),
    ...typeErrors(schema, level, path),
    ...metadataErrors(schema, level, path),
  ];
}

/** The pattern that may say types within junctors, beside `x-kubernetes-int-or-string`. */
function isIntOrString(anyOf: JsonSchema[] | undefined): boolean {
  return isDeepStrictEqual(anyOf, INT_OR_STRING);
}

function extensions(schema: JsonSchema, path: string): FieldError[] {
  if (!schema["x-kubernetes-int-or-string"]) return [];
  return (["x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"] as const)
    .filter((name) => schema[name])
    .map((name) => invalid(`${path}.${name}`, true, "must be false if x-kubernetes-int-or-string is true"));
}

function typeErrors(schema: JsonSchema, level: Level, path: string): FieldError[] {
  const { type = "" } = schema;
  const isResource = schema["x-kubernetes-embedded-resource"] === true;
  const errors: FieldError[] = [];
  if (isResource && type !== "object") {
    const why = "must be object if x-kubernetes-embedded-resource is true";
    errors.push(type === "" ? required(`${path}.type`, why) : invalid(`${path}.type`, type, why));
  } else if (type === "" && !schema["x-kubernetes-int-or-string"] && !schema["x-kubernetes-preserve-unknown-fields"]) {
    errors.push(required(`${path}.type`, NO_TYPE[level]));
  }
  if (isResource && schema.additionalProperties !== undefined) {
    errors.push(forbidden(`${path}.additionalProperties`, "must not be used if x-kubernetes-embedded-resource is set"));
  }
  if (level === "root" && type !== "" && type !== "object") errors.push(invalid(`${path}.type`, type, "must be object at the root"));
  if (isResource && !schema["x-kubernetes-preserve-unknown-fields"] && Object.keys(schema.properties ?? {}).length === 0) {
    errors.push(required(`${path}.properties`, "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"));
  }
  return errors;
}

/** Of metadata only the form of its name may be restricted. */
function metadataErrors(schema: JsonSchema, level: Level, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const isResource = level === "root" || schema["x-kubernetes-embedded-resource"] === true;
  if (isResource) {
    for (const name of ["kind", "apiVersion"]) {
      const property = propertyOf(schema, name);
      if (property && property.type !== "string") errors.push(invalid(`${path}.properties[${name}].type`, property.type ?? "", "must be string"));
    }
  }
  const metadata = propertyOf(schema, "metadata");
  if (!metadata) return errors;
  const here = `${path}.properties[metadata]`;
  if (isResource && metadata.type !== "object") errors.push(invalid(`${here}.type`, metadata.type ?? "", "must be object"));
  if (level === "root" && restrictsMore(metadata)) {
    errors.push(forbidden(here, "must not specify anything other than name and generateName, but metadata is implicitly specified"));
  }
  return errors;
}

function restrictsMore({ type: _type, default: _default, properties = {}, ...rest }: JsonSchema): boolean {
  const others = Object.keys(properties).filter((name) => name !== "name" && name !== "generateName");
  return others.length > 0 || Object.values(rest).some((value) => !isAbsent(value));
}

/** What a Go struct can't tell from an absent field. */
function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === "" || value === false || (Array.isArray(value) && value.length === 0);
}

function junctors(schema: JsonSchema, skipAnyOf: boolean, skipAllOfAnyOf: boolean, path: string): FieldError[] {
  const { anyOf = [], allOf = [], oneOf = [], not, pattern } = schema;
  return [
    ...(skipAnyOf ? [] : anyOf.flatMap((inner, i) => nested(inner, false, `${path}.anyOf[${i}]`))),
    ...allOf.flatMap((inner, i) => nested(inner, skipAllOfAnyOf && i === 0, `${path}.allOf[${i}]`)),
    ...oneOf.flatMap((inner, i) => nested(inner, false, `${path}.oneOf[${i}]`)),
    ...(not ? nested(not, false, `${path}.not`) : []),
    ...(pattern ? patternErrors(pattern, path) : []),
  ];
}

/** What may not be said of a value within a junctor. */
const NOT_NESTED = [
  ["type", "must be empty to be structural"],
  ["default", "must be undefined to be structural"],
  ["title", "must be empty to be structural"],
  ["description", "must be empty to be structural"],
  ["nullable", "must be false to be structural"],
  ["x-kubernetes-preserve-unknown-fields", "must be false to be structural"],
  ["x-kubernetes-embedded-resource", "must be false to be structural"],
  ["x-kubernetes-int-or-string", "must be false to be structural"],
  ["x-kubernetes-list-map-keys", "must be empty to be structural"],
  ["x-kubernetes-list-type", "must be undefined to be structural"],
  ["x-kubernetes-map-type", "must be undefined to be structural"],
  ["x-kubernetes-validations", "must be empty to be structural"],
] as const;

function nested(schema: JsonSchema, skipAnyOf: boolean, path: string): FieldError[] {
  const items = itemsOf(schema);
  return [
    ...junctors(schema, skipAnyOf, false, path),
    ...(items ? nested(items, false, `${path}.items`) : []),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, property]) => nested(property, false, `${path}.properties[${name}]`)),
    // `additionalProperties: false` restricts nothing that pruning doesn't.
    ...(schema.additionalProperties ? [forbidden(`${path}.additionalProperties`, "must be undefined to be structural")] : []),
    ...NOT_NESTED.filter(([name]) => (name === "default" ? schema.default != null : !isAbsent(schema[name]))).map(([name, why]) => forbidden(`${path}.${name}`, why)),
    ...(propertyOf(schema, "metadata") ? [forbidden(`${path}.properties[metadata]`, "must not be specified in a nested context")] : []),
  ];
}

/** Every field that a junctor speaks of is specified outside of it, too. */
function completeness(restriction: JsonSchema, structure: JsonSchema, structurePath: string, path: string): FieldError[] {
  const within = (inner: JsonSchema, innerPath: string): FieldError[] => nestedCompleteness(inner, structure, structurePath, innerPath);
  return [
    ...(restriction.not ? within(restriction.not, `${path}.not`) : []),
    ...(["allOf", "anyOf", "oneOf"] as const).flatMap((junctor) => (restriction[junctor] ?? []).flatMap((inner, i) => within(inner, `${path}.${junctor}[${i}]`))),
  ];
}

function nestedCompleteness(restriction: JsonSchema, structure: JsonSchema | undefined, structurePath: string, path: string): FieldError[] {
  if (!structure) return [required(structurePath, `because it is defined in ${path}`)];
  const items = itemsOf(restriction);
  return [
    ...completeness(restriction, structure, structurePath, path),
    ...(items ? nestedCompleteness(items, itemsOf(structure), `${structurePath}.items`, `${path}.items`) : []),
    ...Object.entries(restriction.properties ?? {}).flatMap(([name, property]) =>
      nestedCompleteness(property, propertyOf(structure, name), `${structurePath}.properties[${name}]`, `${path}.properties[${name}]`),
    ),
  ];
}
