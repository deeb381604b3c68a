/**
 * The messages name fields as upstream's internal form of the kind has them: what all versions say alike is
 * reported once, at `spec.validation`, `spec.subresources`, `spec.additionalPrinterColumns`, `spec.selectableFields`.
 * @see https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/apis/apiextensions/validation/validation.go
 */
import { isDeepStrictEqual } from "node:util";
import type { FieldError } from "../errors.ts";
import { findField } from "../structural-schema/field-path.ts";
import { someSchema, type JsonSchema } from "../structural-schema/json-schema.ts";
import type {
  CustomResourceColumnDefinition, CustomResourceDefinition, CustomResourceDefinitionNames, CustomResourceDefinitionSpec, CustomResourceDefinitionStatus,
  CustomResourceDefinitionVersion, CustomResourceSubresources,
} from "../types.ts";
import { apiApprovalOf, isProtectedGroup, API_APPROVED_ANNOTATION } from "./api-approval.ts";
import { validateCustomResourceSchema } from "./custom-resource-schema-validation.ts";
import { duplicate, forbidden, invalid, invalidFor, notSupported, required, tooMany, validateImmutable } from "./field-errors.ts";
import { dns1035Label, dns1123Subdomain } from "./names.ts";
import { validateWebhookClient } from "./webhook-client-validation.ts";

const COLUMN_TYPES = ["boolean", "date", "integer", "number", "string"];
const COLUMN_FORMATS = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];
const REVIEW_VERSIONS = ["v1", "v1beta1"];
const MAX_SELECTABLE_FIELDS = 8;
const MAX_WARNING_BYTES = 256;

type Version = CustomResourceDefinitionVersion;

/** `old` is what an update replaces. */
export function validateCustomResourceDefinition(crd: CustomResourceDefinition, old?: CustomResourceDefinition): FieldError[] {
  const { metadata, spec, status = {} } = crd;
  return [
    ...(old ? [] : nameErrors(metadata.name ?? "", spec)),
    ...specErrors(spec, old),
    ...(old ? updateErrors(spec, old) : []),
    ...validateCustomResourceDefinitionStatus(status),
    ...storedVersionsErrors(status.storedVersions ?? [], spec.versions),
    ...approvalErrors(crd, old),
    ...(spec.preserveUnknownFields && !old?.spec.preserveUnknownFields ? [invalid("spec.preserveUnknownFields", true, PRESERVE_INSTEAD)] : []),
  ];
}

const PRESERVE_INSTEAD = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";

export function validateCustomResourceDefinitionStatus({ acceptedNames }: CustomResourceDefinitionStatus): FieldError[] {
  return acceptedNames ? namesErrors(acceptedNames, "status.acceptedNames") : [];
}

function nameErrors(name: string, { group, names }: CustomResourceDefinitionSpec): FieldError[] {
  if (name === "") return [];
  const wanted = `${names.plural}.${group}`;
  return invalidFor("metadata.name", name, [...dns1123Subdomain(name), ...(name === wanted ? [] : ['must be spec.names.plural+"."+spec.group'])]);
}

function specErrors(spec: CustomResourceDefinitionSpec, old: CustomResourceDefinition | undefined): FieldError[] {
  const { group, scope, versions, names } = spec;
  const shared = sharedFields(versions);
  const storageVersions = versions.filter(({ storage }) => storage).length;
  const schemaChecks = schemaChecksOf(spec, old?.spec);
  return [
    ...groupErrors(group),
    ...(scope ? (["Cluster", "Namespaced"].includes(scope) ? [] : [notSupported("spec.scope", scope, ["Cluster", "Namespaced"])]) : [required("spec.scope")]),
    ...versions.flatMap(({ schema }, i) => (schema?.openAPIV3Schema ? [] : [required(`spec.versions[${i}].schema.openAPIV3Schema`)])),
    ...defaultsErrors(spec),
    ...versions.flatMap((version, i) => versionErrors(version, `spec.versions[${i}]`, shared, schemaChecks)),
    ...(new Set(versions.map(({ name }) => name)).size < versions.length ? [invalid("spec.versions", versions, "must contain unique version names")] : []),
    ...(storageVersions === 1 ? [] : [invalid("spec.versions", versions, "must have exactly one version marked as storage version")]),
    ...(versions[0] ? versionNameErrors(versions[0].name, "spec.version") : []),
    ...(["plural", "singular", "kind", "listKind"] as const).flatMap((name) => (names[name] ? [] : [required(`spec.names.${name}`)])),
    ...namesErrors(names, "spec.names"),
    ...(shared.schema ? schemaChecks(versions[0]!, "spec.validation", versions.some(hasStatus)) : []),
    ...(shared.subresources ? subresourcesErrors(versions[0]!.subresources, "spec.subresources") : []),
    ...(shared.additionalPrinterColumns ? columnsErrors(versions[0]!.additionalPrinterColumns, "spec.additionalPrinterColumns") : []),
    ...(shared.selectableFields ? selectableFieldsErrors(versions[0]!, "spec.selectableFields", old?.spec) : []),
    ...conversionErrors(spec, old?.spec),
  ];
}

