/**
 * Objects as the server prints them for `kubectl get`.
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables
 */
import { badRequest } from "#api/errors.ts";
import type { Column, ResourceDefinition } from "#api/scheme.ts";
import type { KubeObject } from "#api/types.ts";

export type IncludeObject = "None" | "Metadata" | "Object";

export interface TableOptions {
  includeObject: IncludeObject;
  metaVersion: "v1" | "v1beta1";
  nowMs: number;
  /** Watches describe the columns in their first event only. */
  headers: boolean;
}

const NAME_DESCRIPTION =
  "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";
const CREATED_DESCRIPTION =
  "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.";

/** Kinds without columns of their own show their name and when they were made. */
const DEFAULT_COLUMNS: Column[] = [
  { name: "Name", type: "string", format: "name", description: NAME_DESCRIPTION, cell: (object) => object.metadata.name ?? "" },
  { name: "Created At", type: "date", description: CREATED_DESCRIPTION, cell: (object) => object.metadata.creationTimestamp ?? null },
];

export function includeObjectOf(query: URLSearchParams): IncludeObject {
  const value = query.get("includeObject") ?? "";
  if (value === "") return "Metadata";
  if (value === "None" || value === "Metadata" || value === "Object") return value;
  throw badRequest(`Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(value)}: must be 'Metadata', 'Object', 'None', or empty`);
}

export function toTable(definition: ResourceDefinition, objects: KubeObject[], listMetadata: object, options: TableOptions): object {
  return { ...tableHead(definition, listMetadata, options), rows: objects.map((object) => tableRow(definition, object, options)) };
}

/** A Table without its rows. */
export function tableHead(definition: ResourceDefinition, listMetadata: object, options: TableOptions): object {
  return {
    kind: "Table",
    apiVersion: `meta.k8s.io/${options.metaVersion}`,
    metadata: listMetadata,
    columnDefinitions: options.headers
      ? columnsOf(definition).map(({ name, type, format = "", description, priority = 0 }) => ({ name, type, format, description, priority }))
      : null,
  };
}

export function tableRow(definition: ResourceDefinition, object: KubeObject, options: TableOptions): object {
  return {
    cells: columnsOf(definition).map((column) => column.cell(object, options.nowMs)),
    ...(options.includeObject === "None" ? {} : { object: options.includeObject === "Object" ? object : partialMetadata(object, options.metaVersion) }),
  };
}

/** A bookmark has nothing to show; its row is there to carry the resourceVersion, and the mark of the end of initial events. */
export function bookmarkTable(definition: ResourceDefinition, object: KubeObject, options: TableOptions): object {
  const marked = object.metadata.annotations !== undefined;
  const row = {
    cells: columnsOf(definition).map(() => null),
    ...(options.includeObject === "None" && !marked ? {} : { object: options.includeObject === "Object" ? object : partialMetadata(object, options.metaVersion) }),
  };
  return { ...tableHead(definition, { resourceVersion: object.metadata.resourceVersion }, options), rows: [row] };
}

function columnsOf(definition: ResourceDefinition): readonly Column[] {
  return definition.columns ?? DEFAULT_COLUMNS;
}

export function partialMetadata(object: KubeObject, metaVersion: "v1" | "v1beta1"): object {
  return { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${metaVersion}`, metadata: object.metadata };
}
