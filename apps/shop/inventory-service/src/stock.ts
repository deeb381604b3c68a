import { allocate } from "@shop/common/allocate.ts";
import { Batcher } from "@shop/common/batcher.ts";
import { type Database, sql, type Transaction } from "@shop/common/database.ts";
import { ApiError, notFound } from "@shop/common/errors.ts";
import { type Ask, judgeConfirm, judgeReserve, type ProductNumbers } from "./decide.ts";
import type { ProductRow, ReservationRow, Schema } from "./schema.ts";

type Tx = Transaction<Schema>;
type Outcome = ReservationRow | ApiError;

/**
 * The stock and who holds it. Every method is one transaction, and every one locks in the same order, reservations (by
 * order key) before products (by id): the hot product row is locked last and shortest, and nobody deadlocks.
 */
export class Stock {
  private readonly database: Database<Schema>;
  private readonly now: () => number;
  private readonly reservationMs: number;
  private readonly reserving: Batcher<Ask, Outcome>;
  private readonly confirming: Batcher<string, Outcome>;

  constructor(database: Database<Schema>, now: () => number, reservationMs: number) {
    this.database = database;
    this.now = now;
    this.reservationMs = reservationMs;
    this.reserving = new Batcher((_product, asks) => this.reserveTogether(asks));
    this.confirming = new Batcher((_all, keys) => this.confirmTogether(keys));
  }

  products(): Promise<ProductRow[]> {
    return this.database.kysely.selectFrom("products").selectAll().orderBy("id").execute();
  }

  product(id: number): Promise<ProductRow | undefined> {
    return this.database.kysely.selectFrom("products").selectAll().where("id", "=", id).executeTakeFirst();
  }

  /** Takes stock for an order, once however often it is asked. */
  reserve(ask: Ask): Promise<ReservationRow> {
    return this.reserving.submit(String(ask.productId), ask).then(orThrow);
  }

  /** Turns a reservation into a sale, once however often it is asked. One that has expired cannot be confirmed: reserve again first. */
  confirm(orderKey: string): Promise<ReservationRow> {
    return this.confirming.submit("all", orderKey).then(orThrow);
  }

  /** Gives the stock of an order back and bars the order from reserving ever again. A confirmed reservation stays: 409. */
  async release(orderKey: string): Promise<ReservationRow> {
    return this.database.transaction(async (tx) => {
      // Unknown so far: the reservation may still be on its way, so leave a record that refuses it.
      await sql`
        insert into reservations (order_key, quantity, state, expires_at) values (${orderKey}, 0, 'released', ${this.date()})
        on conflict (order_key) do nothing`.execute(tx);
      const [row] = await lockReservations(tx, [orderKey]);
      if (row === undefined) throw new Error(`reservation ${orderKey} vanished`);
      if (row.state === "confirmed") {
        throw new ApiError(409, "reservation_confirmed", "the reservation is confirmed: its stock is sold", { details: { reservation: row } });
      }
      if (row.state === "released") return row;
      await tx.updateTable("reservations").set({ state: "released" }).where("order_key", "=", orderKey).execute();
      if (row.state === "reserved") await giveBack(tx, [row]);
      return { ...row, state: "released" };
    });
  }

  /**
   * Gives back the stock of reservations whose time has run out. Several replicas may sweep at once: each takes what no
   * other holds.
   *
   * @returns how many reservations expired
   */
  async sweep(limit = 100): Promise<number> {
    return this.database.transaction(async (tx) => {
      const { rows } = await sql<ReservationRow>`
        with due as (
          select order_key from reservations where state = 'reserved' and expires_at <= ${this.date()}
          order by order_key limit ${limit} for update skip locked
        )
        update reservations set state = 'expired' from due where reservations.order_key = due.order_key
        returning reservations.*`.execute(tx);
      await giveBack(tx, rows);
      return rows.length;
    });
  }

