import { compare, equal, numberOf } from "../equality.ts";
import { declare, memberOverload, overload, type FunctionDeclaration, type Implementation, type Library, type Overload } from "../functions.ts";
import { ADD, AND, CONDITIONAL, EQUALS, INDEX, NEGATE, NOT, NOT_EQUALS, NOT_STRICTLY_FALSE, OPTIONAL_INDEX, OPTIONAL_SELECT, OR } from "../operators.ts";
import { MAX_TIMESTAMP_SECONDS, MIN_TIMESTAMP_SECONDS } from "../time.ts";
import { BOOL, BYTES, DOUBLE, DURATION, DYN, INT, STRING, TIMESTAMP, UINT, listOf, mapOf, optionalOf, typeParameter, type CelType } from "../types.ts";
import {
  CelBytes, CelConcatenation, CelDouble, CelDuration, CelError, CelList, CelMap, CelTimestamp, CelUint, GrowingList, MAX_INT, MAX_UINT, MIN_INT, NO_SUCH_OVERLOAD,
  type CelValue, type Result,
} from "../values.ts";
import { addLists } from "./list-types.ts";

const A = typeParameter("A");
const B = typeParameter("B");
const K = typeParameter("K");
const V = typeParameter("V");
const LIST_A = listOf(A);
const MAP_AB = mapOf(A, B);

const INT_OVERFLOW = new CelError("integer overflow");
const UINT_OVERFLOW = new CelError("unsigned integer overflow");
const TIMESTAMP_OVERFLOW = new CelError("timestamp overflow");

/** An int, or the error of one that doesn't fit into 64 bits. */
export function intOrOverflow(value: bigint): Result {
  return value >= MIN_INT && value <= MAX_INT ? value : INT_OVERFLOW;
}

export function uintOrOverflow(value: bigint): Result {
  return value >= 0n && value <= MAX_UINT ? new CelUint(value) : UINT_OVERFLOW;
}

function durationOrOverflow(nanos: bigint): Result {
  return nanos >= MIN_INT && nanos <= MAX_INT ? new CelDuration(nanos) : INT_OVERFLOW;
}

function timestampOrOverflow(epochNanos: bigint, offsetSeconds: number): Result {
  const inRange = epochNanos >= MIN_TIMESTAMP_SECONDS * 1_000_000_000n && epochNanos < (MAX_TIMESTAMP_SECONDS + 1n) * 1_000_000_000n;
  return inRange ? new CelTimestamp(epochNanos, offsetSeconds) : TIMESTAMP_OVERFLOW;
}

/** What cel-go says of a first operand that doesn't have the operation at all. */
function unsupported(name: string, left: CelValue): CelError {
  const receiver = typeof left === "string" || left instanceof CelTimestamp || left instanceof CelDuration;
  return receiver ? NO_SUCH_OVERLOAD : new CelError(`no such overload: ${name}`);
}

/** Adds values as `+` and `sum` do. */
export const add: Implementation = ([left, right], meter) => {
  if (typeof left === "bigint") return typeof right === "bigint" ? intOrOverflow(left + right) : NO_SUCH_OVERLOAD;
  if (typeof left === "string") return typeof right === "string" ? left + right : NO_SUCH_OVERLOAD;
  if (left instanceof CelDouble) return right instanceof CelDouble ? new CelDouble(left.value + right.value) : NO_SUCH_OVERLOAD;
  if (left instanceof CelUint) return right instanceof CelUint ? uintOrOverflow(left.value + right.value) : NO_SUCH_OVERLOAD;
  if (left instanceof CelBytes) return right instanceof CelBytes ? new CelBytes(Buffer.concat([left.bytes, right.bytes])) : NO_SUCH_OVERLOAD;
  if (left instanceof CelList) {
    if (!(right instanceof CelList)) return NO_SUCH_OVERLOAD;
    if (left instanceof GrowingList) return grown(left, right);
    return left.listType === undefined ? new CelConcatenation(left, right) : addLists(left, right, meter);
  }
  if (left instanceof CelDuration) {
    if (right instanceof CelDuration) return durationOrOverflow(left.nanos + right.nanos);
    return right instanceof CelTimestamp ? timestampOrOverflow(right.epochNanos + left.nanos, right.offsetSeconds) : NO_SUCH_OVERLOAD;
  }
  if (left instanceof CelTimestamp) return right instanceof CelDuration ? timestampOrOverflow(left.epochNanos + right.nanos, left.offsetSeconds) : NO_SUCH_OVERLOAD;
  return unsupported(ADD, left!);
};

function grown(list: GrowingList, added: CelList): Result {
  for (const element of added) {
    if (element instanceof CelError) return element;
    list.elements.push(element);
  }
  return list;
}

