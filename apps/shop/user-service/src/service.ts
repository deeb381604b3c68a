import { Database, databaseConfigFrom } from "@shop/common/database.ts";
import { badInput, notFound, unavailable } from "@shop/common/errors.ts";
import { migrateWhenReachable } from "@shop/common/migrate.ts";
import type { Parts, Runtime } from "@shop/common/service.ts";
import { ID_RANGE, integerField, integerText, objectBody, onlyFields, orderKey, textField } from "@shop/common/validate.ts";
import { Accounts } from "./accounts.ts";
import { loyaltyTier } from "./decide.ts";
import { migrations, type ChargeRow, type Schema, type UserRow } from "./schema.ts";

/** What a new user may spend unless the request says otherwise: 5,000.00. */
const DEFAULT_CREDIT_CENTS = 500_000;

/** Users and the payments ledger. */
export function userService({ app, env, clock, identity, log, metrics, signal }: Runtime): Parts {
  const database = new Database<Schema>(databaseConfigFrom(env, 4), log, metrics);
  const accounts = new Accounts(database);
  let migrated = false;

  const userView = (row: UserRow): object => ({
    id: row.id,
    name: row.name,
    email: row.email,
    credit_limit_cents: row.credit_limit_cents,
    spent_cents: row.spent_cents,
    created_at: row.created_at,
    ...(identity.version !== "v1" && { loyalty_tier: loyaltyTier(row.spent_cents) }),
  });

  app.get<{ Querystring: { limit?: string } }>("/api/users", async (request) => {
    const limit = integerText(request.query.limit, "limit", { min: 1, max: 200 }, 50);
    return { users: (await accounts.users(limit)).map(userView), version: identity.version };
  });
  app.get<{ Params: { id: string } }>("/api/users/:id", async (request) => {
    const id = integerText(request.params.id, "id", ID_RANGE);
    const row = await accounts.user(id);
    if (!row) throw notFound("unknown_user", `there is no user ${id}`, "id");
    return { ...userView(row), version: identity.version };
  });
  app.post("/api/users", async (request, reply) => {
    const body = objectBody(request.body);
    onlyFields(body, ["name", "email", "credit_limit_cents"]);
    const name = textField(body, "name", { min: 1, max: 80 });
    const email = textField(body, "email", { min: 3, max: 200 }).toLowerCase();
    if (!/^[^\s@]+@[^\s@]+$/.test(email)) throw badInput("email", "email must look like name@host");
    const creditLimitCents =
      body.credit_limit_cents === undefined ? DEFAULT_CREDIT_CENTS : integerField(body, "credit_limit_cents", { min: 0, max: 1_000_000_000 });
    const row = await accounts.create({ name, email, creditLimitCents });
    return reply.code(201).header("location", `/api/users/${row.id}`).send({ ...userView(row), version: identity.version });
  });
  app.get("/api/payments/invariant", async () => {
    const { users_off, ...totals } = await accounts.totals();
    return { holds: users_off === 0 && totals.spent_cents === totals.charged_cents, ...totals };
  });

  // Between services: not reachable through the gateway.
  app.post("/charges", async (request, reply) => {
    const body = objectBody(request.body);
    onlyFields(body, ["order_key", "user_id", "amount_cents"]);
    const row = await accounts.charge({
      orderKey: orderKey(body.order_key),
      userId: integerField(body, "user_id", ID_RANGE),
      amountCents: integerField(body, "amount_cents", { min: 0, max: 1_000_000_000_000 }),
    });
    return reply.code(201).send(chargeView(row));
  });
  app.post<{ Params: { id: string } }>("/charges/:id/refund", async (request) => chargeView(await accounts.refund(orderKey(request.params.id, "id"))));

  return {
    ready: async () => {
      if (!migrated) throw unavailable("migrating", "migrations are not done");
      await database.ping();
    },
    background: async () => {
      await migrateWhenReachable(database, "user_db", migrations, { clock, log, signal });
      migrated = true;
    },
    close: () => database.close(),
  };
}

/** The order key is the charge's id: there is one per order. */
const chargeView = (row: ChargeRow): object => ({ id: row.order_key, ...row });
