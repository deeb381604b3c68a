import assert from "node:assert/strict";
import { test } from "node:test";
import { Batcher } from "./batcher.ts";

/** A batcher whose batches end when the test says so. */
function controlled(maxBatch?: number) {
  const batches: { key: string; items: number[]; end: (error?: Error) => void }[] = [];
  const batcher = new Batcher<number, number>(
    (key, items) => new Promise((resolve, reject) => batches.push({ key, items, end: (error) => (error ? reject(error) : resolve(items.map((item) => item * 10))) })),
    maxBatch,
  );
  return { batcher, batches };
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("the first item goes at once, those that arrive meanwhile go together", async () => {
  const { batcher, batches } = controlled();
  const results = [1, 2, 3].map((item) => batcher.submit("a", item));
  assert.deepEqual(batches.map((batch) => batch.items), [[1]]);
  batches[0]!.end();
  await turn();
  assert.deepEqual(batches.map((batch) => batch.items), [[1], [2, 3]]);
  batches[1]!.end();
  assert.deepEqual(await Promise.all(results), [10, 20, 30]);
});

test("keys do not wait for each other", () => {
  const { batcher, batches } = controlled();
  void batcher.submit("a", 1);
  void batcher.submit("b", 2);
  assert.deepEqual(batches.map((batch) => batch.key), ["a", "b"]);
});

test("a batch has a limit", async () => {
  const { batcher, batches } = controlled(2);
  for (const item of [1, 2, 3, 4]) void batcher.submit("a", item);
  batches[0]!.end();
  await turn();
  assert.deepEqual(batches[1]!.items, [2, 3]);
});

test("a batch that fails fails its items, and the next one goes on", async () => {
  const { batcher, batches } = controlled();
  const first = batcher.submit("a", 1);
  const second = batcher.submit("a", 2);
  batches[0]!.end(new Error("broken"));
  await assert.rejects(first, /broken/);
  await turn();
  batches[1]!.end();
  assert.equal(await second, 20);
});
