/**
 * net.Socket.connect on the virtual network.
 *
 * A connection to a virtual address becomes one to a Unix socket. As soon as it stands, and before
 * anything the program wrote meanwhile, the preamble is written: one more system call and no round
 * trip; the listener mostly reads it together with the program's first bytes. Nothing of it shows,
 * except in `bytesWritten`, which counts it.
 */
import dns from "node:dns";
import net from "node:net";
import { isLoopback } from "../ip.ts";
import { encodePreamble, type SocketAddress } from "../preamble.ts";
import { connectError, unsupported, type SystemError } from "../errors.ts";
import { mapPath } from "./mounts.ts";
import { NAMES, type NamedSocket } from "./names.ts";
import { functionOf, replace } from "./patch.ts";
import { isBusy, type LocalTarget, type Place } from "../sockets.ts";
import type { Decision, Pod } from "./pod.ts";

const BACKLOG_RETRY_MS = 5;
const BACKLOG_GIVE_UP_MS = 10_000;

/** Node resolves names by these; any other `lookup` option is the program's own. dns.ts adds to them. */
export const nodeLookups = new Set<unknown>([undefined, null]);

export type ConnectOptions = net.TcpNetConnectOpts & { path?: string };

const ATTEMPT = Symbol("tidepool.attempt");

interface AgentSocket extends Omit<NamedSocket, "connecting" | "destroy" | "_write"> {
  /** Set while connecting: to WAITING until it is decided where to. */
  [ATTEMPT]?: Attempt | typeof WAITING | undefined;
  connecting: boolean;
  encrypted?: boolean;
  _handle: { close(): void; hasRef(): boolean; unref(): void } | null;
  destroy(error?: Error | null): AgentSocket;
  _undestroy(): void;
  _write(chunk: Buffer, encoding: "buffer", callback: (error?: Error | null) => void): void;
}

const WAITING = Symbol("waiting");

interface Attempt {
  /** What the program asked for: errors and names speak of it. */
  wanted: SocketAddress;
  /** What is left to try. */
  targets: LocalTarget[];
  local: SocketAddress;
  /** Where the present try goes, and as whom the other side knows itself. */
  place: Place;
  destination: SocketAddress;
  startedMs: number;
}

export function patchConnect(pod: Pod): void {
  const original = functionOf(net.Socket.prototype, "connect");
  const destroy = functionOf(net.Socket.prototype, "destroy");

  replace(net.Socket.prototype, "connect", () => {
    return function (this: AgentSocket, ...args: unknown[]): AgentSocket {
      const [options, callback] = normalizeConnect(args);
      if (options.path != null) return original.call(this, { ...options, path: mapPath(options.path) }, callback) as AgentSocket;
      const port = asPort(options.port);
      // Not a port: Node's own complaint. A socket whose parent already connects just waits for it.
      if (port === undefined || this._parent?.connecting) return original.apply(this, args) as AgentSocket;
      const host = options.host || "localhost";
      const decision = hasOwnLookup(options, host) ? undefined : pod.decide(host, port);
      if (decision) begin(this, decision, port, options, callback);
      else beginLater(this, host, port, options, callback);
      return this;
    };
  });

  /** Node's own connect. It makes a socket forget that it was ended, which it can be when this isn't its first try. */
  function connect(socket: AgentSocket, place: object, callback: (() => void) | null = null): void {
    const ended = socket.writableEnded && !socket.destroyed;
    original.call(socket, place, callback);
    if (ended) socket.end();
  }

  function begin(socket: AgentSocket, decision: Decision, port: number, options: ConnectOptions, callback: (() => void) | null): void {
    if (decision.kind === "outside") {
      const named = !pod.config.hostNetwork && !net.isIP(decision.host) && !hasOwnLookup(options, decision.host);
      connect(socket, { ...options, host: decision.host, ...(named ? { lookup: lookupOutside(port) } : {}) }, callback);
      return;
    }
    if (socket.encrypted && !socket._parent) throw unsupported("a TLSSocket of its own can't connect inside the cluster; use tls.connect");
    if (decision.kind === "failed") return fail(socket, decision.error);
    const loopback = decision.targets[0]?.kind === "loopback";
    const attempt: Attempt = {
      wanted: { ip: decision.ip, port },
      targets: decision.targets,
      local: { ip: loopback ? "127.0.0.1" : pod.config.ip, port: options.localPort || pod.nextPort() },
      // Nobody listens there: when there is nothing to try, the system refuses in its usual way and time.
      place: { path: pod.socket("refused"), preamble: false },
      destination: { ip: pod.config.ip, port },
      startedMs: Date.now(),
    };
    if (options.localAddress && !pod.isOwnAddress(options.localAddress)) return fail(socket, connectError("EADDRNOTAVAIL", attempt.wanted.ip, port));
    moveOn(attempt);
    socket[ATTEMPT] = attempt;
    connect(socket, attempt.place, callback);
    // First of all listeners, among them those that write what was written before, and http2 and TLS, which write past the stream.
    socket.prependOnceListener("connect", () => {
      socket[ATTEMPT] = undefined;
      socket[NAMES] = { remote: attempt.wanted, local: attempt.local, family: net.isIPv6(attempt.wanted.ip) ? "IPv6" : "IPv4" };
      if (!("path" in attempt.place) || !attempt.place.preamble) return;
      const preamble = encodePreamble({ source: attempt.local, destination: attempt.destination });
      socket._write(preamble, "buffer", (error) => error && socket.destroy(error));
    });
  }

  /** The decision needs the first endpoint table or the program's own lookup: the socket counts as connecting meanwhile. */
  function beginLater(socket: AgentSocket, host: string, port: number, options: ConnectOptions, callback: (() => void) | null): void {
    if (socket.destroyed) socket._undestroy();
    socket.connecting = true;
    socket[ATTEMPT] = WAITING;
    const decided = hasOwnLookup(options, host) ? lookupFirst(pod, host, port, options) : pod.decideLater(host, port);
    void decided.then((decision) => {
      if (socket[ATTEMPT] !== WAITING) return; // destroyed meanwhile
      socket[ATTEMPT] = undefined;
      begin(socket, decision, port, options, callback);
    });
  }

  function fail(socket: AgentSocket, error: SystemError): void {
    if (socket.destroyed) socket._undestroy();
    socket.connecting = true;
    process.nextTick(() => {
      socket.connecting = false;
      destroy.call(socket, error);
    });
  }

  /** Goes to the next target somebody listens at; false when there is none. */
  function moveOn(attempt: Attempt): boolean {
    for (let target = attempt.targets.shift(); target; target = attempt.targets.shift()) {
      const place = pod.locate(target);
      if (!place) continue;
      attempt.place = place;
      attempt.destination = { ip: target.kind === "loopback" ? "127.0.0.1" : target.ip, port: target.port };
      return true;
    }
    return false;
  }

  replace(net.Socket.prototype, "destroy", () => {
    return function (this: AgentSocket, error?: SystemError | null, callback?: (error: Error | null) => void): AgentSocket {
      const attempt = this[ATTEMPT];
      if (attempt && attempt !== WAITING && error?.syscall === "connect" && !this.destroyed) {
        if (retry(this, attempt, error)) return this;
        error = connectError(meaning(error.code), attempt.wanted.ip, attempt.wanted.port);
      }
      if (attempt) this[ATTEMPT] = undefined;
      return destroy.call(this, error, callback) as AgentSocket;
    };
  });

  /** Tries again where nobody can tell that from a slower network; false when the failure is final. */
  function retry(socket: AgentSocket, attempt: Attempt, error: SystemError): boolean {
    if (isBusy(attempt.place, error.code)) {
      if (Date.now() - attempt.startedMs > BACKLOG_GIVE_UP_MS) return false;
      socket.connecting = true;
      setTimeout(() => socket[ATTEMPT] === attempt && reopen(socket, attempt), BACKLOG_RETRY_MS);
      return true;
    }
    if (meaning(error.code) !== "ECONNREFUSED" || !moveOn(attempt)) return false;
    reopen(socket, attempt);
    return true;
  }

  function reopen(socket: AgentSocket, attempt: Attempt): void {
    const referenced = socket._handle?.hasRef() !== false;
    socket._handle?.close();
    socket._handle = null;
    connect(socket, attempt.place);
    if (!referenced) socket._handle!.unref();
  }

  replace(net.Socket.prototype, "resetAndDestroy", (resetAndDestroy) => {
    return function (this: AgentSocket): AgentSocket {
      // A Unix socket has no RST; closing it is what comes nearest.
      return this[NAMES] || this[ATTEMPT] ? this.destroy() : (resetAndDestroy.call(this) as AgentSocket);
    };
  });
}

