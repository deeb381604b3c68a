import { formatTimestamp } from "../time.ts";
import {
  CelBytes, CelDouble, CelDuration, CelError, CelList, CelMap, CelOptional, CelTimestamp, CelTypeValue, CelUint, typeNameOf, type Result,
} from "../values.ts";
import { formatDouble } from "./numbers.ts";

/** A value within a message of cel-go's: Go's `%v`. */
export function showValue(value: Result): string {
  if (value instanceof CelError) return value.message;
  if (value === null) return "null";
  if (typeof value !== "object") return String(value);
  if (value instanceof CelDouble) return formatDouble(value.value);
  if (value instanceof CelUint) return String(value.value);
  if (value instanceof CelTypeValue) return value.name;
  if (value instanceof CelBytes) return `[${[...value.bytes].join(" ")}]`;
  if (value instanceof CelTimestamp) return formatTimestamp(value.epochNanos, value.offsetSeconds);
  if (value instanceof CelDuration) return goDuration(value.nanos);
  if (value instanceof CelOptional) return value.value === undefined ? "optional.none()" : `optional(${showValue(value.value)})`;
  if (value instanceof CelList) return `[${shortened([...value].map(showValue))}]`;
  if (value instanceof CelMap) return `{${shortened([...value.keys()].map((key) => `${showValue(key)}: ${showValue(value.find(key) ?? null)}`))}}`;
  return typeNameOf(value);
}

/** Nobody reads more, and a message may not grow as large as the data. */
function shortened(elements: string[]): string {
  return elements.length <= 100 ? elements.join(", ") : `${elements.slice(0, 100).join(", ")}, ...`;
}

/** Go's own text of a duration: `1h2m3.5s`. */
function goDuration(nanos: bigint): string {
  if (nanos === 0n) return "0s";
  const sign = nanos < 0n ? "-" : "";
  const size = nanos < 0n ? -nanos : nanos;
  if (size < 1000n) return `${sign}${size}ns`;
  if (size < 1_000_000n) return `${sign}${Number(size) / 1e3}\u00b5s`;
  if (size < 1_000_000_000n) return `${sign}${Number(size) / 1e6}ms`;
  const hours = size / 3_600_000_000_000n;
  const minutes = (size / 60_000_000_000n) % 60n;
  const seconds = Number(size % 60_000_000_000n) / 1e9;
  if (hours > 0n) return `${sign}${hours}h${minutes}m${seconds}s`;
  return minutes > 0n ? `${sign}${minutes}m${seconds}s` : `${sign}${seconds}s`;
}
