/**
 * `string.format(list)`: the directives %s, %d, %f, %e, %b, %x, %X and %o.
 * @see https://github.com/google/cel-go/blob/master/ext/formatting.go
 */
import type { Expr, ListLiteral } from "../ast.ts";
import type { CostMeter } from "../cost.ts";
import { FunctionError, resultOf } from "../functions.ts";
import type { Problems } from "../source.ts";
import { formatDuration, formatTimestamp } from "../time.ts";
import type { CelType } from "../types.ts";
import {
  CelBytes, CelDouble, CelDuration, CelError, CelList, CelMap, CelTimestamp, CelUint, typeNameOf, type CelValue, type Result,
} from "../values.ts";
import { stringOf } from "./conversions.ts";

const DEFAULT_PRECISION = 6;

/** cel-go has no bound in the version that Kubernetes uses; later versions have this one. */
const MAX_PRECISION = 100;

/** As many as JavaScript gives: a number in the middle of two has no more. */
const MOST_DIGITS = 100;

/** Of writing an element of a list or an entry of a map. */
const ELEMENT_WORK = 20;

interface Directive {
  readonly letter: string;
  readonly precision: number | undefined;
}

const NEEDS: Readonly<Record<string, { readonly types: readonly string[]; readonly message: string }>> = {
  s: {
    types: ["list", "map", "int", "uint", "double", "bool", "string", "timestamp", "bytes", "duration", "type", "null_type"],
    message: "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given",
  },
  d: { types: ["int", "uint"], message: "decimal clause can only be used on integers, was given" },
  f: { types: ["double", "string"], message: "fixed-point clause can only be used on doubles, was given" },
  e: { types: ["double", "string"], message: "scientific clause can only be used on doubles, was given" },
  b: { types: ["int", "uint", "bool"], message: "only integers and bools can be formatted as binary, was given" },
  x: { types: ["int", "uint", "string", "bytes"], message: "only integers, byte buffers, and strings can be formatted as hex, was given" },
  o: { types: ["int", "uint"], message: "octal clause can only be used on integers, was given" },
};

/** A template's text and directives in turn. Throws a FunctionError where it isn't one; `next` is told of each directive. */
function parseTemplate(template: string, next: (directive: Directive) => string): string {
  let text = "";
  let at = 0;
  for (;;) {
    const percent = template.indexOf("%", at);
    if (percent < 0) return text + template.slice(at);
    text += template.slice(at, percent);
    if (template[percent + 1] === "%") {
      text += "%";
      at = percent + 2;
      continue;
    }
    const { directive, length } = parseDirective(template.slice(percent + 1));
    text += next(directive);
    at = percent + 1 + length;
  }
}

function parseDirective(text: string): { directive: Directive; length: number } {
  const [, dot = "", digits = "", letter = ""] = /^(\.?)(\d*)([^]?)/u.exec(text)!;
  if (dot === "" && digits !== "") throw unparsable(`unrecognized formatting clause "${digits[0]!}"`);
  if (letter === "") throw dot === "" ? new FunctionError("unexpected end of string") : unparsable("error while parsing precision: could not find end of precision specifier");
  if (dot !== "" && digits === "") throw unparsable('error while parsing precision: error while converting precision to integer: strconv.Atoi: parsing "": invalid syntax');
  const precision = dot === "" ? undefined : Number(digits);
  if (precision !== undefined && precision > MAX_PRECISION) {
    throw unparsable(`error while parsing precision: precision ${digits} exceeds maximum allowed precision ${MAX_PRECISION}`);
  }
  if (!(letter.toLowerCase() in NEEDS) || (letter !== "X" && letter !== letter.toLowerCase())) throw unparsable(`unrecognized formatting clause "${letter}"`);
  return { directive: { letter, precision }, length: dot.length + digits.length + letter.length };
}

function unparsable(why: string): FunctionError {
  return new FunctionError(`could not parse formatting clause: ${why}`);
}

