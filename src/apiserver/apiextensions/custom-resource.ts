/**
 * A kind that a CustomResourceDefinition defines, as the machinery of all kinds needs it.
 * @see https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/apiserver/customresource_handler.go
 */
import { compareVersions } from "#lib/versions.ts";
import { badRequest, StatusError } from "#api/errors.ts";
import { fieldsOfCustomResource, type MergeableJsonSchema } from "#api/field-schema.ts";
import type { ObjectSchema } from "#api/object-schema.ts";
import { decodePart } from "#api/openapi/decode.ts";
import { customResourceOpenApi } from "#api/openapi/custom-resource.ts";
import type { ResourceDefinition, StoredForm } from "#api/scheme.ts";
import { coerceMetadata, OBJECT_META } from "#api/structural-schema/coerce-metadata.ts";
import { applyDefaults, isComplete, pruneDefaults } from "#api/structural-schema/defaulting.ts";
import { asResource, isJsonObject, type JsonSchema } from "#api/structural-schema/json-schema.ts";
import { prune, pruneNulls } from "#api/structural-schema/pruning.ts";
import type { CustomResourceDefinition, CustomResourceDefinitionVersion, KubeObject } from "#api/types.ts";
import { columnsOf } from "./columns.ts";
import { finalizerWarnings } from "./finalizer-warnings.ts";
import { selectableFieldsOf } from "./selectable-fields.ts";
import { CustomResourceValidator } from "./validation.ts";

/** The kind in each of its versions, served or not; the first is the one that is stored. Its names are those that were accepted. */
export function versionsOf(crd: CustomResourceDefinition): ResourceDefinition[] {
  const schemas = new Map(crd.spec.versions.map(({ name, schema }) => [name, pruneDefaults(schema?.openAPIV3Schema ?? {})]));
  const storageFirst = [...crd.spec.versions].sort((a, b) => Number(b.storage) - Number(a.storage));
  return storageFirst.map((version) => definitionOf(crd, version, schemas));
}

/** The kind in the versions that are served. */
export function servedVersionsOf(crd: CustomResourceDefinition): ResourceDefinition[] {
  const served = new Set(crd.spec.versions.filter((version) => version.served).map(({ name }) => name));
  return served.size > 0 ? versionsOf(crd).filter(({ version }) => served.has(version)) : [];
}

function definitionOf(crd: CustomResourceDefinition, version: CustomResourceDefinitionVersion, schemas: ReadonlyMap<string, JsonSchema>): ResourceDefinition {
  const { spec, status, metadata } = crd;
  const { plural, singular, kind, listKind, shortNames, categories } = status?.acceptedNames ?? spec.names;
  const schema = schemas.get(version.name)!;
  const { status: withStatus, scale } = version.subresources ?? {};
  const namespaced = spec.scope === "Namespaced";
  const validator = new CustomResourceValidator(schema, { withStatus: withStatus !== undefined, scale });
  const selectable = version.selectableFields ?? [];
  return {
    group: spec.group,
    version: version.name,
    kind,
    listKind,
    plural,
    singular: singular ?? "",
    shortNames,
    categories,
    namespaced,
    model: `${spec.group.split(".").reverse().join(".")}.${version.name}.${kind}`,
    schema: objectSchemaOf(schema, selectable.map(({ jsonPath }) => jsonPath.replace(/^\./, ""))),
    stored: storedFormOf(crd, version.name, schemas),
    terminating: metadata.deletionTimestamp !== undefined,
    subresources: withStatus === undefined ? [] : ["status"],
    ...(scale ? { scale: { specReplicas: scale.specReplicasPath, statusReplicas: scale.statusReplicasPath, selector: scale.labelSelectorPath || undefined } } : {}),
    generation: true,
    setDefaults(object) {
      if (!applyDefaults(object, schema)) throw new StatusError(413, "RequestEntityTooLarge", "Request entity too large: its defaults would make it larger than the limit");
    },
    prepareForCreate(object) {
      if (withStatus !== undefined) delete (object as { status?: unknown }).status;
    },
    validate: (object, old, warn) => (old ? validator.update(object, old, warn) : validator.create(object)),
    validateStatusUpdate: (object, old, warn) => validator.statusUpdate(object, old, warn),
    deprecation: version.deprecated ? (version.deprecationWarning ?? deprecationOf(crd, version.name)) : undefined,
    warnings: finalizerWarnings,
    fields: selectable.length > 0 ? selectableFieldsOf(selectable) : undefined,
    columns: columnsOf(version.additionalPrinterColumns),
  };
}

