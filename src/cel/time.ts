/** Durations and timestamps as Go reads and writes them. */

const SECOND = 1_000_000_000n;

const UNIT_NANOS: Readonly<Record<string, bigint>> = {
  ns: 1n, us: 1000n, "\u00b5s": 1000n, "\u03bcs": 1000n, ms: 1_000_000n, s: SECOND, m: 60n * SECOND, h: 3600n * SECOND,
};

/** The nanoseconds of `1h30m`, `-1.5s`, `0`; undefined for what is no duration or beyond 64 bits. */
export function parseDuration(text: string): bigint | undefined {
  const [, sign = "", rest = ""] = /^([+-]?)([^]*)$/.exec(text)!;
  if (rest === "0") return 0n;
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+$/.test(rest)) return undefined;
  let nanos = 0n;
  for (const [, whole = "", fraction = "", unit = ""] of rest.matchAll(/(\d*)\.?(\d*)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/g)) {
    // Digits far beyond nanoseconds make no difference.
    const digits = fraction.slice(0, 18);
    nanos += BigInt(whole || "0") * UNIT_NANOS[unit]! + (BigInt(digits || "0") * UNIT_NANOS[unit]!) / 10n ** BigInt(digits.length);
    if (whole.length > 20 || nanos > 2n ** 63n) return undefined;
  }
  if (sign === "-") return -nanos;
  return nanos === 2n ** 63n ? undefined : nanos;
}

/** `5400s`: the seconds as a double. */
export function formatDuration(nanos: bigint): string {
  return `${formatDecimal(Number(nanos / SECOND) + Number(nanos % SECOND) / 1e9)}s`;
}

/** A double without exponent, in as few digits as say it. */
export function formatDecimal(value: number): string {
  const text = String(value);
  const parts = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (!parts) return text;
  const [, sign, first = "", rest = "", exponent] = parts;
  const digits = first + rest;
  const point = 1 + Number(exponent);
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  return sign + (point >= digits.length ? digits + "0".repeat(point - digits.length) : `${digits.slice(0, point)}.${digits.slice(point)}`);
}

/** The years 1 to 9999. */
export const MIN_TIMESTAMP_SECONDS = -62_135_596_800n;
export const MAX_TIMESTAMP_SECONDS = 253_402_300_799n;

export interface ParsedTimestamp {
  readonly epochNanos: bigint;
  readonly offsetSeconds: number;
}

const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}|\d):(\d{2}):(\d{2})(?:[.,](\d+))?(?:Z|([+-])(\d{2}):(\d{2}))$/;

/** The point in time of an RFC 3339 text; undefined for any other text. */
export function parseTimestamp(text: string): ParsedTimestamp | undefined {
  const parts = RFC3339.exec(text);
  if (!parts) return undefined;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [number, number, number, number, number, number];
  const [, , , , , , , fraction = "", sign, offsetHours = "0", offsetMinutes = "0"] = parts;
  if (hour > 23 || minute > 59 || second > 59 || Number(offsetHours) > 24 || Number(offsetMinutes) > 60) return undefined;
  const days = epochDay(year, month, day);
  if (days === undefined) return undefined;
  const offsetSeconds = (sign === "-" ? -1 : 1) * (Number(offsetHours) * 3600 + Number(offsetMinutes) * 60);
  const seconds = BigInt(days * 86400 + hour * 3600 + minute * 60 + second - offsetSeconds);
  return { epochNanos: seconds * SECOND + BigInt(fraction.slice(0, 9).padEnd(9, "0")), offsetSeconds };
}

/** The point in time at which a day begins in UTC, from `2006-01-02`. */
export function parseDate(text: string): ParsedTimestamp | undefined {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) ? parseTimestamp(`${text}T00:00:00Z`) : undefined;
}

/** Days since 1970-01-01; undefined for a day that doesn't exist. */
function epochDay(year: number, month: number, day: number): number | undefined {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() / 86_400_000 : undefined;
}

