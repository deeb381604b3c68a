/** Memory and CPU of sets of processes. PSS and /proc are Linux's; elsewhere RSS stands in, and the unit says so. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

export interface Memory {
  mib: number;
  /** PSS counts shared pages once over all processes; RSS counts them in each. */
  measure: "PSS" | "RSS";
}

export function memoryOf(pids: number[]): Memory {
  if (process.platform === "linux") return { mib: sum(pids.map(pssKib)) / 1024, measure: "PSS" };
  const text = pids.length === 0 ? "" : execFileSync("ps", ["-o", "rss=", "-p", pids.join(",")], { encoding: "utf8" });
  return { mib: sum(text.split("\n").map(Number)) / 1024, measure: "RSS" };
}

function pssKib(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0; // it has ended meanwhile
  }
}

/** CPU time in seconds that the processes have used so far, each for itself. */
export function cpuSeconds(pids: number[]): Map<number, number> {
  if (process.platform === "linux") return new Map(pids.map((pid) => [pid, linuxCpuSeconds(pid)]));
  const text = pids.length === 0 ? "" : execFileSync("ps", ["-o", "pid=,time=", "-p", pids.join(",")], { encoding: "utf8" });
  return new Map(
    text
      .trim()
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .map(([pid, time = "0"]) => [Number(pid), time.split(":").reduce((total, part) => total * 60 + Number(part), 0)]),
  );
}

/** Clock ticks are hundredths of a second on every Linux that Node runs on. */
function linuxCpuSeconds(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}

/** Percent of one core that the processes use over the time. `pids` is asked at both ends: what came between counts from its birth. */
export async function cpuPercentOver(durationMs: number, ...sets: (() => number[])[]): Promise<number[]> {
  const before = sets.map((pids) => cpuSeconds(pids()));
  await new Promise((resolve) => setTimeout(resolve, durationMs));
  return sets.map((pids, index) => (cpuSince(before[index]!, pids()) / (durationMs / 1000)) * 100);
}

/** CPU time in seconds that the processes have used since `before`; one born since then counts whole. */
export function cpuSince(before: Map<number, number>, pids: number[]): number {
  return sum([...cpuSeconds(pids)].map(([pid, seconds]) => Math.max(0, seconds - (before.get(pid) ?? 0))));
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
