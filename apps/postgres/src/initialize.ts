import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { appendFileSync, existsSync, fsyncSync, openSync, closeSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { giveAway } from "./binaries.ts";
import type { Launcher } from "./binaries.ts";
import type { Settings } from "./environment.ts";
import { EntrypointError, say, warn } from "./output.ts";
import { quoteIdentifier, quoteLiteral } from "./psql/script.ts";
import { PsqlError, Session } from "./psql/session.ts";
import type { Target } from "./psql/session.ts";
import { runScripts } from "./scripts.ts";

/** What initialization works on; paths are the host's. */
export interface Initialization {
  settings: Settings;
  env: NodeJS.ProcessEnv;
  launcher: Launcher;
  dataDirectory: string;
  /** Arguments for the server, as the container's command gives them. */
  serverArguments: string[];
  /** A private directory that goes when initialization is over. */
  temporary: string;
  /** The directory that shows the server's socket, by a path short enough to connect to. */
  socketDirectory: string;
  translate: (path: string) => string;
}

/**
 * Written to postgresql.conf, so that ALTER SYSTEM and the container's arguments still win. Durability is
 * PostgreSQL's default: fsync and synchronous_commit stay on.
 */
const TUNING: Record<string, string> = {
  listen_addresses: "*",
  max_connections: "100",
  shared_buffers: "32MB",
  // The sum of a cluster's other processes is what the machine has memory for.
  max_wal_size: "256MB",
  jit: "off",
  // Three worker processes fewer than the default method.
  io_method: "sync",
  max_logical_replication_workers: "0",
  // After a crash: one call for all of a data directory's thousand files, where the system has it.
  recovery_init_sync_method: process.platform === "linux" ? "syncfs" : "fsync",
};

/** Sorting by code points, the same on every machine; needs no locale of the host's. */
const LOCALE = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];

/** How long the helper server may take to start, and to stop. */
const SERVER_PATIENCE_MS = 60_000;

/**
 * Marks a data directory whose initialization has begun and not ended, beside it. The official image
 * leaves such a directory as it is and starts half a database; here the next start begins anew.
 */
export function initializationMarker(dataDirectory: string): string {
  return join(dirname(dataDirectory), `.${basename(dataDirectory)}.initializing`);
}

/** Makes the database cluster, the database and runs the scripts: what the official image does on an empty PGDATA. */
export async function initialize(work: Initialization): Promise<void> {
  const marker = initializationMarker(work.dataDirectory);
  try {
    writeFileSync(marker, `${process.pid}\n`, { flush: true });
    syncDirectory(dirname(marker));
  } catch (error) {
    warn(`warning: ${marker}: ${(error as Error).message}; an initialization that is interrupted will have to be cleaned up by hand\n`);
  }
  makeCluster(work);
  appendHostRule(work);
  await withServer(work, async (target) => {
    await createDatabase(work.settings, target);
    await runScripts({ target, env: work.env, translate: work.translate, temporary: work.temporary });
  });
  // Nothing until here was synced file by file: while the marker stands, a crash loses nothing but the work so far.
  callInitdb(work, ["--sync-only", `--pgdata=${work.dataDirectory}`, ...(process.platform === "linux" ? ["--sync-method=syncfs"] : [])]);
  rmSync(marker, { force: true });
  syncDirectory(dirname(marker));
  say("\nPostgreSQL init process complete; ready for start up.\n\n");
}

/** Empties a directory whose initialization was interrupted. */
export function discardUnfinished(work: Pick<Initialization, "dataDirectory" | "settings" | "translate">): void {
  warn(`an earlier initialization of ${work.settings.dataDirectory} did not finish; beginning anew\n`);
  const { walDirectory } = work.settings;
  for (const directory of [work.dataDirectory, ...(walDirectory ? [work.translate(walDirectory)] : [])]) {
    if (!existsSync(directory)) continue;
    for (const name of readdirSync(directory)) rmSync(join(directory, name), { recursive: true, force: true });
  }
}

function makeCluster(work: Initialization): void {
  const { settings, launcher, dataDirectory, temporary, translate } = work;
  const passwordFile = join(temporary, "password");
  // initdb refuses an empty file: a newline is an empty password.
  writeFileSync(passwordFile, `${settings.password}\n`, { mode: 0o600 });
  giveAway(launcher, temporary);
  callInitdb(work, [
    `--pgdata=${dataDirectory}`,
    `--username=${settings.user}`,
    `--pwfile=${passwordFile}`,
    "--auth-local=trust",
    "--auth-host=trust",
    "--no-instructions",
    "--no-sync",
    ...LOCALE,
    ...Object.entries(TUNING).map(([name, value]) => `--set=${name}=${value}`),
    ...(settings.walDirectory ? [`--waldir=${translate(settings.walDirectory)}`] : []),
    ...settings.initdbArguments,
  ]);
  rmSync(passwordFile, { force: true });
}

