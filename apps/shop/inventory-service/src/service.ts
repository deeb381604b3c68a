import { repeat } from "@shop/common/clock.ts";
import { Database, databaseConfigFrom } from "@shop/common/database.ts";
import { notFound, unavailable } from "@shop/common/errors.ts";
import { integerFrom } from "@shop/common/identity.ts";
import { migrateWhenReachable } from "@shop/common/migrate.ts";
import type { Parts, Runtime } from "@shop/common/service.ts";
import { ID_RANGE, integerField, integerText, objectBody, onlyFields, orderKey } from "@shop/common/validate.ts";
import { holds } from "./decide.ts";
import { migrations, type ProductRow, type ReservationRow, type Schema } from "./schema.ts";
import { Stock } from "./stock.ts";

/** Below this many pieces v2 marks a product as low in stock. */
const LOW_STOCK = 10;

/** Products, stock and reservations. */
export function inventoryService({ app, env, clock, identity, log, metrics, signal }: Runtime): Parts {
  const database = new Database<Schema>(databaseConfigFrom(env, 4), log, metrics);
  const stock = new Stock(database, clock.now, integerFrom(env, "RESERVATION_MS", 60_000));
  const expired = metrics.counter("inventory_reservations_expired_total", "Reservations whose time ran out", []);
  let migrated = false;

  const productView = (row: ProductRow): object => ({
    id: row.id,
    name: row.name,
    name_ko: row.name_ko,
    price_cents: row.price_cents,
    stock_left: row.stock_left,
    ...(identity.version !== "v1" && { low_stock: row.stock_left < LOW_STOCK }),
  });

  app.get("/api/products", async () => ({ products: (await stock.products()).map(productView), version: identity.version }));
  app.get<{ Params: { id: string } }>("/api/products/:id", async (request) => {
    const id = integerText(request.params.id, "id", ID_RANGE);
    const row = await stock.product(id);
    if (!row) throw notFound("unknown_product", `there is no product ${id}`, "id");
    return { ...productView(row), version: identity.version };
  });
  app.get("/api/inventory/invariant", async () => {
    const products = (await stock.numbers()).map((numbers) => ({ ...numbers, holds: holds(numbers) }));
    return { holds: products.every((product) => product.holds), products };
  });

  // Between services: not reachable through the gateway.
  app.post("/reservations", async (request, reply) => {
    const body = objectBody(request.body);
    onlyFields(body, ["order_key", "product_id", "quantity"]);
    const row = await stock.reserve({
      orderKey: orderKey(body.order_key),
      productId: integerField(body, "product_id", ID_RANGE),
      quantity: integerField(body, "quantity", { min: 1, max: 1_000 }),
    });
    return reply.code(201).send(reservationView(row));
  });
  app.post<{ Params: { id: string } }>("/reservations/:id/confirm", async (request) => reservationView(await stock.confirm(orderKey(request.params.id, "id"))));
  app.post<{ Params: { id: string } }>("/reservations/:id/release", async (request) => reservationView(await stock.release(orderKey(request.params.id, "id"))));

  return {
    ready: async () => {
      if (!migrated) throw unavailable("migrating", "migrations are not done");
      await database.ping();
    },
    background: async () => {
      await migrateWhenReachable(database, "inventory_db", migrations, { clock, log, signal });
      migrated = true;
      await repeat(clock, integerFrom(env, "SWEEP_EVERY_MS", 5_000), signal, async () => {
        try {
          const count = await stock.sweep();
          if (count > 0) log.info({ count }, "reservations expired");
          expired.inc(count);
        } catch (error) {
          log.warn({ err: error }, "the sweep has to wait for the database");
        }
      });
    },
    close: () => database.close(),
  };
}

/** The order key is the reservation's id: there is one per order. */
const reservationView = (row: ReservationRow): object => ({ id: row.order_key, ...row });
