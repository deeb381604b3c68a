/** Starts another supervisor when the daemon's own is killed, so that a crash of either is mended by the other. */
import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { sleep, type Clock } from "#lib/clock.ts";
import type { Logger } from "#lib/log.ts";
import { identify } from "#lib/process.ts";
import type { DaemonOptions } from "./daemon.ts";

const supervisorFile = fileURLToPath(new URL("./supervisor.ts", import.meta.url));

export interface SuccessorOptions {
  /** What the next daemon is to be started with: the ports that this one has. */
  options: DaemonOptions;
  clock: Clock;
  log: Logger;
  /** Aborted when the daemon stops: then it needs no supervisor. */
  signal: AbortSignal;
}

/** Keeps a supervisor beside this process from now on; the present one is at the other end of the IPC channel. */
export function keepSupervised({ options, clock, log, signal }: SuccessorOptions): void {
  const replace = (): void => {
    if (signal.aborted) return;
    log.warn("the supervisor is gone; starting another one");
    const successor: ChildProcess = fork(supervisorFile, [JSON.stringify(options), JSON.stringify(identify(process.pid))], {
      detached: true,
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    successor.once("error", (error) => log.error("no supervisor could be started", { error: error.message }));
    // Not at once: one that can't run here must not be started in a loop.
    successor.once("exit", () => void sleep(clock, 1_000, signal).then(replace, () => undefined));
    successor.unref();
  };
  if (process.connected) process.once("disconnect", replace);
  else replace();
}
