import { DYN, STRING, objectType, type CelType, type ObjectType } from "./types.ts";
import { CelError, CelStruct, typeNameOf, type CelValue, type Result } from "./values.ts";

/** What the applyConfiguration of a mutating policy comes to. */
export const OBJECT = patchObjectType("Object");

/** What the elements of a mutating policy's jsonPatch are. */
export const JSON_PATCH = objectType("JSONPatch", { op: STRING, path: STRING, from: STRING, value: DYN });

/** The type that `name{...}` constructs in a mutating policy, if any. */
export function patchType(name: string): CelType | undefined {
  if (name === JSON_PATCH.name) return JSON_PATCH;
  return name === OBJECT.name || name.startsWith("Object.") ? patchObjectType(name) : undefined;
}

/** A part of an object: it may have any field. */
function patchObjectType(name: string): ObjectType {
  return { kind: "object", name, field: () => DYN, nameOf: (property) => property, escaped: false };
}

/**
 * Constructs an object of a patch type.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/cel/mutation/typeresolver.go
 */
export function construct(typeName: string, fields: ReadonlyMap<string, CelValue>): Result {
  if (typeName === JSON_PATCH.name) {
    for (const name of ["op", "path", "from"]) {
      const value = fields.get(name);
      if (value !== undefined && typeof value !== "string") return new CelError(`unexpected type ${typeNameOf(value)} for JSONPatchType '${name}' field`);
    }
  }
  return new CelStruct(typeName, fields);
}
