/**
 * The schema of a custom resource as the OpenAPI documents have it.
 * @see https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/controller/openapi/builder/builder.go
 * @see https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/controller/openapi/v2/conversion.go
 */
import { itemsOf, valuesOf, type JsonSchema } from "../structural-schema/json-schema.ts";

type Json = Record<string, unknown>;

const OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
const ABOUT_METADATA = "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";
const ABOUT_API_VERSION =
  "APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources";
const ABOUT_KIND =
  "Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds";

/** `selectable` are the paths of fields that lists can be selected by. */
export function customResourceOpenApi(schema: JsonSchema, selectable: readonly string[], dialect: 2 | 3): Json {
  // In Swagger 2, kubectl takes the fields that are named for all there are.
  const isOpen = dialect === 2 && schema["x-kubernetes-preserve-unknown-fields"] === true;
  const rendered = isOpen ? { type: "object" } : withMeta(render(schema, dialect), dialect);
  return selectable.length > 0 ? { ...rendered, "x-kubernetes-selectable-fields": selectable.map((fieldPath) => ({ fieldPath })) } : rendered;
}

function withMeta(rendered: Json, dialect: 2 | 3): Json {
  const metadata = dialect === 2 ? { $ref: `#/definitions/${OBJECT_META}` } : { allOf: [{ $ref: `#/components/schemas/${OBJECT_META}` }] };
  const properties = {
    apiVersion: { type: "string", description: ABOUT_API_VERSION },
    kind: { type: "string", description: ABOUT_KIND },
    metadata: { description: ABOUT_METADATA, ...metadata },
    ...without(rendered["properties"] as Json | undefined, ["apiVersion", "kind", "metadata"]),
  };
  return { ...rendered, properties };
}

function without(object: Json = {}, names: string[]): Json {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}

function render(schema: JsonSchema, dialect: 2 | 3): Json {
  const { properties, items: _items, additionalProperties, anyOf, allOf, oneOf, not, nullable, type, required, ...rest } = schema;
  const values = valuesOf(schema);
  const inner = itemsOf(schema);
  const rendered: Json = {
    ...rest,
    ...(type ? { type } : {}),
    ...(required?.length ? { required } : {}),
    ...(properties ? { properties: Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, render(property, dialect)])) } : {}),
    ...(inner ? { items: render(inner, dialect) } : {}),
    ...(additionalProperties === undefined ? {} : { additionalProperties: values ? render(values, dialect) : additionalProperties }),
  };
  if (dialect === 3) {
    Object.assign(rendered, { ...(nullable ? { nullable } : {}), ...(anyOf ? { anyOf } : {}), ...(allOf ? { allOf } : {}), ...(oneOf ? { oneOf } : {}), ...(not ? { not } : {}) });
    unfold(rendered, schema);
  } else {
    simplify(rendered, schema);
  }
  const isResource = schema["x-kubernetes-embedded-resource"] === true && !(dialect === 2 && schema["x-kubernetes-preserve-unknown-fields"]);
  if (!isResource) return rendered;
  return { ...withMeta(rendered, dialect), required: [...new Set([...(required ?? []), "kind", "apiVersion"])] };
}

/** Says of int-or-string in OpenAPI's own words what it is. */
function unfold(rendered: Json, { "x-kubernetes-int-or-string": isIntOrString, anyOf, allOf }: JsonSchema): void {
  const types = [{ type: "integer" }, { type: "string" }];
  const isSaid = [anyOf, allOf?.[0]?.anyOf].some((said) => JSON.stringify(said) === JSON.stringify(types));
  if (!isIntOrString || isSaid) return;
  if (anyOf) rendered["allOf"] = [{ anyOf: types }, ...(allOf ?? [])];
  else rendered["anyOf"] = types;
}

/** Leaves out what kubectl takes for more than it says. */
function simplify(rendered: Json, schema: JsonSchema): void {
  const preserves = schema["x-kubernetes-preserve-unknown-fields"] === true;
  if (schema.nullable) delete rendered["type"];
  if (schema.nullable || preserves) {
    delete rendered["items"];
    delete rendered["properties"];
  }
  if ((schema.type === "array" && !rendered["items"]) || (preserves && schema.type === "object")) delete rendered["type"];
  const nullable = Object.entries(schema.properties ?? {}).filter(([, property]) => property.nullable).map(([name]) => name);
  const required = (schema.required ?? []).filter((name) => !nullable.includes(name));
  if (required.length === 0 || valuesOf(schema)?.nullable) delete rendered["required"];
  else rendered["required"] = required;
}