/** Fills a template in. */
export function formatString(template: string, args: CelList, meter: CostMeter): Result {
  let used = 0;
  return resultOf(() => parseTemplate(template, (directive) => {
    if (used >= args.size) throw new FunctionError(`index ${used} out of range`);
    const argument = args.at(used++);
    if (argument instanceof CelError) throw new FunctionError(argument.message);
    const text = format(directive, argument, meter);
    meter.work(text.length + template.length);
    return text;
  }));
}

function format({ letter, precision }: Directive, value: CelValue, meter: CostMeter): string {
  switch (letter) {
    case "s":
      return formatAsString(value, meter);
    case "d":
      return String(integer("d", value));
    case "f":
      return grouped(double("f", value), precision ?? DEFAULT_PRECISION);
    case "e":
      // cel-go takes the precision for a width.
      return scientific(double("e", value)).padStart(precision ?? 0);
    case "b":
      return typeof value === "boolean" ? String(Number(value)) : integer("b", value).toString(2);
    case "o":
      return integer("o", value).toString(8);
    default: {
      const hex = typeof value === "string" || value instanceof CelBytes
        ? Buffer.from(typeof value === "string" ? Buffer.from(value) : value.bytes).toString("hex")
        : integer("x", value).toString(16);
      return letter === "X" ? hex.toUpperCase() : hex;
    }
  }
}

function mismatch(letter: string, value: CelValue): FunctionError {
  return new FunctionError(`error during formatting: ${NEEDS[letter]!.message} ${typeNameOf(value)}`);
}

function integer(letter: string, value: CelValue): bigint {
  if (typeof value === "bigint") return value;
  if (value instanceof CelUint) return value.value;
  throw mismatch(letter, value);
}

function double(letter: string, value: CelValue): number {
  if (value instanceof CelDouble) return value.value;
  if (value === "NaN" || value === "Infinity" || value === "-Infinity") return Number(value);
  throw mismatch(letter, value);
}

/** With a comma between thousands, as in American English. */
function grouped(value: number, precision: number): string {
  if (!Number.isFinite(value)) return special(value);
  const [, sign, whole, fraction] = /^(-?)(\d+)(.*)$/.exec(fixed(value, precision))!;
  return `${sign}${whole!.replace(/\B(?=(\d{3})+$)/g, ",")}${fraction}`;
}

function fixed(value: number, precision: number): string {
  // toFixed gives up on large numbers, all of which are whole.
  if (Math.abs(value) >= 1e21) return BigInt(value).toString() + (precision > 0 ? `.${"0".repeat(precision)}` : "");
  const size = Math.abs(value);
  const text = toEven(size.toFixed(precision), size.toFixed(MOST_DIGITS).slice(0, precision === 0 ? -MOST_DIGITS - 1 : precision - MOST_DIGITS), size.toFixed(MOST_DIGITS));
  return (value < 0 || Object.is(value, -0) ? "-" : "") + text;
}

function scientific(value: number): string {
  if (!Number.isFinite(value)) return special(value);
  const size = Math.abs(value);
  const [exact, exponentText] = size.toExponential(MOST_DIGITS).split("e") as [string, string];
  const [roundedUp, exponent] = size.toExponential(DEFAULT_PRECISION).split("e") as [string, string];
  const mantissa = exponent === exponentText ? toEven(roundedUp, exact.slice(0, DEFAULT_PRECISION + 2), exact) : roundedUp;
  const raised = Array.from(exponent.slice(1).padStart(2, "0"), (digit) => "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"[Number(digit)]).join("");
  return `${value < 0 ? "-" : ""}${mantissa}\u00d710${exponent.startsWith("-") ? "\u207b" : ""}${raised}`;
}

/** JavaScript rounds what is in the middle up, Go to the even digit. */
function toEven(roundedUp: string, truncated: string, exact: string): string {
  const dropped = exact.slice(truncated.length).replace(".", "");
  return /^50*$/.test(dropped) && /[02468]$/.test(truncated) ? truncated : roundedUp;
}

function special(value: number): string {
  return Number.isNaN(value) ? "NaN" : value > 0 ? "\u221e" : "-\u221e";
}

