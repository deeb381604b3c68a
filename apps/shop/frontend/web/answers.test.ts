import assert from "node:assert/strict";
import { test } from "node:test";
import { Answers, errorRate, latency, latencyOverTime, type Observation, split, wholePercentages } from "./answers.ts";

const seen = (at: number, more: Partial<Observation> = {}): Observation => ({ at, service: "order-service", pod: "order-abc", version: "v1", ms: 10, error: false, ...more });

test("pods are numbered in the order of their first answers, and keep their numbers", () => {
  const answers = new Answers();
  assert.equal(answers.record(seen(0, { pod: "b" }))?.number, 1);
  assert.equal(answers.record(seen(1, { pod: "a" }))?.number, 2);
  assert.equal(answers.record(seen(2, { pod: "b" })), undefined);
  answers.record(seen(70_000, { pod: "c", version: "v2" }));
  assert.deepEqual(answers.pods("order-service", 70_000).map(({ name, number, version }) => [name, number, version]), [["c", 3, "v2"]]);
  assert.equal(answers.record(seen(71_000, { pod: "a" })), undefined);
  assert.equal(answers.pod("order-service", "a")?.number, 2);
});

test("what is older than a minute is forgotten", () => {
  const answers = new Answers();
  for (let at = 0; at < 1_000; at++) answers.record(seen(at));
  answers.record(seen(60_500));
  assert.equal(answers.recent("order-service", 60_500).length, 501);
  assert.equal(answers.recent("order-service", 61_000).length, 1);
  assert.equal(answers.recent("order-service", 130_000).length, 0);
});

test("the split is by version, and its percentages add up", () => {
  const shares = split([seen(0), seen(0), seen(0, { version: "v2" }), seen(0, { version: "v10" }), { at: 0, service: "order-service", ms: 1, error: true }]);
  assert.deepEqual(shares.map(({ version, count }) => [version, count]), [["v1", 2], ["v2", 1], ["v10", 1]]);
  assert.deepEqual(wholePercentages([1 / 3, 1 / 3, 1 / 3]), [34, 33, 33]);
  assert.deepEqual(wholePercentages([0.996, 0.004]), [100, 0]);
  assert.deepEqual(wholePercentages([]), []);
});

test("latency is by nearest rank, overall and over time", () => {
  const observations = Array.from({ length: 100 }, (_, index) => seen(index < 50 ? 500 : 59_500, { ms: index + 1 }));
  assert.deepEqual(latency(observations), { p50: 50, p95: 95 });
  assert.equal(latency([]), undefined);
  const slices = latencyOverTime(observations, 60_000, 60);
  assert.deepEqual([slices[0], slices[30], slices[59]], [{ p50: 25, p95: 48 }, undefined, { p50: 75, p95: 98 }]);
});

test("only errors count as errors", () => {
  assert.equal(errorRate([]), undefined);
  assert.equal(errorRate([seen(0), seen(0), seen(0), seen(0, { error: true })]), 0.25);
});