function callInitdb({ env, launcher }: Initialization, initdbArguments: string[]): void {
  const { file, args } = launcher.command("initdb", initdbArguments);
  const ran = spawnSync(file, args, {
    stdio: ["ignore", "inherit", "inherit"],
    // Without a time zone initdb compares hundreds of them with the host's; containers are in UTC.
    env: { ...env, TZ: env["TZ"] || "UTC", ...launcher.environment },
    ...launcher.identity,
  });
  if (ran.error) throw new EntrypointError(`error: can't run initdb: ${ran.error.message}`);
  if (ran.status !== 0) throw new EntrypointError(`error: initdb ended with ${ran.signal ?? `exit code ${ran.status}`}`);
}

/** Lets the network in, by the method PostgreSQL would encrypt passwords for unless the environment says otherwise. */
function appendHostRule(work: Initialization): void {
  const method = work.settings.hostAuthMethod || readSetting(work, "password_encryption");
  const warning = method === "trust" ? "# warning trust is enabled for all connections\n# see https://www.postgresql.org/docs/18/auth-trust.html\n" : "";
  appendFileSync(join(work.dataDirectory, "pg_hba.conf"), `\n${warning}host all all all ${method}\n`);
}

/** A setting's value as the server would see it, its command line included. */
export function readSetting({ launcher, dataDirectory, serverArguments, env }: Pick<Initialization, "launcher" | "dataDirectory" | "serverArguments" | "env">, name: string): string {
  const { file, args } = launcher.command("postgres", ["-C", name, "-D", dataDirectory, ...serverArguments]);
  const asked = spawnSync(file, args, { encoding: "utf8", env: { ...env, ...launcher.environment }, ...launcher.identity });
  if (asked.status !== 0) throw new EntrypointError(asked.stderr.trim() || `error: can't read the setting ${name}`);
  return asked.stdout.trim();
}

/** Runs a server that only this process can reach, for as long as `use` takes. */
async function withServer(work: Initialization, use: (target: Target) => Promise<void>): Promise<void> {
  const { settings, env, launcher, dataDirectory, serverArguments, socketDirectory } = work;
  const { file, args } = launcher.command("postgres", [
    "-D", dataDirectory, ...serverArguments,
    "-c", "listen_addresses=", "-c", "unix_socket_directories=.", "-p", String(settings.port), "-c", "fsync=off",
  ]);
  const server = spawn(file, args, { stdio: ["ignore", "inherit", "inherit"], env: { ...env, ...launcher.environment }, ...launcher.identity });
  const ended = new Promise<void>((resolve) => server.once("close", () => resolve()));
  server.once("error", (error) => warn(`error: can't run postgres: ${error.message}\n`));
  const stopOnSignal = (signal: NodeJS.Signals): void => {
    server.kill("SIGQUIT");
    void ended.then(() => process.exit(signal === "SIGINT" ? 130 : 143));
  };
  process.on("SIGTERM", stopOnSignal).on("SIGINT", stopOnSignal);
  try {
    const target = { host: socketDirectory, port: settings.port, user: settings.user, password: env["PGPASSWORD"] || settings.password, database: "postgres" };
    await untilReady(server, target);
    await use({ ...target, database: settings.database });
    server.kill("SIGINT");
    await Promise.race([ended, delay(SERVER_PATIENCE_MS, undefined, { ref: false })]);
    if (server.exitCode !== 0) throw new EntrypointError(`error: the server for initialization ended with ${server.signalCode ?? `exit code ${server.exitCode}`}`);
  } finally {
    server.kill("SIGQUIT");
    await ended;
    process.off("SIGTERM", stopOnSignal).off("SIGINT", stopOnSignal);
  }
}

async function untilReady(server: ChildProcess, target: Target): Promise<void> {
  for (let waitedMs = 0; waitedMs < SERVER_PATIENCE_MS; waitedMs += 10) {
    if (server.exitCode !== null || server.signalCode !== null || server.pid === undefined) {
      throw new EntrypointError("error: the server for initialization did not start; its messages are above");
    }
    try {
      await (await Session.open(target, quiet())).close();
      return;
    } catch (error) {
      if (!(error instanceof PsqlError)) throw error;
      if (/password authentication failed/.test(error.message)) throw new EntrypointError(error.message);
    }
    await delay(10);
  }
  throw new EntrypointError(`error: the server for initialization accepts no connections after ${SERVER_PATIENCE_MS / 1000} s`);
}

async function createDatabase(settings: Settings, target: Target): Promise<void> {
  if (settings.database === "postgres") return;
  const session = await Session.open({ ...target, database: "postgres" }, quiet());
  try {
    const name = settings.database;
    // \gexec runs what the query selects: nothing when the database is there already (template1).
    const create = quoteLiteral(`CREATE DATABASE ${quoteIdentifier(name)}`);
    await session.run(`SELECT ${create} WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = ${quoteLiteral(name)}) \\gexec\n`, "create database");
  } finally {
    await session.close();
  }
}

function quiet(): Parameters<typeof Session.open>[1] {
  return { variables: new Map([["ON_ERROR_STOP", "1"]]), tuplesOnly: true, unaligned: true, quiet: true, translate: (path) => path };
}

/** Brings a directory's entries to disk. */
function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