function formatAsString(value: CelValue, meter: CostMeter): string {
  if (value === null) return "null";
  if (value instanceof CelList || value instanceof CelMap) return formatNested(value, meter);
  const text = stringOf(value);
  if (!(text instanceof CelError)) return text as string;
  throw value instanceof CelBytes ? new FunctionError(`error during formatting: could not convert argument ${JSON.stringify(text.message)} to string`) : mismatch("s", value);
}

/** A value inside a list or a map, written like a literal. */
function formatNested(value: Result, meter: CostMeter): string {
  if (value instanceof CelError) throw new FunctionError(value.message);
  meter.work(value instanceof CelList || value instanceof CelMap ? value.size * ELEMENT_WORK : 1);
  if (value instanceof CelList) return `[${[...value].map((element) => formatNested(element, meter)).join(", ")}]`;
  if (value instanceof CelMap) return formatMap(value, meter);
  if (value instanceof CelDouble) return Number.isFinite(value.value) ? fixed(value.value, DEFAULT_PRECISION) : JSON.stringify(goSpecial(value.value));
  if (value instanceof CelTimestamp) return `timestamp("${formatTimestamp(value.epochNanos, value.offsetSeconds)}")`;
  if (value instanceof CelDuration) return `duration("${formatDuration(value.nanos)}")`;
  if (typeof value === "string") return JSON.stringify(value);
  const known = value === null || typeof value !== "object" || value instanceof CelUint || value instanceof CelBytes || typeNameOf(value) === "type";
  if (!known) throw new FunctionError(`error during formatting: no formatting function for ${typeNameOf(value)}`);
  const text = formatAsString(value, meter);
  return value instanceof CelBytes ? `b${JSON.stringify(text)}` : text;
}

function goSpecial(value: number): string {
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}

function formatMap(map: CelMap, meter: CostMeter): string {
  const entries = [...map.keys()].map((key) => {
    if (typeof key === "object" && !(key instanceof CelUint)) {
      throw new FunctionError(`error during formatting: no formatting function for map key of type ${typeNameOf(key)}`);
    }
    return [formatNested(key, meter), formatNested(map.find(key) ?? null, meter)] as const;
  });
  return `{${entries.toSorted(([a], [b]) => (a < b ? -1 : Number(a > b))).map(([key, value]) => `${key}:${value}`).join(", ")}}`;
}

/** Checks a literal template against literal arguments, before they are evaluated. */
export function checkFormat(template: string, args: ListLiteral, call: Expr, types: ReadonlyMap<Expr, CelType>, problems: Problems): void {
  let used = 0;
  let at: Expr = call;
  const checked = resultOf(() => parseTemplate(template, (directive) => {
    const argument = args.elements[used]?.value;
    if (argument === undefined) throw new FunctionError(`index ${used} out of range`);
    used++;
    const wrong = wrongArgument(directive.letter.toLowerCase(), argument, types);
    if (wrong === undefined) return "";
    at = wrong.expr;
    throw new FunctionError(`error during formatting: ${NEEDS[directive.letter.toLowerCase()]!.message} ${wrong.typeName}`);
  }));
  if (checked instanceof CelError) problems.report(at.offset, checked.message);
  else if (args.elements.length > used) problems.report(call.offset, `too many arguments supplied to string.format (expected ${used}, got ${args.elements.length})`);
}

function wrongArgument(letter: string, expr: Expr, types: ReadonlyMap<Expr, CelType>): { expr: Expr; typeName: string } | undefined {
  const typeName = staticTypeName(types.get(expr)!);
  if (typeName !== "dyn" && !NEEDS[letter]!.types.includes(typeName)) return { expr, typeName };
  if (letter !== "s") return undefined;
  const parts = expr.kind === "list" ? expr.elements.map(({ value }) => value) : expr.kind === "map" ? expr.entries.flatMap(({ key, value }) => [key, value]) : [];
  for (const part of parts) {
    const wrong = wrongArgument(letter, part, types);
    if (wrong) return wrong;
  }
  return undefined;
}

function staticTypeName(type: CelType): string {
  if ("name" in type) return type.name;
  return type.kind === "optional" ? "optional_type" : type.kind;
}
