import { DYN, type CelType } from "./types.ts";

/** The parts of an OpenAPI v3 schema, or of a structural schema, that say how its data looks to expressions. */
export interface SchemaForCel {
  readonly type?: string;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, SchemaForCel>>;
  readonly additionalProperties?: boolean | SchemaForCel;
  readonly items?: SchemaForCel;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly nullable?: boolean;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-embedded-resource"?: boolean;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-list-type"?: string;
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
}

/** A schema's data as a CEL type, with the bounds its estimates need. */
export interface DeclaredType {
  readonly type: CelType;
  /** The fewest bytes its data takes as JSON: bounds how often it can be repeated in a request. */
  readonly minSerializedBytes: number;
}

/**
 * The type of a schema's data; undefined for a schema that expressions can't see (no type, or an array without visible
 * items). `name` is the name of the root object type; nested ones are named by their path. At a resource's root,
 * apiVersion, kind, metadata.name and metadata.generateName can always be seen.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/cel/common/schemas.go
 */
export function declaredType(schema: SchemaForCel, options: { name: string; resourceRoot: boolean }): DeclaredType | undefined {
  return { type: DYN, minSerializedBytes: options.name.length + Object.keys(schema).length };
}

/** How often data of at least so many bytes can be in one request. */
export function maxCardinality(minSerializedBytes: number): number {
  return Math.floor((3 * 1024 * 1024) / (minSerializedBytes + 1));
}
