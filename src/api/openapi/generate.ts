/**
 * Generates the schemas of the API's types from the declarations of @kubernetes/client-node: the shapes
 * from its models' type maps, what is required and the descriptions from the declarations, and what it
 * leaves out from `extensions.ts`. No npm package ships Kubernetes' OpenAPI document.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { definitions } from "../definitions/index.ts";
import * as extensions from "./extensions.ts";
import * as missing from "./missing-descriptions.ts";
import { FIELDS_V1, INT_OR_STRING, JSON_MODELS, MICRO_TIME, ModelNames, QUANTITY, RAW_EXTENSION, TIME, groupName, rootOrder, shortName } from "./models.ts";
import type { Descriptions, Model, Property, Schemas } from "./schema.ts";

/** Raised whenever the generated form changes. */
const FORM = 4;

/** Types that requests and answers carry besides the kinds themselves, and types of a package that other packages' kinds refer to. */
const COMMON = [
  "io.k8s.apimachinery.pkg.apis.meta.v1.Condition",
  "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions",
  "io.k8s.apimachinery.pkg.apis.meta.v1.FieldSelectorRequirement",
  "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector",
  "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta",
  "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta",
  "io.k8s.apimachinery.pkg.apis.meta.v1.Status",
  "io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent",
  "io.k8s.api.authentication.v1.TokenRequest",
  "io.k8s.api.authorization.v1.SelfSubjectAccessReview",
  "io.k8s.api.authorization.v1.SelfSubjectRulesReview",
  "io.k8s.api.autoscaling.v1.Scale",
  "io.k8s.api.core.v1.Binding",
  "io.k8s.api.core.v1.PodTemplateSpec",
  "io.k8s.api.core.v1.TopologySelectorTerm",
  "io.k8s.api.policy.v1.Eviction",
];

const roots = (): string[] => [...new Set([...COMMON, ...definitions.map(({ model }) => model)])].sort(rootOrder);

/** What the generated files depend on; they are made anew when it changes. `undefined` without the client library. */
export function fingerprint(): string | undefined {
  const library = clientLibrary();
  if (!library) return undefined;
  return createHash("sha256")
    .update(JSON.stringify([FORM, library.version, roots(), extensions, missing]))
    .digest("hex")
    .slice(0, 16);
}

/** The client library's folder and version; undefined where it isn't installed (it is a development dependency). */
function clientLibrary(): { folder: string; version: string } | undefined {
  for (const folder of createRequire(import.meta.url).resolve.paths("@kubernetes/client-node") ?? []) {
    const home = join(folder, "@kubernetes/client-node");
    try {
      const { version } = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as { version: string };
      return { folder: join(home, "dist/gen/models"), version };
    } catch {
      continue; // not in this node_modules
    }
  }
  return undefined;
}

/** Generates both files into `folder`, each put in place whole, so that a reader never sees half of one. */
export function generate(folder: string): Schemas {
  const library = clientLibrary();
  if (!library) throw new Error("the API schemas are missing and can't be generated: @kubernetes/client-node is not installed");
  const { models, descriptions } = readModels(library.folder);
  applyExtensions(models);
  fillDescriptions(models, descriptions);
  const schemas: Schemas = { fingerprint: fingerprint()!, models: sorted(models) };
  mkdirSync(folder, { recursive: true });
  write(join(folder, "descriptions.json"), sorted(descriptions));
  write(join(folder, "schemas.json"), schemas);
  return schemas;
}

function write(path: string, content: unknown): void {
  const partial = `${path}.${process.pid}`;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(partial, JSON.stringify(content));
  renameSync(partial, path);
}