/** As RFC 3339, with as many digits below the second as it has, at the given offset. */
export function formatTimestamp(epochNanos: bigint, offsetSeconds: number): string {
  const nanosOfSecond = ((epochNanos % SECOND) + SECOND) % SECOND;
  const seconds = Number((epochNanos - nanosOfSecond) / SECOND);
  const local = new Date((seconds + offsetSeconds) * 1000).toISOString().slice(0, 19);
  const fraction = nanosOfSecond === 0n ? "" : `.${String(nanosOfSecond).padStart(9, "0").replace(/0+$/, "")}`;
  if (offsetSeconds === 0) return `${local}${fraction}Z`;
  const minutes = Math.trunc(Math.abs(offsetSeconds) / 60);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${local}${fraction}${offsetSeconds < 0 ? "-" : "+"}${two(Math.trunc(minutes / 60))}:${two(minutes % 60)}`;
}

/** The calendar's view of a point in time. Months and days of the week count from 0. */
export interface CalendarFields {
  readonly year: number;
  readonly month: number;
  readonly dayOfMonth: number;
  readonly dayOfYear: number;
  readonly dayOfWeek: number;
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
  readonly milliseconds: number;
}

/**
 * The calendar fields in a zone: a name of the time zone database, or an offset such as `-08:00`; empty for UTC.
 * Throws on an unknown zone.
 */
export function calendarFields(epochNanos: bigint, zone: string): CalendarFields {
  const millis = Number((epochNanos - (((epochNanos % 1_000_000n) + 1_000_000n) % 1_000_000n)) / 1_000_000n);
  const local = new Date(millis + zoneOffsetSeconds(millis, zone) * 1000);
  const year = local.getUTCFullYear();
  const startOfYear = new Date(0).setUTCFullYear(year, 0, 1);
  return {
    year, month: local.getUTCMonth(), dayOfMonth: local.getUTCDate(), dayOfWeek: local.getUTCDay(),
    dayOfYear: Math.floor((local.getTime() - startOfYear) / 86_400_000),
    hours: local.getUTCHours(), minutes: local.getUTCMinutes(), seconds: local.getUTCSeconds(), milliseconds: local.getUTCMilliseconds(),
  };
}

function zoneOffsetSeconds(epochMillis: number, zone: string): number {
  if (zone === "" || zone === "UTC") return 0;
  const colon = zone.indexOf(":");
  if (colon < 0) return namedZoneOffsetSeconds(epochMillis, zone);
  const hours = goInteger(zone.slice(0, colon));
  const minutes = goInteger(zone.slice(colon + 1));
  if (minutes < 0 || minutes > 59) throw new Error(`timezone offset minutes out of range [0, 59]: ${zone}`);
  return (zone.startsWith("-") ? hours * 60 - minutes : hours * 60 + minutes) * 60;
}

function goInteger(text: string): number {
  if (!/^[+-]?\d{1,9}$/.test(text)) throw new Error(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

/** Formatters are slow to make; there are only so many zones. */
const formatters = new Map<string, Intl.DateTimeFormat>();

function namedZoneOffsetSeconds(epochMillis: number, zone: string): number {
  let formatter = formatters.get(zone);
  if (!formatter) {
    if (zone.length > 64 || /^[+-]/.test(zone)) throw new Error(`unknown time zone ${zone}`);
    try {
      formatter = new Intl.DateTimeFormat("en-US", {
        timeZone: zone, calendar: "gregory", hourCycle: "h23", era: "short",
        year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric",
      });
    } catch {
      throw new Error(`unknown time zone ${zone}`);
    }
    formatters.set(zone, formatter);
  }
  const parts = Object.fromEntries(formatter.formatToParts(epochMillis).map(({ type, value }) => [type, value]));
  const year = parts["era"] === "BC" ? 1 - Number(parts["year"]) : Number(parts["year"]);
  const local = new Date(0);
  local.setUTCFullYear(year, Number(parts["month"]) - 1, Number(parts["day"]));
  local.setUTCHours(Number(parts["hour"]), Number(parts["minute"]), Number(parts["second"]));
  return Math.round((local.getTime() - Math.floor(epochMillis / 1000) * 1000) / 1000);
}
