/** Processes with a terminal, for `tty: true` and `kubectl exec -t`. */
import { appendFileSync } from "node:fs";
import { Writable } from "node:stream";
import { constants } from "node:os";
import type { IPty } from "@lydell/node-pty";
import pty from "@lydell/node-pty";

export interface Terminal {
  pid: number;
  input: Writable;
  resize: (width: number, height: number) => void;
}

type TerminalEnd = { code: number | null; signal: NodeJS.Signals | null };

/**
 * Starts a container's process on a terminal. Its output reaches the log through this process, so
 * unlike other containers it ends (by SIGHUP) when the daemon does.
 */
export function spawnTerminal(
  file: string,
  args: string[],
  { cwd, env }: { cwd: string; env: Record<string, string> },
  logPath: string,
  onEnd: (end: TerminalEnd) => void,
): Terminal {
  const terminal = openTerminal(file, args, cwd, env);
  terminal.onData((data) => appendFileSync(logPath, data, { mode: 0o600 }));
  terminal.onExit((end) => onEnd(terminalEnd(end)));
  return { pid: terminal.pid, input: terminalInput(terminal), resize: resizer(terminal) };
}

export function openTerminal(file: string, args: string[], cwd: string, env: Record<string, string>): IPty {
  return pty.spawn(file, args, { name: env["TERM"] ?? "xterm", cols: 80, rows: 24, cwd, env: { TERM: "xterm", ...env } });
}

export function terminalEnd({ exitCode, signal }: { exitCode: number; signal?: number | undefined }): TerminalEnd {
  if (!signal) return { code: exitCode, signal: null };
  const name = (Object.keys(constants.signals) as NodeJS.Signals[]).find((key) => constants.signals[key] === signal);
  return { code: null, signal: name ?? "SIGKILL" };
}

/** What the client types; its end is the terminal's end of file. */
export function terminalInput(terminal: IPty): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      try {
        terminal.write(chunk.toString("utf8"));
      } catch {
        // The process has ended; there is nobody to read it.
      }
      done();
    },
    final(done) {
      try {
        terminal.write("\u0004");
      } catch {
        // As above.
      }
      done();
    },
  });
}

/** Sets the window's size; nonsense and late sizes are ignored. */
export function resizer(terminal: IPty): (width: number, height: number) => void {
  return (width, height) => {
    if (width < 1 || height < 1) return;
    try {
      terminal.resize(width, height);
    } catch {
      // The process has ended.
    }
  };
}