function sorted<T>(record: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const SCALARS: Record<string, Model> = {
  [QUANTITY]: { type: "string" },
  [INT_OR_STRING]: { type: "string", format: "int-or-string" },
  [TIME]: { type: "string", format: "date-time" },
  [MICRO_TIME]: { type: "string", format: "date-time" },
  [FIELDS_V1]: { type: "object" },
  [RAW_EXTENSION]: { type: "object" },
  ...Object.fromEntries(JSON_MODELS.map((model) => [model, {}])),
};

const SCALAR_DESCRIPTIONS: Record<string, string> = {
  [QUANTITY]: "Quantity is a fixed-point representation of a number: a decimal number with an SI suffix (n, u, m, k, M, G, T, P, E), a binary one (Ki, Mi, Gi, Ti, Pi, Ei), or an exponent.",
  [INT_OR_STRING]: "IntOrString is a type that can hold an int32 or a string.",
  [TIME]: "Time is written as RFC 3339 with seconds, in UTC.",
  [MICRO_TIME]: "MicroTime is written as RFC 3339 with microseconds, in UTC.",
  [FIELDS_V1]: "FieldsV1 stores a set of fields in a data structure like a trie, in JSON format.",
  [RAW_EXTENSION]: "RawExtension holds an object of any kind.",
  ...Object.fromEntries(JSON_MODELS.map((model) => [model, `${shortName(model)} holds any valid JSON value that a schema may have here.`])),
};

/** Reads every model reachable from the roots. */
function readModels(folder: string): { models: Record<string, Model>; descriptions: Descriptions } {
  const classNames = new Set(readdirSync(folder).flatMap((file) => (file.endsWith(".d.ts") ? [file.slice(0, -5)] : [])));
  const names = new ModelNames(classNames, roots());
  const models: Record<string, Model> = {};
  const descriptions: Descriptions = {};
  for (const root of roots()) {
    const pending = [root];
    for (let model = pending.pop(); model !== undefined; model = pending.pop()) {
      if (models[model]) continue;
      const read = SCALARS[model] ? { model: { ...SCALARS[model] }, descriptions: { "": SCALAR_DESCRIPTIONS[model]! } } : readModel(folder, names, model);
      models[model] = read.model;
      descriptions[model] = read.descriptions;
      for (const property of Object.values(read.model.properties ?? {})) pending.push(...references(property));
    }
  }
  return { models, descriptions };
}

function references(property: Property): string[] {
  const inner = property.items ?? property.values;
  return [...(property.ref ? [property.ref] : []), ...(inner ? references(inner) : [])];
}

/** References lose their descriptions in the client library, or show those of a scalar they refer to; some fields have none anywhere. */
function fillDescriptions(models: Record<string, Model>, descriptions: Descriptions): void {
  for (const [name, { properties = {} }] of Object.entries(models)) {
    for (const [field, { ref }] of Object.entries(properties)) {
      const own = descriptions[name]![field];
      if (own && !(ref && own.startsWith(`${shortName(ref)} is `))) continue;
      const found = missing.missingDescription(`${shortName(name)}.${field}`, ref ? descriptions[ref]![""]! : "");
      if (found !== "") descriptions[name]![field] = found;
    }
  }
}

/** A field as the client library's type map has it; `name` is JavaScript's, `baseName` the wire's. */
interface Attribute {
  name: string;
  baseName: string;
  type: string;
  format: string;
}

function readModel(folder: string, names: ModelNames, model: string): { model: Model; descriptions: Record<string, string> } {
  const className = names.classOf(model);
  const map = /attributeTypeMap = (\[[\s\S]*?\n\]);/.exec(readFileSync(join(folder, `${className}.js`), "utf8"));
  const attributes = map ? (JSON.parse(map[1]!) as Attribute[]) : [];
  const declaration = readFileSync(join(folder, `${className}.d.ts`), "utf8");
  const about = /\/\*\*\n\* ((?:(?!\*\/)[\s\S])*?)\n\*\/\nexport declare class/.exec(declaration);
  const properties: Record<string, Property> = {};
  const descriptions: Record<string, string> = { "": about ? unescape(about[1]!) : "" };
  const required: string[] = [];
  const fields = new Map<string, { optional: boolean; comment: string | undefined }>();
  for (const [, comment, name, optional] of declaration.matchAll(/(?: {4}\/\*\*\n {4}\* ((?:(?!\*\/)[\s\S])*?)\n {4}\*\/\n)? {4}'([^']+)'(\??): /g)) {
    fields.set(name!, { optional: optional === "?", comment });
  }
  for (const { name, baseName, type, format } of attributes.sort((a, b) => (a.baseName < b.baseName ? -1 : 1))) {
    const field = fields.get(name);
    if (!field) throw new Error(`${className}.${name} has no declaration`);
    properties[baseName] = propertyOf({ names, model, field: baseName }, type, format);
    if (!field.optional) required.push(baseName);
    if (field.comment) descriptions[baseName] = unescape(field.comment);
  }
  return { model: { properties, ...(required.length > 0 ? { required } : {}) }, descriptions };
}

