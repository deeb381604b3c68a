import assert from "node:assert/strict";
import { test } from "node:test";
import { isTimeZone, nextTime, parseSchedule } from "./cron.ts";

const errors: [schedule: string, message: string][] = [
  ["", "empty spec string"],
  ["* * * *", "expected exactly 5 fields, found 4: [* * * *]"],
  ["0 * * * * *", "expected exactly 5 fields, found 6: [0 * * * * *]"],
  ["60 * * * *", "end of range (60) above maximum (59): 60"],
  ["* * 0 * *", "beginning of range (0) below minimum (1): 0"],
  ["* * * * 7", "end of range (7) above maximum (6): 7"],
  ["5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"],
  ["1-2-3 * * * *", "too many hyphens: 1-2-3"],
  ["*/2/3 * * * *", "too many slashes: */2/3"],
  ["*/0 * * * *", "step of range should be a positive number: */0"],
  ["*/-5 * * * *", "negative number (-5) not allowed: -5"],
  ["a * * * *", 'failed to parse int from a: strconv.Atoi: parsing "a": invalid syntax'],
  ["@often", "unrecognized descriptor: @often"],
  ["@every soon", 'failed to parse duration @every soon: time: invalid duration "soon"'],
];

for (const [schedule, message] of errors) {
  test(`the schedule ${JSON.stringify(schedule)} is refused`, () => assert.throws(() => parseSchedule(schedule), { message }));
}

const runs: [schedule: string, timeZone: string, after: string, next: string | undefined][] = [
  ["* * * * *", "UTC", "2026-03-01T10:00:00Z", "2026-03-01T10:01:00Z"],
  ["* * * * *", "UTC", "2026-03-01T10:00:59.5Z", "2026-03-01T10:01:00Z"],
  ["*/15 * * * *", "UTC", "2026-03-01T10:46:00Z", "2026-03-01T11:00:00Z"],
  ["5/20 * * * *", "UTC", "2026-03-01T10:26:00Z", "2026-03-01T10:45:00Z"],
  ["0 3 * * *", "UTC", "2026-03-01T03:00:00Z", "2026-03-02T03:00:00Z"],
  ["0 0 1 jan,JUL *", "UTC", "2026-03-01T00:00:00Z", "2026-07-01T00:00:00Z"],
  ["0 0 29 2 *", "UTC", "2026-03-01T00:00:00Z", "2028-02-29T00:00:00Z"],
  ["0 0 30 2 *", "UTC", "2026-03-01T00:00:00Z", undefined],
  // 1 March 2026 is a Sunday.
  ["0 12 * * mon-fri", "UTC", "2026-03-01T00:00:00Z", "2026-03-02T12:00:00Z"],
  // With both kinds of days given, one is enough.
  ["0 0 13 * 5", "UTC", "2026-03-01T00:00:00Z", "2026-03-06T00:00:00Z"],
  ["@hourly", "UTC", "2026-03-01T10:20:00Z", "2026-03-01T11:00:00Z"],
  ["@weekly", "UTC", "2026-03-02T00:00:00Z", "2026-03-08T00:00:00Z"],
  ["@yearly", "UTC", "2026-12-31T23:59:00Z", "2027-01-01T00:00:00Z"],
  ["@every 1h30m", "UTC", "2026-03-01T10:00:00.25Z", "2026-03-01T11:30:00Z"],
  ["0 9 * * *", "Asia/Seoul", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"],
  // In New York 02:30 doesn't exist on 8 March 2026, and 01:30 is there twice on 1 November.
  ["30 2 * * *", "America/New_York", "2026-03-07T12:00:00Z", "2026-03-09T06:30:00Z"],
  ["30 1 * * *", "America/New_York", "2026-10-31T12:00:00Z", "2026-11-01T05:30:00Z"],
  ["30 1 * * *", "America/New_York", "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"],
  // In Santiago 6 September 2026 begins at 01:00.
  ["0 1 6 9 *", "America/Santiago", "2026-08-01T00:00:00Z", "2026-09-06T04:00:00Z"],
];

for (const [schedule, timeZone, after, next] of runs) {
  test(`after ${after} in ${timeZone}, ${schedule} is next at ${next ?? "no time"}`, () => {
    const timeMs = nextTime(parseSchedule(schedule), Date.parse(after), timeZone);
    assert.equal(timeMs === undefined ? undefined : new Date(timeMs).toISOString().replace(".000Z", "Z"), next);
  });
}

test("time zones have the names of the IANA database, in its case", () => {
  assert.deepEqual(["Asia/Seoul", "UTC", "Etc/UTC", "asia/seoul", "Mars/Phobos", ""].map(isTimeZone), [true, true, true, false, false, false]);
});
