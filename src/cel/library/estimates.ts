/**
 * What calls are estimated to cost, and how large their results are.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/cel/library/cost.go
 * @see https://github.com/google/cel-go/blob/master/checker/cost.go
 */
import type { Expr } from "../ast.ts";
import { exactly, plus, scaled, times, traversal, UNBOUNDED, union, UNKNOWN, type Bounds } from "../bounds.ts";
import { LIST_CREATE_COST, REGEX_LENGTH_FACTOR, STRING_TRAVERSAL_FACTOR, STRUCT_CREATE_COST } from "../cost.ts";
import { isExactly } from "../type-relations.ts";
import type { CelType } from "../types.ts";

/** A part of an expression, as far as it's known before it is evaluated. */
export interface Operand {
  readonly expr: Expr | undefined;
  readonly type: CelType;
  readonly size: Bounds | undefined;
  /** Where its value is found, from a variable on. */
  readonly path: readonly string[] | undefined;
}

export interface CallEstimate {
  readonly cost: Bounds;
  readonly size?: Bounds;
}

/** Without the arguments' own costs. `sizeOf` knows the sizes of paths. Undefined where the default will do. */
type Estimate = (call: {
  readonly overloadId: string;
  readonly target: Operand | undefined;
  readonly args: readonly Operand[];
  readonly sizeOf: (operand: Operand) => Bounds;
}) => CallEstimate | undefined;

const ONE = exactly(1);
const nominal: Estimate = () => ({ cost: ONE });

/** The longest pattern of a format, which is all that is known of it. */
const MAX_FORMAT_PATTERN = 128;
const MAX_FORMAT_NAME = 64;

const selector: Estimate = ({ args: [text], sizeOf }) => {
  const size = sizeOf(text!);
  return { cost: plus(exactly(LIST_CREATE_COST), traversal(size), scaled(scaled(size, 0.5), LIST_CREATE_COST + STRUCT_CREATE_COST)) };
};

/** The elements of a list: by their path, if it has one, so that their size can be found. */
function elementsOf({ type, path }: Operand): Operand | undefined {
  const elementType = type.kind === "list" || type.kind === "optional" ? type.element : type.kind === "map" ? type.key : undefined;
  return elementType && { expr: undefined, type: elementType, size: undefined, path: path && path.length > 0 ? [...path, "@items"] : undefined };
}

const elementwise: Estimate = ({ target, sizeOf }) => {
  if (target === undefined) return undefined;
  const elements = elementsOf(target);
  if (elements === undefined) return { cost: traversal(sizeOf(target)) };
  const isText = elements.type.kind === "simple" && (elements.type.name === "string" || elements.type.name === "bytes");
  return { cost: times(sizeOf(target), isText ? plus(ONE, traversal(sizeOf(elements))) : ONE) };
};

const argumentTraversal: Estimate = ({ args: [text], sizeOf }) => text && { cost: traversal(sizeOf(text)) };

const sameSizeOfArgument: Estimate = ({ args: [text], sizeOf }) => text && { cost: traversal(sizeOf(text)), size: sizeOf(text) };

const sameSizeOfTarget: Estimate = ({ target, sizeOf }) => target && { cost: traversal(sizeOf(target)), size: sizeOf(target) };

const replace: Estimate = ({ target, args: [from, to], sizeOf }) => {
  if (!target || !from || !to) return undefined;
  const [size, replaced, replacement] = [sizeOf(target), sizeOf(from), sizeOf(to)];
  let [maxCount, maxKept, minCount, minKept] = [0, 0, 0, 0];
  // The longest result: an empty text is replaced around every character.
  if (replaced.min === 0) [maxCount, maxKept] = [size.max < UNBOUNDED ? size.max + 1 : size.max, size.max];
  else if (replacement.max <= replaced.min) maxKept = size.max;
  else maxCount = Math.ceil(size.max / replaced.min);
  // The shortest.
  if (replaced.max === 0) [minCount, minKept] = [size.min < UNBOUNDED ? size.min + 1 : size.min, size.min];
  else if (replaced.max <= replacement.min) minKept = size.min;
  else minCount = Math.ceil(size.min / replaced.max);
  return { cost: traversal(size, 2), size: plus(times({ min: minCount, max: maxCount }, replacement), { min: minKept, max: maxKept }) };
};

const split: Estimate = ({ target, args: [, limit], sizeOf }) => {
  if (!target) return undefined;
  const size = sizeOf(target);
  const literal = limit?.expr?.kind === "literal" && typeof limit.expr.value === "bigint" ? limit.expr.value : undefined;
  const max = literal === undefined ? size.max : Number(BigInt.asUintN(64, literal));
  return { cost: traversal(size, 2), size: { min: 0, max } };
};

