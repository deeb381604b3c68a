/**
 * What calls cost, by function and overload, as cel-go and Kubernetes charge for them.
 * @see https://github.com/google/cel-go/blob/master/interpreter/runtimecost.go
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/cel/library/cost.go
 */
import { LIST_CREATE_COST, REGEX_LENGTH_FACTOR, STRING_TRAVERSAL_FACTOR, STRUCT_CREATE_COST, type CostMeter } from "../cost.ts";
import { CelBytes, CelList, CelOpaque, type Result } from "../values.ts";
import { NamedFormat } from "./formats.ts";

type CallCost = (args: readonly Result[], meter: CostMeter, overloadId: string | undefined) => number;

const traversalOfFirst: CallCost = ([first], meter) => meter.traversal(first!);
const nominal: CallCost = () => 1;

/** Of comparing values: of going through the smaller one. */
const comparison: CallCost = ([left, right], meter) => Math.ceil(smallerSize(left!, right!, meter) * STRING_TRAVERSAL_FACTOR);

function smallerSize(left: Result, right: Result, meter: CostMeter): number {
  // The characters of a long string needn't be counted where the other is surely shorter: each is at most two units.
  if (typeof left === "string" && typeof right === "string") {
    if (left.length * 2 <= right.length) return meter.sizeOf(left);
    if (right.length * 2 <= left.length) return meter.sizeOf(right);
  }
  return Math.min(meter.sizeOf(left), meter.sizeOf(right));
}

const concatenation: CallCost = ([left, right], meter) => Math.ceil((meter.sizeOf(left!) + meter.sizeOf(right!)) * STRING_TRAVERSAL_FACTOR);

const matching: CallCost = ([text, pattern], meter) => meter.regexCost(text!, pattern!);

/** A new list of so many elements. */
function newList(size: number): number {
  return Math.trunc(size) + 1 + LIST_CREATE_COST;
}

/** Of comparing each element of a list with each. */
function selfComparison(list: Result, meter: CostMeter): number {
  const size = meter.sizeOf(list);
  const first = list instanceof CelList && list.size > 0 ? list.at(0) : undefined;
  const factor = typeof first === "string" || first instanceof CelBytes ? 2 + STRING_TRAVERSAL_FACTOR : 2;
  return newList(size === 0 ? 0 : size * size * factor);
}

function sets(factor: number): CallCost {
  return ([left, right], meter) => 1 + Math.trunc(meter.sizeOf(left!) * meter.sizeOf(right!) * factor);
}

const slice: CallCost = ([list, start, end], meter) => {
  const valid = typeof start === "bigint" && typeof end === "bigint" && start >= 0n && start <= end && end <= BigInt(meter.sizeOf(list!));
  return newList(valid ? Number(end - start) : 1);
};

const flatten: CallCost = ([list, depth = 1n], meter) => newList(meter.sizeOf(list!) * (typeof depth === "bigint" && depth > 0n ? Number(depth) : 0));

const selector: CallCost = ([, text], meter) => {
  const size = meter.sizeOf(text!);
  const requirements = Math.ceil(Math.ceil(size * 0.5) * (LIST_CREATE_COST + STRUCT_CREATE_COST));
  return LIST_CREATE_COST + Math.ceil(size * STRING_TRAVERSAL_FACTOR) + requirements;
};

const COMPARABLE_TYPES = ["int", "uint", "double", "bool", "google.protobuf.Duration", "google.protobuf.Timestamp", "string", "bytes"];

/** Found first. */
const BY_OVERLOAD: Readonly<Record<string, CallCost>> = {
  list_slice: slice,
  list_flatten: flatten,
  list_flatten_int: flatten,
  lists_range: ([count]) => newList(typeof count === "bigint" && count > 0n ? Number(count) : 0),
  list_reverse: ([list], meter) => newList(meter.sizeOf(list!)),
  list_distinct: ([list], meter) => selfComparison(list!, meter),
  ...Object.fromEntries(COMPARABLE_TYPES.flatMap((type): [string, CallCost][] => [
    [`list_${type}_sort`, ([list], meter) => selfComparison(list!, meter)],
    [`list_${type}_sortByAssociatedKeys`, ([, keys], meter) => selfComparison(keys!, meter)],
  ])),
  list_sets_contains_list: sets(1),
  list_sets_intersects_list: sets(1),
  list_sets_equivalent_list: sets(2),
};

