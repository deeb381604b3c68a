/**
 * exec and attach: a command's streams over WebSocket channels or SPDY streams.
 * @see https://github.com/kubernetes/kubelet/blob/master/pkg/cri/streaming/remotecommand
 */
import { finished } from "node:stream/promises";
import type { Readable, Writable } from "node:stream";
import type { Clock } from "#lib/clock.ts";
import { errorMessage } from "#lib/log.ts";
import { badRequest, StatusError } from "#api/errors.ts";
import type { ExecResult, ExecStreams } from "#api/kubelet.ts";
import { isTrue } from "../request-info.ts";
import { statusOf } from "../response.ts";
import { SpdySession, type SpdyStream } from "./spdy/session.ts";
import { acceptSpdy, negotiateSpdy } from "./spdy/upgrade.ts";
import { chooseProtocol } from "./protocol.ts";
import type { PodUpgrade, Session } from "./upgrade.ts";
import { acceptWebSocket, Channels, offeredProtocols, wantsWebSocket } from "./websocket.ts";

/** Channels, as remotecommand numbers them. */
const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 };
const WEBSOCKET_PROTOCOLS = ["v5.channel.k8s.io", "v4.channel.k8s.io"];
const SPDY_PROTOCOLS = ["v4.channel.k8s.io"];
/** How long a SPDY client may take to open its streams. */
const STREAMS_TIMEOUT_MS = 30_000;

export interface CommandFlags {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  tty: boolean;
}

/** Which streams the client asks for. Throws BadRequest in upstream's words. */
export function commandFlags(query: URLSearchParams): CommandFlags {
  const flag = (name: string): boolean => isTrue(query.get(name));
  const tty = flag("tty");
  const flags = { stdin: flag("stdin"), stdout: flag("stdout"), stderr: flag("stderr") && !tty, tty };
  if (!flags.stdin && !flags.stdout && !flags.stderr) throw badRequest("you must specify at least 1 of stdin, stdout, stderr");
  return flags;
}

/** Runs the command over its connection. */
export type RunCommand = (streams: ExecStreams, signal: AbortSignal) => Promise<ExecResult>;

/** The session accepts the connection, runs the command, tells how it ended, and closes. Throws when no protocol fits. */
export function prepareCommand(upgrade: PodUpgrade, flags: CommandFlags, run: RunCommand): Session {
  if (wantsWebSocket(upgrade.request)) {
    const protocol = chooseProtocol(offeredProtocols(upgrade.request), WEBSOCKET_PROTOCOLS);
    return () => overWebSocket(upgrade, protocol, flags, run);
  }
  const protocol = negotiateSpdy(upgrade.request, SPDY_PROTOCOLS);
  return () => overSpdy(upgrade, protocol, flags, run);
}

async function overWebSocket({ request, socket, head, signal }: PodUpgrade, protocol: string, flags: CommandFlags, run: RunCommand): Promise<void> {
  const ws = await acceptWebSocket(request, socket, head, protocol);
  const channels = new Channels(ws);
  const streams: ExecStreams = {
    ...(flags.stdin ? { stdin: channels.readable(CHANNEL.stdin) } : {}),
    ...(flags.stdout ? { stdout: channels.writable(CHANNEL.stdout) } : {}),
    ...(flags.stderr ? { stderr: channels.writable(CHANNEL.stderr) } : {}),
    ...(flags.tty ? { resize: terminalSizes(channels.readable(CHANNEL.resize)) } : {}),
  };
  const gone = new AbortController();
  ws.on("close", () => gone.abort(new Error("the client has gone")));
  const status = await runToStatus(run, streams, AbortSignal.any([gone.signal, signal]));
  channels.send(CHANNEL.error, Buffer.from(JSON.stringify(status)));
  await channels.close();
}

async function overSpdy({ socket, head, clock, signal }: PodUpgrade, protocol: string, flags: CommandFlags, run: RunCommand): Promise<void> {
  acceptSpdy(socket, protocol);
  const expected = ["error", ...(["stdin", "stdout", "stderr"] as const).filter((name) => flags[name]), ...(flags.tty ? ["resize"] : [])];
  const opened = new Map<string, SpdyStream>();
  let allOpen: () => void;
  const ready = new Promise<void>((resolve) => (allOpen = resolve));
  const session = new SpdySession(socket, (stream) => {
    opened.set(stream.headers.get("streamtype") ?? "", stream);
    if (expected.every((name) => opened.has(name))) allOpen();
  });
  const gone = new AbortController();
  const connection = session.run(head).finally(() => gone.abort(new Error("the client has gone")));
  // The session's own failure is told by `connection`, awaited below.
  connection.catch(() => {});
  await within(clock, STREAMS_TIMEOUT_MS, ready, gone.signal);
  const status = await runToStatus(
    run,
    {
      stdin: opened.get("stdin"),
      stdout: opened.get("stdout"),
      stderr: opened.get("stderr"),
      ...(flags.tty ? { resize: terminalSizes(opened.get("resize")!) } : {}),
    },
    AbortSignal.any([gone.signal, signal]),
  );
  const error = opened.get("error")!;
  error.end(JSON.stringify(status));
  await Promise.allSettled([finished(error, { readable: false })]);
  session.close();
  await connection;
}

/** Runs the command and puts its end into a Status, after its output is sent. */
async function runToStatus(run: RunCommand, streams: ExecStreams, signal: AbortSignal): Promise<object> {
  let status: object;
  try {
    status = statusOfResult(await run(streams, signal));
  } catch (error) {
    status = statusOf(error);
  }
  await Promise.allSettled([streams.stdout, streams.stderr].filter((stream) => stream !== undefined).map(flush));
  streams.stdin?.destroy();
  return status;
}

async function flush(stream: Writable): Promise<void> {
  if (stream.destroyed) return;
  if (!stream.writableEnded) stream.end();
  await finished(stream, { readable: false });
}

function statusOfResult({ exitCode, error }: ExecResult): object {
  if (error !== undefined) return statusOf(new StatusError(500, "InternalError", `error executing command in container: ${error}`));
  if (exitCode === 0) return { metadata: {}, status: "Success" };
  return {
    metadata: {},
    status: "Failure",
    message: `command terminated with non-zero exit code: exit status ${exitCode}`,
    reason: "NonZeroExitCode",
    details: { causes: [{ reason: "ExitCode", message: String(exitCode) }] },
  };
}

/** Sizes come as a stream of JSON objects, one or more to a chunk. */
async function* terminalSizes(stream: Readable): AsyncGenerator<{ width: number; height: number }> {
  let text = "";
  for await (const chunk of stream) {
    text += (chunk as Buffer).toString("utf8");
    let end: number;
    while ((end = text.indexOf("}")) >= 0) {
      const one = text.slice(0, end + 1);
      text = text.slice(end + 1);
      try {
        const { Width, Height } = JSON.parse(one) as { Width?: number; Height?: number };
        if (Width && Height) yield { width: Width, height: Height };
      } catch {
        // Not a size: nothing to resize to.
      }
    }
  }
}

/** Rejects when time is up or the client has gone first. */
function within(clock: Clock, timeoutMs: number, wanted: Promise<void>, gone: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(timeoutMs, () => reject(new Error("timed out waiting for client to create streams")));
    gone.addEventListener("abort", () => reject(new Error(errorMessage(gone.reason))), { once: true });
    void wanted.then(() => {
      cancel();
      resolve();
    });
  });
}
