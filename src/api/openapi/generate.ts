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
import { FIELDS_V1, INT_OR_STRING, MICRO_TIME, QUANTITY, RAW_EXTENSION, TIME, modelOfClass, shortName } from "./models.ts";
import type { Descriptions, Model, Property, Schemas } from "./schema.ts";

/** Raised whenever the generated form changes. */
const FORM = 2;

/** Types that requests and answers carry besides the kinds themselves. */
const COMMON = [
  "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions",
  "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta",
  "io.k8s.apimachinery.pkg.apis.meta.v1.Status",
  "io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent",
  "io.k8s.api.authentication.v1.TokenRequest",
  "io.k8s.api.authorization.v1.SelfSubjectAccessReview",
  "io.k8s.api.authorization.v1.SelfSubjectRulesReview",
  "io.k8s.api.autoscaling.v1.Scale",
  "io.k8s.api.core.v1.Binding",
  "io.k8s.api.policy.v1.Eviction",
];

const roots = (): string[] => [...COMMON, ...definitions.map(({ model }) => model)].sort();

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
};

const SCALAR_DESCRIPTIONS: Record<string, string> = {
  [QUANTITY]: "Quantity is a fixed-point representation of a number: a decimal number with an SI suffix (n, u, m, k, M, G, T, P, E), a binary one (Ki, Mi, Gi, Ti, Pi, Ei), or an exponent.",
  [INT_OR_STRING]: "IntOrString is a type that can hold an int32 or a string.",
  [TIME]: "Time is written as RFC 3339 with seconds, in UTC.",
  [MICRO_TIME]: "MicroTime is written as RFC 3339 with microseconds, in UTC.",
  [FIELDS_V1]: "FieldsV1 stores a set of fields in a data structure like a trie, in JSON format.",
  [RAW_EXTENSION]: "RawExtension holds an object of any kind.",
};

/** Reads every model reachable from the roots. */
function readModels(folder: string): { models: Record<string, Model>; descriptions: Descriptions } {
  const classes = new Map<string, string>();
  for (const file of readdirSync(folder)) {
    const className = file.endsWith(".d.ts") ? file.slice(0, -5) : undefined;
    const model = className && modelOfClass(className);
    if (!model) continue;
    // Of `V1ResourceClaim` and `CoreV1ResourceClaim` the first is a leftover of the library's earlier releases.
    if (!classes.has(model) || !/^V\d/.test(className)) classes.set(model, className);
  }
  const models: Record<string, Model> = {};
  const descriptions: Descriptions = {};
  const pending = roots();
  for (let model = pending.pop(); model !== undefined; model = pending.pop()) {
    if (models[model]) continue;
    if (SCALARS[model]) {
      models[model] = { ...SCALARS[model] };
      descriptions[model] = { "": SCALAR_DESCRIPTIONS[model]! };
      continue;
    }
    const className = classes.get(model);
    if (!className) throw new Error(`the client library has no type for ${model}`);
    const read = readModel(folder, className, model);
    models[model] = read.model;
    descriptions[model] = read.descriptions;
    for (const property of Object.values(read.model.properties!)) pending.push(...references(property));
  }
  return { models, descriptions };
}

function references(property: Property): string[] {
  const inner = property.items ?? property.values;
  return [...(property.ref ? [property.ref] : []), ...(inner ? references(inner) : [])];
}

