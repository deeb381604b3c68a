/**
 * The saga against everything that can go wrong: calls that are lost, answered into the void, carried out late or twice,
 * drivers that die at any point, and several drivers at once. A seed reproduces a run.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError, errorBody, unavailable } from "@shop/common/errors.ts";
import type { JsonReply } from "@shop/common/http-client.ts";
import { judgeConfirm, judgeReserve } from "../inventory-service/src/decide.ts";
import type { ReservationRow } from "../inventory-service/src/schema.ts";
import { beginning } from "../order-service/src/saga.ts";
import { drive } from "../order-service/src/saga-driver.ts";
import { judgeCharge } from "../user-service/src/decide.ts";
import type { ChargeRow } from "../user-service/src/schema.ts";

const KEY = "00000000-0000-4000-8000-000000000001";
const ORDER = { order_key: KEY, user_id: 1, product_id: 100, quantity: 2 };
const PRICE = 1990;

/** What inventory-service and user-service do with their rows, for one order. */
class World {
  stock: number;
  credit: number;
  reservation: ReservationRow | undefined;
  charge: ChargeRow | undefined;
  readonly log: string[] = [];

  constructor(stock: number, credit: number) {
    this.stock = stock;
    this.credit = credit;
  }

  serve(path: string): JsonReply {
    const reply = this.answer(path);
    this.log.push(`${path.replace(KEY, "KEY")} -> ${reply.status} ${JSON.stringify(reply.body)}`);
    return reply;
  }

  expire(): void {
    if (this.reservation?.state !== "reserved") return;
    this.reservation.state = "expired";
    this.stock += this.reservation.quantity;
  }

  private answer(path: string): JsonReply {
    switch (path.replace(KEY, "KEY")) {
      case "/reservations":
        return this.reserve();
      case "/charges":
        return this.chargeUser();
      case "/reservations/KEY/confirm":
        return this.confirm();
      case "/reservations/KEY/release":
        return this.release();
      case "/charges/KEY/refund":
        return this.refund();
      default:
        throw new Error(`no such path: ${path}`);
    }
  }

  private reserve(): JsonReply {
    const verdict = judgeReserve({ orderKey: KEY, productId: ORDER.product_id, quantity: ORDER.quantity }, this.reservation);
    if (verdict === "released") return refuse(409, "reservation_released");
    assert.notEqual(verdict, "mismatch");
    if (verdict !== "keep") {
      if (this.stock < ORDER.quantity) return refuse(409, "out_of_stock");
      this.stock -= ORDER.quantity;
      this.reservation = { order_key: KEY, product_id: ORDER.product_id, quantity: ORDER.quantity, unit_price_cents: PRICE, state: "reserved", expires_at: new Date(0) };
    }
    return { status: 201, body: { ...this.reservation } };
  }

  private chargeUser(): JsonReply {
    const amountCents = PRICE * ORDER.quantity;
    const verdict = judgeCharge({ orderKey: KEY, userId: 1, amountCents }, this.charge);
    if (verdict === "refunded") return refuse(409, "charge_refunded");
    assert.notEqual(verdict, "mismatch");
    if (verdict === "charge") {
      if (this.credit < amountCents) return refuse(402, "insufficient_credit");
      this.credit -= amountCents;
      this.charge = { order_key: KEY, user_id: 1, amount_cents: amountCents, state: "charged" };
    }
    return { status: 201, body: { ...this.charge } };
  }

  private confirm(): JsonReply {
    if (this.reservation?.state === "reserved") this.reservation.state = "confirmed";
    const verdict = judgeConfirm(this.reservation);
    return verdict === "confirmed" ? { status: 200, body: { ...this.reservation } } : refuse(verdict === "unknown" ? 404 : 409, verdict === "unknown" ? "unknown_reservation" : `reservation_${verdict}`);
  }

  private release(): JsonReply {
    if (this.reservation?.state === "confirmed") return refuse(409, "reservation_confirmed", { reservation: { ...this.reservation } });
    if (this.reservation?.state === "reserved") this.stock += this.reservation.quantity;
    this.reservation = { ...(this.reservation ?? { order_key: KEY, product_id: null, quantity: 0, unit_price_cents: null, expires_at: new Date(0) }), state: "released" };
    return { status: 200, body: { ...this.reservation } };
  }

  private refund(): JsonReply {
    if (this.charge?.state === "charged") this.credit += this.charge.amount_cents;
    this.charge = { ...(this.charge ?? { order_key: KEY, user_id: null, amount_cents: 0 }), state: "refunded" };
    return { status: 200, body: { ...this.charge } };
  }
}

