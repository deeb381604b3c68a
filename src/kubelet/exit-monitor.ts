/**
 * A small parent for containers whose exit code decides something: it waits in the daemon's stead and
 * writes the code down, so that a Job's pod that ends while no daemon runs is known to have succeeded.
 * What containerd's shim and conmon are to their daemons.
 * @see https://github.com/containers/conmon
 */
import { readFileSync, statSync } from "node:fs";
import type { Readable } from "node:stream";
import { createInterface } from "node:readline";

/**
 * The program runs in the foreground (a shell's background jobs ignore SIGINT) and tells its pid on
 * descriptor 3. The shell outlives a signal to its whole group, and its own remarks ("Killed") don't
 * belong into the container's log.
 */
const MONITOR = `
exit_file=$1; shift
trap : HUP INT TERM
exec 4>&1 5>&2 >/dev/null 2>&1
/bin/sh -c 'echo $$ >&3; exec >&4 2>&5 3>&- 4>&- 5>&-; exec "$@"' sh "$@"
code=$?
echo $code >"$exit_file.new" && mv "$exit_file.new" "$exit_file"
exit $code
`;

/** The command that runs `file` under a monitor; it ends with the program's own code, 128 and more for signals. */
export function monitored(file: string, args: readonly string[], exitFile: string): { file: string; args: string[] } {
  return { file: "/bin/sh", args: ["-c", MONITOR, "sh", exitFile, file, ...args] };
}

/** The program's pid, as the monitor tells it. Throws when the monitor ended before it could. */
export async function monitoredPid(channel: Readable): Promise<number> {
  for await (const line of createInterface({ input: channel })) {
    channel.destroy();
    return Number(line);
  }
  throw new Error("the container's monitor ended before it started anything");
}

/** What a monitor wrote down; undefined when it did not. */
export function recordedExit(exitFile: string): { code: number; finishedAtMs: number } | undefined {
  try {
    return { code: Number.parseInt(readFileSync(exitFile, "utf8"), 10), finishedAtMs: Math.floor(statSync(exitFile).mtimeMs) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