const SHARED = ["schema", "subresources", "additionalPrinterColumns", "selectableFields"] as const;

/** What all versions say alike. */
function sharedFields(versions: Version[]): Record<(typeof SHARED)[number], boolean> {
  const isShared = (field: (typeof SHARED)[number]): boolean => versions.length > 0 && versions.every((version) => isDeepStrictEqual(version[field] ?? null, versions[0]![field] ?? null));
  return Object.fromEntries(SHARED.map((field) => [field, isShared(field)])) as Record<(typeof SHARED)[number], boolean>;
}

type SchemaChecks = (version: Version, path: string, hasStatus: boolean) => FieldError[];

/** A schema that didn't change isn't checked again: what was accepted stays. */
function schemaChecksOf({ preserveUnknownFields = false }: CustomResourceDefinitionSpec, old: CustomResourceDefinitionSpec | undefined): SchemaChecks {
  return ({ name, schema, subresources }, path, withStatus) => {
    if (!schema?.openAPIV3Schema) return [];
    const before = old?.versions.find((version) => version.name === name);
    const sameSubresources = !!before?.subresources?.status === !!subresources?.status;
    if (!preserveUnknownFields && sameSubresources && isDeepStrictEqual(before?.schema, schema)) return [];
    return validateCustomResourceSchema(schema.openAPIV3Schema, `${path}.openAPIV3Schema`, withStatus);
  };
}

function groupErrors(group: string): FieldError[] {
  if (group === "") return [required("spec.group")];
  const problems = dns1123Subdomain(group);
  if (problems.length > 0) return [invalid("spec.group", group, problems.join(","))];
  return group.includes(".") ? [] : [invalid("spec.group", group, "should be a domain with at least one dot")];
}

function defaultsErrors({ versions, preserveUnknownFields = false }: CustomResourceDefinitionSpec): FieldError[] {
  const hasDefaults = versions.some(({ schema }) => someSchema(schema?.openAPIV3Schema, (inner) => inner.default != null));
  return preserveUnknownFields && hasDefaults ? [invalid("spec.preserveUnknownFields", true, "must be false in order to use defaults in the schema")] : [];
}

function versionErrors(version: Version, path: string, shared: ReturnType<typeof sharedFields>, schemaChecks: SchemaChecks): FieldError[] {
  const { name, deprecated = false, deprecationWarning } = version;
  return [
    ...versionNameErrors(name, `${path}.name`),
    ...invalidFor(`${path}.deprecationWarning`, deprecationWarning, deprecationProblems(deprecated, deprecationWarning)),
    ...(shared.schema ? [] : schemaChecks(version, `${path}.schema`, hasStatus(version))),
    ...(shared.subresources ? [] : subresourcesErrors(version.subresources, `${path}.subresources`)),
    ...(shared.additionalPrinterColumns ? [] : columnsErrors(version.additionalPrinterColumns, `${path}.additionalPrinterColumns`)),
    ...(shared.selectableFields ? [] : selectableFieldsErrors(version, `${path}.selectableFields`, undefined)),
  ];
}

function versionNameErrors(name: string, field: string): FieldError[] {
  const problems = dns1035Label(name);
  return problems.length > 0 ? [invalid(field, name, problems.join(","))] : [];
}

function hasStatus({ subresources }: Version): boolean {
  return subresources?.status !== undefined;
}

function deprecationProblems(deprecated: boolean, warning: string | undefined): string[] {
  if (warning === undefined) return [];
  if (!deprecated) return ["can only be set for deprecated versions"];
  const problems: string[] = [];
  if (Buffer.byteLength(warning) > MAX_WARNING_BYTES) problems.push("must be <= 256 characters long");
  if (warning === "") problems.push("must not be an empty string");
  // Go's printable characters: letters, marks, numbers, punctuation, symbols, and the ASCII space.
  const at = warning.search(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u);
  if (at >= 0) problems.push(`must only contain printable UTF-8 characters; non-printable character found at index ${Buffer.byteLength(warning.slice(0, at))}`);
  return problems;
}

