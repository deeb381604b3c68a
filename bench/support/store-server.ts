/**
 * The store and the API server in front of it, without the rest of a cluster: what etcd and kube-apiserver are together.
 * Started by {@link startStoreServer} and {@link measureRawStore}.
 */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "#lib/clock.ts";
import { silentLogger } from "#lib/log.ts";
import { ensureSchemas } from "#api/openapi/index.ts";
import { bootstrap, createApiServer, ensurePki, reconcilePolicy, serve, systemUser } from "#apiserver/index.ts";
import { openStore, sqliteDriver } from "#store/index.ts";
import type { Target } from "./key-value-clients.ts";

interface Order {
  directory: string;
  /** Instead of serving: creates in the process itself. */
  raw?: { writers: number; durationMs: number };
}

export interface StoreServer {
  target: Target;
  pid: number;
  /** From the start of the process to its first readiness. */
  startedMs: number;
  stop(): Promise<void>;
}

export async function startStoreServer(directory: string): Promise<StoreServer> {
  const before = performance.now();
  const child = run({ directory });
  const target = (await answer(child)) as Target;
  return {
    target,
    pid: child.pid!,
    startedMs: performance.now() - before,
    stop: async () => {
      child.kill();
      await once(child, "exit");
    },
  };
}

/** Durable creates per second into the store itself. */
export async function measureRawStore(directory: string, writers: number, durationMs: number): Promise<number> {
  const child = run({ directory, raw: { writers, durationMs } });
  const perSecond = (await answer(child)) as number;
  await once(child, "exit");
  return perSecond;
}

function run(order: Order): ChildProcess {
  return fork(fileURLToPath(import.meta.url), [JSON.stringify(order)], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
}

function answer(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("exit", (code) => reject(new Error(`the store's process ended with ${code}`)));
  });
}

async function serveStore(directory: string): Promise<void> {
  ensureSchemas();
  const log = silentLogger;
  const store = openStore({ driver: sqliteDriver(join(directory, "store.db")) });
  const pki = await ensurePki({ directory: join(directory, "pki"), clock: systemClock, nodeNames: [] });
  const api = createApiServer({ store, clock: systemClock, rng: Math.random, log, nodeConnector: () => undefined, serviceAccountKey: pki.serviceAccountKey });
  const handler = api.handlerFor(systemUser("system:apiserver"));
  await bootstrap(handler, { address: "172.30.0.2", port: 6443 });
  await reconcilePolicy(handler);
  const server = await serve(api, { ...pki.serving, clientCa: pki.ca, host: "127.0.0.1", port: 0, log });
  const stop = (): void => {
    void server
      .close()
      .then(() => api.close())
      .then(() => store.close())
      .then(() => process.exit(0));
  };
  process.on("SIGTERM", stop);
  // The bench is gone, however it ended.
  process.on("disconnect", stop);
  process.send!({ kind: "api", url: server.url, tls: { ca: pki.ca, ...pki.admin } } satisfies Target);
}

async function createRaw(directory: string, { writers, durationMs }: { writers: number; durationMs: number }): Promise<number> {
  const store = openStore({ driver: sqliteDriver(join(directory, "raw.db")) });
  const startedAt = performance.now();
  let count = 0;
  const writer = async (): Promise<void> => {
    while (performance.now() < startedAt + durationMs) {
      const name = `bench-${process.pid}-${count++}`;
      await store.create(`configmaps/default/${name}`, { metadata: { name, namespace: "default", labels: { app: "bench" } }, data: { text: "x".repeat(500) } } as object as { metadata: object });
    }
  };
  await Promise.all(Array.from({ length: writers }, writer));
  const perSecond = count / ((performance.now() - startedAt) / 1000);
  await store.close();
  return perSecond;
}

if (import.meta.main) {
  const { directory, raw } = JSON.parse(process.argv[2]!) as Order;
  if (raw) {
    const perSecond = await createRaw(directory, raw);
    process.send!(perSecond, () => process.exit(0));
  } else await serveStore(directory);
}
