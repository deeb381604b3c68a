import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "@shop/common/clock.ts";
import { ApiError, unavailable } from "@shop/common/errors.ts";
import type { JsonReply } from "@shop/common/http-client.ts";
import type { Logger } from "@shop/common/log.ts";
import type { Finish, NewOrder, Orders } from "./orders.ts";
import { DEFAULT_TIMES, Placement } from "./placement.ts";
import type { OrderRow } from "./schema.ts";

const REQUEST = { userId: 1, productId: 100, quantity: 2 };
const KEY = { value: "client:k", heldByClient: true };

/** The orders table in memory. */
class Table {
  readonly rows: OrderRow[] = [];

  insert(order: NewOrder): Promise<OrderRow | undefined> {
    if (order.idempotencyKey !== null && this.rows.some((row) => row.idempotency_key === order.idempotencyKey)) return Promise.resolve(undefined);
    const row: OrderRow = {
      id: this.rows.length + 1,
      order_key: order.orderKey,
      idempotency_key: order.idempotencyKey,
      client_key: order.clientKey,
      user_id: order.userId,
      product_id: order.productId,
      quantity: order.quantity,
      unit_price_cents: null,
      total_cents: null,
      status: "pending",
      reason_status: null,
      reason_code: null,
      reason_message: null,
      attempt: 1,
      lease_until: order.leaseUntil,
      created_at: order.createdAt,
      finished_at: null,
    };
    this.rows.push(row);
    return Promise.resolve({ ...row });
  }

  finish(finish: Finish): Promise<boolean> {
    const row = this.rows.find(({ id }) => id === finish.id)!;
    if (row.status !== "pending" || row.attempt !== finish.attempt) return Promise.resolve(false);
    Object.assign(row, { status: finish.status, reason_status: finish.refusal?.status ?? null, reason_code: finish.refusal?.code ?? null, reason_message: finish.refusal?.message ?? null });
    return Promise.resolve(true);
  }

  find = (id: number): Promise<OrderRow | undefined> => Promise.resolve(this.rows.find((row) => row.id === id));
  findByKey = (key: string): Promise<OrderRow | undefined> => Promise.resolve(this.rows.find((row) => row.idempotency_key === key));

  claim(id: number, now: Date, leaseUntil: Date): Promise<OrderRow | undefined> {
    const row = this.rows.find((candidate) => candidate.id === id)!;
    if (row.status !== "pending" || row.lease_until > now) return Promise.resolve(undefined);
    row.attempt++;
    row.lease_until = leaseUntil;
    return Promise.resolve({ ...row });
  }

  claimStuck(now: Date, clientlessBefore: Date, leaseUntil: Date): Promise<OrderRow[]> {
    const stuck = this.rows.filter((row) => row.status === "pending" && row.lease_until <= now && (row.client_key || row.lease_until <= clientlessBefore));
    for (const row of stuck) Object.assign(row, { attempt: row.attempt + 1, lease_until: leaseUntil });
    return Promise.resolve(stuck.map((row) => ({ ...row })));
  }

  giveUp(id: number, _attempt: number, now: Date): Promise<void> {
    this.rows.find((row) => row.id === id)!.lease_until = now;
    return Promise.resolve();
  }
}

function setUp(answer: (path: string) => Promise<JsonReply> | JsonReply) {
  const table = new Table();
  const calls: string[] = [];
  let now = 1_000_000;
  const clock: Clock = {
    now: () => now,
    sleep: (ms) => {
      now += ms;
      return Promise.resolve();
    },
  };
  const client = {
    call: async (_method: string, path: string): Promise<JsonReply> => {
      calls.push(path.replace(/[0-9a-f-]{36}/, "KEY"));
      return answer(path);
    },
  };
  const log = { info() {}, warn() {} } as unknown as Logger;
  const placement = new Placement(table as unknown as Orders, { inventory: client, users: client }, clock, log);
  return { table, calls, placement, pass: (ms: number) => (now += ms) };
}

const works = (): JsonReply => ({ status: 200, body: { unit_price_cents: 500, state: "reserved" } });
const lost = (): never => {
  throw unavailable("dependency_unavailable", "lost");
};
const isError =
  (status: number, code: string) =>
  (error: unknown): boolean =>
    error instanceof ApiError && error.status === status && error.code === code;

