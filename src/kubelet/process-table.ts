/**
 * What the system tells of processes beyond their identity. The one place in the kubelet that knows
 * systems apart: Linux reads /proc, others ask ps.
 */
import { execFile, execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** Names a container in its processes' environment, so that they are told from strangers. */
export const CONTAINER_ID_VARIABLE = "TIDEPOOL_CONTAINER_ID";

export interface ProcessTable {
  /**
   * Private memory of each process with its descendants, in bytes. On Linux resident pages that are
   * not shared with a file or another process (what a memory cgroup can't reclaim), elsewhere all
   * resident pages. A process that is gone has none.
   */
  memoryBytes(pids: number[]): Promise<Map<number, number>>;
  /** The same of one process without its descendants, where the system tells that for next to nothing. */
  ownMemoryBytes?: (pid: number) => number;
  /** Whether the system has stopped every thread of the process (after SIGSTOP); true when it is gone. */
  isStopped(pid: number): boolean;
  /** Processes of any group that carry this container's id in their environment. */
  membersOf(containerId: string): number[];
}

export const systemProcessTable: ProcessTable = process.platform === "linux" ? linuxTable() : psTable();

function linuxTable(): ProcessTable {
  // Linux has 4 KiB pages on x64 and on most arm64 systems; getconf knows.
  let pageBytes: number | undefined;
  const pageSize = (): number => (pageBytes ??= Number(execFileSync("getconf", ["PAGESIZE"], { encoding: "utf8" })) || 4096);

  function own(pid: number): number {
    try {
      const [, resident, shared] = readFileSync(`/proc/${pid}/statm`, "utf8").split(" ");
      return Math.max(0, Number(resident) - Number(shared)) * pageSize();
    } catch {
      // It has ended.
      return 0;
    }
  }

  function tree(pid: number): number {
    let bytes = own(pid);
    try {
      for (const thread of readdirSync(`/proc/${pid}/task`)) {
        for (const child of readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" ")) if (child !== "") bytes += tree(Number(child));
      }
    } catch {
      // It ended meanwhile.
    }
    return bytes;
  }

  return {
    ownMemoryBytes: own,
    memoryBytes: (pids) => Promise.resolve(new Map(pids.map((pid) => [pid, tree(pid)]))),
    isStopped(pid) {
      try {
        return readdirSync(`/proc/${pid}/task`).every((thread) => {
          const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8");
          return "TtZX".includes(stat[stat.lastIndexOf(")") + 2]!);
        });
      } catch {
        return true;
      }
    },
    membersOf(containerId) {
      const marker = `${CONTAINER_ID_VARIABLE}=${containerId}`;
      return readdirSync("/proc").filter((entry) => {
        if (!/^\d+$/.test(entry)) return false;
        try {
          return readFileSync(`/proc/${entry}/environ`, "utf8").split("\0").includes(marker);
        } catch {
          return false;
        }
      }).map(Number);
    },
  };
}

function psTable(): ProcessTable {
  const environment = { ...process.env, LC_ALL: "C" };
  return {
    memoryBytes: (pids) =>
      new Promise((resolve) => {
        execFile("ps", ["-axo", "pid=,ppid=,rss="], { encoding: "utf8", env: environment, maxBuffer: 2 ** 24 }, (_error, stdout) => {
          const children = new Map<number, number[]>();
          const resident = new Map<number, number>();
          for (const line of stdout.split("\n")) {
            const [pid = 0, parent = 0, kibibytes = 0] = line.trim().split(/\s+/).map(Number);
            resident.set(pid, kibibytes * 1024);
            children.set(parent, [...(children.get(parent) ?? []), pid]);
          }
          const tree = (pid: number): number => (children.get(pid) ?? []).reduce((sum, child) => sum + tree(child), resident.get(pid) ?? 0);
          resolve(new Map(pids.map((pid) => [pid, tree(pid)])));
        });
      }),
    isStopped(pid) {
      try {
        return /^[TZ]/.test(execFileSync("ps", ["-o", "state=", "-p", String(pid)], { encoding: "utf8", env: environment }).trim());
      } catch {
        return true;
      }
    },
    membersOf(containerId) {
      const listing = execFileSync("ps", ["-axEww", "-o", "pid=,command="], { encoding: "utf8", env: environment, maxBuffer: 2 ** 26 });
      return listing
        .split("\n")
        .filter((line) => line.includes(`${CONTAINER_ID_VARIABLE}=${containerId}`))
        .map((line) => Number.parseInt(line, 10));
    },
  };
}
