import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { allocate } from "./allocate.ts";

const amounts = (available: number, asks: number[]) => allocate(available, asks, (ask) => ask);

test("first come, first served, and a large ask does not hold up small ones behind it", () => {
  assert.deepEqual(amounts(10, [4, 4, 4, 2]), { granted: [4, 4, 2], refused: [4], total: 10 });
  assert.deepEqual(amounts(0, [1]), { granted: [], refused: [1], total: 0 });
  assert.deepEqual(amounts(5, []), { granted: [], refused: [], total: 0 });
});

test("never more than there is, and nobody is refused who would still fit", () => {
  fc.assert(
    fc.property(fc.nat(100), fc.array(fc.integer({ min: 1, max: 20 })), (available, asks) => {
      const { granted, refused, total } = amounts(available, asks);
      assert.equal(granted.length + refused.length, asks.length);
      assert.equal(granted.reduce((sum, ask) => sum + ask, 0), total);
      assert.ok(total <= available);
      for (const ask of refused) assert.ok(total + ask > available);
    }),
  );
});
