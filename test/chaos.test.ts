import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startOwnCluster } from "./support/cluster.ts";
import { startCustomers } from "./support/customers.ts";
import { startMonkey } from "./support/monkey.ts";
import { freePort } from "./support/ports.ts";
import { assertBooksBalance, get, type Order } from "./support/shop.ts";
import { BINARY, readStatus } from "./support/tidepool.ts";
import { pause, until } from "./support/wait.ts";

/** `npm run chaos` sets two minutes. */
const DURATION_MS = Number(process.env["CHAOS_SECONDS"] ?? 20) * 1000;
const SEED = Number(process.env["CHAOS_SEED"] ?? 1);
const CUSTOMERS = 50;

test(`${CUSTOMERS} customers order while anything is killed at random: every acknowledged order exists once`, { timeout: DURATION_MS + 240_000 }, async (t) => {
  // The same ports again whoever starts it.
  const ports: string[] = [];
  for (const flag of ["--http-port", "--https-port", "--api-port", "--registry-port"]) ports.push(flag, String(await freePort()));
  const { dataDir, stop } = await startOwnCluster(ports);
  after(stop);
  const shop = `http://127.0.0.1:${ports[1]}`;

  const customers = startCustomers(() => shop, CUSTOMERS);
  const monkey = startMonkey(dataDir, [BINARY, "up", "--data", dataDir, ...ports], { seed: SEED, pauseMs: [300, 1_500] });
  await pause(DURATION_MS);
  await monkey.stop();
  const finished = customers.finish();
  await until("every pod to be ready again", async () => {
    const { state, pods } = await readStatus(dataDir);
    const shopPods = pods.filter(({ namespace }) => namespace === "shop");
    return state === "running" && shopPods.length >= 12 && shopPods.every(({ ready }) => ready === "1/1");
  }, { timeoutMs: 120_000, everyMs: 1_000 });
  const { confirmed, refused, retries } = await finished;
  t.diagnostic(`seed ${SEED}; killed ${[...monkey.kills].map(([kind, count]) => `${count} × ${kind}`).join(", ")}; ${confirmed.size} orders, ${retries} retries`);

  assert.ok(monkey.kills.size >= 3, `too little was killed: ${[...monkey.kills.keys()].join(", ")}`);
  assert.deepEqual(refused, new Map(), "nothing was out of stock or out of credit");
  assert.ok(confirmed.size > CUSTOMERS, `only ${confirmed.size} orders were placed`);
  for (const [key, ids] of confirmed) assert.equal(ids.size, 1, `order ${key} has the ids ${[...ids].join(", ")}`);
  const ids = new Set([...confirmed.values()].flatMap((set) => [...set]));
  assert.equal(ids.size, confirmed.size, "two keys never share an order");

  const books = await assertBooksBalance(shop);
  const inBooks = books.orders.filter(({ status }) => status === "confirmed").reduce((sum, row) => sum + Number(row.orders), 0);
  assert.equal(inBooks, confirmed.size, "the books hold the acknowledged orders and no others");
  const queue = [...ids];
  const reader = async (): Promise<void> => {
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      const { status, body } = await get<Order>(`${shop}/api/orders/${id}`);
      assert.equal(status, 200, `order ${id}`);
      assert.equal(body.status, "confirmed", `order ${id}`);
    }
  };
  await Promise.all(Array.from({ length: 10 }, reader));
});
