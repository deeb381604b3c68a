/** Which processes of this machine belong to a data directory: how the tests prove that nothing stays behind. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename } from "node:path";

export interface ProcessInfo {
  pid: number;
  parent: number;
  command: string;
}

/** Every process but zombies. */
function allProcesses(): ProcessInfo[] {
  const text = execFileSync("ps", ["-axww", "-o", "pid=,ppid=,state=,command="], { encoding: "utf8", maxBuffer: 64 << 20 });
  return text.split("\n").flatMap((line) => {
    const [, pid, parent, state, command] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return pid === undefined || state!.startsWith("Z") ? [] : [{ pid: Number(pid), parent: Number(parent), command: command! }];
  });
}

/** The processes that name the directory in their command or (on Linux) their environment, and all their descendants; not this one. */
export function processesOf(dataDir: string): ProcessInfo[] {
  const all = allProcesses();
  const mine = new Set<number>();
  for (const { pid, command } of all) {
    if (pid !== process.pid && (command.includes(dataDir) || environmentOf(pid).includes(basename(dataDir)))) mine.add(pid);
  }
  for (let size = -1; size !== mine.size; ) {
    size = mine.size;
    for (const { pid, parent } of all) if (mine.has(parent)) mine.add(pid);
  }
  return all.filter(({ pid }) => mine.has(pid) && !isAncestor(pid, all));
}

/** The one who runs the tests names the directory too, in what it hands to them. */
function isAncestor(pid: number, all: ProcessInfo[]): boolean {
  const parents = new Map(all.map((info) => [info.pid, info.parent]));
  for (let current: number | undefined = process.pid; current !== undefined && current > 1; current = parents.get(current)) {
    if (current === pid) return true;
  }
  return false;
}

function environmentOf(pid: number): string {
  if (process.platform !== "linux") return "";
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8");
  } catch {
    return "";
  }
}

/** The processes a process has started, and theirs. */
export function descendantsOf(root: number): ProcessInfo[] {
  const all = allProcesses();
  const family = new Set([root]);
  for (let size = -1; size !== family.size; ) {
    size = family.size;
    for (const { pid, parent } of all) if (family.has(parent)) family.add(pid);
  }
  return all.filter(({ pid }) => pid !== root && family.has(pid));
}

/** Paths of Unix sockets in use whose name includes the text; Linux only, empty elsewhere. */
export function listeningSockets(part: string): string[] {
  if (process.platform !== "linux") return [];
  return readFileSync("/proc/net/unix", "utf8")
    .split("\n")
    .flatMap((line) => line.trim().split(/\s+/)[7] ?? [])
    .filter((path) => path.includes(part));
}