  /** The numbers of every product, from one snapshot. */
  async numbers(): Promise<(ProductNumbers & { product_id: number })[]> {
    const { rows } = await sql<ProductNumbers & { product_id: number }>`
      select p.id as product_id, p.stock_initial, p.stock_left, p.reserved, p.sold,
        coalesce(r.reserved, 0)::int as reservations_reserved, coalesce(r.confirmed, 0)::int as reservations_confirmed
      from products p left join (
        select product_id, sum(quantity) filter (where state = 'reserved') as reserved, sum(quantity) filter (where state = 'confirmed') as confirmed
        from reservations group by product_id
      ) r on r.product_id = p.id
      order by p.id`.execute(this.database.kysely);
    return rows;
  }

  /** All asks are for one product. */
  private async reserveTogether(asks: Ask[]): Promise<Outcome[]> {
    const { productId } = asks[0]!;
    const expiresAt = this.date(this.reservationMs);
    // An order that asks twice in one batch (a retry overtook its first try) is one ask with two listeners.
    const byKey = new Map(asks.map((ask) => [ask.orderKey, ask]));
    const outcomes = await this.database.transaction(async (tx) => {
      const sorted = [...byKey.values()].sort(byOrderKey);
      const inserted = await sql<ReservationRow>`
        insert into reservations (order_key, product_id, quantity, unit_price_cents, state, expires_at)
        select ask.order_key, p.id, ask.quantity, p.price_cents, 'reserved', ${expiresAt}
        from unnest(${sorted.map((ask) => ask.orderKey)}::uuid[], ${sorted.map((ask) => ask.quantity)}::int[]) as ask (order_key, quantity)
        join products p on p.id = ${productId}
        order by ask.order_key
        on conflict (order_key) do nothing
        returning *`.execute(tx);
      const rows = new Map(inserted.rows.map((row) => [row.order_key, row]));
      const earlier = sorted.filter((ask) => !rows.has(ask.orderKey));
      const known = new Map<string, ReservationRow>();
      for (const row of earlier.length > 0 ? await lockReservations(tx, earlier.map((ask) => ask.orderKey)) : []) known.set(row.order_key, row);

      const result = new Map<string, Outcome>();
      const wanting: ReservationRow[] = [];
      for (const ask of byKey.values()) {
        const fresh = rows.get(ask.orderKey);
        const old = known.get(ask.orderKey);
        const verdict = judgeReserve(ask, old);
        if (fresh) wanting.push(fresh);
        else if (verdict === "take") result.set(ask.orderKey, notFound("unknown_product", `there is no product ${productId}`, "product_id"));
        else if (verdict === "retake") wanting.push(old!);
        else if (verdict === "keep") result.set(ask.orderKey, old!.state === "reserved" ? { ...old!, expires_at: expiresAt } : old!);
        else if (verdict === "released") result.set(ask.orderKey, new ApiError(409, "reservation_released", "the order was called off"));
        else result.set(ask.orderKey, new ApiError(422, "order_key_reused", "the order key stands for another product or quantity", { field: "order_key" }));
      }

      const { granted, refused } = await takeStock(tx, productId, wanting);
      for (const row of refused) {
        result.set(row.order_key, new ApiError(409, "out_of_stock", `product ${productId} has fewer than ${row.quantity} left`, { field: "quantity" }));
      }
      const unstocked = refused.filter((row) => row.state === "reserved").map((row) => row.order_key);
      if (unstocked.length > 0) await sql`delete from reservations where order_key = any(${unstocked}::uuid[])`.execute(tx);

      for (const row of granted) result.set(row.order_key, { ...row, state: "reserved", expires_at: expiresAt });
      const renewed = [...result.values()].filter((row): row is ReservationRow => !(row instanceof ApiError) && known.has(row.order_key) && row.state === "reserved");
      if (renewed.length > 0) {
        await sql`update reservations set state = 'reserved', expires_at = ${expiresAt}
          where order_key = any(${renewed.map((row) => row.order_key)}::uuid[])`.execute(tx);
      }
      return result;
    });
    return asks.map((ask) => {
      const twin = byKey.get(ask.orderKey)!;
      if (twin.quantity !== ask.quantity) return new ApiError(422, "order_key_reused", "the order key stands for another quantity", { field: "order_key" });
      return outcomes.get(ask.orderKey)!;
    });
  }

