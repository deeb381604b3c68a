import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { FakeClock } from "#lib/clock.ts";
import { SchedulingQueue } from "./queue.ts";

let clock: FakeClock;
let queue: SchedulingQueue;
beforeEach(() => {
  clock = new FakeClock();
  queue = new SchedulingQueue(clock, () => undefined);
});

test("higher priority first, then who waits longer", () => {
  queue.add("a", 0, false);
  queue.add("b", 0, false);
  queue.add("c", 100, false);
  assert.deepEqual([queue.next(), queue.next(), queue.next(), queue.next()], ["c", "a", "b", undefined]);
});

test("an unschedulable pod waits for a change of the cluster, or five minutes", async () => {
  queue.add("a", 0, false);
  queue.next();
  queue.unschedulable("a");
  await clock.advance(299_000);
  assert.equal(queue.next(), undefined);
  queue.wake();
  assert.equal(queue.next(), "a");
  queue.unschedulable("a");
  await clock.advance(300_000);
  assert.equal(queue.next(), "a");
});

test("a change while it was being tried isn't lost: it is tried again after its back-off", async () => {
  queue.add("a", 0, false);
  queue.next();
  queue.wake();
  queue.unschedulable("a");
  assert.equal(queue.next(), undefined);
  await clock.advance(1000);
  assert.equal(queue.next(), "a");
});

test("failures back off from one second to ten; a change doesn't shorten it", async () => {
  queue.add("a", 0, false);
  for (const waitMs of [1000, 2000, 4000, 8000, 10_000, 10_000]) {
    assert.equal(queue.next(), "a");
    queue.failed("a");
    queue.wake();
    await clock.advance(waitMs - 1);
    assert.equal(queue.next(), undefined);
    await clock.advance(1);
  }
});

test("pods that come wake only those whom they may help", () => {
  queue.add("social", 0, true);
  queue.add("other", 0, false);
  for (const key of [queue.next()!, queue.next()!]) queue.unschedulable(key);
  queue.wake(true);
  assert.deepEqual([queue.next(), queue.next()], ["social", undefined]);
});

test("a changed pod is tried again; a removed one never; no timer is left behind", () => {
  queue.add("a", 0, false);
  queue.next();
  queue.unschedulable("a");
  queue.add("a", 5, false);
  assert.equal(queue.next(), "a");
  queue.unschedulable("a");
  queue.remove("a");
  queue.wake();
  assert.equal(queue.next(), undefined);
  assert.equal(clock.pending, 0);
});
