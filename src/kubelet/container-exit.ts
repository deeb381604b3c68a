/** How a process's end reads in a pod's status. */
import { constants } from "node:os";
import { readFileSync } from "node:fs";
import { LogSegment } from "./container-log.ts";
import type { ContainerConfig, ContainerExit } from "./runtime.ts";

/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/container/runtime.go (MaxContainerTerminationMessageLength and its like) */
const MAX_MESSAGE_BYTES = 4096;
const MAX_LOG_MESSAGE_BYTES = 2048;
const MAX_LOG_MESSAGE_LINES = 80;

export interface ProcessEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** We killed it for its memory. */
  outOfMemory: boolean;
}

/** A shell's exit code: 128 and the signal's number for a killed process. */
export function exitCode({ code, signal }: Pick<ProcessEnd, "code" | "signal">): number {
  return code ?? 128 + (signal ? constants.signals[signal] : 0);
}

export async function describeExit(config: ContainerConfig, logPath: string, end: ProcessEnd, finishedAtMs: number): Promise<ContainerExit> {
  const code = exitCode(end);
  const tail = code === 0 ? "" : await logTail(logPath);
  // Node ends by SIGABRT when its heap is full: with a limit that is the container's memory gone, as the kernel's killer would have it.
  const heapFull = code === 134 && config.memoryLimitBytes !== undefined && tail.includes("JavaScript heap out of memory");
  if (end.outOfMemory || heapFull) return { code: 137, reason: "OOMKilled", finishedAtMs };
  const message = terminationMessage(config) || (config.terminationMessagePolicy === "FallbackToLogsOnError" ? tail : "");
  return { code, reason: code === 0 ? "Completed" : "Error", ...(message ? { message } : {}), finishedAtMs };
}

function terminationMessage({ terminationMessagePath }: ContainerConfig): string {
  try {
    return readFileSync(terminationMessagePath).subarray(0, MAX_MESSAGE_BYTES).toString("utf8");
  } catch {
    return "";
  }
}

async function logTail(path: string): Promise<string> {
  const segment = await LogSegment.open(path);
  if (!segment) return "";
  try {
    const sizeBytes = await segment.sizeBytes();
    const text = (await segment.read(Math.max(0, sizeBytes - MAX_LOG_MESSAGE_BYTES), Math.min(sizeBytes, MAX_LOG_MESSAGE_BYTES))).toString("utf8");
    return text.split("\n").slice(-MAX_LOG_MESSAGE_LINES - 1).join("\n");
  } finally {
    await segment.close();
  }
}
