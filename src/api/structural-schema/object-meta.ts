/**
 * The kind and metadata of resources within resources (`x-kubernetes-embedded-resource`).
 * @see https://github.com/kubernetes/apiextensions-apiserver/tree/master/pkg/apiserver/schema/objectmeta
 */
import { invalid, required } from "../definitions/field-errors.ts";
import { dns1035Label } from "../definitions/names.ts";
import { validateObjectMeta } from "../definitions/object-meta-validation.ts";
import type { FieldError } from "../errors.ts";
import type { ObjectMeta } from "../types.ts";
import { childPath, isJsonObject, itemsOf, propertyOf, valuesOf, type JsonObject, type JsonSchema } from "./json-schema.ts";

/** Embedded resources have a kind and valid metadata. */
export function validateMetadata(value: unknown, schema: JsonSchema | undefined, path = ""): FieldError[] {
  const errors: FieldError[] = [];
  visitResources(value, schema, path, (resource, here) => errors.push(...validateResource(resource, here)));
  return errors;
}

function validateResource(resource: JsonObject, path: string): FieldError[] {
  const { apiVersion, kind, metadata } = resource;
  const at = (name: string): string => childPath(path, name);
  return [
    ...(apiVersion === undefined ? [required(at("apiVersion"))] : apiVersionErrors(apiVersion, at("apiVersion"))),
    ...(kind === undefined ? [required(at("kind"))] : kindErrors(kind, at("kind"))),
    ...(metadata === undefined ? [] : metadataErrors(metadata, at("metadata"))),
  ];
}

function apiVersionErrors(apiVersion: unknown, field: string): FieldError[] {
  if (typeof apiVersion !== "string") return [invalid(field, apiVersion, "must be a string")];
  if (apiVersion === "") return [invalid(field, apiVersion, "must not be empty")];
  return apiVersion.split("/").length > 2 ? [invalid(field, apiVersion, `unexpected GroupVersion string: ${apiVersion}`)] : [];
}

function kindErrors(kind: unknown, field: string): FieldError[] {
  if (typeof kind !== "string") return [invalid(field, kind, "must be a string")];
  if (kind === "") return [invalid(field, kind, "must not be empty")];
  const problems = dns1035Label(kind.toLowerCase());
  return problems.length > 0 ? [invalid(field, kind, `may have mixed case, but should otherwise match: ${problems.join(",")}`)] : [];
}

/** An embedded resource need not have a name. */
function metadataErrors(metadata: unknown, field: string): FieldError[] {
  if (!isObjectMeta(metadata)) return [invalid(field, metadata, "must be an object's metadata")];
  return validateObjectMeta({ ...metadata, name: metadata.name || "fakename" }, !!metadata.namespace, field);
}

/** Whether the fields that are looked at have the types of metadata. What requests bring has been decoded; what a schema has as a default has not. */
function isObjectMeta(value: unknown): value is ObjectMeta {
  if (!isJsonObject(value)) return false;
  const { name = "", generateName = "", namespace = "", labels = {}, annotations = {}, finalizers = [], ownerReferences = [] } = value;
  const isText = (field: unknown): boolean => typeof field === "string";
  return (
    [name, generateName, namespace].every(isText) &&
    [labels, annotations].every((map) => isJsonObject(map) && Object.values(map).every(isText)) &&
    Array.isArray(finalizers) &&
    finalizers.every(isText) &&
    Array.isArray(ownerReferences) &&
    ownerReferences.every(isJsonObject)
  );
}

/** Calls `visit` for each embedded resource; not for the root, unless the schema says that it is one. */
export function visitResources(value: unknown, schema: JsonSchema | undefined, path: string, visit: (resource: JsonObject, path: string) => void): void {
  if (!schema) return;
  if (Array.isArray(value)) {
    const items = itemsOf(schema);
    if (items) value.forEach((item, i) => visitResources(item, items, `${path}[${i}]`, visit));
  } else if (isJsonObject(value)) {
    if (schema["x-kubernetes-embedded-resource"]) visit(value, path);
    const values = valuesOf(schema);
    for (const [name, field] of Object.entries(value)) {
      const property = propertyOf(schema, name);
      if (property) visitResources(field, property, childPath(path, name), visit);
      else if (values) visitResources(field, values, `${path}[${name}]`, visit);
    }
  }
}
