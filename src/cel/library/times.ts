import type { CostMeter } from "../cost.ts";
import { declare, memberOverload, type FunctionDeclaration, type Library } from "../functions.ts";
import { calendarFields, type CalendarFields } from "../time.ts";
import { DURATION, INT, STRING, TIMESTAMP } from "../types.ts";
import { CelError, type CelDuration, type CelTimestamp, type CelValue, type Result } from "../values.ts";

/** Looking a zone's offset up takes as long as so many steps. */
const ZONE_WORK = 2000;

function field(timestamp: CelValue, zone: CelValue, pick: (fields: CalendarFields) => number, meter: CostMeter): Result {
  if (zone !== "") meter.work(ZONE_WORK);
  try {
    return BigInt(pick(calendarFields((timestamp as CelTimestamp).epochNanos, zone as string)));
  } catch (error) {
    return new CelError((error as Error).message);
  }
}

function timestampGetter(name: string, suffix: string, pick: (fields: CalendarFields) => number, unitNanos?: bigint): FunctionDeclaration {
  const overloads = [
    memberOverload(`timestamp_to_${suffix}`, [TIMESTAMP], INT, ([timestamp], meter) => field(timestamp!, "", pick, meter)),
    memberOverload(`timestamp_to_${suffix}_with_tz`, [TIMESTAMP, STRING], INT, ([timestamp, zone], meter) => field(timestamp!, zone!, pick, meter)),
  ];
  if (unitNanos !== undefined) overloads.push(memberOverload(`duration_to_${suffix}`, [DURATION], INT, ([duration]) => (duration as CelDuration).nanos / unitNanos));
  return declare(name, ...overloads);
}

/** The parts of timestamps and durations. */
export const TIME_LIBRARY: Library = [
  timestampGetter("getFullYear", "year", ({ year }) => year),
  timestampGetter("getMonth", "month", ({ month }) => month),
  timestampGetter("getDayOfYear", "day_of_year", ({ dayOfYear }) => dayOfYear),
  timestampGetter("getDayOfMonth", "day_of_month", ({ dayOfMonth }) => dayOfMonth - 1),
  timestampGetter("getDate", "day_of_month_1_based", ({ dayOfMonth }) => dayOfMonth),
  timestampGetter("getDayOfWeek", "day_of_week", ({ dayOfWeek }) => dayOfWeek),
  timestampGetter("getHours", "hours", ({ hours }) => hours, 3_600_000_000_000n),
  timestampGetter("getMinutes", "minutes", ({ minutes }) => minutes, 60_000_000_000n),
  timestampGetter("getSeconds", "seconds", ({ seconds }) => seconds, 1_000_000_000n),
  timestampGetter("getMilliseconds", "milliseconds", ({ milliseconds }) => milliseconds, 1_000_000n),
];