/** `example.com/v1beta1 Widget is deprecated; use example.com/v1 Widget`: the best newer version, if there is one. */
function deprecationOf({ spec }: CustomResourceDefinition, version: string): string {
  const newer = spec.versions.filter(({ name, served, deprecated }) => served && !deprecated && compareVersions(name, version) > 0).map(({ name }) => name);
  const best = newer.sort((a, b) => compareVersions(b, a))[0];
  const message = `${spec.group}/${version} ${spec.names.kind} is deprecated`;
  return best === undefined ? message : `${message}; use ${spec.group}/${best} ${spec.names.kind}`;
}

function objectSchemaOf(schema: JsonSchema, selectable: readonly string[]): ObjectSchema {
  const root = asResource(schema);
  return {
    prune(object) {
      const { metadata } = object as { metadata?: unknown };
      const decoded = isJsonObject(metadata) ? decodePart(OBJECT_META, metadata, "metadata") : { unknown: [], mismatch: "json: cannot unmarshal metadata into Go value of type v1.ObjectMeta" };
      if (decoded.mismatch !== undefined) throw cannotRead(object, decoded.mismatch);
      const unknown = prune(object, root);
      pruneNulls(object, schema);
      const embedded = coerceMetadata(object, schema);
      if (embedded.mismatch) throw cannotRead(object, `${embedded.mismatch.field}: ${embedded.mismatch.message}`);
      return [...decoded.unknown, ...unknown, ...embedded.unknown];
    },
    fields: () => fieldsOfCustomResource(schema as MergeableJsonSchema),
    openApi: (dialect) => customResourceOpenApi(schema, selectable, dialect),
  };
}

function cannotRead(object: object, why: string): StatusError {
  const { kind, apiVersion = "" } = object as Partial<KubeObject>;
  return badRequest(`${kind} in version "${apiVersion.slice(apiVersion.indexOf("/") + 1)}" cannot be handled as a ${kind}: ${why}`);
}

/**
 * Objects are stored in one version, and shown in others by changing the apiVersion alone. What was stored
 * before the schema changed is shown as the schema is now.
 */
function storedFormOf({ spec }: CustomResourceDefinition, version: string, schemas: ReadonlyMap<string, JsonSchema>): StoredForm {
  const storage = spec.versions.find(({ storage: isStored }) => isStored)!.name;
  const within = (object: KubeObject, name: string): KubeObject => {
    const apiVersion = `${spec.group}/${name}`;
    return object.apiVersion === apiVersion ? object : { ...object, apiVersion };
  };
  const versionOf = ({ apiVersion }: KubeObject): string => apiVersion.slice(apiVersion.indexOf("/") + 1);
  return {
    group: spec.group,
    plural: spec.names.plural,
    toStored: (object) => within(object, storage),
    fromStored: (stored) => within(stored, version),
    upgrade(stored) {
      const storedIn = versionOf(stored);
      const completed = complete(stored, schemas.get(storedIn), true);
      return storedIn === version ? completed : complete(completed, schemas.get(version), false);
    },
  };
}

/** The object pruned by the schema, and with its defaults where asked for; the object itself where it is so already. */
function complete(object: KubeObject, schema: JsonSchema | undefined, withDefaults: boolean): KubeObject {
  if (!schema) return object;
  const root = asResource(schema);
  if (isComplete(object, root)) return object;
  const copy = structuredClone(object);
  prune(copy, root);
  pruneNulls(copy, schema);
  if (withDefaults) applyDefaults(copy, schema);
  return copy;
}
