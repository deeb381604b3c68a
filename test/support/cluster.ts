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
import { ANY_PORTS, readStatus, tidepool, tidepoolOk, type Status } from "./tidepool.ts";
import { until } from "./wait.ts";
import { buildEcho } from "./workloads.ts";

/** Holds the data directory of a cluster that already runs. */
export const SHARED_CLUSTER = "TIDEPOOL_TEST_DATA";

export interface TestCluster {
  dataDir: string;
  kubeconfig: string;
  /** Without a slash at the end. */
  urls: NonNullable<Status["urls"]>;
}

/** The running cluster, with the echo image in its registry. Call it at the top of a test file. */
export async function sharedCluster(): Promise<TestCluster> {
  return describe(process.env[SHARED_CLUSTER] ?? (await ownCluster(["--no-shop"])));
}

/** The running cluster with the shop on it. */
export async function sharedShop(): Promise<TestCluster & { shop: string; shopTls: string }> {
  const cluster = await describe(process.env[SHARED_CLUSTER] ?? (await ownCluster([])));
  const { shop, shopTls } = cluster.urls;
  assert.ok(shop && shopTls, "the shop has URLs");
  return { ...cluster, shop, shopTls };
}

/** Runs after the file's tests when others use the cluster too; one that is the file's own is gone by then, with all that was on it. */
export function cleanUpShared(cleanUp: () => Promise<unknown>): void {
  if (process.env[SHARED_CLUSTER] !== undefined) after(cleanUp);
}

async function ownCluster(args: string[]): Promise<string> {
  const { dataDir, stop } = await startOwnCluster(args);
  after(stop);
  await buildEcho(dataDir);
  return dataDir;
}

/** Starts a cluster on a fresh data directory, on any free ports unless `args` name others; `stop` takes it down and proves that nothing stays. */
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
    await tidepoolOk(["up", "--data", dataDir, ...(args.includes("--http-port") ? [] : ANY_PORTS), ...args], { timeoutMs: 180_000 });
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
  assert.ok(urls && state === "running", `the cluster on ${dataDir} is ${state}`);
  return { dataDir, kubeconfig, urls };
}