const subtract: Implementation = ([left, right]) => {
  if (typeof left === "bigint") return typeof right === "bigint" ? intOrOverflow(left - right) : NO_SUCH_OVERLOAD;
  if (left instanceof CelDouble) return right instanceof CelDouble ? new CelDouble(left.value - right.value) : NO_SUCH_OVERLOAD;
  if (left instanceof CelUint) return right instanceof CelUint ? uintOrOverflow(left.value - right.value) : NO_SUCH_OVERLOAD;
  if (left instanceof CelDuration) return right instanceof CelDuration ? durationOrOverflow(left.nanos - right.nanos) : NO_SUCH_OVERLOAD;
  if (left instanceof CelTimestamp) {
    if (right instanceof CelDuration) return timestampOrOverflow(left.epochNanos - right.nanos, left.offsetSeconds);
    return right instanceof CelTimestamp ? durationFromTimestamps(left, right) : NO_SUCH_OVERLOAD;
  }
  return unsupported("_-_", left!);
};

function durationFromTimestamps(left: CelTimestamp, right: CelTimestamp): Result {
  const nanos = left.epochNanos - right.epochNanos;
  return nanos >= MIN_INT && nanos <= MAX_INT ? new CelDuration(nanos) : INT_OVERFLOW;
}

const multiply: Implementation = ([left, right]) => {
  if (typeof left === "bigint") return typeof right === "bigint" ? intOrOverflow(left * right) : NO_SUCH_OVERLOAD;
  if (left instanceof CelDouble) return right instanceof CelDouble ? new CelDouble(left.value * right.value) : NO_SUCH_OVERLOAD;
  if (left instanceof CelUint) return right instanceof CelUint ? uintOrOverflow(left.value * right.value) : NO_SUCH_OVERLOAD;
  return unsupported("_*_", left!);
};

const divide: Implementation = ([left, right]) => {
  if (left instanceof CelDouble) return right instanceof CelDouble ? new CelDouble(left.value / right.value) : NO_SUCH_OVERLOAD;
  return integral("_/_", "division by zero", left!, right!, (a, b) => a / b);
};

const modulo: Implementation = ([left, right]) => integral("_%_", "modulus by zero", left!, right!, (a, b) => a % b);

function integral(name: string, byZero: string, left: CelValue, right: CelValue, compute: (a: bigint, b: bigint) => bigint): Result {
  if (typeof left === "bigint") {
    if (typeof right !== "bigint") return NO_SUCH_OVERLOAD;
    if (right === 0n) return new CelError(byZero);
    // Its remainder would fit, but cel-go reports the quotient's overflow for both.
    return left === MIN_INT && right === -1n ? INT_OVERFLOW : compute(left, right);
  }
  if (!(left instanceof CelUint)) return unsupported(name, left);
  if (!(right instanceof CelUint)) return NO_SUCH_OVERLOAD;
  return right.value === 0n ? new CelError(byZero) : new CelUint(compute(left.value, right.value));
}

const negate: Implementation = ([value]) => {
  if (typeof value === "bigint") return intOrOverflow(-value);
  if (value instanceof CelDouble) return new CelDouble(-value.value);
  return value instanceof CelDuration ? durationOrOverflow(-value.nanos) : unsupported(NEGATE, value!);
};

function comparison(name: string, holds: (order: -1 | 0 | 1) => boolean): Implementation {
  return ([left, right]) => {
    const order = compare(left!, right!);
    if (!(order instanceof CelError)) return holds(order);
    const comparable = typeof left === "boolean" || left instanceof CelBytes || (left !== null && numberOf(left!) !== undefined);
    return comparable || typeof left === "string" || left instanceof CelTimestamp || left instanceof CelDuration ? order : unsupported(name, left!);
  };
}

const COMPARABLE: [name: string, left: CelType, right: CelType][] = [
  ["bool", BOOL, BOOL], ["int64", INT, INT], ["int64_double", INT, DOUBLE], ["int64_uint64", INT, UINT], ["uint64", UINT, UINT],
  ["uint64_double", UINT, DOUBLE], ["uint64_int64", UINT, INT], ["double", DOUBLE, DOUBLE], ["double_int64", DOUBLE, INT],
  ["double_uint64", DOUBLE, UINT], ["string", STRING, STRING], ["bytes", BYTES, BYTES], ["timestamp", TIMESTAMP, TIMESTAMP], ["duration", DURATION, DURATION],
];

function comparisonOperator(name: string, id: string, holds: (order: -1 | 0 | 1) => boolean): FunctionDeclaration {
  return operator(name, comparison(name, holds), ...COMPARABLE.map(([suffix, left, right]) => overload(`${id}_${suffix}`, [left, right], BOOL)));
}

const isIn: Implementation = ([element, container], meter) => {
  if (container instanceof CelMap) {
    const found = container.find(element!);
    return found instanceof CelError ? found : found !== undefined;
  }
  if (!(container instanceof CelList)) return NO_SUCH_OVERLOAD;
  meter.work(container.size * 5);
  for (const candidate of container) if (equal(element!, candidate, meter)) return true;
  return false;
};

