import type { CostMeter } from "./cost.ts";
import {
  CelBytes, CelDouble, CelDuration, CelError, CelList, CelMap, CelOpaque, CelOptional, CelStruct, CelTimestamp, CelTypeValue, CelUint, typeNameOf, type CelValue, type Result,
} from "./values.ts";

/** Steps of work: looking at an element, and up an entry. */
const ELEMENT_WORK = 5;
const ENTRY_WORK = 200;

/** What `==` says: numbers of different types are equal by value, values of different kinds are not, and nothing is an error. */
export function equal(a: Result, b: Result, meter: CostMeter): boolean {
  if (typeof a === "string") {
    if (a.length > 64 && typeof b === "string" && a.length === b.length) meter.work(a.length);
    return a === b;
  }
  if (a instanceof CelError || b instanceof CelError) return false;
  if (a === null || b === null || typeof a === "boolean") return a === b;
  const number = numberOf(a);
  if (number !== undefined) {
    const other = numberOf(b);
    return other !== undefined && compareNumbers(number, other) === 0;
  }
  if (a instanceof CelList) return b instanceof CelList && listsEqual(a, b, meter);
  if (a instanceof CelMap) return b instanceof CelMap && mapsEqual(a, b, meter);
  if (a instanceof CelOptional) return b instanceof CelOptional && optionalsEqual(a, b, meter);
  if (a instanceof CelBytes) return b instanceof CelBytes && Buffer.compare(a.bytes, b.bytes) === 0;
  if (a instanceof CelTimestamp) return b instanceof CelTimestamp && a.epochNanos === b.epochNanos;
  if (a instanceof CelDuration) return b instanceof CelDuration && a.nanos === b.nanos;
  if (a instanceof CelTypeValue) return b instanceof CelTypeValue && a.name === b.name;
  if (a instanceof CelStruct) return b instanceof CelStruct && structsEqual(a, b, meter);
  if (!(b instanceof CelOpaque) || !(a instanceof CelOpaque) || a.type.name !== b.type.name) return false;
  meter.work(a.weight());
  return a.equals(b);
}

/** The number of an int, uint or double. */
export function numberOf(value: CelValue): bigint | number | undefined {
  if (typeof value === "bigint") return value;
  return value instanceof CelDouble || value instanceof CelUint ? value.value : undefined;
}

function listsEqual(a: CelList, b: CelList, meter: CostMeter): boolean {
  if (a.size !== b.size) return false;
  if (a.listType !== undefined) return unorderedEqual(a, b, meter);
  for (let index = 0; index < a.size; index++) {
    meter.work(ELEMENT_WORK);
    if (!equal(a.at(index), b.at(index), meter)) return false;
  }
  return true;
}

/** Lists that are sets, or maps by key: each element has an equal one in the other list. */
function unorderedEqual(a: CelList, b: CelList, meter: CostMeter): boolean {
  meter.work((a.size + b.size) * ENTRY_WORK);
  const elements = new Map<string, Result>();
  for (const element of a) elements.set(elementKey(a, element, meter), element);
  const seen = new Set<string>();
  for (const element of b) {
    const key = elementKey(a, element, meter);
    const own = elements.get(key);
    if (own === undefined || !equal(own, element, meter)) return false;
    seen.add(key);
  }
  return seen.size === elements.size;
}

/** What tells an element of a set, or of a list by key, from the others. */
export function elementKey(list: CelList, element: Result, meter: CostMeter): string {
  if (list.listType === "set" || !(element instanceof CelMap)) return keyText(element, meter);
  return list.mapKeys.map((key) => keyText(element.find(key) ?? null, meter)).join("\0");
}

