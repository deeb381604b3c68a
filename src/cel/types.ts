/**
 * The types of CEL, as declared to the checker and, for bindings, as instructions for reading plain JSON.
 * @see https://github.com/google/cel-spec/blob/master/doc/langdef.md#values
 */
import { escapeIdentifier, isKeyword } from "./escaping.ts";

/** Types without parameters. `error` is what the checker gives to an expression it has already complained about. */
export type SimpleTypeName = "int" | "uint" | "double" | "bool" | "string" | "bytes" | "null_type" | "timestamp" | "duration" | "dyn" | "error";

/** Bounds for the cost estimate. A declared type without them counts as unbounded. */
interface Sized {
  /** The most characters, bytes, items or entries a value can have. */
  readonly maxElements?: number;
}

export interface SimpleType extends Sized {
  readonly kind: "simple";
  readonly name: SimpleTypeName;
  /** A timestamp that JSON writes as a day. */
  readonly format?: "date";
}

export interface ListType extends Sized {
  readonly kind: "list";
  readonly element: CelType;
  /** `x-kubernetes-list-type`: the lists of a schema compare (and add) as sets or by key; others in order. */
  readonly listType?: "set" | "map";
  /** `x-kubernetes-list-map-keys` */
  readonly mapKeys?: readonly string[];
}

export interface MapType extends Sized {
  readonly kind: "map";
  readonly key: CelType;
  readonly value: CelType;
}

export interface ObjectType extends Sized {
  readonly kind: "object";
  readonly name: string;
  /** The type of a field by its name in expressions, or undefined. */
  readonly field: (name: string) => CelType | undefined;
  /** The name in expressions of a field by its name in JSON, or undefined for one that has none. */
  readonly nameOf: (property: string) => string | undefined;
  /** The fields' names in JSON differ from those in expressions (`__dot__`, `__namespace__`): see escaping.ts. */
  readonly escaped: boolean;
}

export interface OptionalType extends Sized {
  readonly kind: "optional";
  readonly element: CelType;
}

/** The type of a type: `type(1)` has type `type(int)`. */
export interface TypeType extends Sized {
  readonly kind: "type";
  readonly of?: CelType;
}

/** A type of a library, such as `kubernetes.Quantity`: known by its name alone. */
export interface OpaqueType extends Sized {
  readonly kind: "opaque";
  readonly name: string;
}

/** A parameter in a function's signature, or a type the checker has yet to infer. */
export interface TypeParameter extends Sized {
  readonly kind: "parameter";
  readonly name: string;
}

export type CelType = SimpleType | ListType | MapType | ObjectType | OptionalType | TypeType | OpaqueType | TypeParameter;

function simple(name: SimpleTypeName): SimpleType {
  return { kind: "simple", name };
}

export const INT = simple("int");
export const UINT = simple("uint");
export const DOUBLE = simple("double");
export const BOOL = simple("bool");
export const STRING = simple("string");
export const BYTES = simple("bytes");
export const NULL = simple("null_type");
export const TIMESTAMP = simple("timestamp");
export const DURATION = simple("duration");
export const DYN = simple("dyn");
export const ERROR = simple("error");
/** `type` without saying of what. */
export const TYPE: TypeType = { kind: "type" };

export function listOf(element: CelType, options: { maxElements?: number; listType?: "set" | "map"; mapKeys?: readonly string[] } = {}): ListType {
  return { kind: "list", element, ...options };
}

export function mapOf(key: CelType, value: CelType, options: { maxElements?: number } = {}): MapType {
  return { kind: "map", key, value, ...options };
}

export function optionalOf(element: CelType): OptionalType {
  return { kind: "optional", element };
}

export function typeOf(of: CelType): TypeType {
  return { kind: "type", of };
}

export function opaqueType(name: string): OpaqueType {
  return { kind: "opaque", name };
}

export function typeParameter(name: string): TypeParameter {
  return { kind: "parameter", name };
}

/**
 * An object with declared fields. Two object types are the same when their names are. `fields` may be a function, for
 * types that contain themselves. With `escaped`, the fields are given by their names in JSON and written in
 * expressions as Kubernetes escapes them; a field whose name can't be escaped can't be reached.
 */
export function objectType(name: string, fields: Record<string, CelType> | (() => Record<string, CelType>), options: { escaped?: boolean; maxElements?: number } = {}): ObjectType {
  const escaped = options.escaped ?? false;
  let byName: Map<string, CelType> | undefined;
  const field = (fieldName: string): CelType | undefined => {
    byName ??= new Map(Object.entries(typeof fields === "function" ? fields() : fields).flatMap(([key, type]) => {
      const inExpressions = escaped ? escapeIdentifier(key) : key;
      const names = inExpressions === undefined ? [] : escaped && isKeyword(key) ? [inExpressions, key] : [inExpressions];
      return names.map((fieldName) => [fieldName, type] as const);
    }));
    return byName.get(fieldName);
  };
  return { kind: "object", name, field, nameOf: escaped ? escapeIdentifier : (property) => property, escaped, ...(options.maxElements !== undefined && { maxElements: options.maxElements }) };
}
