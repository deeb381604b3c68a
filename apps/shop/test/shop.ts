/** What the tests of the whole shop share: a database and bare processes for one test file, and ways to ask them. */
import { after } from "node:test";
import { type BareShop, type BareShopOptions, startBareShop } from "../bare.ts";
import { query, startPostgres, type TestPostgres } from "./postgres.ts";

export interface ShopUnderTest {
  shop: BareShop;
  postgres: TestPostgres;
  order: (body: object, key?: string) => Promise<Answer>;
  get: <T>(path: string) => Promise<T>;
}

export interface Answer {
  status: number;
  headers: Headers;
  body: { id: number; error: { code: string; field?: string; message: string } } & Record<string, unknown>;
}

export async function startShop(options: Omit<BareShopOptions, "databaseUrl"> = {}): Promise<ShopUnderTest> {
  const postgres = await startPostgres();
  after(() => postgres.stop());
  const shop = await startBareShop({ databaseUrl: postgres.url, ...options });
  after(() => shop.stop());
  return {
    shop,
    postgres,
    order: (body, key) => ask(`${shop.url}/api/orders`, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json", ...(key !== undefined && { "idempotency-key": key }) } }),
    get: async <T>(path: string) => (await ask(shop.url + path)).body as unknown as T,
  };
}

export async function ask(url: string, init?: RequestInit): Promise<Answer> {
  const response = await fetch(url, init);
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer["body"] };
}

/** Whether orders, stock and ledger tell one story. Waits until no order is open any more. */
export async function audit(postgres: TestPostgres): Promise<{ confirmed: number; sold: number; reserved: number; charges: number; problems: string[] }> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const [open] = await query<{ count: number }>(postgres.url, "select count(*)::int as count from order_db.orders where status = 'pending'");
    if (open!.count === 0) break;
    if (Date.now() > deadline) throw new Error(`${open!.count} orders are still open`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const problems = await query<{ order_key: string; problem: string }>(
    postgres.url,
    `select coalesce(o.order_key, r.order_key, c.order_key) as order_key, concat_ws(' ', o.status, r.state, c.state) as problem
     from order_db.orders o
     full join inventory_db.reservations r using (order_key)
     full join user_db.charges c using (order_key)
     where (coalesce(o.status, '') = 'confirmed') is distinct from (coalesce(r.state, '') = 'confirmed')
        or (coalesce(o.status, '') = 'confirmed') is distinct from (coalesce(c.state, '') = 'charged')
        or (o.status = 'confirmed' and (r.quantity <> o.quantity or r.product_id <> o.product_id or c.user_id <> o.user_id or c.amount_cents <> o.total_cents))`,
  );
  const [sums] = await query<{ confirmed: number; sold: number; reserved: number; charges: number }>(
    postgres.url,
    `select (select count(*) from order_db.orders where status = 'confirmed')::int as confirmed,
       (select sum(sold) from inventory_db.products)::int as sold, (select sum(reserved) from inventory_db.products)::int as reserved,
       (select count(*) from user_db.charges where state = 'charged')::int as charges`,
  );
  return { ...sums!, problems: problems.map((row) => `${row.order_key}: ${row.problem}`) };
}