/** Equal values have equal texts, and different ones of the same type have different ones. */
function keyText(value: Result, meter: CostMeter): string {
  if (value instanceof CelError) return value.message;
  if (typeof value === "string") return JSON.stringify(value);
  if (value === null) return "null";
  const number = numberOf(value);
  if (number !== undefined) return String(number);
  if (value instanceof CelList) meter.work(value.size * ELEMENT_WORK);
  if (value instanceof CelList) return `[${[...value].map((element) => keyText(element, meter)).join()}]`;
  if (value instanceof CelMap) {
    meter.work(value.size * ENTRY_WORK);
    return `{${[...value.keys()].map((key) => `${keyText(key, meter)}:${keyText(value.find(key) ?? null, meter)}`).toSorted().join()}}`;
  }
  if (value instanceof CelBytes) return `b${Buffer.from(value.bytes).toString("hex")}`;
  if (value instanceof CelTimestamp) return `t${value.epochNanos}`;
  if (value instanceof CelDuration) return `d${value.nanos}`;
  return typeof value === "boolean" ? String(value) : typeNameOf(value);
}

function mapsEqual(a: CelMap, b: CelMap, meter: CostMeter): boolean {
  if (a.size !== b.size) return false;
  for (const key of a.keys()) {
    meter.work(ENTRY_WORK);
    const other = b.find(key);
    if (other === undefined || !equal(a.find(key) ?? null, other, meter)) return false;
  }
  return true;
}

function optionalsEqual(a: CelOptional, b: CelOptional, meter: CostMeter): boolean {
  if (a.value === undefined || b.value === undefined) return a.value === b.value;
  return equal(a.value, b.value, meter);
}

function structsEqual(a: CelStruct, b: CelStruct, meter: CostMeter): boolean {
  if (a.typeName !== b.typeName || a.fields.size !== b.fields.size) return false;
  for (const [name, value] of a.fields) {
    const other = b.fields.get(name);
    if (other === undefined || !equal(value, other, meter)) return false;
  }
  return true;
}

const NAN = new CelError("NaN values cannot be ordered");
const INCOMPARABLE = new CelError("no such overload");

/** -1, 0 or 1; an error for values that have no order. */
export function compare(a: CelValue, b: CelValue): -1 | 0 | 1 | CelError {
  if (typeof a === "string") return typeof b === "string" ? compareStrings(a, b) : INCOMPARABLE;
  if (typeof a === "boolean") return typeof b === "boolean" ? ordered(Number(a), Number(b)) : INCOMPARABLE;
  if (a === null || b === null) return INCOMPARABLE;
  const left = numberOf(a);
  const right = numberOf(b);
  if (left !== undefined && right !== undefined) return compareNumbers(left, right) ?? NAN;
  if (a instanceof CelTimestamp && b instanceof CelTimestamp) return ordered(a.epochNanos, b.epochNanos);
  if (a instanceof CelDuration && b instanceof CelDuration) return ordered(a.nanos, b.nanos);
  if (a instanceof CelBytes && b instanceof CelBytes) return Buffer.compare(a.bytes, b.bytes);
  return INCOMPARABLE;
}

/** An integer that is compared with a double is rounded to one, as cel-go does. Undefined when one is not a number. */
function compareNumbers(a: bigint | number, b: bigint | number): -1 | 0 | 1 | undefined {
  if (Number.isNaN(a) || Number.isNaN(b)) return undefined;
  return typeof a === typeof b ? ordered(a, b) : ordered(Number(a), Number(b));
}

function ordered(a: bigint | number, b: bigint | number): -1 | 0 | 1 {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** In the order of code points, which is that of UTF-8 and not that of UTF-16. */
function compareStrings(a: string, b: string): -1 | 0 | 1 {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left !== right) {
      const surrogates = Number(isSurrogate(left)) - Number(isSurrogate(right));
      return surrogates === 0 ? ordered(left, right) : surrogates > 0 ? 1 : -1;
    }
  }
  return ordered(a.length, b.length);
}

function isSurrogate(unit: number): boolean {
  return (unit & 0xf800) === 0xd800;
}
