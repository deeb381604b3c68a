/**
 * Which processes run for a data directory: the supervisor and the daemon write their identity and
 * what they serve; the command line reads it.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { isAlive, type ProcessIdentity } from "#lib/process.ts";
import { dataPaths } from "./paths.ts";

export interface Urls {
  /** Undefined when the cluster runs without the shop. */
  shop?: string | undefined;
  shopTls?: string | undefined;
  apiServer: string;
  registry: string;
}

/** What the daemon says of itself in `run/daemon.json`. */
export interface DaemonRecord {
  process: ProcessIdentity;
  state: "starting" | "running";
  version: string;
  urls?: Urls | undefined;
}

/** What the supervisor says of itself in `run/supervisor.json`. */
export interface SupervisorRecord {
  process: ProcessIdentity;
}

export interface Instance {
  supervisor: SupervisorRecord | undefined;
  daemon: DaemonRecord | undefined;
}

/** The live processes of a data directory; records of dead ones are ignored. */
export function readInstance(dataDir: string): Instance {
  const { run } = dataPaths(dataDir);
  const supervisor = readRecord<SupervisorRecord>(join(run, "supervisor.json"));
  const daemon = readRecord<DaemonRecord>(join(run, "daemon.json"));
  return {
    supervisor: isAlive(supervisor?.process) ? supervisor : undefined,
    daemon: isAlive(daemon?.process) ? daemon : undefined,
  };
}

export function writeRecord(dataDir: string, name: "supervisor" | "daemon", record: SupervisorRecord | DaemonRecord): void {
  const { run } = dataPaths(dataDir);
  mkdirSync(run, { recursive: true, mode: 0o700 });
  const file = join(run, `${name}.json`);
  writeFileSync(`${file}.new`, JSON.stringify(record), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

export function removeRecord(dataDir: string, name: "supervisor" | "daemon"): void {
  rmSync(join(dataPaths(dataDir).run, `${name}.json`), { force: true });
}

function readRecord<R>(file: string): R | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as R;
  } catch {
    return undefined;
  }
}

/**
 * Takes the data directory for this process alone, or returns undefined when another has it. The lock is
 * SQLite's own on `run/lock`: the system releases it when the process dies, however it dies.
 */
export function lockDataDirectory(dataDir: string): { release(): void } | undefined {
  const lock = new DatabaseSync(join(dataPaths(dataDir).run, "lock"));
  try {
    lock.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (error) {
    lock.close();
    if (/locked/.test((error as Error).message)) return undefined;
    throw error;
  }
  return { release: () => lock.close() };
}
