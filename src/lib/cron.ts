/**
 * Schedules in cron's notation, as CronJobs have them: five fields, or `@daily` and the like.
 * The grammar, its messages and what daylight saving does to it are those of robfig/cron, which
 * Kubernetes uses.
 * @see https://github.com/robfig/cron/blob/v3/parser.go
 * @see https://github.com/robfig/cron/blob/v3/spec.go
 */

/** Times that a clock on the wall shows, one set of allowed values for each of its parts. */
interface CalendarSchedule {
  minutes: Set<number>;
  hours: Set<number>;
  daysOfMonth: Set<number>;
  /** 1 to 12. */
  months: Set<number>;
  /** 0 is Sunday. */
  daysOfWeek: Set<number>;
  /** Both kinds of days have to match where one of them is `*`; elsewhere one is enough. */
  everyDay: boolean;
}

export type Schedule = CalendarSchedule | { everyMs: number };

interface Bounds {
  min: number;
  max: number;
  names?: string[];
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const MINUTE: Bounds = { min: 0, max: 59 };
const HOUR: Bounds = { min: 0, max: 23 };
const DAY_OF_MONTH: Bounds = { min: 1, max: 31 };
const MONTH: Bounds = { min: 1, max: 12, names: MONTHS };
const DAY_OF_WEEK: Bounds = { min: 0, max: 6, names: DAYS };

const DESCRIPTORS: Record<string, string> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};
const EVERY = "@every ";

/** Throws an Error that says what is wrong. A time zone in the text (`TZ=`) is not part of the grammar here. */
export function parseSchedule(text: string): Schedule {
  if (text === "") throw new Error("empty spec string");
  if (text.startsWith(EVERY)) {
    const durationMs = parseDuration(text.slice(EVERY.length), text);
    return { everyMs: Math.max(1000, durationMs - (durationMs % 1000)) };
  }
  if (text.startsWith("@") && !DESCRIPTORS[text]) throw new Error(`unrecognized descriptor: ${text}`);
  const fields = (DESCRIPTORS[text] ?? text).split(/\s+/).filter((field) => field !== "");
  if (fields.length !== 5) throw new Error(`expected exactly 5 fields, found ${fields.length}: [${fields.join(" ")}]`);
  const [minutes, hours, daysOfMonth, months, daysOfWeek] = [MINUTE, HOUR, DAY_OF_MONTH, MONTH, DAY_OF_WEEK].map((bounds, i) => parseField(fields[i]!, bounds)) as [Field, Field, Field, Field, Field];
  return {
    minutes: minutes.values,
    hours: hours.values,
    daysOfMonth: daysOfMonth.values,
    months: months.values,
    daysOfWeek: daysOfWeek.values,
    everyDay: daysOfMonth.star || daysOfWeek.star,
  };
}

interface Field {
  values: Set<number>;
  /** Whether a `*` without a step is in it. */
  star: boolean;
}

function parseField(text: string, bounds: Bounds): Field {
  const ranges = text.split(",").filter((range) => range !== "").map((range) => parseRange(range, bounds));
  return { values: new Set(ranges.flatMap(({ values }) => [...values])), star: ranges.some(({ star }) => star) };
}

/** One of `*`, `5`, `1-5`, each maybe with a step: `*\/10`. */
function parseRange(text: string, { min, max, names }: Bounds): Field {
  const [limits = "", stepText, ...moreSteps] = text.split("/");
  const [low = "", high, ...moreLimits] = limits.split("-");
  let start = min;
  let end = max;
  let star = low === "*" || low === "?";
  if (!star) {
    start = parseNumber(low, names, min);
    end = high === undefined ? start : parseNumber(high, names, min);
    if (moreLimits.length > 0) throw new Error(`too many hyphens: ${text}`);
  }
  let step = 1;
  if (stepText !== undefined) {
    step = parseNumber(stepText, undefined, 0);
    if (moreSteps.length > 0) throw new Error(`too many slashes: ${text}`);
    if (high === undefined) end = max;
    if (step > 1) star = false;
  }
  if (start < min) throw new Error(`beginning of range (${start}) below minimum (${min}): ${text}`);
  if (end > max) throw new Error(`end of range (${end}) above maximum (${max}): ${text}`);
  if (start > end) throw new Error(`beginning of range (${start}) beyond end of range (${end}): ${text}`);
  if (step === 0) throw new Error(`step of range should be a positive number: ${text}`);
  const values = new Set<number>();
  for (let value = start; value <= end; value += step) values.add(value);
  return { values, star };
}

