import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, audit, startShop } from "./shop.ts";
import { query } from "./postgres.ts";

const { shop, postgres, order, get } = await startShop({
  replicas: { "order-service": 2, "inventory-service": 2, "user-service": 2 },
  env: { SWEEP_EVERY_MS: "100" },
});
const ORDER = { user_id: 1, product_id: 100, quantity: 1 };

test("the order of the load scripts is answered with 201 and an id", async () => {
  const { status, body, headers } = await order(ORDER);
  assert.equal(status, 201);
  assert.equal(typeof body.id, "number");
  assert.equal(headers.get("location"), `/api/orders/${body.id}`);
  assert.match(headers.get("x-pod")!, /^order-service-\d$/);
  const same = await get<Record<string, unknown>>(`/api/orders/${body.id}`);
  assert.deepEqual([same.status, same.unit_price_cents, same.total_cents], ["confirmed", 1990, 1990]);
});

const refusals: [name: string, body: object, status: number, code: string, field: string][] = [
  ["a missing quantity", { user_id: 1, product_id: 100 }, 400, "bad_input", "quantity"],
  ["a quantity of nothing", { ...ORDER, quantity: 0 }, 400, "bad_input", "quantity"],
  ["a quantity in quotes", { ...ORDER, quantity: "1" }, 400, "bad_input", "quantity"],
  ["a misspelt field", { ...ORDER, qantity: 1 }, 400, "bad_input", "qantity"],
  ["a user that is no id", { ...ORDER, user_id: -1 }, 400, "bad_input", "user_id"],
  ["an unknown user", { ...ORDER, user_id: 999_999 }, 404, "unknown_user", "user_id"],
  ["an unknown product", { ...ORDER, product_id: 999_999 }, 404, "unknown_product", "product_id"],
  ["no stock", { ...ORDER, product_id: 113 }, 409, "out_of_stock", "quantity"],
  ["no credit", { ...ORDER, user_id: 7 }, 402, "insufficient_credit", "user_id"],
];
for (const [name, body, status, code, field] of refusals) {
  test(`refused: ${name}`, async () => {
    const answer = await order(body);
    assert.deepEqual([answer.status, answer.body.error.code, answer.body.error.field], [status, code, field]);
  });
}

test("broken JSON is a 400", async () => {
  const answer = await ask(`${shop.url}/api/orders`, { method: "POST", body: "{", headers: { "content-type": "application/json" } });
  assert.deepEqual([answer.status, answer.body.error.field], [400, "body"]);
});

test("the same Idempotency-Key is the same order, also from many clients at once", async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => order(ORDER, "twenty-at-once")));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [201]);
  assert.equal(new Set(answers.map(({ body }) => body.id)).size, 1);
  assert.equal(answers.filter(({ headers }) => headers.get("idempotent-replayed") === null).length, 1);
  const other = await order({ ...ORDER, quantity: 2 }, "twenty-at-once");
  assert.deepEqual([other.status, other.body.error.code], [422, "idempotency_key_reused"]);
});

test("fifty clients after five pieces: five get one each", async () => {
  const answers = await Promise.all(Array.from({ length: 50 }, () => order({ ...ORDER, product_id: 112 })));
  assert.equal(answers.filter(({ status }) => status === 201).length, 5);
  assert.equal(answers.filter(({ status, body }) => status === 409 && body.error.code === "out_of_stock").length, 45);
  const { products } = await get<{ products: { product_id: number; stock_left: number; sold: number; reserved: number }[] }>("/api/inventory/invariant");
  const { stock_left, sold, reserved } = products.find((product) => product.product_id === 112)!;
  assert.deepEqual({ stock_left, sold, reserved }, { stock_left: 0, sold: 5, reserved: 0 });
});

test("a user's credit is not overdrawn by many orders at once", async () => {
  const user = await ask(`${shop.url}/api/users`, { method: "POST", body: JSON.stringify({ name: "Seven Pebbles", email: "seven@tidepool.example", credit_limit_cents: 650 * 7 }), headers: { "content-type": "application/json" } });
  const answers = await Promise.all(Array.from({ length: 20 }, () => order({ user_id: user.body.id, product_id: 101, quantity: 1 })));
  assert.equal(answers.filter(({ status }) => status === 201).length, 7);
  assert.equal(answers.filter(({ status }) => status === 402).length, 13);
  assert.equal((await get<{ spent_cents: number }>(`/api/users/${user.body.id}`)).spent_cents, 650 * 7);
});

test("orders, stock and ledger tell one story", async () => {
  const { confirmed, charges, reserved, problems } = await audit(postgres);
  assert.deepEqual(problems, []);
  assert.deepEqual([charges, reserved], [confirmed, 0]);
  assert.equal((await get<{ holds: boolean }>("/api/inventory/invariant")).holds, true);
  assert.equal((await get<{ holds: boolean }>("/api/payments/invariant")).holds, true);
});

test("a reservation that was made and abandoned expires and gives its stock back", async () => {
  const inventory = shop.processes.find(({ service }) => service === "inventory-service")!;
  const key = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";
  const post = (path: string, body?: object) => ask(inventory.url + path, { method: "POST", ...(body && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }) });
  assert.equal((await post("/reservations", { order_key: key, product_id: 110, quantity: 3 })).status, 201);
  await query(postgres.url, "update inventory_db.reservations set expires_at = now() - interval '1 second' where order_key = $1", [key]);
  const late = await post(`/reservations/${key}/confirm`);
  assert.deepEqual([late.status, late.body.error.code], [409, "reservation_expired"]);
  const left = async (): Promise<number> => (await get<{ stock_left: number }>("/api/products/110")).stock_left;
  while ((await left()) !== 5_000) await new Promise((resolve) => setTimeout(resolve, 20));
  // Asked for again it is made again, and can then be confirmed, but never after a release.
  assert.equal((await post("/reservations", { order_key: key, product_id: 110, quantity: 3 })).status, 201);
  assert.equal((await post(`/reservations/${key}/release`)).status, 200);
  assert.equal((await post(`/reservations/${key}/confirm`)).body.error.code, "reservation_released");
  assert.equal((await post("/reservations", { order_key: key, product_id: 110, quantity: 3 })).body.error.code, "reservation_released");
  assert.equal(await left(), 5_000);
});

test("each service's role sees its own schema only", async () => {
  const url = new URL(postgres.url);
  url.username = "order_service";
  url.password = "order-dev-password";
  assert.equal((await query(url.href, "select count(*) from orders")).length, 1);
  for (const text of ["select * from inventory_db.products", "select * from user_db.charges", "create table public.x (id int)", "create schema mine"]) {
    await assert.rejects(query(url.href, text), /permission denied/, text);
  }
});
