import { allocate } from "@shop/common/allocate.ts";
import { Batcher } from "@shop/common/batcher.ts";
import { type Database, sql, type Transaction } from "@shop/common/database.ts";
import { ApiError, notFound } from "@shop/common/errors.ts";
import { type ChargeAsk, judgeCharge } from "./decide.ts";
import type { ChargeRow, Schema, UserRow } from "./schema.ts";

type Tx = Transaction<Schema>;
type Outcome = ChargeRow | ApiError;

/**
 * Users and what they were charged. Charges lock in one order, ledger lines (by order key) before users: the hot user
 * row is locked last and shortest, and nobody deadlocks.
 */
export class Accounts {
  private readonly database: Database<Schema>;
  private readonly charging: Batcher<ChargeAsk, Outcome>;

  constructor(database: Database<Schema>) {
    this.database = database;
    this.charging = new Batcher((_user, asks) => this.chargeTogether(asks));
  }

  users(limit: number): Promise<UserRow[]> {
    return this.database.kysely.selectFrom("users").selectAll().orderBy("id").limit(limit).execute();
  }

  user(id: number): Promise<UserRow | undefined> {
    return this.database.kysely.selectFrom("users").selectAll().where("id", "=", id).executeTakeFirst();
  }

  async create(user: { name: string; email: string; creditLimitCents: number }): Promise<UserRow> {
    const { rows } = await sql<UserRow>`
      insert into users (name, email, credit_limit_cents) values (${user.name}, ${user.email}, ${user.creditLimitCents})
      on conflict (email) do nothing returning *`.execute(this.database.kysely);
    if (!rows[0]) throw new ApiError(409, "email_taken", `there is a user with the email ${user.email}`, { field: "email" });
    return rows[0];
  }

  /** Charges a user for an order, once however often it is asked. */
  async charge(ask: ChargeAsk): Promise<ChargeRow> {
    const outcome = await this.charging.submit(String(ask.userId), ask);
    if (outcome instanceof ApiError) throw outcome;
    return outcome;
  }

  /** Takes the charge of an order back, once however often it is asked, and bars the order from ever being charged. */
  async refund(orderKey: string): Promise<ChargeRow> {
    return this.database.transaction(async (tx) => {
      // Unknown so far: the charge may still be on its way, so leave a record that refuses it.
      await sql`insert into charges (order_key, amount_cents, state) values (${orderKey}, 0, 'refunded') on conflict (order_key) do nothing`.execute(tx);
      const [row] = await lockCharges(tx, [orderKey]);
      if (row === undefined) throw new Error(`charge ${orderKey} vanished`);
      if (row.state === "refunded") return row;
      await tx.updateTable("charges").set({ state: "refunded" }).where("order_key", "=", orderKey).execute();
      await sql`update users set spent_cents = spent_cents - ${row.amount_cents} where id = ${row.user_id}`.execute(tx);
      return { ...row, state: "refunded" };
    });
  }

  /** What users have spent and what the ledger says they were charged, from one snapshot. */
  async totals(): Promise<{ spent_cents: number; charged_cents: number; charges: number; users_off: number }> {
    const { rows } = await sql<{ spent_cents: number; charged_cents: number; charges: number; users_off: number }>`
      select coalesce(sum(u.spent_cents), 0)::bigint as spent_cents, coalesce(sum(c.cents), 0)::bigint as charged_cents,
        coalesce(sum(c.charges), 0)::int as charges, (count(*) filter (where u.spent_cents <> coalesce(c.cents, 0)))::int as users_off
      from users u left join (
        select user_id, sum(amount_cents) as cents, count(*) as charges from charges where state = 'charged' group by user_id
      ) c on c.user_id = u.id`.execute(this.database.kysely);
    return rows[0]!;
  }

