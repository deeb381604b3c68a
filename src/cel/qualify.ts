import { CelDouble, CelError, CelList, CelMap, CelStruct, CelUint, typeNameOf, type CelValue, type Result } from "./values.ts";
import { showValue } from "./library/show.ts";
import { JSON_PATCH } from "./structs.ts";

/** Whether a key must be there, may be missing, or is only asked for. */
type Presence = "required" | "optional" | "test";

/**
 * A field, key or index of a value. What is missing is an error where it's required, undefined where it's optional; a
 * test says whether it's there.
 */
export function qualify(value: CelValue, key: CelValue, presence: Presence): Result | undefined {
  if (value instanceof CelList) return elementOf(value, key, presence);
  const found = value instanceof CelMap ? value.find(key) : value instanceof CelStruct ? fieldOf(value, key, presence) : undefined;
  if (found instanceof CelError) return found;
  if (presence === "test") return found !== undefined;
  return found ?? (found === null || presence === "optional" ? found : new CelError(`no such key: ${showValue(key)}`));
}

function elementOf(list: CelList, key: CelValue, presence: Presence): Result | undefined {
  const index = indexOf(key);
  if (index instanceof CelError) return index;
  const isThere = index >= 0 && index < list.size;
  if (presence === "test") return isThere;
  if (isThere) return list.at(index);
  return presence === "optional" ? undefined : new CelError(`index out of bounds: ${showValue(key)}`);
}

function indexOf(key: CelValue): number | CelError {
  if (typeof key === "bigint") return Number(key);
  if (key instanceof CelUint) return Number(key.value);
  if (!(key instanceof CelDouble)) return new CelError(`unsupported index type '${typeNameOf(key)}' in list`);
  return Number.isInteger(key.value) ? key.value : new CelError(`unsupported index value ${showValue(key)} in list`);
}

/** A field that wasn't given reads as null, or as the empty text if it's one. */
function fieldOf({ typeName, fields }: CelStruct, key: CelValue, presence: Presence): CelValue | undefined {
  const name = showValue(key);
  return fields.get(name) ?? (presence === "required" ? unset(typeName, name) : undefined);
}

function unset(typeName: string, field: string): CelValue {
  return typeName === JSON_PATCH.name && field !== "value" ? "" : null;
}
