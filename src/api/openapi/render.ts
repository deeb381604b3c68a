/** Schemas as the OpenAPI documents write them: Swagger 2 and OpenAPI 3 differ in where references point and what stands beside them. */
import { subresourcesOf } from "../definitions/subresources.ts";
import { isStored, listKindOf, type ResourceDefinition } from "../scheme.ts";
import { INT_OR_STRING, QUANTITY } from "./models.ts";
import { type Descriptions, type Model, type Property, descriptions, schemaOf } from "./schema.ts";

type Json = Record<string, unknown>;

export interface Dialect {
  version: 2 | 3;
  /** Where schemas are: `#/definitions/`. */
  prefix: string;
}

export const V2: Dialect = { version: 2, prefix: "#/definitions/" };
export const V3: Dialect = { version: 3, prefix: "#/components/schemas/" };

const META = "io.k8s.apimachinery.pkg.apis.meta.v1";
const STATUS = `${META}.Status`;
const OBJECT_META = `${META}.ObjectMeta`;
const LIST_META = `${META}.ListMeta`;
const DELETE_OPTIONS = `${META}.DeleteOptions`;

export function reference(model: string, { prefix }: Dialect): Json {
  return { $ref: prefix + model };
}

/** Every schema the definitions' requests and answers reach. */
export function schemasFor(definitions: readonly ResourceDefinition[], dialect: Dialect): Record<string, Json> {
  const texts = descriptions();
  const schemas: Record<string, Json> = {};
  const pending = [STATUS, DELETE_OPTIONS, LIST_META];
  for (const definition of definitions) {
    pending.push(definition.model);
    for (const { model } of subresourcesOf(definition)) if (model) pending.push(model);
    if (isStored(definition)) schemas[listModelOf(definition)] = listSchema(definition, dialect);
    const own = definition.schema?.openApi?.(dialect.version);
    if (!own) continue;
    schemas[definition.model] = own;
    pending.push(OBJECT_META);
  }
  for (let model = pending.pop(); model !== undefined; model = pending.pop()) {
    if (schemas[model]) continue;
    const schema = schemaOf(model);
    schemas[model] = renderModel(model, schema, dialect, texts);
    for (const property of Object.values(schema.properties ?? {})) pending.push(...references(property));
  }
  const kinds = kindsOf(definitions);
  for (const [model, gvks] of kinds) if (schemas[model]) schemas[model]["x-kubernetes-group-version-kind"] = gvks;
  return Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function references(property: Property): string[] {
  const inner = property.items ?? property.values;
  return [...(property.ref ? [property.ref] : []), ...(inner ? references(inner) : [])];
}

interface GroupVersionKind {
  group: string;
  version: string;
  kind: string;
}

/** The kinds that models stand for. DeleteOptions and Status are known in every group. */
function kindsOf(definitions: readonly ResourceDefinition[]): Map<string, GroupVersionKind[]> {
  const kinds = new Map<string, GroupVersionKind[]>();
  for (const definition of definitions) {
    const { group, version, kind, model } = definition;
    kinds.set(model, [{ group, version, kind }]);
    kinds.set(listModelOf(definition), [{ group, version, kind: listKindOf(definition) }]);
    for (const sub of subresourcesOf(definition)) {
      if (sub.model && sub.model !== model) kinds.set(sub.model, [{ group: sub.group, version: sub.version, kind: sub.kind }]);
    }
    kinds.set(DELETE_OPTIONS, unique([...(kinds.get(DELETE_OPTIONS) ?? []), { group, version, kind: "DeleteOptions" }]));
  }
  kinds.set(STATUS, [{ group: "", version: "v1", kind: "Status" }]);
  return kinds;
}

function unique(gvks: GroupVersionKind[]): GroupVersionKind[] {
  return [...new Map(gvks.map((gvk) => [`${gvk.group}/${gvk.version}`, gvk])).values()];
}

/** The OpenAPI name of a kind's lists. */
export function listModelOf(definition: ResourceDefinition): string {
  return definition.model.slice(0, definition.model.lastIndexOf(".") + 1) + listKindOf(definition);
}

function listSchema(definition: ResourceDefinition, dialect: Dialect): Json {
  const { kind, model } = definition;
  return {
    description: `${listKindOf(definition)} is a list of ${kind} objects.`,
    type: "object",
    required: ["items"],
    properties: {
      apiVersion: { type: "string", description: "APIVersion defines the versioned schema of this representation of an object." },
      items: { type: "array", items: reference(model, dialect) },
      kind: { type: "string", description: "Kind is a string value representing the REST resource this object represents." },
      metadata: reference(LIST_META, dialect),
    },
  };
}

function renderModel(name: string, model: Model, dialect: Dialect, texts: Descriptions): Json {
  const own = texts[name] ?? {};
  const description = own[""] ? { description: own[""] } : {};
  if (!model.properties) return { ...description, ...scalar(name, model, dialect) };
  const properties: Record<string, Json> = {};
  for (const [field, property] of Object.entries(model.properties)) properties[field] = renderProperty(property, dialect, own[field]);
  return {
    ...description,
    type: "object",
    ...(model.required ? { required: model.required } : {}),
    properties,
    ...(model.mapType ? { "x-kubernetes-map-type": model.mapType } : {}),
  };
}

function scalar(name: string, { type, format }: Model, { version }: Dialect): Json {
  if (version === 3 && name === QUANTITY) return { oneOf: [{ type: "string" }, { type: "number" }] };
  if (version === 3 && name === INT_OR_STRING) return { format: "int-or-string", oneOf: [{ type: "integer" }, { type: "string" }] };
  return { type, ...(format ? { format } : {}) };
}

function renderProperty(property: Property, dialect: Dialect, description: string | undefined): Json {
  const { type, format, ref, items, values } = property;
  // A bare reference allows nothing beside it; OpenAPI 3 documents wrap it where something stands beside it.
  const shape: Json = ref
    ? dialect.version === 3
      ? { allOf: [reference(ref, dialect)] }
      : reference(ref, dialect)
    : { type, ...(format ? { format } : {}) };
  if (items) shape["items"] = renderInner(items, dialect);
  if (values) shape["additionalProperties"] = renderInner(values, dialect);
  if (description) shape["description"] = description;
  const standard = property.default ?? (dialect.version === 3 ? impliedDefault(property) : undefined);
  if (standard !== undefined) shape["default"] = standard;
  if (property.enum) shape["enum"] = property.enum;
  if (property.listType) shape["x-kubernetes-list-type"] = property.listType;
  if (property.listKeys) shape["x-kubernetes-list-map-keys"] = property.listKeys;
  if (property.mapType) shape["x-kubernetes-map-type"] = property.mapType;
  if (property.mergeKey) shape["x-kubernetes-patch-merge-key"] = property.mergeKey;
  if (property.strategy) shape["x-kubernetes-patch-strategy"] = property.strategy;
  return Object.keys(shape).length === 1 && shape["allOf"] ? reference(ref!, dialect) : shape;
}

/** Structs are never absent in Go, so upstream's documents give them an empty object. */
function impliedDefault(property: Property): unknown {
  return property.ref && schemaOf(property.ref).properties && ALWAYS_THERE.has(property.ref) ? {} : undefined;
}

const ALWAYS_THERE = new Set([OBJECT_META, LIST_META]);

function renderInner(property: Property, dialect: Dialect): Json {
  if (property.ref) return reference(property.ref, dialect);
  const { type, format, items, values } = property;
  return {
    type,
    ...(format ? { format } : {}),
    ...(property.enum ? { enum: property.enum } : {}),
    ...(items ? { items: renderInner(items, dialect) } : {}),
    ...(values ? { additionalProperties: renderInner(values, dialect) } : {}),
    ...(property.type === "string" && dialect.version === 3 ? { default: "" } : {}),
  };
}