  private async confirmTogether(keys: string[]): Promise<Outcome[]> {
    const rows = await this.database.transaction(async (tx) => {
      const sorted = [...new Set(keys)].sort();
      const confirmed = await sql<ReservationRow>`
        with mine as (
          select order_key from reservations
          where order_key = any(${sorted}::uuid[]) and state = 'reserved' and expires_at > ${this.date()}
          order by order_key for update
        )
        update reservations set state = 'confirmed' from mine where reservations.order_key = mine.order_key
        returning reservations.*`.execute(tx);
      for (const [productId, quantity] of perProduct(confirmed.rows)) {
        await sql`update products set reserved = reserved - ${quantity}, sold = sold + ${quantity} where id = ${productId}`.execute(tx);
      }
      const result = new Map(confirmed.rows.map((row) => [row.order_key, row]));
      const others = sorted.filter((key) => !result.has(key));
      if (others.length > 0) for (const row of await lockReservations(tx, others)) result.set(row.order_key, row);
      return result;
    });
    return keys.map((key) => {
      const row = rows.get(key);
      const verdict = judgeConfirm(row);
      if (verdict === "confirmed") return row!;
      if (verdict === "unknown") return notFound("unknown_reservation", `there is no reservation ${key}`);
      return new ApiError(409, `reservation_${verdict}`, verdict === "expired" ? "the reservation has expired; reserve again" : "the order was called off");
    });
  }

  private date(inMs = 0): Date {
    return new Date(this.now() + inMs);
  }
}

/** Moves the wanted quantities from free to reserved; who asks for more than is left is refused. */
async function takeStock(tx: Tx, productId: number, wanting: ReservationRow[]): Promise<{ granted: ReservationRow[]; refused: ReservationRow[] }> {
  if (wanting.length === 0) return { granted: [], refused: [] };
  const take = async (total: number): Promise<boolean> => {
    const update = await sql`
      update products set stock_left = stock_left - ${total}, reserved = reserved + ${total} where id = ${productId} and stock_left >= ${total}`.execute(tx);
    return update.numAffectedRows === 1n;
  };
  // Enough for all is the rule: one statement. Otherwise look at what is left, holding the row, and share that out.
  if (await take(wanting.reduce((sum, row) => sum + row.quantity, 0))) return { granted: wanting, refused: [] };
  const product = await tx.selectFrom("products").select("stock_left").where("id", "=", productId).forUpdate().executeTakeFirstOrThrow();
  const share = allocate(product.stock_left, wanting, (row) => row.quantity);
  if (share.total > 0 && !(await take(share.total))) throw new Error(`stock of product ${productId} changed under its lock`);
  return share;
}

async function giveBack(tx: Tx, rows: readonly ReservationRow[]): Promise<void> {
  for (const [productId, quantity] of perProduct(rows)) {
    await sql`update products set stock_left = stock_left + ${quantity}, reserved = reserved - ${quantity} where id = ${productId}`.execute(tx);
  }
}

async function lockReservations(tx: Tx, keys: string[]): Promise<ReservationRow[]> {
  const { rows } = await sql<ReservationRow>`select * from reservations where order_key = any(${keys}::uuid[]) order by order_key for update`.execute(tx);
  return rows;
}

/** Quantities added up by product, in the order products are locked. */
function perProduct(rows: readonly ReservationRow[]): [productId: number, quantity: number][] {
  const totals = new Map<number, number>();
  for (const row of rows) totals.set(row.product_id!, (totals.get(row.product_id!) ?? 0) + row.quantity);
  return [...totals].sort(([a], [b]) => a - b);
}

const byOrderKey = (a: Ask, b: Ask): number => (a.orderKey < b.orderKey ? -1 : 1);

function orThrow(outcome: Outcome): ReservationRow {
  if (outcome instanceof ApiError) throw outcome;
  return outcome;
}
