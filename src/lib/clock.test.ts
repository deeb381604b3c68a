import assert from "node:assert/strict";
import { test } from "node:test";
import { every, FakeClock, sleep, toMicroTime, toTime } from "./clock.ts";

test("a fake clock runs timers in order, those they set included, and no others", async () => {
  const clock = new FakeClock(0);
  const ran: string[] = [];
  clock.after(20, () => ran.push(`b at ${clock.now()}`));
  clock.after(10, () => {
    ran.push(`a at ${clock.now()}`);
    clock.after(5, () => ran.push(`c at ${clock.now()}`));
  });
  clock.after(10, () => ran.push("second at 10"));
  const cancel = clock.after(12, () => ran.push("never"));
  cancel();
  await clock.advance(19);
  assert.deepEqual(ran, ["a at 10", "second at 10", "c at 15"]);
  await clock.advance(1);
  assert.equal(ran.at(-1), "b at 20");
  assert.equal(clock.pending, 0);
});

test("every repeats until it is stopped, also from within", async () => {
  const clock = new FakeClock(0);
  let count = 0;
  const stop = every(clock, 10, () => {
    if (++count === 3) stop();
  });
  await clock.advance(100);
  assert.equal(count, 3);
  assert.equal(clock.pending, 0);
});

test("sleep ends with its time, or with its signal and the signal's reason", async () => {
  const clock = new FakeClock(0);
  let woke = false;
  void sleep(clock, 10).then(() => (woke = true));
  await clock.advance(9);
  assert.equal(woke, false);
  await clock.advance(1);
  assert.equal(woke, true);
  const abort = new AbortController();
  const interrupted = assert.rejects(sleep(clock, 10, abort.signal), /enough/);
  abort.abort(new Error("enough"));
  await interrupted;
  assert.equal(clock.pending, 0, "no timer is left behind");
  await assert.rejects(sleep(clock, 10, abort.signal), /enough/);
});

test("times on the wire", () => {
  const ms = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
  assert.equal(toTime(ms), "2026-01-02T03:04:05Z");
  assert.equal(toMicroTime(ms), "2026-01-02T03:04:05.678000Z");
});
