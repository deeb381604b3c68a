import { CompiledQuery, Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient, sql, type Transaction } from "kysely";
import pg from "pg";
import { breaksConnection, isConflict } from "./database-errors.ts";
import { type Env, integerFrom, textFrom } from "./identity.ts";
import type { Logger } from "./log.ts";
import type { Metrics } from "./metrics.ts";

export { sql, type Transaction };

export interface DatabaseConfig {
  host: string;
  port: number;
  database: string;
  user: string;
  password: string;
  /** Connections this process may hold. Small: batches make one connection do the work of many. */
  poolSize: number;
  /** A statement that runs longer is cancelled by the server. */
  statementTimeoutMs: number;
}

/** The variables libpq uses, so that the same Secret serves psql. */
export function databaseConfigFrom(env: Env, poolSize: number): DatabaseConfig {
  return {
    host: textFrom(env, "PGHOST"),
    port: integerFrom(env, "PGPORT", 5432),
    database: textFrom(env, "PGDATABASE"),
    user: textFrom(env, "PGUSER"),
    password: textFrom(env, "PGPASSWORD"),
    poolSize: integerFrom(env, "PG_POOL_SIZE", poolSize),
    statementTimeoutMs: integerFrom(env, "PG_STATEMENT_TIMEOUT_MS", 2_000),
  };
}

// bigint columns hold cents and ids here, far below 2^53: numbers, not strings.
pg.types.setTypeParser(pg.types.builtins.INT8, (text) => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new Error(`a bigint of the database does not fit a number: ${text}`);
  return value;
});

/** One service's own schema: a small pool, typed queries, and transactions that are run again when two met badly. */
export class Database<Schema> {
  readonly kysely: Kysely<Schema>;
  private readonly pool: pg.Pool;

  constructor(config: DatabaseConfig, log: Logger, metrics?: Metrics) {
    const { poolSize, statementTimeoutMs, ...connection } = config;
    this.pool = new pg.Pool({
      ...connection,
      max: poolSize,
      connectionTimeoutMillis: 1_500,
      // Longer than the pause between two readiness probes: an idle pod keeps one connection and makes no new ones.
      idleTimeoutMillis: 30_000,
      statement_timeout: statementTimeoutMs,
      lock_timeout: statementTimeoutMs,
      idle_in_transaction_session_timeout: 5_000,
      // The client's own limit, for a server that is frozen or cut off and cancels nothing.
      query_timeout: statementTimeoutMs + 1_000,
      keepAlive: true,
    });
    // An idle connection broke: the pool drops it and makes a new one when it is needed.
    this.pool.on("error", (error) => log.warn({ err: error }, "an idle database connection was lost"));
    this.kysely = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: preparedPool(this.pool) }) });
    metrics?.gauge("db_pool_connections", "Open connections to the database", () => this.pool.totalCount);
    metrics?.gauge("db_pool_idle_connections", "Open connections at rest", () => this.pool.idleCount);
    metrics?.gauge("db_pool_waiting", "Queries waiting for a connection", () => this.pool.waitingCount);
  }

  /** Runs `work` in a transaction, up to three times when it deadlocked or could not be serialized. */
  async transaction<T>(work: (tx: Transaction<Schema>) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.kysely.transaction().execute(work);
      } catch (error) {
        if (attempt === 3 || !isConflict(error)) throw error;
      }
    }
  }

  /** Throws when the database does not answer. */
  async ping(): Promise<void> {
    await this.kysely.executeQuery(CompiledQuery.raw("select 1"));
  }

  close(): Promise<void> {
    return this.kysely.destroy();
  }
}

/**
 * Kysely builds the same text for the same query, so each text becomes a prepared statement: parsed and planned once per
 * connection. A connection that broke is closed rather than handed to the next request.
 */
function preparedPool(pool: pg.Pool): PostgresPool {
  const names = new Map<string, string>();
  const nameOf = (text: string): string | undefined => {
    const known = names.get(text);
    if (known !== undefined || names.size >= 100) return known;
    const name = `s${names.size}`;
    names.set(text, name);
    return name;
  };
  const wrapped = new WeakMap<pg.PoolClient, PreparedClient>();

  class PreparedClient {
    private readonly client: pg.PoolClient;
    private broken = false;

    constructor(client: pg.PoolClient) {
      this.client = client;
      // It may break between two statements of a transaction, when no query is there to be told.
      client.on("error", () => (this.broken = true));
    }

    async query(text: string, values: readonly unknown[]): Promise<pg.QueryResult> {
      try {
        // Without parameters it is a transaction command or a script of a migration: nothing to prepare.
        if (values.length === 0) return await this.client.query(text);
        const name = nameOf(text);
        return await this.client.query({ text, values: [...values], ...(name !== undefined && { name }) });
      } catch (error) {
        this.broken ||= breaksConnection(error);
        throw error;
      }
    }

    release(): void {
      this.client.release(this.broken);
    }
  }

  return {
    async connect() {
      const client = await pool.connect();
      let prepared = wrapped.get(client);
      if (!prepared) wrapped.set(client, (prepared = new PreparedClient(client)));
      return prepared as unknown as PostgresPoolClient;
    },
    end: () => pool.end(),
  };
}
