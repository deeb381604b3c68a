/** Holds the answers of the running shop, v1 and v2, against the OpenAPI document. */
import assert from "node:assert/strict";
import { test } from "node:test";
import Ajv from "ajv/dist/2020.js";
import { openapi } from "../api-gateway/src/openapi.ts";
import { SERVICES } from "../bundle.ts";
import { startShop, type ShopUnderTest } from "./shop.ts";

const ajv = new Ajv.default({ strict: false, validateFormats: false });
ajv.addSchema(openapi, "openapi");

interface Operation {
  operationId: string;
  responses: Record<string, { content: Record<string, unknown> }>;
}
const operations = Object.entries(openapi.paths as Record<string, Record<string, Operation>>).flatMap(([path, item]) => Object.entries(item).map(([method, operation]) => ({ path, method, operation })));

const json = (body: unknown): RequestInit => ({ method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } });
const ORDER = { user_id: 1, product_id: 100, quantity: 1 };

/** Every operation with every answer that can be had from a healthy shop. */
const calls: [operation: string, status: number, path: string, init?: RequestInit][] = [
  ["createOrder", 201, "/api/orders", json(ORDER)],
  ["createOrder", 400, "/api/orders", json({ ...ORDER, quantity: "many" })],
  ["createOrder", 402, "/api/orders", json({ ...ORDER, user_id: 7 })],
  ["createOrder", 404, "/api/orders", json({ ...ORDER, user_id: 424_242 })],
  ["createOrder", 409, "/api/orders", json({ ...ORDER, product_id: 113 })],
  ["createOrder", 201, "/api/orders", { ...json(ORDER), headers: { "content-type": "application/json", "idempotency-key": "k" } }],
  ["createOrder", 422, "/api/orders", { ...json({ ...ORDER, quantity: 2 }), headers: { "content-type": "application/json", "idempotency-key": "k" } }],
  ["listOrders", 200, "/api/orders?user_id=1&limit=5"],
  ["listOrders", 400, "/api/orders?limit=0"],
  ["getOrder", 200, "/api/orders/1001"],
  ["getOrder", 400, "/api/orders/first"],
  ["getOrder", 404, "/api/orders/999999999"],
  ["summarizeOrders", 200, "/api/orders/summary"],
  ["listProducts", 200, "/api/products"],
  ["getProduct", 200, "/api/products/100"],
  ["getProduct", 400, "/api/products/x"],
  ["getProduct", 404, "/api/products/9"],
  ["checkStock", 200, "/api/inventory/invariant"],
  ["listUsers", 200, "/api/users?limit=3"],
  ["listUsers", 400, "/api/users?limit=x"],
  ["createUser", 201, "/api/users", json({ name: "New", email: "NEW@tidepool.example" })],
  ["createUser", 409, "/api/users", json({ name: "New", email: "new@tidepool.example" })],
  ["createUser", 400, "/api/users", json({ name: "New" })],
  ["getUser", 200, "/api/users/1"],
  ["getUser", 400, "/api/users/0"],
  ["getUser", 404, "/api/users/424242"],
  ["checkPayments", 200, "/api/payments/invariant"],
  ["listVersions", 200, "/api/version"],
];

async function check({ shop }: ShopUnderTest): Promise<void> {
  for (const [operationId, status, path, init] of calls) {
    const { path: template, method } = operations.find(({ operation }) => operation.operationId === operationId)!;
    const response = await fetch(shop.url + path, init);
    const body: unknown = await response.json();
    const told = `${operationId} ${path}: ${response.status} ${JSON.stringify(body)}`;
    assert.equal(response.status, status, told);
    const pointer = ["paths", template, method, "responses", String(status), "content", "application/json", "schema"].map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/");
    const valid = ajv.validate({ $ref: `openapi#/${pointer}` }, body);
    assert.ok(valid, `${told}\n${ajv.errorsText()}`);
  }
}

const v1 = await startShop();
const v2 = await startShop({ versions: Object.fromEntries(SERVICES.map((service) => [service, "v2"])) });

test("every answer of v1 is as the document says", () => check(v1));
test("every answer of v2 is as the document says, and shows what is new", async () => {
  await check(v2);
  assert.equal((await v2.get<{ low_stock: boolean }>("/api/products/112")).low_stock, true);
  assert.equal((await v1.get<{ low_stock?: boolean }>("/api/products/112")).low_stock, undefined);
  assert.equal((await v2.get<{ loyalty_tier: string }>("/api/users/1")).loyalty_tier, "driftwood");
  const { body } = await v2.order(ORDER);
  assert.deepEqual([body.version, typeof body.estimated_delivery], ["v2", "string"]);
});

test("the gateway serves the document, and every operation is tried here", async () => {
  assert.deepEqual(await v1.get("/openapi.json"), JSON.parse(JSON.stringify(openapi)));
  const tried = new Set(calls.map(([operation, status]) => `${operation} ${status}`));
  const documented = operations.flatMap(({ operation }) => Object.keys(operation.responses).filter((status) => status !== "503").map((status) => `${operation.operationId} ${status}`));
  assert.deepEqual(documented.filter((answer) => !tried.has(answer)), []);
});
