/** `kubectl exec`: one more process with a container's environment, working directory and paths. */
import { spawn } from "node:child_process";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { errorMessage } from "#lib/log.ts";
import type { ExecResult, ExecStreams } from "#api/kubelet.ts";
import { exitCode } from "./container-exit.ts";
import { findExecutable, translateArguments } from "./container-paths.ts";
import { tarInContainer } from "./exec-tar.ts";
import type { ContainerConfig, ExecOptions } from "./runtime.ts";
import { openTerminal, resizer, terminalEnd, terminalInput } from "./terminal.ts";

/**
 * Runs a command beside a container's process. Absolute paths of things that exist in its mounts or
 * its image are translated; text inside a shell's script is not.
 */
export async function execInContainer(config: ContainerConfig, options: ExecOptions): Promise<ExecResult> {
  const [program, ...rest] = options.command;
  if (program === undefined) return { exitCode: 126, error: "no command specified" };
  const tar = tarInContainer(config, options);
  if (tar) return tar;
  let file: string;
  try {
    file = findExecutable(program, config.env["PATH"], config);
  } catch (error) {
    const why = errorMessage(error);
    return {
      exitCode: why.includes("permission denied") ? 126 : 127,
      error: `failed to exec in container: failed to start exec: OCI runtime exec failed: exec failed: unable to start container process: ${why}: unknown`,
    };
  }
  const args = translateArguments(rest, config);
  return options.tty ? withTerminal(file, args, config, options) : withPipes(file, program, args, config, options);
}

async function withPipes(file: string, argv0: string, args: string[], config: ContainerConfig, { streams, signal }: ExecOptions): Promise<ExecResult> {
  const child = spawn(file, args, {
    cwd: config.cwd,
    env: config.env,
    argv0,
    // A group of its own, so that all it starts goes with it.
    detached: true,
    stdio: [streams.stdin ? "pipe" : "ignore", "pipe", "pipe"],
  });
  const kill = (): void => killGroup(child.pid);
  signal.addEventListener("abort", kill);
  try {
    const end = Promise.withResolvers<ExecResult>();
    child.once("error", (error) => end.resolve({ exitCode: 126, error: error.message }));
    child.once("exit", (code, endSignal) => end.resolve({ exitCode: exitCode({ code, signal: endSignal }) }));
    if (signal.aborted) kill();
    if (streams.stdin && child.stdin) pipeline(streams.stdin, child.stdin).catch(() => undefined);
    const copied = [copy(child.stdout!, streams.stdout), copy(child.stderr!, streams.stderr)];
    const result = await end.promise;
    // As with a real runtime, a background process that holds the output open holds the caller too.
    await Promise.all(copied);
    return result;
  } finally {
    signal.removeEventListener("abort", kill);
    streams.stdin?.destroy();
  }
}

/** Copies to a client that may be gone; with no client the output is dropped. */
async function copy(from: NodeJS.ReadableStream, to: ExecStreams["stdout"]): Promise<void> {
  if (!to) {
    from.resume();
    return;
  }
  try {
    for await (const chunk of from) {
      await send(to, chunk as Uint8Array);
    }
  } catch {
    // The command was killed while it wrote.
  }
}

/** Writes to a client at the pace it reads; a client that is gone takes nothing and holds nothing up. */
export async function send(to: Writable, chunk: Uint8Array): Promise<void> {
  if (to.destroyed || to.write(chunk)) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      to.off("drain", done).off("close", done);
      resolve();
    };
    to.on("drain", done).on("close", done);
  });
}

async function withTerminal(file: string, args: string[], config: ContainerConfig, { streams, signal }: ExecOptions): Promise<ExecResult> {
  const terminal = openTerminal(file, args, config.cwd, config.env);
  const kill = (): void => killGroup(terminal.pid);
  signal.addEventListener("abort", kill);
  try {
    const ended = new Promise<ExecResult>((resolve) => terminal.onExit((end) => resolve({ exitCode: exitCode(terminalEnd(end)) })));
    if (signal.aborted) kill();
    terminal.onData((data) => {
      if (streams.stdout && !streams.stdout.destroyed) streams.stdout.write(data);
    });
    const input = terminalInput(terminal);
    streams.stdin?.on("data", (chunk: Buffer) => input.write(chunk));
    void follow(streams.resize, resizer(terminal));
    return await ended;
  } finally {
    signal.removeEventListener("abort", kill);
    streams.stdin?.destroy();
  }
}

/** Passes a client's window sizes on until it has no more. */
export async function follow(sizes: ExecStreams["resize"], resize: (width: number, height: number) => void): Promise<void> {
  try {
    for await (const { width, height } of sizes ?? []) resize(width, height);
  } catch {
    // The client is gone.
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It ended meanwhile.
  }
}
