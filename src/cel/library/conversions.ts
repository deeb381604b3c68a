import { declare, overload, type Implementation, type Library } from "../functions.ts";
import { formatDuration, formatTimestamp, MAX_TIMESTAMP_SECONDS, MIN_TIMESTAMP_SECONDS, parseDuration, parseTimestamp } from "../time.ts";
import { BOOL, BYTES, DOUBLE, DURATION, DYN, INT, STRING, TIMESTAMP, UINT, typeOf, typeParameter } from "../types.ts";
import { CelBytes, CelDouble, CelDuration, CelError, CelTimestamp, CelTypeValue, CelUint, MAX_INT, MAX_UINT, MIN_INT, typeNameOf, type CelValue, type Result } from "../values.ts";
import { intOrOverflow, uintOrOverflow } from "./operators.ts";
import { formatDouble } from "./numbers.ts";

const A = typeParameter("A");

/** The text of anything that `string()` takes. */
export function stringOf(value: CelValue): Result {
  if (typeof value === "string") return value;
  if (typeof value === "bigint" || typeof value === "boolean") return String(value);
  if (value instanceof CelDouble) return formatDouble(value.value);
  if (value instanceof CelUint) return String(value.value);
  if (value instanceof CelTimestamp) return formatTimestamp(value.epochNanos, value.offsetSeconds);
  if (value instanceof CelDuration) return formatDuration(value.nanos);
  if (value instanceof CelTypeValue) return value.name;
  return value instanceof CelBytes ? utf8(value) : conversionError(value, "string");
}

function utf8({ bytes }: CelBytes): Result {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return new CelError("invalid UTF-8 in bytes, cannot convert to string");
  }
}

function conversionError(value: CelValue, to: string): CelError {
  return new CelError(`type conversion error from '${typeNameOf(value)}' to '${to}'`);
}

const toString: Implementation = ([value]) => stringOf(value!);

/** A conversion that looks at every character of a text, for which cel-go charges a unit. */
function reading(convert: (value: CelValue) => Result): Implementation {
  return ([value], meter) => {
    if (typeof value === "string") meter.work(value.length);
    return convert(value!);
  };
}

const toInt = reading((value) => {
  if (typeof value === "string") {
    const parsed = /^[+-]?\d+$/.test(value) && value.length < 40 ? BigInt(value.replace("+", "")) : undefined;
    return parsed !== undefined && parsed >= MIN_INT && parsed <= MAX_INT ? parsed : conversionError(value, "int");
  }
  if (value instanceof CelDouble) {
    // The ends of the range are no exact doubles; cel-go leaves them out.
    const fits = value.value > -(2 ** 63) && value.value < 2 ** 63;
    return fits ? BigInt(Math.trunc(value.value)) : new CelError("integer overflow");
  }
  if (value instanceof CelUint) return intOrOverflow(value.value);
  if (value instanceof CelDuration) return value.nanos;
  return value instanceof CelTimestamp ? floorDivide(value.epochNanos, 1_000_000_000n) : value;
});

function floorDivide(a: bigint, b: bigint): bigint {
  return a / b - (a % b < 0n ? 1n : 0n);
}

const toUint = reading((value) => {
  if (typeof value === "string") {
    const parsed = /^\d+$/.test(value) && value.length < 40 ? BigInt(value) : undefined;
    return parsed !== undefined && parsed <= MAX_UINT ? new CelUint(parsed) : conversionError(value, "uint");
  }
  if (typeof value === "bigint") return uintOrOverflow(value);
  if (!(value instanceof CelDouble)) return value;
  return value.value >= 0 && value.value < 2 ** 64 ? new CelUint(BigInt(Math.trunc(value.value))) : new CelError("unsigned integer overflow");
});

/** Go's syntax of floating point numbers, apart from hexadecimal ones. */
const DOUBLE_SYNTAX = /^[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|inf(?:inity)?|nan)$/i;

const toDouble = reading((value) => {
  if (typeof value === "bigint") return new CelDouble(Number(value));
  if (value instanceof CelUint) return new CelDouble(Number(value.value));
  if (typeof value !== "string") return value;
  if (!DOUBLE_SYNTAX.test(value)) return conversionError(value, "double");
  const number = Number(value.toLowerCase().replace(/inf(?:inity)?$/, "Infinity").replace(/^[+-]?nan$/, "NaN"));
  return Number.isFinite(number) || /[in]/i.test(value) ? new CelDouble(number) : conversionError(value, "double");
});

