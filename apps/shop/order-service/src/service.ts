import { repeat } from "@shop/common/clock.ts";
import { Database, databaseConfigFrom } from "@shop/common/database.ts";
import { badInput, notFound, unavailable } from "@shop/common/errors.ts";
import { JsonClient } from "@shop/common/http-client.ts";
import { integerFrom, textFrom } from "@shop/common/identity.ts";
import { migrateWhenReachable } from "@shop/common/migrate.ts";
import type { Parts, Runtime } from "@shop/common/service.ts";
import { newTrace, withTrace } from "@shop/common/trace.ts";
import { ID_RANGE, integerField, integerText, objectBody, onlyFields } from "@shop/common/validate.ts";
import { Orders } from "./orders.ts";
import { DEFAULT_TIMES, Placement, type RequestKey } from "./placement.ts";
import { migrations, type OrderRow, type Schema } from "./schema.ts";

const RECOVER_EVERY_MS = 2_000;
const DELIVERY_DAYS = 3;
const DAY_MS = 86_400_000;

/** Orders. */
export function orderService({ app, env, clock, identity, log, metrics, signal }: Runtime): Parts {
  const database = new Database<Schema>(databaseConfigFrom(env, 4), log, metrics);
  const orders = new Orders(database);
  const inventory = new JsonClient("inventory-service", textFrom(env, "INVENTORY_URL"), clock);
  const users = new JsonClient("user-service", textFrom(env, "USERS_URL"), clock);
  const placement = new Placement(orders, { inventory, users }, clock, log, {
    ...DEFAULT_TIMES,
    clientlessGraceMs: integerFrom(env, "CLIENTLESS_GRACE_MS", DEFAULT_TIMES.clientlessGraceMs),
  });
  const placed = metrics.counter("shop_orders_total", "Orders by how they ended", ["status"]);
  const recovered = metrics.counter("shop_orders_recovered_total", "Orders taken over from a driver that was gone", []);
  let migrated = false;

  const orderView = (row: OrderRow): object => ({
    id: row.id,
    user_id: row.user_id,
    product_id: row.product_id,
    quantity: row.quantity,
    unit_price_cents: row.unit_price_cents,
    total_cents: row.total_cents,
    status: row.status,
    ...(row.reason_code !== null && { reason: row.reason_code }),
    created_at: row.created_at,
    ...(identity.version !== "v1" && row.status === "confirmed" && { estimated_delivery: dateOf(row.created_at.getTime() + DELIVERY_DAYS * DAY_MS) }),
  });

  app.post("/api/orders", async (request, reply) => {
    const body = objectBody(request.body);
    onlyFields(body, ["user_id", "product_id", "quantity"]);
    const order = {
      userId: integerField(body, "user_id", ID_RANGE),
      productId: integerField(body, "product_id", ID_RANGE),
      quantity: integerField(body, "quantity", { min: 1, max: 1_000 }),
    };
    const result = await placement.place(order, requestKey(request.headers)).catch((error: unknown) => {
      placed.inc({ status: "refused" });
      throw error;
    });
    placed.inc({ status: result.replayed ? "replayed" : "confirmed" });
    if (result.replayed) reply.header("idempotent-replayed", "true");
    return reply
      .code(201)
      .header("location", `/api/orders/${result.order.id}`)
      .send({ ...orderView(result.order), version: identity.version });
  });
  app.get<{ Querystring: { user_id?: string; limit?: string } }>("/api/orders", async (request) => {
    const limit = integerText(request.query.limit, "limit", { min: 1, max: 200 }, 20);
    const userId = request.query.user_id === undefined ? undefined : integerText(request.query.user_id, "user_id", ID_RANGE);
    const rows = await orders.list({ limit, ...(userId !== undefined && { userId }) });
    return { orders: rows.map(orderView), version: identity.version };
  });
  app.get("/api/orders/summary", async () => ({ summary: await orders.summary() }));
  app.get<{ Params: { id: string } }>("/api/orders/:id", async (request) => {
    const id = integerText(request.params.id, "id", { min: 1, max: Number.MAX_SAFE_INTEGER });
    const row = await orders.find(id);
    if (!row) throw notFound("unknown_order", `there is no order ${id}`, "id");
    return { ...orderView(row), version: identity.version };
  });

  return {
    ready: async () => {
      if (!migrated) throw unavailable("migrating", "migrations are not done");
      await database.ping();
    },
    background: async () => {
      await migrateWhenReachable(database, "order_db", migrations, { clock, log, signal });
      migrated = true;
      await repeat(clock, RECOVER_EVERY_MS, signal, () =>
        withTrace(newTrace(), async () => {
          try {
            recovered.inc(await placement.recover());
          } catch (error) {
            log.warn({ err: error }, "recovery has to wait for the database");
          }
        }),
      );
    },
    close: async () => {
      inventory.close();
      users.close();
      await database.close();
    },
  };
}

const PRINTABLE = /^[\x21-\x7e]{1,200}$/;

/** The key under which a repeated request is the same order: the client's Idempotency-Key, else the gateway's own. */
function requestKey(headers: Record<string, string | string[] | undefined>): RequestKey | undefined {
  const client = headers["idempotency-key"];
  if (client !== undefined) {
    if (typeof client !== "string" || !PRINTABLE.test(client)) throw badInput("Idempotency-Key", "Idempotency-Key must have 1 to 200 printable characters without spaces");
    return { value: `client:${client}`, heldByClient: true };
  }
  const gateway = headers["x-gateway-request-key"];
  return typeof gateway === "string" && PRINTABLE.test(gateway) ? { value: `gateway:${gateway}`, heldByClient: false } : undefined;
}

const dateOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