function operator(name: string, call: Implementation | undefined, ...overloads: Overload[]): FunctionDeclaration {
  return { name, overloads, ...(call && { call }) };
}

/** The operators. Those without an implementation are the interpreter's own. */
export const OPERATOR_LIBRARY: Library = [
  operator(CONDITIONAL, undefined, overload("conditional", [BOOL, A, A], A)),
  operator(AND, undefined, overload("logical_and", [BOOL, BOOL], BOOL)),
  operator(OR, undefined, overload("logical_or", [BOOL, BOOL], BOOL)),
  operator(NOT, ([value]) => (typeof value === "boolean" ? !value : NO_SUCH_OVERLOAD), overload("logical_not", [BOOL], BOOL)),
  operator(NOT_STRICTLY_FALSE, undefined, overload("not_strictly_false", [BOOL], BOOL)),
  operator(EQUALS, ([left, right], meter) => equal(left!, right!, meter), overload("equals", [A, A], BOOL)),
  operator(NOT_EQUALS, ([left, right], meter) => !equal(left!, right!, meter), overload("not_equals", [A, A], BOOL)),
  operator(ADD, add,
    overload("add_bytes", [BYTES, BYTES], BYTES), overload("add_double", [DOUBLE, DOUBLE], DOUBLE),
    overload("add_duration_duration", [DURATION, DURATION], DURATION), overload("add_duration_timestamp", [DURATION, TIMESTAMP], TIMESTAMP),
    overload("add_timestamp_duration", [TIMESTAMP, DURATION], TIMESTAMP), overload("add_int64", [INT, INT], INT),
    overload("add_list", [LIST_A, LIST_A], LIST_A), overload("add_string", [STRING, STRING], STRING), overload("add_uint64", [UINT, UINT], UINT)),
  operator("_-_", subtract,
    overload("subtract_double", [DOUBLE, DOUBLE], DOUBLE), overload("subtract_duration_duration", [DURATION, DURATION], DURATION),
    overload("subtract_int64", [INT, INT], INT), overload("subtract_timestamp_duration", [TIMESTAMP, DURATION], TIMESTAMP),
    overload("subtract_timestamp_timestamp", [TIMESTAMP, TIMESTAMP], DURATION), overload("subtract_uint64", [UINT, UINT], UINT)),
  operator("_*_", multiply,
    overload("multiply_double", [DOUBLE, DOUBLE], DOUBLE), overload("multiply_int64", [INT, INT], INT), overload("multiply_uint64", [UINT, UINT], UINT)),
  operator("_/_", divide,
    overload("divide_double", [DOUBLE, DOUBLE], DOUBLE), overload("divide_int64", [INT, INT], INT), overload("divide_uint64", [UINT, UINT], UINT)),
  operator("_%_", modulo, overload("modulo_int64", [INT, INT], INT), overload("modulo_uint64", [UINT, UINT], UINT)),
  operator(NEGATE, negate, overload("negate_double", [DOUBLE], DOUBLE), overload("negate_int64", [INT], INT)),
  comparisonOperator("_<_", "less", (order) => order < 0),
  comparisonOperator("_<=_", "less_equals", (order) => order <= 0),
  comparisonOperator("_>_", "greater", (order) => order > 0),
  comparisonOperator("_>=_", "greater_equals", (order) => order >= 0),
  operator("@in", isIn, overload("in_list", [A, LIST_A], BOOL), overload("in_map", [A, MAP_AB], BOOL)),
  declare(INDEX,
    overload("index_list", [LIST_A, INT], A), overload("index_map", [MAP_AB, A], B),
    overload("optional_list_index_int", [optionalOf(listOf(V)), INT], optionalOf(V)), overload("optional_map_index_value", [optionalOf(mapOf(K, V)), K], optionalOf(V))),
  declare(OPTIONAL_INDEX,
    overload("list_optindex_optional_int", [listOf(V), INT], optionalOf(V)),
    overload("optional_list_optindex_optional_int", [optionalOf(listOf(V)), INT], optionalOf(V)),
    overload("map_optindex_optional_value", [mapOf(K, V), K], optionalOf(V)),
    overload("optional_map_optindex_optional_value", [optionalOf(mapOf(K, V)), K], optionalOf(V))),
  declare(OPTIONAL_SELECT, overload("select_optional_field", [DYN, STRING], optionalOf(V))),
  operator("size", ([value], meter) => {
    if (typeof value !== "string" && !(value instanceof CelBytes) && !(value instanceof CelList) && !(value instanceof CelMap)) return unsupported("size", value!);
    return BigInt(meter.sizeOf(value));
  },
    overload("size_bytes", [BYTES], INT), memberOverload("bytes_size", [BYTES], INT), overload("size_list", [LIST_A], INT),
    memberOverload("list_size", [LIST_A], INT), overload("size_map", [MAP_AB], INT), memberOverload("map_size", [MAP_AB], INT),
    overload("size_string", [STRING], INT), memberOverload("string_size", [STRING], INT)),
];