function namesErrors(names: CustomResourceDefinitionNames, path: string): FieldError[] {
  const { plural, singular = "", kind, listKind = "", shortNames = [], categories = [] } = names;
  const label = (field: string, value: string, why = ""): FieldError[] => {
    const problems = value === "" ? [] : dns1035Label(why === "" ? value : value.toLowerCase());
    return problems.length > 0 ? [invalid(`${path}.${field}`, value, why + problems.join(","))] : [];
  };
  const mixed = "may have mixed case, but should otherwise match: ";
  const listed = (field: string, values: string[]): FieldError[] =>
    values.flatMap((value, i) => (value === "" ? [invalid(`${path}.${field}[${i}]`, value, dns1035Label(value).join(","))] : label(`${field}[${i}]`, value)));
  return [
    ...label("plural", plural),
    ...label("singular", singular),
    ...label("kind", kind, mixed),
    ...label("listKind", listKind, mixed),
    ...listed("shortNames", shortNames),
    ...(kind !== "" && kind === listKind ? [invalid(`${path}.listKind`, listKind, "kind and listKind may not be the same")] : []),
    ...listed("categories", categories),
  ];
}

function subresourcesErrors(subresources: CustomResourceSubresources | undefined, path: string): FieldError[] {
  const scale = subresources?.scale;
  if (!scale) return [];
  const { specReplicasPath, statusReplicasPath, labelSelectorPath = "" } = scale;
  const under = (field: string, value: string, prefixes: string[], why: string): FieldError[] => {
    const errors = jsonPathErrors(value, `${path}.scale.${field}`);
    return errors.length > 0 || prefixes.some((prefix) => value.startsWith(prefix)) ? errors : [invalid(`${path}.scale.${field}`, value, why)];
  };
  return [
    ...(specReplicasPath === "" ? [required(`${path}.scale.specReplicasPath`)] : under("specReplicasPath", specReplicasPath, [".spec."], "should be a json path under .spec")),
    ...(statusReplicasPath === "" ? [required(`${path}.scale.statusReplicasPath`)] : under("statusReplicasPath", statusReplicasPath, [".status."], "should be a json path under .status")),
    ...(labelSelectorPath === "" ? [] : under("labelSelectorPath", labelSelectorPath, [".spec.", ".status."], "should be a json path under either .spec or .status")),
  ];
}

function jsonPathErrors(path: string, field: string): FieldError[] {
  return path.startsWith(".") ? [] : [invalid(field, path, "must be a simple json path starting with .")];
}

function columnsErrors(columns: CustomResourceColumnDefinition[] | undefined, path: string): FieldError[] {
  return (columns ?? []).flatMap(({ name, type, format = "", jsonPath }, i) => {
    const here = `${path}[${i}]`;
    const types = `must be one of ${COLUMN_TYPES.join(",")}`;
    return [
      ...(name === "" ? [required(`${here}.name`)] : []),
      ...(type === "" ? [required(`${here}.type`, types)] : COLUMN_TYPES.includes(type) ? [] : [invalid(`${here}.type`, type, types)]),
      ...(format === "" || COLUMN_FORMATS.includes(format) ? [] : [invalid(`${here}.format`, format, `must be one of ${COLUMN_FORMATS.join(",")}`)]),
      ...(jsonPath === "" ? [required(`${here}.JSONPath`)] : jsonPathErrors(jsonPath, `${here}.JSONPath`)),
    ];
  });
}

function selectableFieldsErrors({ selectableFields = [], schema, name }: Version, path: string, old: CustomResourceDefinitionSpec | undefined): FieldError[] {
  const root = schema?.openAPIV3Schema;
  if (selectableFields.length === 0 || !root) return [];
  const seen = new Set<string>();
  const errors = selectableFields.flatMap(({ jsonPath }, i) => selectableFieldErrors(jsonPath, root, `${path}[${i}].jsonPath`, seen));
  const before = old?.versions.find((version) => version.name === name)?.selectableFields ?? [];
  const isKept = before.length > MAX_SELECTABLE_FIELDS && isDeepStrictEqual(before, selectableFields);
  return seen.size > MAX_SELECTABLE_FIELDS && !isKept ? [...errors, tooMany(path, seen.size, MAX_SELECTABLE_FIELDS)] : errors;
}

