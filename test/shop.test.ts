import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, test } from "node:test";
import { request } from "node:https";
import { sharedShop } from "./support/cluster.ts";
import { assertBooksBalance, FIRST_ORDER, get, placeOrder, readBooks, type ErrorBody, type Order } from "./support/shop.ts";
import { until } from "./support/wait.ts";

const { shop, shopTls } = await sharedShop();

describe("the shop's API", () => {
  test("an order is confirmed, has an id, and can be read back", async () => {
    const { status, body, headers } = await placeOrder(shop);
    assert.equal(status, 201, JSON.stringify(body));
    assert.equal(typeof body.id, "number");
    assert.equal(body.status, "confirmed");
    assert.equal(body.version, "v1");
    assert.equal(headers.get("location"), `/api/orders/${body.id}`);
    const again = await get<Order>(`${shop}/api/orders/${body.id}`);
    assert.equal(again.status, 200);
    assert.equal(again.body.total_cents, body.total_cents);
  });

  test("every answer says which pod gave it, and carries a request id", async () => {
    const { headers } = await placeOrder(shop);
    assert.match(headers.get("x-pod")!, /^order-service-/);
    assert.match(headers.get("x-gateway-pod")!, /^api-gateway-/);
    assert.ok(headers.get("x-request-id"));
  });

  test("every pod of a service gets its share", async () => {
    // A Service spreads connections, at random; the shop's own renew theirs every ten seconds.
    const pods = new Set<string>();
    await until("an answer from each of the three", async () => {
      pods.add((await get(`${shop}/api/orders?limit=1`)).headers.get("x-pod")!);
      return pods.size === 3;
    }, { timeoutMs: 60_000, everyMs: 50 });
  });

  test("a repeated Idempotency-Key is the same order, one at a time and all at once", async () => {
    const key = randomUUID();
    const first = await placeOrder(shop, FIRST_ORDER, key);
    const second = await placeOrder(shop, FIRST_ORDER, key);
    assert.equal(second.status, 201);
    assert.equal(second.body.id, first.body.id);
    assert.equal(second.headers.get("idempotent-replayed"), "true");
    const together = randomUUID();
    const answers = await Promise.all(Array.from({ length: 20 }, () => placeOrder(shop, FIRST_ORDER, together)));
    assert.deepEqual(answers.map(({ status }) => status), Array.from({ length: 20 }, () => 201));
    assert.equal(new Set(answers.map(({ body }) => body.id)).size, 1);
  });

  test("a key used for another order is refused", async () => {
    const key = randomUUID();
    await placeOrder(shop, FIRST_ORDER, key);
    assert.equal((await placeOrder(shop, { ...FIRST_ORDER, quantity: 2 }, key)).status, 422);
  });

  const bad: [string, unknown, string][] = [
    ["a quantity of zero", { ...FIRST_ORDER, quantity: 0 }, "quantity"],
    ["a quantity in words", { ...FIRST_ORDER, quantity: "one" }, "quantity"],
    ["a fraction", { ...FIRST_ORDER, quantity: 1.5 }, "quantity"],
    ["no user", { product_id: 100, quantity: 1 }, "user_id"],
    ["no product", { user_id: 1, quantity: 1 }, "product_id"],
    ["an unknown field", { ...FIRST_ORDER, price: 1 }, "price"],
    ["no JSON", "{", "body"],
    ["a list", [], "body"],
  ];
  for (const [what, body, field] of bad) {
    test(`${what}: 400 that names ${field}`, async () => {
      const answer = await placeOrder<ErrorBody>(shop, body);
      assert.equal(answer.status, 400);
      assert.equal(answer.body.error.field, field);
    });
  }

  test("an unknown user or product: 404", async () => {
    assert.equal((await placeOrder(shop, { ...FIRST_ORDER, user_id: 99_999 })).status, 404);
    assert.equal((await placeOrder(shop, { ...FIRST_ORDER, product_id: 99_999 })).status, 404);
    assert.equal((await get(`${shop}/api/orders/999999999`)).status, 404);
    assert.equal((await get(`${shop}/api/nothing`)).status, 404);
  });

  test("the last pieces under fifty buyers: exactly what there is gets sold, the others get 409", async () => {
    const left = (await readBooks(shop)).stock.products.find(({ product_id }) => product_id === 112)!.stock_left;
    const answers = await Promise.all(Array.from({ length: 50 }, () => placeOrder(shop, { user_id: 2, product_id: 112, quantity: 1 })));
    assert.equal(answers.filter(({ status }) => status === 201).length, left);
    assert.equal(answers.filter(({ status }) => status === 409).length, 50 - left);
    assert.equal((await placeOrder(shop, { user_id: 2, product_id: 113, quantity: 1 })).status, 409, "one that was never in stock");
  });

  test("a user without the credit: 402, and nothing is kept back", async () => {
    const reserved = (await readBooks(shop)).stock.products.find(({ product_id }) => product_id === 110)!.stock_left;
    assert.equal((await placeOrder(shop, { user_id: 7, product_id: 110, quantity: 1 })).status, 402);
    const books = await assertBooksBalance(shop);
    assert.equal(books.stock.products.find(({ product_id }) => product_id === 110)!.stock_left, reserved);
  });

  test("a hundred orders at once: all confirmed, all books balance", async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => placeOrder(shop, { user_id: 1 + (i % 6), product_id: 100 + (i % 3), quantity: 1 + (i % 2) })));
    assert.ok(answers.every(({ status }) => status === 201), answers.map(({ status }) => status).join(" "));
    await assertBooksBalance(shop);
  });

  test("its OpenAPI document names every path that answers", async () => {
    const { status, body } = await get<{ openapi: string; paths: Record<string, Record<string, unknown>> }>(`${shop}/openapi.json`);
    assert.equal(status, 200);
    assert.match(body.openapi, /^3\./);
    for (const [path, operations] of Object.entries(body.paths)) {
      if (!("get" in operations)) continue;
      const answer = await get(`${shop}${path.replace("{id}", "100")}`);
      assert.ok(answer.status === 200 || answer.status === 404, `${path} answered ${answer.status}`);
    }
    assert.ok("post" in body.paths["/api/orders"]!);
  });

  test("HTTPS answers too", async () => {
    const status = await new Promise((resolve, reject) => {
      request(`${shopTls}/api/products`, { rejectUnauthorized: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on("error", reject)
        .end();
    });
    assert.equal(status, 200);
  });

  test("what belongs between services is not reachable from outside", async () => {
    for (const path of ["/reservations", "/charges"]) {
      const response = await fetch(`${shop}${path}`, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
      assert.ok(response.status === 404 || response.status === 405, `${path} answered ${response.status}`);
    }
  });
});
