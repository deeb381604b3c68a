/**
 * Runs the shop as bare processes on loopback ports, without a cluster: for tests, for the benchmarks' baseline, and for
 * working on the shop itself:
 *
 *     node apps/shop/bare.ts postgres://postgres:postgres@127.0.0.1:5432/shop
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleShop, type Service } from "./bundle.ts";
import { SCHEMAS, setUpDatabase } from "./database-setup.ts";

export interface BareShopOptions {
  /** A superuser's URL; the database it names gets the schemas and roles it lacks. */
  databaseUrl: string;
  /** Has `<service>/main.cjs`, for example the unpacked /app of each image. Without it the sources are bundled first. */
  bundles?: string;
  /** How many processes per service; one when not given. The gateway stays alone: it is the entry point. */
  replicas?: Partial<Record<Service, number>>;
  /** By service; v1 when not given. */
  versions?: Partial<Record<Service, string>>;
  env?: Record<string, string>;
  /** A file for the processes' logs; none when not given. */
  logFile?: string;
}

export interface BareProcess {
  service: Service;
  name: string;
  port: number;
  url: string;
  child: ChildProcess;
}

export interface BareShop {
  /** The gateway. */
  url: string;
  processes: BareProcess[];
  /** Ends a process if it still runs and starts it again at its port, when asked as another version or by another name. Resolves when it is ready. */
  restart(process: BareProcess, as?: { version?: string; name?: string }): Promise<void>;
  /** Ends every process. */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 30_000;

export async function startBareShop(options: BareShopOptions): Promise<BareShop> {
  const temporary = options.bundles === undefined ? mkdtempSync(join(tmpdir(), "bare-shop-")) : undefined;
  const bundles = options.bundles ?? temporary!;
  if (temporary) await bundleShop(temporary);
  await setUpDatabase(options.databaseUrl);
  const log = options.logFile === undefined ? undefined : openSync(options.logFile, "a");
  const processes: BareProcess[] = [];

  const launch = (service: Service, name: string, port: number, env: Record<string, string>, version = options.versions?.[service] ?? "v1"): ChildProcess =>
    spawn(process.execPath, ["main.cjs"], {
      cwd: join(bundles, service),
      stdio: ["ignore", log ?? "ignore", log ?? "inherit"],
      env: {
        PATH: process.env.PATH ?? "",
        HOST: "127.0.0.1",
        PORT: String(port),
        HOSTNAME: name,
        SERVICE_NAME: service,
        SERVICE_VERSION: version,
        DRAIN_MS: "0",
        // As in the cluster's manifests.
        NODE_OPTIONS: "--max-semi-space-size=2 --max-old-space-size=64",
        ...env,
        ...options.env,
      },
    });
  const environments = new Map<BareProcess, Record<string, string>>();

  /** Starts every replica of a service; the origins of all of them. */
  const start = async (service: Service, env: Record<string, string>): Promise<string> => {
    const count = service === "api-gateway" ? 1 : (options.replicas?.[service] ?? 1);
    const ports = await freePorts(count);
    for (const [index, port] of ports.entries()) {
      const name = `${service}-${index + 1}`;
      const bare = { service, name, port, url: `http://127.0.0.1:${port}`, child: launch(service, name, port, env) };
      processes.push(bare);
      environments.set(bare, env);
    }
    return ports.map((port) => `http://127.0.0.1:${port}`).join(",");
  };

  const stop = async (): Promise<void> => {
    await Promise.all(processes.map(({ child }) => endProcess(child)));
    if (log !== undefined) closeSync(log);
    if (temporary) rmSync(temporary, { recursive: true, force: true });
  };

  try {
    const inventory = await start("inventory-service", databaseEnv(options.databaseUrl, "inventory-service"));
    const users = await start("user-service", databaseEnv(options.databaseUrl, "user-service"));
    const orders = await start("order-service", { ...databaseEnv(options.databaseUrl, "order-service"), INVENTORY_URL: inventory, USERS_URL: users });
    const page = await start("frontend", {});
    const url = await start("api-gateway", { ORDERS_URL: orders, INVENTORY_URL: inventory, USERS_URL: users, FRONTEND_URL: page });
    await Promise.all(processes.map(untilReady));
    return {
      url,
      processes,
      stop,
      restart: async (bare, { version, name } = {}) => {
        await endProcess(bare.child);
        bare.name = name ?? bare.name;
        bare.child = launch(bare.service, bare.name, bare.port, environments.get(bare)!, version);
        await untilReady(bare);
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function databaseEnv(databaseUrl: string, service: keyof typeof SCHEMAS): Record<string, string> {
  const url = new URL(databaseUrl);
  const { role, password } = SCHEMAS[service];
  return { PGHOST: url.hostname, PGPORT: url.port || "5432", PGDATABASE: url.pathname.slice(1), PGUSER: role, PGPASSWORD: password };
}

async function untilReady(bare: BareProcess): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    if (bare.child.exitCode !== null) throw new Error(`${bare.name} ended with ${bare.child.exitCode} while starting`);
    const ready = await fetch(`${bare.url}/readyz`).then(
      (response) => response.ok,
      () => false, // not listening yet
    );
    if (ready) return;
    if (Date.now() > deadline) throw new Error(`${bare.name} was not ready within ${START_TIMEOUT_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await ended;
  clearTimeout(late);
}

/** Ports nobody listens on, all held open together so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

if (import.meta.main) {
  const databaseUrl = process.argv[2];
  if (databaseUrl === undefined) {
    process.stderr.write("usage: node apps/shop/bare.ts postgres://SUPERUSER:PASSWORD@HOST:PORT/DATABASE\n");
    process.exit(1);
  }
  const shop = await startBareShop({ databaseUrl });
  process.stdout.write(`the shop is at ${shop.url}\n`);
  process.once("SIGINT", () => void shop.stop().then(() => process.exit(0)));
  process.once("SIGTERM", () => void shop.stop().then(() => process.exit(0)));
}
