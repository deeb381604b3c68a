import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FakeClock } from "./clock.ts";
import { WorkQueue } from "./workqueue.ts";

/** A queue whose workers finish when the test says so. */
function steered(workers = 4) {
  const clock = new FakeClock(0);
  const running = new Map<string, { resolve: () => void; reject: (error: Error) => void }>();
  const started: string[] = [];
  const errors: string[] = [];
  const queue = new WorkQueue({
    clock,
    workers,
    process: (key) => {
      started.push(key);
      assert.ok(!running.has(key), `${key} runs twice at a time`);
      return new Promise((resolve, reject) => running.set(key, { resolve, reject }));
    },
    onError: (key, error, attempt) => errors.push(`${key} ${(error as Error).message} ${attempt}`),
  });
  const end = async (key: string, error?: string): Promise<void> => {
    const work = running.get(key)!;
    running.delete(key);
    if (error) work.reject(new Error(error));
    else work.resolve();
    await clock.advance(0);
  };
  return { clock, queue, started, errors, end };
}

test("a key that waits is kept once; one added while it runs runs again afterwards", async () => {
  const { clock, queue, started, end } = steered(1);
  for (const key of ["a", "b", "b", "a"]) queue.add(key);
  await clock.advance(0);
  assert.deepEqual(started, ["a"]);
  queue.add("a");
  queue.add("a");
  await end("a");
  assert.deepEqual(started, ["a", "b"]);
  await end("b");
  await end("a");
  assert.deepEqual(started, ["a", "b", "a"]);
});

test("failures back off exponentially up to the limit; success forgets them", async () => {
  const { clock, queue, started, errors, end } = steered();
  queue.add("a");
  await clock.advance(0);
  for (const waitMs of [5, 10, 20]) {
    await end("a", "no");
    const before = started.length;
    await clock.advance(waitMs - 1);
    assert.equal(started.length, before);
    await clock.advance(1);
    assert.equal(started.length, before + 1);
  }
  assert.deepEqual(errors, ["a no 1", "a no 2", "a no 3"]);
  await end("a");
  queue.add("a");
  await clock.advance(0);
  await end("a", "again");
  assert.equal(errors.at(-1), "a again 1");
});

test("a process function that throws at once is a failure like any other", async () => {
  const clock = new FakeClock(0);
  let calls = 0;
  const queue = new WorkQueue({
    clock,
    process: () => {
      if (++calls === 1) throw new Error("at once");
      return Promise.resolve();
    },
    onError: () => undefined,
  });
  queue.add("a");
  await clock.advance(5);
  assert.equal(calls, 2);
});

test("of two wishes for later the earlier holds", async () => {
  const { clock, queue, started, end } = steered();
  queue.addAfter("a", 100);
  queue.addAfter("a", 10);
  queue.addAfter("a", 50);
  await clock.advance(10);
  assert.deepEqual(started, ["a"]);
  await end("a");
  await clock.advance(1000);
  assert.deepEqual(started, ["a"]);
});

test("idle means nothing waits or runs; stopping drops what waits and awaits what runs", async () => {
  const { clock, queue, started, end } = steered(1);
  await queue.whenIdle();
  queue.add("a");
  queue.add("b");
  queue.addAfter("later", 10);
  await clock.advance(0);
  let idle = false;
  let stopped = false;
  void queue.whenIdle().then(() => (idle = true));
  void queue.stop().then(() => (stopped = true));
  await clock.advance(100);
  assert.equal(idle || stopped, false);
  await end("a");
  assert.equal(idle && stopped, true);
  queue.add("c");
  await clock.advance(100);
  assert.deepEqual(started, ["a"]);
});

test("however keys come and fail, the last addition of each is processed after it was made, never twice at a time", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ key: fc.constantFrom("a", "b", "c"), waitMs: fc.nat(8), fails: fc.boolean() }), { maxLength: 40 }), async (steps) => {
      const clock = new FakeClock(0);
      const wanted = new Map<string, number>();
      const done = new Map<string, number>();
      const running = new Set<string>();
      let failNext = false;
      const queue = new WorkQueue({
        clock,
        workers: 2,
        onError: () => undefined,
        process: async (key) => {
          assert.ok(!running.has(key));
          running.add(key);
          const seen = wanted.get(key)!;
          const fails = failNext;
          failNext = false;
          await new Promise<void>((resolve) => void clock.after(3, resolve));
          running.delete(key);
          if (fails) throw new Error("chance");
          done.set(key, seen);
        },
      });
      for (const [i, { key, waitMs, fails }] of steps.entries()) {
        wanted.set(key, i);
        failNext = fails;
        queue.add(key);
        await clock.advance(waitMs);
      }
      await clock.advance(60_000);
      assert.deepEqual(done, wanted);
    }),
    { numRuns: 50 },
  );
});