/** References lose their descriptions in the client library, or show those of a scalar they refer to. */
function fillDescriptions(models: Record<string, Model>, descriptions: Descriptions): void {
  for (const [name, { properties = {} }] of Object.entries(models)) {
    for (const [field, { ref }] of Object.entries(properties)) {
      if (!ref) continue;
      const own = descriptions[name]![field];
      if (!own || own.startsWith(`${shortName(ref)} is `)) {
        descriptions[name]![field] = missing.missingDescription(`${shortName(name)}.${field}`, descriptions[ref]![""]!);
      }
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

function readModel(folder: string, className: string, model: string): { model: Model; descriptions: Record<string, string> } {
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
    properties[baseName] = propertyOf(`${shortName(model)}.${baseName}`, type, format);
    if (!field.optional) required.push(baseName);
    if (field.comment) descriptions[baseName] = unescape(field.comment);
  }
  return { model: { properties, ...(required.length > 0 ? { required } : {}) }, descriptions };
}

function unescape(comment: string): string {
  return comment.replace(/\\(['"])/g, "$1");
}

function propertyOf(field: string, type: string, format: string): Property {
  const list = /^Array<(.*)>$/.exec(type);
  if (list) return { type: "array", items: propertyOf(field, list[1]!, format) };
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(type);
  if (map) return { type: "object", values: propertyOf(field, map[1]!, format) };
  switch (type) {
    case "string":
      return extensions.QUANTITIES.includes(field) ? { ref: QUANTITY } : { type, ...(format ? { format } : {}) };
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
      const name = extensions.FREE_FORM[field];
      if (!name) throw new Error(`${field} is free-form: extensions.ts doesn't say which type it is`);
      return { ref: name === "FieldsV1" ? FIELDS_V1 : RAW_EXTENSION };
    }
    default: {
      const ref = modelOfClass(type);
      if (!ref) throw new Error(`${field} has the unknown type ${type}`);
      return { ref };
    }
  }
}

/** Adds what `extensions.ts` knows, and fails when it names a field that doesn't exist. */
function applyExtensions(models: Record<string, Model>): void {
  const unused = new Set(
    [
      ...Object.keys(extensions.LIST_MAPS),
      ...extensions.UNMERGED,
      ...Object.keys(extensions.MERGED_ATOMIC),
      ...Object.keys(extensions.SETS),
      ...extensions.RETAIN_KEYS,
      ...extensions.ATOMIC_MAPS,
      ...extensions.ATOMIC_TYPES,
      ...extensions.QUANTITIES,
      ...Object.keys(extensions.DEFAULTS),
      ...Object.keys(extensions.ENUM_FIELDS),
      ...Object.keys(extensions.FREE_FORM),
    ],
  );
  for (const [name, model] of Object.entries(models)) {
    const type = shortName(name);
    unused.delete(type);
    if (extensions.ATOMIC_TYPES.includes(type)) model.mapType = "atomic";
    for (const [fieldName, property] of Object.entries(model.properties ?? {})) {
      const field = `${type}.${fieldName}`;
      unused.delete(field);
      extend(field, fieldName, property);
    }
  }
  if (unused.size > 0) throw new Error(`extensions.ts names fields that no type has: ${[...unused].join(", ")}`);
}

function extend(field: string, fieldName: string, property: Property): void {
  const keys = extensions.LIST_MAPS[field] ?? (fieldName === "conditions" ? "type" : undefined);
  if (property.type === "array") {
    if (keys) {
      property.listType = "map";
      property.listKeys = keys.split(",");
      if (!extensions.UNMERGED.includes(field)) {
        property.strategy = "merge";
        property.mergeKey = property.listKeys[0]!;
      }
    } else if (field in extensions.SETS) {
      property.listType = "set";
      if (extensions.SETS[field]) property.strategy = "merge";
    } else {
      property.listType = "atomic";
      if (extensions.MERGED_ATOMIC[field]) {
        property.strategy = "merge";
        property.mergeKey = extensions.MERGED_ATOMIC[field];
      }
    }
  }
  if (extensions.RETAIN_KEYS.includes(field)) property.strategy = property.strategy ? `${property.strategy},retainKeys` : "retainKeys";
  if (extensions.ATOMIC_MAPS.includes(field)) property.mapType = "atomic";
  if (field in extensions.DEFAULTS) property.default = extensions.DEFAULTS[field];
  const enumType = extensions.ENUM_FIELDS[field];
  if (enumType) {
    const of = property.items ?? property;
    of.goType = enumType;
    of.enum = extensions.ENUMS[enumType]!;
  }
}