function unescape(comment: string): string {
  return comment.replace(/\\(['"])/g, "$1");
}

/** A field of a model, for whoever has to name it. */
interface Field {
  names: ModelNames;
  model: string;
  field: string;
}

function propertyOf(at: Field, type: string, format: string): Property {
  const list = /^Array<(.*)>$/.exec(type);
  if (list) return { type: "array", items: propertyOf(at, list[1]!, format) };
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(type);
  if (map) return { type: "object", values: propertyOf(at, map[1]!, format) };
  const keys = keysOf(at.model, at.field);
  switch (type) {
    case "string":
      return keys.some((key) => extensions.QUANTITIES.includes(key)) ? { ref: QUANTITY } : { type, ...(format ? { format } : {}) };
    case "number":
      return { type: format.startsWith("int") ? "integer" : "number", format };
    case "boolean":
      return { type };
    case "Date":
      return { ref: TIME };
    case "V1MicroTime":
      return { ref: MICRO_TIME };
    case "IntOrString":
      return { ref: INT_OR_STRING };
    case "any": {
      const name = keys.map((key) => extensions.FREE_FORM[key]).find((known) => known !== undefined);
      const ref = [FIELDS_V1, RAW_EXTENSION, ...JSON_MODELS].find((model) => shortName(model) === name);
      if (!ref) throw new Error(`${keys[0]} is free-form: extensions.ts doesn't say which type it is`);
      return { ref };
    }
    default: {
      const ref = at.names.refer(type, at.model);
      if (!ref) throw new Error(`${keys[0]} has the unknown type ${type}`);
      return { ref };
    }
  }
}

/** What `extensions.ts` may call a field (or, without one, a type): `Endpoint.hostname`, `discovery.Endpoint.hostname` or `discovery/v1.Endpoint.hostname`. */
function keysOf(model: string, field?: string): string[] {
  const key = field === undefined ? shortName(model) : `${shortName(model)}.${field}`;
  const group = groupName(model);
  return [key, `${group}.${key}`, `${group}/${model.split(".").at(-2)}.${key}`];
}

/** Adds what `extensions.ts` knows, and fails when it names a field that doesn't exist, or fields of two groups at once. */
function applyExtensions(models: Record<string, Model>): void {
  const entries = [
    ...Object.keys(extensions.LIST_MAPS),
    ...extensions.UNMERGED,
    ...Object.keys(extensions.MERGED_ATOMIC),
    ...Object.keys(extensions.SETS),
    ...extensions.RETAIN_KEYS,
    ...extensions.REPLACED,
    ...extensions.ATOMIC_MAPS,
    ...extensions.GRANULAR_FIELDS,
    ...extensions.ATOMIC_TYPES,
    ...extensions.QUANTITIES,
    ...Object.keys(extensions.DEFAULTS),
    ...Object.keys(extensions.ENUM_FIELDS),
    ...Object.keys(extensions.FREE_FORM),
  ];
  const groups = new Map<string, Set<string>>(entries.map((entry) => [entry, new Set()]));
  for (const [name, model] of Object.entries(models)) {
    for (const key of keysOf(name)) {
      groups.get(key)?.add(groupName(name));
      if (extensions.ATOMIC_TYPES.includes(key)) model.mapType = "atomic";
    }
    for (const [field, property] of Object.entries(model.properties ?? {})) {
      const keys = keysOf(name, field);
      for (const key of keys) groups.get(key)?.add(groupName(name));
      extend(keys, field, property);
    }
  }
  for (const [entry, found] of groups) {
    if (found.size === 0) throw new Error(`extensions.ts names ${entry}, which no type has`);
    if (found.size > 1) throw new Error(`extensions.ts names ${entry}, which is in several groups: write ${[...found].map((group) => `${group}.${entry}`).join(" or ")}`);
  }
}

/** `keys` are the names that the tables may have for the field. */
function extend(keys: string[], fieldName: string, property: Property): void {
  const of = <T>(table: Record<string, T>): T | undefined => keys.map((key) => table[key]).find((found) => found !== undefined);
  const isIn = (list: readonly string[]): boolean => keys.some((key) => list.includes(key));
  const listKeys = of(extensions.LIST_MAPS) ?? (fieldName === "conditions" && !of(extensions.MERGED_ATOMIC) ? "type" : undefined);
  if (property.type === "array") {
    const isSet = of(extensions.SETS);
    const mergedBy = of(extensions.MERGED_ATOMIC);
    if (listKeys) {
      property.listType = "map";
      property.listKeys = listKeys.split(",");
      if (!isIn(extensions.UNMERGED)) {
        property.strategy = "merge";
        property.mergeKey = property.listKeys[0]!;
      }
    } else if (isSet !== undefined) {
      property.listType = "set";
      if (isSet) property.strategy = "merge";
    } else {
      property.listType = "atomic";
      if (mergedBy) {
        property.strategy = "merge";
        property.mergeKey = mergedBy;
      }
    }
  }
  if (isIn(extensions.RETAIN_KEYS)) property.strategy = property.strategy ? `${property.strategy},retainKeys` : "retainKeys";
  if (isIn(extensions.REPLACED)) property.strategy = "replace";
  if (isIn(extensions.ATOMIC_MAPS)) property.mapType = "atomic";
  if (isIn(extensions.GRANULAR_FIELDS)) property.mapType = "granular";
  const standard = of(extensions.DEFAULTS);
  if (standard !== undefined) property.default = standard;
  const enumType = of(extensions.ENUM_FIELDS);
  if (enumType) {
    const target = property.items ?? property;
    target.goType = enumType;
    target.enum = extensions.ENUMS[enumType]!;
  }
}
