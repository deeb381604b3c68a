import type { CostMeter } from "../cost.ts";
import { compare, equal } from "../equality.ts";
import { declare, FunctionError, memberOverload, overload, resultOf, type FunctionDeclaration, type Implementation, type Library } from "../functions.ts";
import { BOOL, BYTES, DOUBLE, DURATION, DYN, INT, STRING, TIMESTAMP, UINT, listOf, typeParameter, type CelType } from "../types.ts";
import { CelArray, CelDouble, CelDuration, CelError, CelList, CelUint, NO_SUCH_OVERLOAD, typeNameOf, type CelValue } from "../values.ts";
import { add } from "./operators.ts";

const A = typeParameter("A");
const T = typeParameter("T");
const LIST_T = listOf(T);

/** With the names that Kubernetes' and cel-go's overloads have them under. */
const COMPARABLE: [name: string, extensionName: string, type: CelType][] = [
  ["int", "int", INT], ["uint", "uint", UINT], ["double", "double", DOUBLE], ["bool", "bool", BOOL], ["duration", "google.protobuf.Duration", DURATION],
  ["timestamp", "google.protobuf.Timestamp", TIMESTAMP], ["string", "string", STRING], ["bytes", "bytes", BYTES],
];

const ZEROS: [name: string, type: CelType, zero: CelValue][] = [
  ["int", INT, 0n], ["uint", UINT, new CelUint(0n)], ["double", DOUBLE, new CelDouble(0)], ["duration", DURATION, new CelDuration(0n)],
];

/** The list's elements; throws the first that is an error. The list may be longer than memory. */
function elementsOf(list: CelValue, meter: CostMeter): CelValue[] {
  meter.work((list as CelList).size * 5);
  return [...(list as CelList)].map((element) => {
    if (element instanceof CelError) throw new FunctionError(element.message);
    return element;
  });
}

function order(a: CelValue, b: CelValue): -1 | 0 | 1 {
  const result = compare(a, b);
  if (result instanceof CelError) throw new FunctionError(result.message);
  return result;
}

const isSorted: Implementation = ([list], meter) => resultOf(() => {
  const elements = elementsOf(list!, meter);
  return elements.every((element, index) => index === 0 || order(elements[index - 1]!, element) <= 0);
});

function extreme(name: string, preferred: -1 | 1): Implementation {
  return ([list], meter) => resultOf(() => {
    const elements = elementsOf(list!, meter);
    if (elements.length === 0) throw new FunctionError(`${name} called on empty list`);
    return elements.reduce((best, element) => (order(best, element) === preferred ? element : best));
  });
}

function sum(zero: CelValue): Implementation {
  return ([list], meter) => resultOf(() => elementsOf(list!, meter).reduce((total, element) => {
    const next = add([total, element], meter);
    // What doesn't add up in Kubernetes' library is not an error of arithmetic.
    if (next instanceof CelError) throw new FunctionError(next.message);
    return next;
  }, zero));
}

const indexOf: Implementation = ([list, element], meter) => BigInt([...(list as CelList)].findIndex((candidate) => equal(candidate, element!, meter)));

const lastIndexOf: Implementation = ([list, element], meter) => BigInt([...(list as CelList)].findLastIndex((candidate) => equal(candidate, element!, meter)));

const slice: Implementation = ([list, start, end]) => resultOf(() => {
  const { size } = list as CelList;
  const [from, to] = [start as bigint, end as bigint];
  const failed = (why: string): FunctionError => new FunctionError(`cannot slice(${from}, ${to}), ${why}`);
  if (from < 0n || to < 0n) throw failed("negative indexes not supported");
  if (from > to) throw failed("start index must be less than or equal to end index");
  if (BigInt(size) < to) throw failed(`list is length ${size}`);
  const elements: CelValue[] = [];
  for (let index = Number(from); index < Number(to); index++) {
    const element = (list as CelList).at(index);
    if (element instanceof CelError) throw new FunctionError(element.message);
    elements.push(element);
  }
  return new CelArray(elements);
});

const flatten: Implementation = ([list, depth = 1n], meter) => {
  if (!(list instanceof CelList) || typeof depth !== "bigint") return NO_SUCH_OVERLOAD;
  return resultOf(() => {
    if (depth < 0n) throw new FunctionError("level must be non-negative");
    return new CelArray(flattened(list, Number(depth), meter));
  });
};

function flattened(list: CelList, depth: number, meter: CostMeter): CelValue[] {
  const elements: CelValue[] = [];
  for (const element of elementsOf(list, meter)) {
    if (element instanceof CelList && depth > 0) for (const nested of flattened(element, depth - 1, meter)) elements.push(nested);
    else elements.push(element);
  }
  return elements;
}

