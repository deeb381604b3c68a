/**
 * What the API server knows of a kind. A definition is data plus pure functions; the machinery that
 * uses them (`apiserver/registry`) is the same for every kind.
 */
import type { FieldError } from "./errors.ts";
import type { ObjectSchema } from "./object-schema.ts";
import type { Resource } from "./resources.ts";
import type { KubeObject } from "./types.ts";

/** One column of `kubectl get`; `priority` above 0 shows with `-o wide` only. */
export interface Column<T extends KubeObject = KubeObject> {
  name: string;
  type: "string" | "integer" | "number" | "boolean" | "date";
  format?: "name" | undefined;
  description: string;
  priority?: number | undefined;
  /** The cell; `nowMs` is for ages. */
  cell: (object: T, nowMs: number) => string | number | boolean | null;
}

/** Where `scale` finds its numbers. */
export interface ScalePaths {
  specReplicas: string;
  statusReplicas: string;
  /** Path of the status or spec selector, as text or as a LabelSelector; undefined where there is none. */
  selector?: string | undefined;
  /** The selector is a plain set of labels. */
  selectsByLabels?: boolean | undefined;
}

/** How a version of a kind is stored when the stored form is another one's. */
export interface StoredForm {
  /** Group and plural of the keys: `events.k8s.io` Events are kept with the core group's. */
  group: string;
  plural: string;
  /** The object as it is stored. May change its argument. */
  toStored(object: KubeObject): KubeObject;
  /** The stored object as this version shows it. Must not change its argument. */
  fromStored(stored: KubeObject): KubeObject;
  /** Brings a stored object up to a schema that has changed since, before {@link fromStored}. Must not change its argument. */
  upgrade?: ((stored: KubeObject) => KubeObject) | undefined;
}

/** A subresource through which clients change one part of the object, and nothing else of it. */
export interface Part<T extends KubeObject = KubeObject> {
  /** The object with the part as `asked` has it. Must not change its arguments. */
  change(object: T, asked: T): T;
  /** Checks beyond the object's own. */
  validateUpdate(object: T, old: T): FieldError[];
}

export interface ResourceDefinition<T extends KubeObject = KubeObject> extends Resource<T> {
  singular: string;
  /** The kind of lists; `<kind>List` where absent. */
  listKind?: string | undefined;
  shortNames?: string[] | undefined;
  categories?: string[] | undefined;
  /** The type's name in the OpenAPI documents: `io.k8s.api.core.v1.Pod`. */
  model: string;
  /** The schema of a kind that isn't built in; built-in kinds have theirs by {@link model}. */
  schema?: ObjectSchema | undefined;
  /** Where this version isn't the one that is stored. */
  stored?: StoredForm | undefined;
  /** Verbs served; all by default. */
  verbs?: string[] | undefined;
  /** The kind is on its way out: its objects are being deleted, and there can't be new ones. */
  terminating?: boolean | undefined;
  /** Subresources besides `status` and `scale` are wired by name in the API server. */
  subresources?: string[] | undefined;
  /** By the name of the subresource. */
  parts?: Record<string, Part<T>> | undefined;
  scale?: ScalePaths | undefined;
  /** Fills in Kubernetes' defaults; runs on every object that is written, before validation. */
  setDefaults?: ((object: T) => void) | undefined;
  /** Before a create is stored: clear the status, and so on. */
  prepareForCreate?: ((object: T) => void) | undefined;
  /** Before an update is stored: keep what clients may not change. (The machinery itself keeps the status, raises the generation, and guards the metadata.) */
  prepareForUpdate?: ((object: T, old: T) => void) | undefined;
  /** `old` is what an update replaces, for rules that ask only for what wasn't so before; `warn` tells the client what is wrong but was so before. */
  validate?: ((object: T, old?: T, warn?: (text: string) => void) => FieldError[]) | undefined;
  /** Checks beyond {@link validate}: immutable fields. */
  validateUpdate?: ((object: T, old: T) => FieldError[]) | undefined;
  validateStatusUpdate?: ((object: T, old: T, warn?: (text: string) => void) => FieldError[]) | undefined;
  /** What every request about the kind is told: that it is deprecated. */
  deprecation?: string | undefined;
  /** Warnings for the client (`Warning:` headers): deprecated or unsupported fields, by name. */
  warnings?: ((object: T) => string[]) | undefined;
  /** Selectable fields besides metadata.name and metadata.namespace. */
  fields?: ((object: T) => Record<string, string>) | undefined;
  /** Whether changes raise metadata.generation: of anything but the metadata and a status that is a subresource. */
  generation?: boolean | undefined;
  /** Columns; name and age where absent. */
  columns?: Column<T>[] | undefined;
}

/** The kind of lists. */
export function listKindOf({ kind, listKind }: Pick<ResourceDefinition, "kind" | "listKind">): string {
  return listKind ?? `${kind}List`;
}

/** Whether there are objects of the kind: some can only be asked (SubjectAccessReview) and are answered at once. */
export function isStored({ verbs }: Pick<ResourceDefinition, "verbs">): boolean {
  return !verbs || verbs.includes("list");
}
