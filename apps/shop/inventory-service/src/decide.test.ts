import assert from "node:assert/strict";
import { test } from "node:test";
import { type Ask, holds, judgeConfirm, judgeReserve } from "./decide.ts";
import type { ReservationRow, ReservationState } from "./schema.ts";

const ask: Ask = { orderKey: "k", productId: 100, quantity: 2 };
const row = (state: ReservationState, more: Partial<ReservationRow> = {}): ReservationRow => ({ order_key: "k", product_id: 100, quantity: 2, unit_price_cents: 5, state, expires_at: new Date(0), ...more });

test("an ask is judged by what is on record", () => {
  assert.equal(judgeReserve(ask, undefined), "take");
  assert.equal(judgeReserve(ask, row("reserved")), "keep");
  assert.equal(judgeReserve(ask, row("confirmed")), "keep");
  assert.equal(judgeReserve(ask, row("expired")), "retake");
  assert.equal(judgeReserve(ask, row("released")), "released");
  assert.equal(judgeReserve(ask, row("released", { product_id: null, quantity: 0 })), "released");
  assert.equal(judgeReserve(ask, row("reserved", { quantity: 3 })), "mismatch");
  assert.equal(judgeReserve(ask, row("expired", { product_id: 101 })), "mismatch");
});

test("a confirmation that changed nothing is judged by what is on record", () => {
  assert.equal(judgeConfirm(undefined), "unknown");
  assert.equal(judgeConfirm(row("confirmed")), "confirmed");
  assert.equal(judgeConfirm(row("reserved")), "expired");
  assert.equal(judgeConfirm(row("expired")), "expired");
  assert.equal(judgeConfirm(row("released")), "released");
});

test("the invariant holds only when no piece is lost and the reservations agree", () => {
  const good = { stock_initial: 10, stock_left: 5, reserved: 2, sold: 3, reservations_reserved: 2, reservations_confirmed: 3 };
  assert.ok(holds(good));
  assert.ok(!holds({ ...good, stock_left: 6 }));
  assert.ok(!holds({ ...good, reservations_reserved: 1 }));
  assert.ok(!holds({ ...good, reservations_confirmed: 4 }));
});