const sort: Implementation = ([list, keys = list], meter) => {
  if (!(list instanceof CelList) || !(keys instanceof CelList)) return NO_SUCH_OVERLOAD;
  return resultOf(() => {
    const elements = elementsOf(list, meter);
    const keyed = elementsOf(keys, meter).map((key, index) => ({ key, element: elements[index]! }));
    if (keyed[0] === undefined) return list;
    const first = keyed[0].key;
    if (compare(first, first) instanceof CelError) throw new FunctionError("list elements must be comparable");
    if (keyed.some(({ key }) => typeNameOf(key) !== typeNameOf(first))) throw new FunctionError("list elements must have the same type");
    return new CelArray(keyed.toSorted((a, b) => order(a.key, b.key)).map(({ element }) => element));
  });
};

const distinct: Implementation = ([list], meter) => resultOf(() => {
  const unique: CelValue[] = [];
  for (const element of elementsOf(list!, meter)) {
    meter.work(unique.length);
    if (!unique.some((other) => equal(element, other, meter))) unique.push(element);
  }
  return new CelArray(unique);
});

/** Its cost, charged before, keeps it small. */
const range: Implementation = ([count]) => new CelArray(Array.from({ length: Math.max(0, Number(count as bigint)) }, (_, index) => BigInt(index)));

function perComparable(name: string, id: (typeName: string) => string, result: (element: CelType) => CelType, call: Implementation): FunctionDeclaration {
  return declare(name, ...COMPARABLE.map(([typeName, , type]) => memberOverload(id(typeName), [listOf(type)], result(type), call)));
}

/**
 * Lists: Kubernetes' own library, and cel-go's lists extension in version 3.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/cel/library/lists.go
 * @see https://github.com/google/cel-go/blob/master/ext/lists.go
 */
export const LIST_LIBRARY: Library = [
  perComparable("isSorted", (name) => `list_${name}_is_sorted_bool`, () => BOOL, isSorted),
  declare("sum", ...ZEROS.map(([name, type, zero]) => memberOverload(`list_${name}_sum_${name}`, [listOf(type)], type, sum(zero)))),
  perComparable("max", (name) => `list_${name}_max_${name}`, (element) => element, extreme("max", -1)),
  perComparable("min", (name) => `list_${name}_min_${name}`, (element) => element, extreme("min", 1)),
  declare("indexOf", memberOverload("list_a_index_of_int", [listOf(A), A], INT, indexOf)),
  declare("lastIndexOf", memberOverload("list_a_last_index_of_int", [listOf(A), A], INT, lastIndexOf)),
  declare("slice", memberOverload("list_slice", [LIST_T, INT, INT], LIST_T, slice)),
  {
    ...declare("flatten",
      memberOverload("list_flatten", [listOf(LIST_T)], LIST_T, flatten), memberOverload("list_flatten_int", [listOf(DYN), INT], listOf(DYN), flatten)),
    unguarded: true,
  },
  { name: "sort", overloads: COMPARABLE.map(([, name, type]) => memberOverload(`list_${name}_sort`, [listOf(type)], listOf(type))), call: sort },
  {
    name: "@sortByAssociatedKeys",
    overloads: COMPARABLE.map(([, name, type]) => memberOverload(`list_${name}_sortByAssociatedKeys`, [LIST_T, listOf(type)], LIST_T)),
    call: sort,
  },
  declare("lists.range", overload("lists_range", [INT], listOf(INT), range)),
  declare("reverse", memberOverload("list_reverse", [LIST_T], LIST_T, ([list], meter) => resultOf(() => new CelArray(elementsOf(list!, meter).toReversed())))),
  declare("distinct", memberOverload("list_distinct", [LIST_T], LIST_T, distinct)),
];

const contains = (list: CelValue, part: CelValue, meter: CostMeter): boolean => {
  const elements = [...(list as CelList)];
  return [...(part as CelList)].every((wanted) => {
    meter.work(elements.length);
    return elements.some((element) => equal(element, wanted, meter));
  });
};

/** @see https://github.com/google/cel-go/blob/master/ext/sets.go */
export const SET_LIBRARY: Library = [
  declare("sets.contains", overload("list_sets_contains_list", [LIST_T, LIST_T], BOOL, ([list, part], meter) => contains(list!, part!, meter))),
  declare("sets.equivalent", overload("list_sets_equivalent_list", [LIST_T, LIST_T], BOOL, ([a, b], meter) => contains(a!, b!, meter) && contains(b!, a!, meter))),
  declare("sets.intersects", overload("list_sets_intersects_list", [LIST_T, LIST_T], BOOL, ([a, b], meter) => {
    const others = [...(b as CelList)];
    return [...(a as CelList)].some((element) => {
      meter.work(others.length);
      return others.some((other) => equal(element, other, meter));
    });
  })),
];
