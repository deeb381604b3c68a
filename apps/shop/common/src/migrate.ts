import type { Clock } from "./clock.ts";
import { type Database, sql } from "./database.ts";
import type { Logger } from "./log.ts";

export interface Migration {
  /** Never changed once released: "001-products". */
  id: string;
  sql: string;
}

/**
 * Brings the schema the connection starts in up to date. Every replica calls this when it starts: an advisory lock lets
 * one of them work while the others wait and then find nothing to do, and all of it is one transaction. Migrations of a
 * newer version that this one does not know are left alone, so that a rollback can start.
 *
 * @returns the ids applied by this call
 */
export async function migrate<Schema>(database: Database<Schema>, schema: string, migrations: readonly Migration[]): Promise<string[]> {
  return database.transaction(async (tx) => {
    // A lock of the whole database server, so the schema's name is part of it; it ends with the transaction.
    await sql`select pg_advisory_xact_lock(hashtextextended(${`${schema} migrations`}, 0))`.execute(tx);
    await sql`create table if not exists ${sql.table(`${schema}.schema_migrations`)} (id text primary key, applied_at timestamptz not null default now())`.execute(tx);
    const { rows } = await sql<{ id: string }>`select id from ${sql.table(`${schema}.schema_migrations`)}`.execute(tx);
    const applied = new Set(rows.map((row) => row.id));
    const fresh = migrations.filter((migration) => !applied.has(migration.id));
    for (const migration of fresh) {
      await sql.raw(migration.sql).execute(tx);
      await sql`insert into ${sql.table(`${schema}.schema_migrations`)} (id) values (${migration.id})`.execute(tx);
    }
    return fresh.map((migration) => migration.id);
  });
}

/** Tries `migrate` until the database lets it; the database may well start after us. Ends early when `signal` fires. */
export async function migrateWhenReachable<Schema>(
  database: Database<Schema>,
  schema: string,
  migrations: readonly Migration[],
  { clock, log, signal }: { clock: Clock; log: Logger; signal: AbortSignal },
): Promise<void> {
  for (let waitMs = 100; !signal.aborted; waitMs = Math.min(waitMs * 1.5, 1_000)) {
    try {
      const ids = await migrate(database, schema, migrations);
      log.info({ applied: ids }, "the schema is up to date");
      return;
    } catch (error) {
      log.warn({ err: error }, "migrations have to wait for the database");
    }
    await clock.sleep(waitMs, signal).catch(() => {}); // the signal ends the loop
  }
}
