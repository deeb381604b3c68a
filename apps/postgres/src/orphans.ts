import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync, readlinkSync, realpathSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { EntrypointError, warn } from "./output.ts";

/** How long orphans are given to end by themselves, then by SIGKILL. */
const PATIENCE_MS = 5_000;
const POLL_MS = 10;

/**
 * Elsewhere, the end of a container is the end of all its processes. Here those of a PostgreSQL whose
 * first process was killed may outlive it for a moment, and PostgreSQL rightly refuses to start beside
 * them. This ends them, and only them: processes named postgres whose working directory is this very
 * data directory. A server that is alive and well is left alone, unless `initializing`: then it can
 * only be the helper of an entrypoint that was killed.
 */
export async function endOrphans(dataDirectory: string, initializing: boolean): Promise<void> {
  const servers = processesIn(dataDirectory);
  const leader = readLeader(dataDirectory);
  if (leader !== undefined && servers.includes(leader) && !initializing) return;
  if (servers.length > 0) {
    warn(`ending ${servers.length} process(es) that an earlier PostgreSQL left in ${dataDirectory}\n`);
    for (const [signal, patienceMs] of [["SIGQUIT", PATIENCE_MS], ["SIGKILL", PATIENCE_MS]] as const) {
      for (const pid of processesIn(dataDirectory)) tryKill(pid, signal);
      for (let waitedMs = 0; waitedMs < patienceMs && processesIn(dataDirectory).length > 0; waitedMs += POLL_MS) await delay(POLL_MS);
    }
    const left = processesIn(dataDirectory);
    if (left.length > 0) {
      throw new EntrypointError(`error: process(es) ${left.join(", ")} of an earlier PostgreSQL hold ${dataDirectory} and can't be ended. End them and try again.`);
    }
  }
  // No process of the system is this directory's server: if the number in a lock file is taken, another program has it now.
  for (const name of readdirSync(dataDirectory)) {
    if (name === "postmaster.pid" || name.startsWith(".s.PGSQL.")) rmSync(join(dataDirectory, name), { force: true });
  }
}

/** The process ID in postmaster.pid; negative there for a standalone backend. */
function readLeader(dataDirectory: string): number | undefined {
  try {
    const pid = Math.abs(Number.parseInt(readFileSync(join(dataDirectory, "postmaster.pid"), "utf8"), 10));
    return Number.isFinite(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** PostgreSQL's processes at work in a data directory: each of them changes to it and stays. */
function processesIn(dataDirectory: string): number[] {
  const directory = realpathSync(dataDirectory);
  return process.platform === "linux" ? fromProc(directory) : fromLsof(directory);
}

function fromProc(directory: string): number[] {
  return readdirSync("/proc").filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readlinkSync(`/proc/${name}/cwd`) === directory && basename(readlinkSync(`/proc/${name}/exe`)) === "postgres";
    } catch {
      // Gone, or another user's.
      return false;
    }
  }).map(Number);
}

function fromLsof(directory: string): number[] {
  const listed = spawnSync("lsof", ["-a", "-c", "postgres", "-d", "cwd", "-Fpn"], { encoding: "utf8" });
  if (listed.error) throw new EntrypointError(`error: can't look for processes of an earlier PostgreSQL: ${listed.error.message}`);
  const found: number[] = [];
  let pid = 0;
  for (const line of listed.stdout.split("\n")) {
    if (line.startsWith("p")) pid = Number(line.slice(1));
    else if (line === `n${directory}`) found.push(pid);
  }
  return found;
}

function tryKill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
