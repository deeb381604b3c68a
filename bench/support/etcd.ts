/** etcd as a peer of the store's bench: from Debian (`apt-get install etcd-server`), with its own defaults. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Target } from "./key-value-clients.ts";

/** Above the bench's data; etcd's default of 2 GB is for small machines. */
const QUOTA_BYTES = 8 * 1024 ** 3;
const PATIENCE_MS = 60_000;

export interface Etcd {
  target: Target;
  pid: number;
  startedMs: number;
  stop(): Promise<void>;
}

/** `etcd 3.4.23`, or undefined when it isn't installed. */
export function etcdVersion(): string | undefined {
  const { stdout, error } = spawnSync("etcd", ["--version"], { encoding: "utf8" });
  return error ? undefined : `etcd ${/Version: (\S+)/.exec(stdout)?.[1] ?? "of an unknown version"}`;
}

export async function startEtcd(directory: string): Promise<Etcd> {
  const [clients, peers] = [await freePort(), await freePort()].map((port) => `http://127.0.0.1:${port}`) as [string, string];
  const before = performance.now();
  const child = spawn(
    "etcd",
    [
      `--data-dir=${directory}`,
      `--listen-client-urls=${clients}`,
      `--advertise-client-urls=${clients}`,
      `--listen-peer-urls=${peers}`,
      `--initial-advertise-peer-urls=${peers}`,
      `--initial-cluster=default=${peers}`,
      `--quota-backend-bytes=${QUOTA_BYTES}`,
      "--log-level=error",
    ],
    { stdio: "ignore" },
  );
  for (;;) {
    if (child.exitCode !== null) throw new Error(`etcd ended with ${child.exitCode}`);
    if (performance.now() - before > PATIENCE_MS) throw new Error("etcd did not become healthy");
    const healthy = await fetch(`${clients}/health`).then((response) => response.ok, () => false);
    if (healthy) break;
    await delay(5);
  }
  return {
    target: { kind: "etcd", url: clients },
    pid: child.pid!,
    startedMs: performance.now() - before,
    stop: async () => {
      child.kill();
      await once(child, "exit");
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
