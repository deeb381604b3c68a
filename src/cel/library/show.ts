import { formatTimestamp } from "../time.ts";
import {
  CelBytes, CelDouble, CelDuration, CelError, CelList, CelMap, CelOptional, CelTimestamp, CelTypeValue, CelUint, typeNameOf, type Result,
} from "../values.ts";
import { formatDouble } from "./numbers.ts";

/** Nobody reads more, and a message may not grow as large as the data. */
const MAX_PARTS = 100;

/** A value within a message of cel-go's: Go's `%v`. */
export function showValue(value: Result): string {
  let parts = 0;
  return show(value);

  function show(part: Result): string {
    parts++;
    if (part instanceof CelError) return part.message;
    if (part === null) return "null";
    if (typeof part !== "object") return String(part);
    if (part instanceof CelDouble) return formatDouble(part.value);
    if (part instanceof CelUint) return String(part.value);
    if (part instanceof CelTypeValue) return part.name;
    if (part instanceof CelBytes) return `[${part.bytes.subarray(0, MAX_PARTS).join(" ")}]`;
    if (part instanceof CelTimestamp) return formatTimestamp(part.epochNanos, part.offsetSeconds);
    if (part instanceof CelDuration) return goDuration(part.nanos);
    if (part instanceof CelOptional) return part.value === undefined ? "optional.none()" : `optional(${show(part.value)})`;
    if (part instanceof CelList) return `[${joined(part, show)}]`;
    if (part instanceof CelMap) return `{${joined(part.keys(), (key) => `${show(key)}: ${show(part.find(key) ?? null)}`)}}`;
    return typeNameOf(part);
  }

  function joined<T>(elements: Iterable<T>, text: (element: T) => string): string {
    const shown: string[] = [];
    for (const element of elements) {
      if (parts >= MAX_PARTS) return [...shown, "..."].join(", ");
      shown.push(text(element));
    }
    return shown.join(", ");
  }
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