function selectableFieldErrors(jsonPath: string, schema: JsonSchema, field: string, seen: Set<string>): FieldError[] {
  if (jsonPath === "") return [required(field)];
  let found;
  try {
    found = findField(jsonPath, schema, { brackets: false });
  } catch (error) {
    return [invalid(field, jsonPath, `is an invalid path: ${(error as Error).message}`)];
  }
  const errors: FieldError[] = [];
  if (found.root === "metadata") errors.push(invalid(field, jsonPath, "must not point to fields in metadata"));
  if (!["string", "boolean", "integer"].includes(found.schema?.type ?? "")) {
    errors.push(invalid(field, jsonPath, "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed."));
  }
  if (seen.has(found.path)) errors.push(duplicate(field, jsonPath));
  seen.add(found.path);
  return errors;
}

function conversionErrors({ conversion }: CustomResourceDefinitionSpec, old: CustomResourceDefinitionSpec | undefined): FieldError[] {
  if (!conversion) return [];
  const { strategy, webhook } = conversion;
  const path = "spec.conversion";
  if (!strategy) return [required(`${path}.strategy`)];
  if (strategy === "None") {
    return [
      ...(webhook?.clientConfig ? [forbidden(`${path}.webhookClientConfig`, "should not be set when strategy is not set to Webhook")] : []),
      ...(webhook?.conversionReviewVersions?.length ? [forbidden(`${path}.conversionReviewVersions`, "should not be set when strategy is not set to Webhook")] : []),
    ];
  }
  if (strategy !== "Webhook") return [notSupported(`${path}.strategy`, strategy, ["None", "Webhook"])];
  return [
    ...(webhook?.clientConfig ? validateWebhookClient(webhook.clientConfig, `${path}.webhookClientConfig`) : [required(`${path}.webhookClientConfig`, "required when strategy is set to Webhook")]),
    ...reviewVersionsErrors(webhook?.conversionReviewVersions ?? [], `${path}.conversionReviewVersions`),
    ...(old?.conversion?.strategy === "Webhook" ? [] : [forbidden(`${path}.strategy`, "conversion webhooks are not supported on this cluster: only None is")]),
  ];
}

function reviewVersionsErrors(versions: string[], path: string): FieldError[] {
  if (versions.length === 0) return [required(path)];
  return [
    ...versions.flatMap((version, i) => (versions.indexOf(version) < i ? [invalid(`${path}[${i}]`, version, "duplicate version")] : invalidFor(`${path}[${i}]`, version, dns1035Label(version)))),
    ...(versions.some((version) => REVIEW_VERSIONS.includes(version)) ? [] : [invalid(path, versions, `must include at least one of ${REVIEW_VERSIONS.join(", ")}`)]),
  ];
}

function updateErrors(spec: CustomResourceDefinitionSpec, { spec: old, status }: CustomResourceDefinition): FieldError[] {
  const isEstablished = status?.conditions?.some(({ type, status: is }) => type === "Established" && is === "True");
  return [
    // These say where objects are stored.
    ...(isEstablished ? [...validateImmutable("spec.scope", spec.scope, old.scope), ...validateImmutable("spec.names.kind", spec.names.kind, old.names.kind)] : []),
    ...validateImmutable("spec.group", spec.group, old.group),
    ...validateImmutable("spec.names.plural", spec.names.plural, old.names.plural),
  ];
}

function storedVersionsErrors(stored: string[], versions: Version[]): FieldError[] {
  const path = "status.storedVersions";
  if (stored.length === 0) return [invalid(path, stored, "must have at least one stored version")];
  const gone = (name: string): string =>
    `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`;
  return [
    ...versions.filter(({ storage, name }) => storage && !stored.includes(name)).map(({ name }) => invalid(path, stored, `must have the storage version ${name}`)),
    ...stored.flatMap((name, i) => (versions.some((version) => version.name === name) ? [] : [invalid(`${path}[${i}]`, name, gone(name))])),
  ];
}

function approvalErrors({ metadata, spec }: CustomResourceDefinition, old: CustomResourceDefinition | undefined): FieldError[] {
  if (!isProtectedGroup(spec.group)) return [];
  const { state, reason } = apiApprovalOf(metadata.annotations);
  if (old && apiApprovalOf(old.metadata.annotations).state === state) return [];
  const field = `metadata.annotations[${API_APPROVED_ANNOTATION}]`;
  if (state === "missing") return [required(field, reason)];
  return state === "invalid" ? [invalid(field, metadata.annotations![API_APPROVED_ANNOTATION], reason)] : [];
}
