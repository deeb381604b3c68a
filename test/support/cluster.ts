/**
 * The cluster that the end-to-end tests share. `npm test` starts it once and names it in the environment; a test file
 * that is run by itself starts its own, and stops it afterwards.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { processesOf } from "./processes.ts";
import { ANY_PORTS, readStatus, tidepool, tidepoolOk } from "./tidepool.ts";
import { until } from "./wait.ts";
import { buildEcho } from "./workloads.ts";

/** Holds the data directory of a cluster that already runs. */
export const SHARED_CLUSTER = "TIDEPOOL_TEST_DATA";

export interface TestCluster {
  dataDir: string;
  kubeconfig: string;
  /** Base URLs without a slash at the end. */
  urls: { shop: string; shopTls: string; apiServer: string; registry: string };
}

/** The running cluster with the shop on it. Call it at the top of a test file. */
export async function sharedCluster(): Promise<TestCluster> {
  const shared = process.env[SHARED_CLUSTER];
  if (shared !== undefined) return describe(shared);
  const { dataDir, stop } = await startOwnCluster();
  after(stop);
  await buildEcho(dataDir);
  return describe(dataDir);
}

/** Starts a cluster on a fresh data directory and any free ports; `stop` takes it down and proves that nothing stays. */
export async function startOwnCluster(args: string[] = []): Promise<{ dataDir: string; stop: () => Promise<void> }> {
  const dataDir = newDataDir();
  const stop = async (): Promise<void> => {
    await tidepool(["down", "--data", dataDir]);
    try {
      await assertNothingRuns(dataDir);
    } finally {
      rmSync(dataDir, { recursive: true, force: true, maxRetries: 3 });
    }
  };
  try {
    await tidepoolOk(["up", "--data", dataDir, ...ANY_PORTS, ...args], { timeoutMs: 180_000 });
  } catch (error) {
    await stop();
    throw error;
  }
  return { dataDir, stop };
}

/** A directory for state, short enough for socket paths. */
export function newDataDir(): string {
  return mkdtempSync(join(tmpdir(), "tidepool-test-"));
}

/** No process that belongs to the directory is left; what is left is named, and killed so that it disturbs no other test. */
export async function assertNothingRuns(dataDir: string): Promise<void> {
  await until("every process to end", () => processesOf(dataDir).length === 0, { timeoutMs: 5_000 }).catch(() => undefined);
  const left = processesOf(dataDir);
  for (const { pid } of left) process.kill(pid, "SIGKILL");
  assert.deepEqual(left, [], `processes stay behind for ${dataDir}`);
}

async function describe(dataDir: string): Promise<TestCluster> {
  const { state, urls, kubeconfig } = await readStatus(dataDir);
  assert.equal(state, "running", `the cluster on ${dataDir} is ${state}`);
  assert.ok(urls?.shop && urls.shopTls, "the shop has URLs");
  const bare = (url: string): string => url.replace(/\/$/, "");
  return { dataDir, kubeconfig, urls: { shop: bare(urls.shop), shopTls: bare(urls.shopTls), apiServer: bare(urls.apiServer), registry: bare(urls.registry) } };
}
