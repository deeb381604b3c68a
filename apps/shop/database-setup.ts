import pg from "pg";

/** The schema and the least-privilege role of each service; in a cluster kustomize/shop/base sets up the same. */
export const SCHEMAS = {
  "order-service": { schema: "order_db", role: "order_service", password: "order-dev-password" },
  "inventory-service": { schema: "inventory_db", role: "inventory_service", password: "inventory-dev-password" },
  "user-service": { schema: "user_db", role: "user_service", password: "user-dev-password" },
} as const;

/** Makes the schemas and roles that a database lacks. `url` is a superuser's. */
export async function setUpDatabase(url: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query("revoke all on schema public from public");
    for (const { schema, role, password } of Object.values(SCHEMAS)) {
      const { rowCount } = await client.query("select from pg_roles where rolname = $1", [role]);
      if (rowCount === 0) await client.query(`create role ${role} login nosuperuser nocreatedb nocreaterole noinherit password '${password}'`);
      await client.query(`alter role ${role} in database ${pg.escapeIdentifier(client.database ?? "postgres")} set search_path = ${schema}`);
      await client.query(`create schema if not exists ${schema} authorization ${role}`);
    }
  } finally {
    await client.end();
  }
}
