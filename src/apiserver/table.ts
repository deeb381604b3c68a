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
  throw badRequest(`unrecognized includeObject value: ${value}`);
}

export function toTable(definition: ResourceDefinition, objects: KubeObject[], listMetadata: object, options: TableOptions): object {
  const columns = definition.columns ?? DEFAULT_COLUMNS;
  return {
    kind: "Table",
    apiVersion: `meta.k8s.io/${options.metaVersion}`,
    metadata: listMetadata,
    columnDefinitions: options.headers
      ? columns.map(({ name, type, format = "", description, priority = 0 }) => ({ name, type, format, description, priority }))
      : null,
    rows: objects.map((object) => ({
      cells: columns.map((column) => column.cell(object, options.nowMs)),
      ...(options.includeObject === "None"
        ? {}
        : { object: options.includeObject === "Object" ? object : partialMetadata(object, options.metaVersion) }),
    })),
  };
}

export function partialMetadata(object: KubeObject, metaVersion: "v1" | "v1beta1"): object {
  return { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${metaVersion}`, metadata: object.metadata };
}
