import assert from "node:assert/strict";
import { test } from "node:test";
import { due, steadyCalls } from "./traffic.ts";

test("the rate is kept over uneven ticks, and a sleep is not made up for", () => {
  let carried = 0;
  let sent = 0;
  for (const elapsed of [50, 70, 30, 45, 55, 250, 500]) {
    const step = due(carried, elapsed, 7);
    carried = step.carried;
    sent += step.count;
  }
  assert.equal(sent, 7);
  assert.equal(due(0, 3_600_000, 10).count, 10);
});

test("every service gets its share, and every order its own key", () => {
  let key = 0;
  const calls = steadyCalls(() => String(++key));
  const six = Array.from({ length: 6 }, () => calls.next().value);
  assert.deepEqual(new Set(six.map(({ service }) => service)), new Set(["order-service", "inventory-service", "user-service", "frontend"]));
  assert.deepEqual(six.filter(({ body }) => body).map(({ idempotencyKey }) => idempotencyKey), ["1", "2", "3"]);
});
