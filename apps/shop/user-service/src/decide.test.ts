import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeCharge, loyaltyTier } from "./decide.ts";

const ask = { orderKey: "k", userId: 1, amountCents: 500 };

test("a charge is judged by what the ledger has", () => {
  assert.equal(judgeCharge(ask, undefined), "charge");
  assert.equal(judgeCharge(ask, { order_key: "k", user_id: 1, amount_cents: 500, state: "charged" }), "keep");
  assert.equal(judgeCharge(ask, { order_key: "k", user_id: 1, amount_cents: 501, state: "charged" }), "mismatch");
  assert.equal(judgeCharge(ask, { order_key: "k", user_id: 2, amount_cents: 500, state: "charged" }), "mismatch");
  assert.equal(judgeCharge(ask, { order_key: "k", user_id: null, amount_cents: 0, state: "refunded" }), "refunded");
});

test("loyalty grows with what was spent", () => {
  assert.deepEqual([0, 99_999, 100_000, 999_999, 1_000_000].map(loyaltyTier), ["driftwood", "driftwood", "coral", "coral", "pearl"]);
});
