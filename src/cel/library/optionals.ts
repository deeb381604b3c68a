import { declare, FunctionError, memberOverload, overload, resultOf, type Implementation, type Library } from "../functions.ts";
import { MAP_INSERT } from "../operators.ts";
import { BOOL, listOf, mapOf, optionalOf, typeParameter } from "../types.ts";
import { CelArray, CelError, CelOptional, isZeroValue, type CelList, type CelValue } from "../values.ts";
import { showValue } from "./show.ts";

const K = typeParameter("K");
const V = typeParameter("V");
const OPTIONAL_V = optionalOf(V);
const LIST_V = listOf(V);
const MAP_KV = mapOf(K, V);

const unwrap: Implementation = ([list], meter) => resultOf(() => {
  meter.work((list as CelList).size);
  return new CelArray([...(list as CelList)].flatMap((element) => {
    if (!(element instanceof CelOptional)) throw new FunctionError(`value ${showValue(element)} is not optional`);
    return element.value === undefined ? [] : [element.value];
  }));
});

function elementAt(list: CelValue | undefined, index: number): CelOptional | CelError {
  const element = (list as CelList).size === 0 ? undefined : (list as CelList).at(index);
  return element instanceof CelError ? element : element === undefined ? CelOptional.NONE : new CelOptional(element);
}

/**
 * Optional values. `or` and `orValue`, which evaluate their argument only if need be, and the insertion into the map a
 * macro builds are the interpreter's own.
 * @see https://github.com/google/cel-go/blob/master/cel/library.go
 */
export const OPTIONAL_LIBRARY: Library = [
  declare("optional.of", overload("optional_of", [V], OPTIONAL_V, ([value]) => new CelOptional(value))),
  declare("optional.ofNonZeroValue", overload("optional_ofNonZeroValue", [V], OPTIONAL_V, ([value]) => (isZeroValue(value!) ? CelOptional.NONE : new CelOptional(value)))),
  declare("optional.none", overload("optional_none", [], OPTIONAL_V, () => CelOptional.NONE)),
  declare("value", memberOverload("optional_value", [OPTIONAL_V], V, ([optional]) => (optional as CelOptional).value ?? dereference(optional as CelOptional))),
  declare("hasValue", memberOverload("optional_hasValue", [OPTIONAL_V], BOOL, ([optional]) => (optional as CelOptional).value !== undefined)),
  declare("or", memberOverload("optional_or_optional", [OPTIONAL_V, OPTIONAL_V], OPTIONAL_V)),
  declare("orValue", memberOverload("optional_orValue_value", [OPTIONAL_V, V], V)),
  declare("first", memberOverload("list_first", [LIST_V], OPTIONAL_V, ([list]) => elementAt(list, 0))),
  declare("last", memberOverload("list_last", [LIST_V], OPTIONAL_V, ([list]) => elementAt(list, (list as CelList).size - 1))),
  declare("optional.unwrap", overload("optional_unwrap", [listOf(OPTIONAL_V)], LIST_V, unwrap)),
  declare("unwrapOpt", memberOverload("optional_unwrapOpt", [listOf(OPTIONAL_V)], LIST_V, unwrap)),
  declare(MAP_INSERT, overload("@mapInsert_map_key_value", [MAP_KV, K, V], MAP_KV), overload("@mapInsert_map_map", [MAP_KV, MAP_KV], MAP_KV)),
];

/** The value null is a value; no value is an error. */
function dereference({ value }: CelOptional): null | CelError {
  return value === null ? null : new CelError("optional.none() dereference");
}