/** net.connect's several forms of arguments as options and callback. */
export function normalizeConnect(args: unknown[]): [ConnectOptions, (() => void) | null] {
  if (Array.isArray(args[0])) return args[0] as [ConnectOptions, (() => void) | null];
  return (net as unknown as { _normalizeArgs(args: unknown[]): [ConnectOptions, (() => void) | null] })._normalizeArgs(args);
}

/** Whether the program resolves this name by itself. */
export function hasOwnLookup(options: ConnectOptions, host: string): boolean {
  return !nodeLookups.has(options.lookup) && !net.isIP(host);
}

/** A port as Node accepts it, a number or its text; undefined when it is none. */
export function asPort(port: unknown): number | undefined {
  if (typeof port !== "number" && (typeof port !== "string" || port.trim() === "")) return undefined;
  const value = Number(port);
  return Number.isInteger(value) && value >= 0 && value <= 65535 ? value : undefined;
}

/** The real DNS for a name outside the cluster. A name that leads to loopback would lead to this machine's, which is no pod's. */
function lookupOutside(port: number): net.LookupFunction {
  return (host, options, callback) => {
    dns.lookup(host, options, (error: NodeJS.ErrnoException | null, found: string | dns.LookupAddress[], family?: number) => {
      const addresses = Array.isArray(found) ? found : [{ address: found }];
      const own = addresses.find(({ address }) => address && isLoopback(address));
      callback(error ?? (own ? connectError("ECONNREFUSED", own.address, port) : null), found, family);
    });
  };
}

/** Asks the program's own lookup, then goes on with the address it gave. */
function lookupFirst(pod: Pod, host: string, port: number, options: ConnectOptions): Promise<Decision> {
  return new Promise((resolve) => {
    options.lookup!(host, { family: options.family ?? 0, hints: options.hints ?? 0, all: false }, (error, found: unknown) => {
      const address = Array.isArray(found) ? (found[0] as { address?: string } | undefined)?.address : (found as string | undefined);
      if (error || !address) return resolve({ kind: "failed", error: error ?? connectError("ECONNREFUSED", host, port) });
      const decision = pod.decide(address, port);
      if (decision) resolve(decision);
      else void pod.decideLater(address, port).then(resolve);
    });
  });
}

/** What a failure to connect to a socket file means on a network: a file gone or dead is a closed port. */
function meaning(code: string | undefined): string {
  if (code === "ENOENT" || code === "ENOTSOCK") return "ECONNREFUSED";
  return code === "EAGAIN" ? "ETIMEDOUT" : (code ?? "ECONNREFUSED");
}
