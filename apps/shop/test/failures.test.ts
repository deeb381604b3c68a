/** Kills what an order depends on, and counts afterwards. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { BareProcess } from "../bare.ts";
import type { Service } from "../bundle.ts";
import { audit, startShop } from "./shop.ts";

const { shop, postgres, order, get } = await startShop({
  replicas: { "order-service": 2, "inventory-service": 2, "user-service": 2 },
  env: { CLIENTLESS_GRACE_MS: "2000" },
});
const ORDER = { user_id: 1, product_id: 100, quantity: 1 };

const kill = async (bare: BareProcess): Promise<void> => {
  const ended = new Promise((resolve) => bare.child.once("exit", resolve));
  bare.child.kill("SIGKILL");
  await ended;
};

test("with the database down orders are refused with 503 and Retry-After, and accepted once it is back", async () => {
  await postgres.kill();
  const answer = await order(ORDER);
  assert.deepEqual([answer.status, answer.headers.get("retry-after"), answer.body.error.code], [503, "1", "database_unavailable"]);
  const products = await get<{ error: { code: string } }>("/api/products");
  assert.equal(products.error.code, "database_unavailable");
  for (const { service, url } of shop.processes) {
    const needsDatabase = service.endsWith("-service");
    assert.equal((await fetch(`${url}/readyz`)).status, needsDatabase ? 503 : 200, service);
    assert.equal((await fetch(`${url}/healthz`)).status, 200, service);
  }
  await postgres.start();
  let status = 0;
  for (let tries = 0; status !== 201 && tries < 100; tries++) {
    ({ status } = await order(ORDER));
    if (status !== 201) await delay(100);
  }
  assert.equal(status, 201);
});

test("a dependency that is down is a 503, and the same key completes the order later, once", async () => {
  const users = shop.processes.filter(({ service }) => service === "user-service");
  await Promise.all(users.map(kill));
  const refused = await order(ORDER, "patient");
  assert.deepEqual([refused.status, refused.headers.get("retry-after")], [503, "1"]);
  await Promise.all(users.map((bare) => shop.restart(bare)));
  const first = await order(ORDER, "patient");
  const second = await order(ORDER, "patient");
  assert.deepEqual([first.status, second.status, second.body.id], [201, 201, first.body.id]);
  const { problems, reserved } = await audit(postgres);
  assert.deepEqual([problems, reserved], [[], 0]);
});

test("killing services and the database under load loses, doubles and oversells nothing", async () => {
  const before = (await audit(postgres)).confirmed;
  let busy = true;
  const acknowledged = new Map<string, number>();
  let keyless = 0;
  let sequence = 0;
  const statuses = new Map<string, number>();

  const client = async (withKey: boolean): Promise<void> => {
    while (busy) {
      const key = withKey ? `chaos-${++sequence}` : undefined;
      // A client with a key asks until it is told; one without takes the first answer.
      for (let tries = 0; ; tries++) {
        const status = await order(ORDER, key).then(
          (answer) => {
            if (answer.status === 201 && key !== undefined) acknowledged.set(key, answer.body.id);
            if (answer.status === 201 && key === undefined) keyless++;
            return String(answer.status);
          },
          () => "broken",
        );
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (status === "201" || key === undefined || tries === 100) break;
        await delay(50);
      }
    }
  };
  const clients = Array.from({ length: 16 }, (_, index) => client(index % 2 === 0));
  const victims: Service[] = ["order-service", "inventory-service", "user-service", "order-service"];
  for (const service of victims) {
    await delay(400);
    const [victim] = shop.processes.filter((bare) => bare.service === service);
    await kill(victim!);
    await delay(300);
    await shop.restart(victim!);
  }
  await postgres.kill();
  await delay(200);
  await postgres.start();
  await delay(1_000);
  busy = false;
  await Promise.all(clients);

  const { confirmed, charges, sold, reserved, problems } = await audit(postgres);
  const told = `statuses ${JSON.stringify([...statuses])}`;
  assert.deepEqual(problems, [], told);
  assert.deepEqual([charges, sold, reserved], [confirmed, confirmed, 0], told);
  assert.equal(new Set(acknowledged.values()).size, acknowledged.size, "two keys were given the same order");
  // Acknowledged orders exist; what else exists was never acknowledged.
  assert.ok(confirmed - before >= acknowledged.size + keyless, `${confirmed - before} confirmed, ${acknowledged.size + keyless} acknowledged; ${told}`);
  for (const [key, id] of acknowledged) {
    const again = await order(ORDER, key);
    assert.deepEqual([again.status, again.body.id], [201, id]);
  }
  for (const { name, child } of shop.processes) assert.equal(child.exitCode, null, `${name} ended by itself`);
  assert.ok(acknowledged.size > 20 && keyless > 20, `too little happened to prove anything: ${told}`);
  assert.equal((await get<{ holds: boolean }>("/api/inventory/invariant")).holds, true);
  assert.equal((await get<{ holds: boolean }>("/api/payments/invariant")).holds, true);
});