const refuse = (status: number, code: string, details?: Record<string, unknown>): JsonReply => ({
  status,
  body: errorBody(new ApiError(status, code, code, details ? { details } : {}), "test"),
});

/** mulberry32: small, seeded, good enough to pick faults. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Pending {
  path: string;
  resolve: (reply: JsonReply) => void;
  reject: (error: Error) => void;
}

async function simulate(seed: number): Promise<{ status: string; world: World; acknowledged: boolean }> {
  const rng = random(seed);
  const world = new World(rng() < 0.7 ? 10 : 0, rng() < 0.7 ? 1_000_000 : 100);
  const order = { status: "pending", attempt: 0 };
  const pending: Pending[] = [];
  const stragglers: string[] = [];
  const slow: (() => void)[] = [];
  const client = { call: (_method: string, path: string) => new Promise<JsonReply>((resolve, reject) => pending.push({ path, resolve, reject })) };
  const services = { inventory: client, users: client };
  let acknowledged = false;
  let drivers = 0;

  const startDriver = (direction: "forward" | "back"): void => {
    if (order.status !== "pending") return;
    const attempt = ++order.attempt;
    drivers++;
    void drive(ORDER, beginning(direction, attempt === 1), services, Number.POSITIVE_INFINITY)
      .then(async ({ as }) => {
        if (rng() < 0.1) return; // died before it could write the ending down
        if (rng() < 0.3) await new Promise<void>((resolve) => slow.push(resolve)); // or took its time
        // The fenced statement of orders.ts.
        if (order.status !== "pending" || order.attempt !== attempt) return;
        order.status = as;
        acknowledged ||= as === "confirmed";
      })
      .catch((error: unknown) => assert.ok(error instanceof ApiError && error.status === 503, String(error)))
      .finally(() => drivers--);
  };

  // An order whose client holds no key is called off by recovery; others go forward.
  const recovery = rng() < 0.5 ? "forward" : "back";
  startDriver("forward");
  for (let step = 0; step < 60; step++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (order.status === "pending" && (drivers === 0 || rng() < 0.15)) startDriver(rng() < 0.8 ? recovery : "forward");
    if (rng() < 0.1) world.expire();
    if (rng() < 0.1) world.stock += 2; // another order was called off
    if (rng() < 0.05) slow.shift()?.();
    if (stragglers.length > 0 && rng() < 0.3) world.serve(stragglers.splice(Math.floor(rng() * stragglers.length), 1)[0]!);
    if (pending.length === 0) continue;
    const call = pending.splice(Math.floor(rng() * pending.length), 1)[0]!;
    const fate = rng();
    if (fate < 0.65) call.resolve(world.serve(call.path));
    else {
      if (fate < 0.8) world.serve(call.path); // carried out, but the answer is lost
      else if (fate < 0.92) stragglers.push(call.path); // on its way still when everyone has given up
      call.reject(unavailable("dependency_unavailable", "lost"));
    }
  }
  // Calm: what is under way arrives, then recovery has all the time it needs.
  const settle = async (): Promise<void> => {
    while (pending.length > 0 || drivers > 0) {
      for (const call of pending.splice(0)) call.resolve(world.serve(call.path));
      slow.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await settle();
  for (const path of stragglers) world.serve(path);
  for (let round = 0; order.status === "pending"; round++) {
    assert.ok(round < 50, "recovery does not end");
    startDriver(recovery);
    await settle();
  }
  world.expire();
  return { status: order.status, world, acknowledged };
}

test("however calls and drivers fail, an order is sold and charged, or neither", async () => {
  const endings = new Map<string, number>();
  for (let seed = 1; seed <= 2_000; seed++) {
    const { status, world, acknowledged } = await simulate(seed);
    const told = `seed ${seed}, ${status}:\n${world.log.join("\n")}`;
    const sold = world.reservation?.state === "confirmed";
    const charged = world.charge?.state === "charged";
    assert.equal(sold, status === "confirmed", told);
    assert.equal(charged, status === "confirmed", told);
    assert.notEqual(world.reservation?.state, "reserved", told);
    if (acknowledged) assert.equal(status, "confirmed", told);
    endings.set(status, (endings.get(status) ?? 0) + 1);
  }
  // A simulation in which nothing ever goes wrong, or nothing ever succeeds, would prove nothing.
  for (const status of ["confirmed", "rejected", "cancelled"]) assert.ok((endings.get(status) ?? 0) > 50, `only ${endings.get(status)} of 2000 runs ended ${status}`);
});