const join: Estimate = ({ target, args: [separator], sizeOf }) => {
  if (!target) return undefined;
  const count = sizeOf(target);
  const elements = elementsOf(target);
  const text = elements ? times(count, sizeOf(elements)) : exactly(0);
  const separators = separator ? times(sizeOf(separator), { min: Math.max(0, count.min - 1), max: Math.max(0, count.max - 1) }) : exactly(0);
  const size = plus(text, separators);
  return { cost: traversal(size), size };
};

function regexCost(text: Bounds, pattern: Bounds): Bounds {
  return times(traversal(plus(text, ONE)), scaled(pattern, REGEX_LENGTH_FACTOR));
}

const find: Estimate = ({ target, args: [pattern], sizeOf }) => {
  if (!target || !pattern) return undefined;
  return { cost: regexCost(sizeOf(target), sizeOf(pattern)), size: { min: 0, max: sizeOf(target).max } };
};

/** The bytes of an address. */
const ADDRESS: Bounds = { min: 4, max: 16 };
const COMPARE_ADDRESSES = traversal(plus(ADDRESS, ADDRESS));

const containsIp: Estimate = ({ overloadId, args: [other], sizeOf }) =>
  other && { cost: overloadId === "cidr_contains_ip_string" ? plus(COMPARE_ADDRESSES, traversal(sizeOf(other))) : COMPARE_ADDRESSES };

const containsCidr: Estimate = ({ overloadId, args: [other], sizeOf }) => {
  if (!other) return undefined;
  const cost = plus(COMPARE_ADDRESSES, traversal(ADDRESS), ONE);
  return { cost: overloadId === "cidr_contains_cidr_string" ? plus(cost, traversal(sizeOf(other))) : cost };
};

/** Kubernetes' own types compare in constant time; the rest as cel-go says. */
const equality: Estimate = ({ args: [left, right] }) => {
  if (!left || !right || !isExactly(left.type, right.type) || left.type.kind !== "opaque") return undefined;
  switch (left.type.name) {
    case "kubernetes.NamedFormat":
      return { cost: traversal({ min: 1, max: MAX_FORMAT_NAME }) };
    case "kubernetes.URL":
      return { cost: traversal({ min: 1, max: right.size?.max ?? 1 }) };
    default:
      return { cost: ONE };
  }
};

function each(names: readonly string[], estimate: Estimate): Record<string, Estimate> {
  return Object.fromEntries(names.map((name) => [name, estimate]));
}

const BY_FUNCTION: Readonly<Record<string, Estimate>> = {
  check: () => ({ cost: exactly(350_000) }),
  ...each(["serviceAccount", "path", "group", "resource", "subresource", "namespace", "name", "allowed", "reason", "error", "errored"], nominal),
  ...each(["fieldSelector", "labelSelector"], selector),
  ...each(["isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"], elementwise),
  ...each(["url", "jsonpatch.escapeKey"], sameSizeOfArgument),
  ...each(["lowerAscii", "upperAscii", "substring", "trim"], sameSizeOfTarget),
  replace, split, join, find, findAll: find,
  ...each(["cidr", "isIP", "isCIDR", "quantity", "isQuantity", "semver", "isSemver"], argumentTraversal),
  ip: (call) => (call.overloadId === "cidr_ip" ? { cost: ONE } : argumentTraversal(call)),
  "ip.isCanonical": ({ args: [text], sizeOf }) => text && { cost: traversal(sizeOf(text), 2) },
  ...each(["masked", "prefixLength", "family", "isUnspecified", "isLoopback", "isLinkLocalMulticast", "isLinkLocalUnicast", "isGlobalUnicast"], nominal),
  containsIP: containsIp,
  containsCIDR: containsCidr,
  validate: ({ args: [text], sizeOf }) => text && { cost: scaled(traversal(sizeOf(text)), MAX_FORMAT_PATTERN * REGEX_LENGTH_FACTOR) },
  "format.named": nominal,
  ...each(["sign", "asInteger", "isInteger", "asApproximateFloat", "isGreaterThan", "isLessThan", "compareTo", "add", "sub", "major", "minor", "patch"], nominal),
  ...each(["getScheme", "getHostname", "getHost", "getPort", "getEscapedPath", "getQuery"], nominal),
  "_==_": equality,
};

function newList(factor: number, size: Bounds): CallEstimate {
  return { cost: plus(scaled(size, factor), ONE, exactly(LIST_CREATE_COST)), size };
}

function literalCount(operand: Operand | undefined, otherwise: number): number {
  const value = operand?.expr?.kind === "literal" ? operand.expr.value : undefined;
  return typeof value === "bigint" ? Math.max(0, Number(value)) : otherwise;
}

const slice: Estimate = ({ target, args: [start, end], sizeOf }) => {
  if (!target) return undefined;
  const size = literalCount(end, sizeOf(target).max) - literalCount(start, 0);
  // As unsigned integers, of which cel-go doesn't notice that they wrap around.
  return newList(1, exactly(size < 0 ? UNBOUNDED : size));
};

