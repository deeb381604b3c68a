/** The host side's way to virtual addresses: for probes, port-forward and proxies, which are no pods. */
import net from "node:net";
import type { Clock } from "#lib/clock.ts";
import { connectError, type SystemError } from "./errors.ts";
import { encodePreamble, type SocketAddress } from "./preamble.ts";
import { isBusy, locate, type LocalTarget, type Place } from "./sockets.ts";

const BACKLOG_RETRY_MS = 5;
const BACKLOG_GIVE_UP_MS = 10_000;

export interface DialContext {
  socketDir: string;
  clock: Clock;
  /** Who connects, as the other side sees it. */
  source: SocketAddress;
  /** What was asked for: errors speak of it. */
  wanted: SocketAddress;
  signal?: AbortSignal | undefined;
}

/**
 * Connects to the first target that accepts. Rejects as Node's own connect does (ECONNREFUSED when
 * nobody listens), or with the signal's reason. The socket is half-open: whoever uses it ends it.
 */
export async function dialTargets(targets: LocalTarget[], context: DialContext): Promise<net.Socket> {
  const { wanted } = context;
  let failure: SystemError = connectError("ECONNREFUSED", wanted.ip, wanted.port);
  for (const target of targets) {
    const place = locate(context.socketDir, target);
    if (!place) continue;
    try {
      const socket = await open(place, context);
      if ("path" in place && place.preamble) {
        const destination = { ip: target.kind === "loopback" ? "127.0.0.1" : target.ip, port: target.port };
        socket.write(encodePreamble({ source: context.source, destination }));
      }
      return socket;
    } catch (error) {
      context.signal?.throwIfAborted();
      const { code } = error as SystemError;
      if (code !== "ECONNREFUSED" && code !== "ENOENT" && code !== "ENOTSOCK") failure = connectError(code ?? "ECONNREFUSED", wanted.ip, wanted.port);
    }
  }
  throw failure;
}

async function open(place: Place, { clock, signal }: DialContext): Promise<net.Socket> {
  const startedMs = clock.now();
  for (;;) {
    try {
      return await openOnce(place, signal);
    } catch (error) {
      if (!isBusy(place, (error as SystemError).code) || clock.now() - startedMs > BACKLOG_GIVE_UP_MS) throw error;
      await new Promise<void>((resolve) => clock.after(BACKLOG_RETRY_MS, resolve));
    }
  }
}

function openOnce(place: Place, signal: AbortSignal | undefined): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const socket = net.connect({ ...place, allowHalfOpen: true } as net.NetConnectOpts);
    const onAbort = (): void => {
      socket.destroy();
      reject(signal!.reason as Error);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    socket.once("error", (error) => {
      signal?.removeEventListener("abort", onAbort);
      reject(error);
    });
    socket.once("connect", () => {
      signal?.removeEventListener("abort", onAbort);
      socket.removeAllListeners("error");
      resolve(socket);
    });
  });
}