/** `first` is the number of the first name. */
function parseNumber(text: string, names: string[] | undefined, first: number): number {
  const index = names?.indexOf(text.toLowerCase()) ?? -1;
  if (index >= 0) return index + first;
  if (!/^[-+]?\d+$/.test(text)) throw new Error(`failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  const value = Number(text);
  if (value < 0) throw new Error(`negative number (${value}) not allowed: ${text}`);
  return value;
}

const UNIT_MS: Record<string, number> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const DURATION = /(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/g;

/** A duration in Go's notation: `1h30m`. */
function parseDuration(text: string, descriptor: string): number {
  const parts = [...text.matchAll(DURATION)];
  const unsigned = text.replace(/^[-+]/, "");
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== unsigned) throw new Error(`failed to parse duration ${descriptor}: time: invalid duration ${JSON.stringify(text)}`);
  const durationMs = parts.reduce((sum, [, count, unit]) => sum + Number(count) * UNIT_MS[unit!]!, 0);
  return text.startsWith("-") ? -durationMs : durationMs;
}

/** What a clock on the wall shows. */
interface WallTime {
  year: number;
  /** 1 to 12. */
  month: number;
  day: number;
  hour: number;
  minute: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** After that many years without a match there is none: 30 February. */
const MOST_YEARS = 5;

/** The first time after `afterMs` that the schedule names, in a time zone of the IANA database; undefined when there is none. */
export function nextTime(schedule: Schedule, afterMs: number, timeZone: string): number | undefined {
  if ("everyMs" in schedule) return afterMs + schedule.everyMs - (afterMs % 1000);
  const wallAt = wallClock(timeZone);
  const lastYear = wallAt(afterMs).year + MOST_YEARS;
  let timeMs = Math.floor(afterMs / MINUTE_MS) * MINUTE_MS + MINUTE_MS;
  for (;;) {
    const wall = wallAt(timeMs);
    if (wall.year > lastYear) return undefined;
    if (!schedule.months.has(wall.month)) timeMs = midnight(wallAt, wall.year, wall.month + 1, 1);
    else if (!isDay(schedule, wall)) timeMs = midnight(wallAt, wall.year, wall.month, wall.day + 1);
    else if (!schedule.hours.has(wall.hour)) timeMs += HOUR_MS - wall.minute * MINUTE_MS;
    else if (!schedule.minutes.has(wall.minute)) timeMs += MINUTE_MS;
    else return timeMs;
  }
}

function isDay({ daysOfMonth, daysOfWeek, everyDay }: CalendarSchedule, { year, month, day }: WallTime): boolean {
  const ofMonth = daysOfMonth.has(day);
  const ofWeek = daysOfWeek.has(new Date(Date.UTC(year, month - 1, day)).getUTCDay());
  return everyDay ? ofMonth && ofWeek : ofMonth || ofWeek;
}

/** When a day begins; an hour later where daylight saving skips midnight. `month` and `day` may be one too many. */
function midnight(wallAt: (timeMs: number) => WallTime, year: number, month: number, day: number): number {
  const asUtcMs = Date.UTC(year, month - 1, day);
  let timeMs = asUtcMs;
  // The offset at the guess is that of the answer, but for days that begin near a change of the clocks.
  for (let attempt = 0; attempt < 2; attempt++) timeMs = asUtcMs - (utcOf(wallAt(timeMs)) - timeMs);
  return wallAt(timeMs).hour === 23 ? timeMs + HOUR_MS : timeMs;
}

function utcOf({ year, month, day, hour, minute }: WallTime): number {
  return Date.UTC(year, month - 1, day, hour, minute);
}

/** Throws a RangeError for a time zone that doesn't exist. */
function wallClock(timeZone: string): (timeMs: number) => WallTime {
  const format = new Intl.DateTimeFormat("en-US", { timeZone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" });
  return (timeMs) => {
    const parts = Object.fromEntries(format.formatToParts(timeMs).map(({ type, value }) => [type, Number(value)]));
    return { year: parts["year"]!, month: parts["month"]!, day: parts["day"]!, hour: parts["hour"]!, minute: parts["minute"]! };
  };
}

/** Whether the IANA database has a time zone of exactly that name. */
export function isTimeZone(name: string): boolean {
  try {
    const { timeZone } = new Intl.DateTimeFormat("en-US", { timeZone: name }).resolvedOptions();
    return timeZone.toLowerCase() !== name.toLowerCase() || timeZone === name;
  } catch {
    return false;
  }
}