function selfComparison(operand: Operand | undefined, factor: number, sizeOf: (operand: Operand) => Bounds): CallEstimate | undefined {
  return operand && newList(factor, times(sizeOf(operand), sizeOf(operand)));
}

function sets(factor: number): Estimate {
  return ({ args: [left, right], sizeOf }) => left && right && { cost: plus(scaled(times(sizeOf(left), sizeOf(right)), factor), ONE) };
}

const SORTABLE = ["int", "uint", "double", "bool", "google.protobuf.Duration", "google.protobuf.Timestamp", "string", "bytes"];

function sortFactor(type: string): number {
  return type === "string" || type === "bytes" ? 2 + STRING_TRAVERSAL_FACTOR : 2;
}

/** cel-go's estimates, which come before Kubernetes' own. */
const BY_OVERLOAD: Readonly<Record<string, Estimate>> = {
  list_slice: slice,
  list_flatten: ({ target, sizeOf }) => target && newList(1, sizeOf(target)),
  list_flatten_int: ({ target, args: [depth], sizeOf }) => target && newList(literalCount(depth, UNBOUNDED), sizeOf(target)),
  lists_range: ({ args: [count] }) => newList(1, exactly(literalCount(count, UNBOUNDED))),
  list_reverse: ({ target, sizeOf }) => target && newList(1, sizeOf(target)),
  list_distinct: ({ target, sizeOf }) => selfComparison(target, 2, sizeOf),
  ...Object.fromEntries(SORTABLE.flatMap((type): [string, Estimate][] => [
    [`list_${type}_sort`, ({ target, sizeOf }) => selfComparison(target, sortFactor(type), sizeOf)],
    [`list_${type}_sortByAssociatedKeys`, ({ args: [keys], sizeOf }) => selfComparison(keys, sortFactor(type), sizeOf)],
  ])),
  list_sets_contains_list: sets(1),
  list_sets_intersects_list: sets(1),
  list_sets_equivalent_list: sets(2),
};

const known = (operand: Operand | undefined): Bounds => operand?.size ?? UNKNOWN;

const comparison: Estimate = ({ args: [left, right] }) => {
  const max = Math.min(known(left).max, known(right).max);
  return { cost: traversal({ min: max > 0 ? 1 : 0, max }) };
};

const concatenation: Estimate = ({ overloadId, args: [left, right] }) => {
  const size = plus(known(left), known(right));
  return { cost: overloadId === "add_list" ? ONE : traversal(size), size };
};

/** With quotes, and each character escaped. cel-go doesn't notice that twice the unbounded wraps around to nothing. */
function quotedSize({ min, max }: Bounds): Bounds {
  return { min: min + 2, max: max >= UNBOUNDED ? 0 : Math.min(UNBOUNDED, max * 2 + 2) };
}

const BY_STANDARD_OVERLOAD: Readonly<Record<string, Estimate>> = {
  string_format: ({ target }) => ({ cost: traversal(known(target)) }),
  string_to_bytes: ({ args: [text] }) => ({ cost: traversal(known(text)), size: { min: known(text).min, max: Math.min(UNBOUNDED, known(text).max * 4) } }),
  bytes_to_string: ({ args: [bytes] }) => ({ cost: traversal(known(bytes)), size: { min: Math.trunc(known(bytes).min / 4), max: known(bytes).max } }),
  strings_quote: ({ args: [text] }) => ({ cost: traversal(known(text)), size: quotedSize(known(text)) }),
  ...each(["starts_with_string", "ends_with_string"], ({ args: [part] }) => ({ cost: traversal(known(part)) })),
  in_list: ({ args: [, list] }) => ({ cost: scaled(known(list), 1) }),
  matches_string: ({ target, args: [pattern] }) => ({ cost: regexCost(known(target), known(pattern)) }),
  contains_string: ({ target, args: [part] }) => ({ cost: times(traversal(known(target)), traversal(known(part))) }),
  ...each(["add_string", "add_bytes", "add_list"], concatenation),
  ...each(["less_string", "greater_string", "less_equals_string", "greater_equals_string"], comparison),
  ...each(["less_bytes", "greater_bytes", "less_equals_bytes", "greater_equals_bytes", "equals", "not_equals"], comparison),
};

/** The estimate for a call of an overload, without its arguments' costs. */
export function estimateCall(name: string, overloadId: string, target: Operand | undefined, args: readonly Operand[], sizeOf: (operand: Operand) => Bounds): CallEstimate {
  const call = { overloadId, target, args, sizeOf };
  return BY_OVERLOAD[overloadId]?.(call) ?? BY_FUNCTION[name]?.(call) ?? BY_STANDARD_OVERLOAD[overloadId]?.(call) ?? { cost: ONE };
}

/** Of a conditional: of either branch. */
export function eitherSize(left: Operand, right: Operand): Bounds {
  return union(known(left), known(right));
}