const toBool: Implementation = ([value]) => {
  if (typeof value !== "string") return value!;
  if (["1", "t", "T", "true", "TRUE", "True"].includes(value)) return true;
  return ["0", "f", "F", "false", "FALSE", "False"].includes(value) ? false : conversionError(value, "bool");
};

const toBytes: Implementation = ([value]) => (typeof value === "string" ? new CelBytes(Buffer.from(value)) : value!);

const toDuration = reading((value) => {
  if (typeof value !== "string") return value;
  const nanos = parseDuration(value);
  return nanos === undefined ? conversionError(value, "google.protobuf.Duration") : new CelDuration(nanos);
});

/** A point in time from its text, or from seconds since 1970. */
export function toTimestamp(value: CelValue): Result {
  const parsed = typeof value === "string" ? parseTimestamp(value) : typeof value === "bigint" ? { epochNanos: value * 1_000_000_000n, offsetSeconds: 0 } : undefined;
  if (parsed === undefined) return typeof value === "string" ? conversionError(value, "google.protobuf.Timestamp") : value;
  const seconds = floorDivide(parsed.epochNanos, 1_000_000_000n);
  return seconds < MIN_TIMESTAMP_SECONDS || seconds > MAX_TIMESTAMP_SECONDS ? new CelError("timestamp overflow") : new CelTimestamp(parsed.epochNanos, parsed.offsetSeconds);
}

const identity: Implementation = ([value]) => value!;

/** The functions named like types. */
export const CONVERSION_LIBRARY: Library = [
  { name: "type", overloads: [overload("type", [A], typeOf(A))], call: ([value]) => new CelTypeValue(typeNameOf(value!)) },
  { name: "dyn", overloads: [overload("to_dyn", [A], DYN)], call: identity },
  declare("bool", overload("bool_to_bool", [BOOL], BOOL, identity), overload("string_to_bool", [STRING], BOOL, toBool)),
  declare("bytes", overload("bytes_to_bytes", [BYTES], BYTES, identity), overload("string_to_bytes", [STRING], BYTES, toBytes)),
  declare("double",
    overload("double_to_double", [DOUBLE], DOUBLE, identity), overload("int64_to_double", [INT], DOUBLE, toDouble),
    overload("string_to_double", [STRING], DOUBLE, toDouble), overload("uint64_to_double", [UINT], DOUBLE, toDouble)),
  // Declared for ints, and refused when it comes to it.
  declare("duration",
    overload("duration_to_duration", [DURATION], DURATION, identity), overload("int64_to_duration", [INT], DURATION, ([number]) => conversionError(number!, "google.protobuf.Duration")),
    overload("string_to_duration", [STRING], DURATION, toDuration)),
  declare("int",
    overload("int64_to_int64", [INT], INT, identity), overload("double_to_int64", [DOUBLE], INT, toInt), overload("duration_to_int64", [DURATION], INT, toInt),
    overload("string_to_int64", [STRING], INT, toInt), overload("timestamp_to_int64", [TIMESTAMP], INT, toInt), overload("uint64_to_int64", [UINT], INT, toInt)),
  declare("string",
    overload("string_to_string", [STRING], STRING, identity), overload("bool_to_string", [BOOL], STRING, toString),
    overload("bytes_to_string", [BYTES], STRING, toString), overload("double_to_string", [DOUBLE], STRING, toString),
    overload("duration_to_string", [DURATION], STRING, toString), overload("int64_to_string", [INT], STRING, toString),
    overload("timestamp_to_string", [TIMESTAMP], STRING, toString), overload("uint64_to_string", [UINT], STRING, toString)),
  declare("timestamp",
    overload("timestamp_to_timestamp", [TIMESTAMP], TIMESTAMP, identity), overload("int64_to_timestamp", [INT], TIMESTAMP, reading(toTimestamp)),
    overload("string_to_timestamp", [STRING], TIMESTAMP, reading(toTimestamp))),
  declare("uint",
    overload("uint64_to_uint64", [UINT], UINT, identity), overload("double_to_uint64", [DOUBLE], UINT, toUint), overload("int64_to_uint64", [INT], UINT, toUint),
    overload("string_to_uint64", [STRING], UINT, toUint)),
];