  /** All asks are for one user. */
  private async chargeTogether(asks: ChargeAsk[]): Promise<Outcome[]> {
    const { userId } = asks[0]!;
    // An order that asks twice in one batch (a retry overtook its first try) is one ask with two listeners.
    const byKey = new Map(asks.map((ask) => [ask.orderKey, ask]));
    const outcomes = await this.database.transaction(async (tx) => {
      const sorted = [...byKey.values()].sort((a, b) => (a.orderKey < b.orderKey ? -1 : 1));
      const inserted = await sql<ChargeRow>`
        insert into charges (order_key, user_id, amount_cents, state)
        select ask.order_key, u.id, ask.amount_cents, 'charged'
        from unnest(${sorted.map((ask) => ask.orderKey)}::uuid[], ${sorted.map((ask) => ask.amountCents)}::bigint[]) as ask (order_key, amount_cents)
        join users u on u.id = ${userId}
        order by ask.order_key
        on conflict (order_key) do nothing
        returning *`.execute(tx);
      const rows = new Map(inserted.rows.map((row) => [row.order_key, row]));
      const earlier = sorted.filter((ask) => !rows.has(ask.orderKey)).map((ask) => ask.orderKey);
      const known = new Map<string, ChargeRow>();
      for (const row of earlier.length > 0 ? await lockCharges(tx, earlier) : []) known.set(row.order_key, row);

      const result = new Map<string, Outcome>();
      const wanting: ChargeRow[] = [];
      for (const ask of byKey.values()) {
        const fresh = rows.get(ask.orderKey);
        const old = known.get(ask.orderKey);
        const verdict = judgeCharge(ask, old);
        if (fresh) wanting.push(fresh);
        else if (verdict === "charge") result.set(ask.orderKey, notFound("unknown_user", `there is no user ${userId}`, "user_id"));
        else if (verdict === "keep") result.set(ask.orderKey, old!);
        else if (verdict === "refunded") result.set(ask.orderKey, new ApiError(409, "charge_refunded", "the order was called off"));
        else result.set(ask.orderKey, reused());
      }

      const { granted, refused } = await spend(tx, userId, wanting);
      for (const row of granted) result.set(row.order_key, row);
      for (const row of refused) result.set(row.order_key, new ApiError(402, "insufficient_credit", `user ${userId} cannot spend that much more`, { field: "user_id" }));
      if (refused.length > 0) await sql`delete from charges where order_key = any(${refused.map((row) => row.order_key)}::uuid[])`.execute(tx);
      return result;
    });
    return asks.map((ask) => (byKey.get(ask.orderKey)!.amountCents === ask.amountCents ? outcomes.get(ask.orderKey)! : reused()));
  }
}

/** Adds the wanted amounts to what the user has spent; who would go beyond the limit is refused. */
async function spend(tx: Tx, userId: number, wanting: ChargeRow[]): Promise<{ granted: ChargeRow[]; refused: ChargeRow[] }> {
  if (wanting.length === 0) return { granted: [], refused: [] };
  const add = async (total: number): Promise<boolean> => {
    const update = await sql`
      update users set spent_cents = spent_cents + ${total} where id = ${userId} and spent_cents + ${total} <= credit_limit_cents`.execute(tx);
    return update.numAffectedRows === 1n;
  };
  // Enough for all is the rule: one statement. Otherwise look at what is left, holding the row, and share that out.
  if (await add(wanting.reduce((sum, row) => sum + row.amount_cents, 0))) return { granted: wanting, refused: [] };
  const user = await tx.selectFrom("users").select(["credit_limit_cents", "spent_cents"]).where("id", "=", userId).forUpdate().executeTakeFirstOrThrow();
  const share = allocate(user.credit_limit_cents - user.spent_cents, wanting, (row) => row.amount_cents);
  if (share.total > 0 && !(await add(share.total))) throw new Error(`credit of user ${userId} changed under its lock`);
  return share;
}

async function lockCharges(tx: Tx, keys: string[]): Promise<ChargeRow[]> {
  const { rows } = await sql<ChargeRow>`select * from charges where order_key = any(${keys}::uuid[]) order by order_key for update`.execute(tx);
  return rows;
}

const reused = (): ApiError => new ApiError(422, "order_key_reused", "the order key stands for another user or amount", { field: "order_key" });
