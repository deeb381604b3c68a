import assert from "node:assert/strict";
import { test } from "node:test";
import { randomSuffix, safeEncode, seededRng, uuid } from "./random.ts";

test("a seed repeats itself; seeds differ", () => {
  const run = (seed: number): number[] => Array.from({ length: 5 }, seededRng(seed));
  assert.deepEqual(run(1), run(1));
  assert.notDeepEqual(run(1), run(2));
  assert.ok(run(3).every((value) => value >= 0 && value < 1));
});

test("generated names and hashes use Kubernetes' alphabet", () => {
  assert.match(randomSuffix(seededRng(1), 1000), /^[bcdfghjklmnpqrstvwxz2456789]{1000}$/);
  assert.match(safeEncode("2938475610"), /^[bcdfghjklmnpqrstvwxz2456789]{10}$/);
});

test("uuids are version 4", () => {
  const rng = seededRng(1);
  for (let i = 0; i < 50; i++) assert.match(uuid(rng), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