const containsIp: CallCost = ([cidr, other], meter, overloadId) =>
  Math.ceil(meter.sizeOf(cidr!) * 2 * STRING_TRAVERSAL_FACTOR) + (overloadId === "cidr_contains_ip_string" ? meter.traversal(other!) : 0);

const containsCidr: CallCost = ([cidr, other], meter, overloadId) =>
  Math.ceil(meter.sizeOf(cidr!) * 2 * STRING_TRAVERSAL_FACTOR) + meter.traversal(cidr!) + 1 + (overloadId === "cidr_contains_cidr_string" ? meter.traversal(other!) : 0);

const validate: CallCost = ([format, text], meter) => {
  if (!(format instanceof NamedFormat)) return 1;
  return Math.ceil((1 + meter.sizeOf(text!)) * STRING_TRAVERSAL_FACTOR) * Math.ceil(format.patternLength * REGEX_LENGTH_FACTOR);
};

function each(names: readonly string[], cost: CallCost): Record<string, CallCost> {
  return Object.fromEntries(names.map((name) => [name, cost]));
}

/** Found next: Kubernetes' own charges. */
const BY_FUNCTION: Readonly<Record<string, CallCost>> = {
  // Two authorization checks are all that an expression can afford.
  check: () => 350_000,
  ...each(["serviceAccount", "path", "group", "resource", "subresource", "namespace", "name", "allowed", "reason", "error", "errored"], nominal),
  ...each(["fieldSelector", "labelSelector"], selector),
  ...each(["isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"], ([first], meter) => meter.deepTraversal(first!)),
  ...each(["url", "lowerAscii", "upperAscii", "substring", "trim", "jsonpatch.escapeKey", "cidr", "isIP", "isCIDR"], traversalOfFirst),
  ...each(["quantity", "isQuantity", "semver", "isSemver"], traversalOfFirst),
  join: () => 0,
  ...each(["replace", "split", "ip.isCanonical"], ([first], meter) => meter.traversal(first!, 2)),
  ...each(["find", "findAll"], matching),
  ip: ([first], meter, overloadId) => (overloadId === "cidr_ip" ? 1 : meter.traversal(first!)),
  containsIP: containsIp,
  containsCIDR: containsCidr,
  validate,
  "_==_": (args, meter) => (args[0] instanceof CelOpaque ? 1 : comparison(args, meter, undefined)),
};

/** Found last: cel-go's charges for its own functions. */
const BY_STANDARD_OVERLOAD: Readonly<Record<string, CallCost>> = {
  ...each(["starts_with_string", "ends_with_string", "string_to_bytes", "bytes_to_string", "strings_quote", "string_format"], traversalOfFirst),
  in_list: ([, list], meter) => meter.sizeOf(list!),
  ...each(["less_string", "greater_string", "less_equals_string", "greater_equals_string"], comparison),
  ...each(["less_bytes", "greater_bytes", "less_equals_bytes", "greater_equals_bytes", "equals", "not_equals"], comparison),
  ...each(["add_string", "add_bytes"], concatenation),
  matches_string: matching,
  contains_string: ([text, part], meter) => meter.traversal(text!) * meter.traversal(part!),
};

/** What a call of a function will cost; of an overload, if it's known which. */
export function costOfCall(name: string, overloadId: string | undefined): CallCost {
  const own = overloadId === undefined ? undefined : BY_OVERLOAD[overloadId];
  return own ?? BY_FUNCTION[name] ?? (overloadId === undefined ? undefined : BY_STANDARD_OVERLOAD[overloadId]) ?? nominal;
}

/** The one charge that depends on the result, and is made when there is one: of joining strings. */
export function costOfResult(name: string, result: Result, meter: CostMeter): number {
  return name === "join" ? meter.traversal(result, 2) : 0;
}
