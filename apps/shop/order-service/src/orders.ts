import { Batcher } from "@shop/common/batcher.ts";
import { type Database, sql } from "@shop/common/database.ts";
import type { Refusal } from "./saga.ts";
import type { OrderRow, Schema } from "./schema.ts";

/** An order as it is first written down, before anything is done for it. */
export interface NewOrder {
  orderKey: string;
  idempotencyKey: string | null;
  clientKey: boolean;
  userId: number;
  productId: number;
  quantity: number;
  createdAt: Date;
  leaseUntil: Date;
}

export interface Finish {
  id: number;
  /** Of the driver that finishes: a later one would have made this one's knowledge stale. */
  attempt: number;
  status: "confirmed" | "rejected" | "cancelled";
  unitPriceCents?: number;
  refusal?: Refusal;
  at: Date;
}

/** The orders table: the durable log of every order from before its first step. Each method is one statement. */
export class Orders {
  private readonly database: Database<Schema>;
  private readonly inserting: Batcher<NewOrder, OrderRow | undefined>;
  private readonly finishing: Batcher<Finish, boolean>;

  constructor(database: Database<Schema>) {
    this.database = database;
    this.inserting = new Batcher((_all, orders) => this.insertTogether(orders));
    this.finishing = new Batcher((_all, finishes) => this.finishTogether(finishes));
  }

  /** Writes a pending order down. Undefined when its idempotency key is taken. */
  insert(order: NewOrder): Promise<OrderRow | undefined> {
    return this.inserting.submit("all", order);
  }

  /** Ends a pending order. False when it has ended already or someone else works on it now. */
  finish(finish: Finish): Promise<boolean> {
    return this.finishing.submit("all", finish);
  }

  find(id: number): Promise<OrderRow | undefined> {
    return this.database.kysely.selectFrom("orders").selectAll().where("id", "=", id).executeTakeFirst();
  }

  findByKey(idempotencyKey: string): Promise<OrderRow | undefined> {
    return this.database.kysely.selectFrom("orders").selectAll().where("idempotency_key", "=", idempotencyKey).executeTakeFirst();
  }

  list(filter: { userId?: number; limit: number }): Promise<OrderRow[]> {
    let query = this.database.kysely.selectFrom("orders").selectAll().orderBy("id", "desc").limit(filter.limit);
    if (filter.userId !== undefined) query = query.where("user_id", "=", filter.userId);
    return query.execute();
  }

  /** Takes a pending order over whose driver has given it up or is gone. Undefined when there is nothing to take over. */
  async claim(id: number, now: Date, leaseUntil: Date): Promise<OrderRow | undefined> {
    const { rows } = await sql<OrderRow>`
      update orders set attempt = attempt + 1, lease_until = ${leaseUntil}
      where id = ${id} and status = 'pending' and lease_until <= ${now} returning *`.execute(this.database.kysely);
    return rows[0];
  }

  /** Takes over orders nobody has come back for. Several replicas may ask at once: each gets others. */
  async claimStuck(now: Date, clientlessBefore: Date, leaseUntil: Date, limit: number): Promise<OrderRow[]> {
    const { rows } = await sql<OrderRow>`
      with stuck as (
        select id from orders
        where status = 'pending' and lease_until <= ${now} and (client_key or lease_until <= ${clientlessBefore})
        order by lease_until limit ${limit} for update skip locked
      )
      update orders set attempt = attempt + 1, lease_until = ${leaseUntil} from stuck where orders.id = stuck.id
      returning orders.*`.execute(this.database.kysely);
    return rows;
  }

  /** Lets others take the order over at once. */
  async giveUp(id: number, attempt: number, now: Date): Promise<void> {
    await sql`update orders set lease_until = ${now} where id = ${id} and status = 'pending' and attempt = ${attempt}`.execute(this.database.kysely);
  }

  async summary(): Promise<{ status: string; product_id: number; orders: number; quantity: number; total_cents: number }[]> {
    const { rows } = await sql<{ status: string; product_id: number; orders: number; quantity: number; total_cents: number }>`
      select status, product_id, count(*)::int as orders, sum(quantity)::bigint as quantity, coalesce(sum(total_cents), 0)::bigint as total_cents
      from orders group by status, product_id order by status, product_id`.execute(this.database.kysely);
    return rows;
  }

  private async insertTogether(orders: NewOrder[]): Promise<(OrderRow | undefined)[]> {
    const { rows } = await sql<OrderRow>`
      insert into orders (order_key, idempotency_key, client_key, user_id, product_id, quantity, created_at, lease_until)
      select * from unnest(
        ${orders.map((order) => order.orderKey)}::uuid[], ${orders.map((order) => order.idempotencyKey)}::text[], ${orders.map((order) => order.clientKey)}::boolean[],
        ${orders.map((order) => order.userId)}::int[], ${orders.map((order) => order.productId)}::int[], ${orders.map((order) => order.quantity)}::int[],
        ${orders.map((order) => order.createdAt)}::timestamptz[], ${orders.map((order) => order.leaseUntil)}::timestamptz[])
      on conflict (idempotency_key) do nothing returning *`.execute(this.database.kysely);
    const byKey = new Map(rows.map((row) => [row.order_key, row]));
    return orders.map((order) => byKey.get(order.orderKey));
  }

  private async finishTogether(finishes: Finish[]): Promise<boolean[]> {
    const { rows } = await sql<{ id: number }>`
      update orders set status = f.status, unit_price_cents = f.price, total_cents = f.price::bigint * orders.quantity,
        reason_status = f.reason_status, reason_code = f.reason_code, reason_message = f.reason_message, finished_at = f.at
      from unnest(
        ${finishes.map((finish) => finish.id)}::bigint[], ${finishes.map((finish) => finish.attempt)}::int[], ${finishes.map((finish) => finish.status)}::text[],
        ${finishes.map((finish) => finish.unitPriceCents ?? null)}::int[], ${finishes.map((finish) => finish.refusal?.status ?? null)}::int[],
        ${finishes.map((finish) => finish.refusal?.code ?? null)}::text[], ${finishes.map((finish) => finish.refusal?.message ?? null)}::text[],
        ${finishes.map((finish) => finish.at)}::timestamptz[]
      ) as f (id, attempt, status, price, reason_status, reason_code, reason_message, at)
      where orders.id = f.id and orders.status = 'pending' and orders.attempt = f.attempt
      returning orders.id`.execute(this.database.kysely);
    const done = new Set(rows.map((row) => row.id));
    return finishes.map((finish) => done.has(finish.id));
  }
}
