/** The baseline: the shop's services and PostgreSQL as bare processes on loopback, as many as the cluster has. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startBareShop, type BareShop } from "../../apps/shop/bare.ts";
import { bundleShop } from "../../apps/shop/bundle.ts";
import { startPostgres, type TestPostgres } from "../../apps/shop/test/postgres.ts";
import { descendantsOf } from "../../test/support/processes.ts";
import { FIRST_ORDER, placeOrder } from "../../test/support/shop.ts";

/** As in kustomize/shop/base; the gateway stays alone, since nothing stands before it to share the load. */
const REPLICAS = { frontend: 2, "order-service": 3, "inventory-service": 2, "user-service": 2 };

export const BASELINE = "the same services and PostgreSQL as bare processes on loopback, with one gateway";

export interface Bare {
  url: string;
  /** From nothing (no bundles, no database) to the first order. */
  coldMs: number;
  /** From stopped to the first order, with bundles and database in place. */
  warmMs: number;
  pids: () => number[];
  stop(): Promise<void>;
}

export async function startBare(): Promise<Bare> {
  const bundles = mkdtempSync(join(tmpdir(), "bench-bare-"));
  let postgres: TestPostgres | undefined;
  let shop: BareShop | undefined;
  const stop = async (): Promise<void> => {
    await shop?.stop();
    await postgres?.stop();
    rmSync(bundles, { recursive: true, force: true });
  };
  try {
    const coldStart = performance.now();
    await bundleShop(bundles);
    postgres = await startPostgres();
    shop = await firstOrder(postgres.url, bundles);
    const coldMs = performance.now() - coldStart;

    await shop.stop();
    await postgres.kill();
    const warmStart = performance.now();
    await postgres.start();
    shop = await firstOrder(postgres.url, bundles);
    return { url: shop.url, coldMs, warmMs: performance.now() - warmStart, pids, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function firstOrder(databaseUrl: string, bundles: string): Promise<BareShop> {
  const shop = await startBareShop({ databaseUrl, replicas: REPLICAS, bundles });
  const { status, body } = await placeOrder(shop.url, FIRST_ORDER);
  if (status !== 201) throw new Error(`the bare shop answered ${status}: ${JSON.stringify(body)}`);
  return shop;
}

/** The services and every PostgreSQL process; not the bundler, not the load generator. */
function pids(): number[] {
  return descendantsOf(process.pid)
    .filter(({ command }) => /main\.cjs|postgres/.test(command))
    .map(({ pid }) => pid);
}
