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
  const supervisor = readRecord(dataDir, "supervisor");
  const daemon = readRecord(dataDir, "daemon");
  return {
    supervisor: isAlive(supervisor?.process) ? supervisor : undefined,
    daemon: isAlive(daemon?.process) ? daemon : undefined,
  };
}

interface Records {
  supervisor: SupervisorRecord;
  daemon: DaemonRecord;
}

export function writeRecord<N extends keyof Records>(dataDir: string, name: N, record: Records[N]): void {
  const { run } = dataPaths(dataDir);
  mkdirSync(run, { recursive: true, mode: 0o700 });
  const file = join(run, `${name}.json`);
  writeFileSync(`${file}.new`, JSON.stringify(record), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** Removes the record of the process `pid`; another's stays. */
export function removeRecord(dataDir: string, name: keyof Records, pid: number): void {
  if (readRecord(dataDir, name)?.process.pid === pid) rmSync(join(dataPaths(dataDir).run, `${name}.json`), { force: true });
}

/** What a process wrote, whether it still runs or not. */
export function readRecord<N extends keyof Records>(dataDir: string, name: N): Records[N] | undefined {
  try {
    return JSON.parse(readFileSync(join(dataPaths(dataDir).run, `${name}.json`), "utf8")) as Records[N];
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
