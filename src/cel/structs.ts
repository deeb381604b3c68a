import { DYN, STRING, objectType, type CelType, type ObjectType } from "./types.ts";
import { CelError, CelList, CelMap, CelStruct, typeNameOf, type CelValue, type Result } from "./values.ts";

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

/**
 * The objects within a configuration, or within the values of a list of patches, whose type isn't named by their path:
 * in `Object.spec{selector: Object.spec.wrong{}}` the inner one should be an `Object.spec.selector`. The checker lets
 * them pass; who applies them must not.
 */
export function typeNameMismatches(value: CelValue): string[] {
  if (value instanceof CelList) return Array.from(value, (patch) => (patch instanceof CelStruct ? typeNameMismatches(patch.fields.get("value") ?? null) : [])).flat();
  return value instanceof CelStruct ? mismatches(value, value.typeName) : [];
}

function mismatches(value: Result, path: string): string[] {
  if (value instanceof CelStruct) {
    const { typeName, fields } = value;
    const here = typeName === path ? [] : [`unexpected type name "${typeName}", expected "${path}", which matches field name path from root Object type`];
    return [...here, ...Array.from(fields, ([name, field]) => mismatches(field, `${path}.${name}`)).flat()];
  }
  if (value instanceof CelList) return Array.from(value, (element) => mismatches(element, path)).flat();
  if (value instanceof CelMap) return Array.from(value.keys(), (key) => mismatches(value.find(key) ?? null, path)).flat();
  return [];
}