test("the same key is the same order, and only the first request does the work", async () => {
  const { placement, calls } = setUp(works);
  const first = await placement.place(REQUEST, KEY);
  const again = await placement.place(REQUEST, KEY);
  assert.deepEqual([first.replayed, again.replayed, again.order.id], [false, true, first.order.id]);
  assert.deepEqual(calls, ["/reservations", "/charges", "/reservations/KEY/confirm"]);
});

test("concurrent requests with the same key share one order", async () => {
  const { placement, table } = setUp(works);
  const answers = await Promise.all(Array.from({ length: 5 }, () => placement.place(REQUEST, KEY)));
  assert.equal(new Set(answers.map(({ order }) => order.id)).size, 1);
  assert.equal(table.rows.length, 1);
});

test("the same key with another body is refused", async () => {
  const { placement } = setUp(works);
  await placement.place(REQUEST, KEY);
  await assert.rejects(placement.place({ ...REQUEST, quantity: 3 }, KEY), isError(422, "idempotency_key_reused"));
});

test("without a key every request is an order", async () => {
  const { placement, table } = setUp(works);
  await placement.place(REQUEST, undefined);
  await placement.place(REQUEST, undefined);
  assert.equal(table.rows.length, 2);
});

test("a refusal is replayed like a success", async () => {
  const { placement, calls } = setUp(() => ({ status: 409, body: { error: { code: "out_of_stock", message: "none left" } } }));
  await assert.rejects(placement.place(REQUEST, KEY), isError(409, "out_of_stock"));
  await assert.rejects(placement.place(REQUEST, KEY), isError(409, "out_of_stock"));
  assert.equal(calls.length, 1);
});

test("after a 503 the next request with the key takes the order over at once", async () => {
  let broken = true;
  const { placement, table } = setUp((path) => (broken && path === "/charges" ? lost() : works()));
  await assert.rejects(placement.place(REQUEST, KEY), isError(503, "dependency_unavailable"));
  assert.equal(table.rows[0]!.status, "pending");
  broken = false;
  const { order, replayed } = await placement.place(REQUEST, KEY);
  assert.deepEqual([order.id, order.status, replayed, table.rows[0]!.attempt], [1, "confirmed", true, 2]);
});

test("an order whose driver is gone is taken over when its lease has run out", async () => {
  const { placement, table } = setUp(works);
  await table.insert({ orderKey: "11111111-1111-4111-8111-111111111111", idempotencyKey: KEY.value, clientKey: true, ...REQUEST, createdAt: new Date(1_000_000), leaseUntil: new Date(1_002_000) });
  const { order } = await placement.place(REQUEST, KEY);
  assert.equal(order.status, "confirmed");
});

test("an order someone else holds on to is answered with 503 in the end", async () => {
  const { placement, table } = setUp(works);
  await table.insert({ orderKey: "11111111-1111-4111-8111-111111111111", idempotencyKey: KEY.value, clientKey: true, ...REQUEST, createdAt: new Date(1_000_000), leaseUntil: new Date(9_000_000) });
  await assert.rejects(placement.place(REQUEST, KEY), isError(503, "order_open"));
});

test("recovery completes orders whose client may come back, and calls off the others after their grace", async () => {
  let broken = true;
  const { placement, table, calls, pass } = setUp((path) => (broken && path === "/charges" ? lost() : works()));
  await assert.rejects(placement.place(REQUEST, KEY));
  await assert.rejects(placement.place(REQUEST, undefined));
  broken = false;
  assert.equal(await placement.recover(), 1);
  assert.deepEqual(table.rows.map((row) => row.status), ["confirmed", "pending"]);
  calls.length = 0;
  pass(DEFAULT_TIMES.clientlessGraceMs);
  assert.equal(await placement.recover(), 1);
  assert.deepEqual(table.rows.map((row) => row.status), ["confirmed", "cancelled"]);
  assert.deepEqual(calls, ["/reservations/KEY/release", "/charges/KEY/refund"]);
});

test("an order that ended under its driver is answered as it ended", async () => {
  const { placement, table } = setUp((path) => {
    // While this driver waits, another has taken over and finished.
    if (path === "/charges") Object.assign(table.rows[0]!, { attempt: 2, status: "cancelled" });
    return works();
  });
  await assert.rejects(placement.place(REQUEST, undefined), isError(503, "order_cancelled"));
});
