/**
 * net.Server.listen on the virtual network: a TCP port becomes a Unix socket named by the pod's
 * address and the port, and each connection's preamble is read before the server hears of it.
 *
 * The public name `<ip>_<port>` is a symbolic link to the socket `<ip>_<port>.<process>`. Making the
 * link is atomic, so it decides who owns the port; its target tells whose it is, so that a link a
 * killed process left behind is told from a port in use at once, as bind() would.
 */
import cluster from "node:cluster";
import fs from "node:fs";
import net from "node:net";
import { threadId } from "node:worker_threads";
import { isLoopback, isUnspecified, unmapIPv4 } from "../ip.ts";
import { decodePreamble, PREAMBLE_BYTES, type Preamble } from "../preamble.ts";
import { linkTarget, loopbackName, mayBeAlive, rawName, socketName } from "../sockets.ts";
import { asPort } from "./connect.ts";
import { listenError, unsupported } from "../errors.ts";
import { mapPath } from "./mounts.ts";
import { NAMES, type NamedSocket } from "./names.ts";
import { functionOf, replace } from "./patch.ts";
import { EPHEMERAL, type Pod } from "./pod.ts";

/** Unix sockets have no SYN queue beside their backlog, so the default is larger than Node's 511. */
const DEFAULT_BACKLOG = 4096;

const VIRTUAL = Symbol("tidepool.virtual");
const PREAMBLE = Symbol("tidepool.preamble");

interface VirtualPort {
  address: string;
  family: "IPv4" | "IPv6";
  port: number;
  link: string;
  /** The link's text: the socket's file name. */
  target: string;
  /** The socket is the cluster primary's. */
  shared: boolean;
}

interface ClientHandle {
  onread: (bytes?: ArrayBuffer) => void;
  readStart(): number;
  readStop(): number;
  close(): void;
  [PREAMBLE]?: { preamble: Preamble; rest: Buffer };
}

interface ServerHandle {
  onconnection: (this: ServerHandle, error: number, client: ClientHandle) => void;
}

interface AgentServer extends net.Server {
  [VIRTUAL]?: VirtualPort | undefined;
  _handle: ServerHandle | null;
  pauseOnConnect?: boolean;
}

type ListenOptions = net.ListenOptions & { _handle?: unknown; handle?: unknown; fd?: number };

// The data path must not go through the patched functions.
const { existsSync, symlinkSync, unlinkSync } = fs;
const connect = functionOf(net.Socket.prototype, "connect");

export function patchListen(pod: Pod): void {
  const listen = functionOf(net.Server.prototype, "listen");

  replace(net.Server.prototype, "listen", () => {
    return function (this: AgentServer, ...args: unknown[]): AgentServer {
      const [options, callback] = normalizeListen(args);
      const BoundSocket = (net as { BoundSocket?: new () => object }).BoundSocket;
      if (BoundSocket && (options instanceof BoundSocket || options.handle instanceof BoundSocket)) throw unsupported("a pod's server can't listen on a net.BoundSocket");
      if (this._handle || options._handle || options.handle || typeof options.fd === "number") return listen.apply(this, args) as AgentServer;
      const port = portOf(args, options);
      if (port === undefined) {
        if (typeof options.path !== "string") return listen.apply(this, args) as AgentServer;
        return listen.call(this, { ...options, path: mapPath(options.path), backlog: backlogOf(args, options) }, callback) as AgentServer;
      }
      if (options.reusePort) throw unsupported("reusePort isn't available in a pod");
      if (this.pauseOnConnect) throw unsupported("pauseOnConnect isn't available in a pod");
      if (callback) this.once("listening", callback);
      begin(this, port, options, backlogOf(args, options));
      return this;
    };
  });

  function begin(server: AgentServer, port: number, options: ListenOptions, backlog: number): void {
    const { host } = options;
    const bound = bindAddress(pod, host);
    const fail = (code: string): void => {
      process.nextTick(() => server.emit("error", listenError(code, host || "::", port)));
    };
    if (!bound) return fail("EADDRNOTAVAIL");
    const open = (virtual: VirtualPort): void => {
      server[VIRTUAL] = virtual;
      // A process that had our number once may have left its socket.
      if (!virtual.shared) remove(pod.socket(virtual.target));
      const hook = (): void => readPreambles(server);
      server.prependOnceListener("listening", hook);
      // Containers may run as different users; who may come near is decided by the directory.
      listen.call(server, { path: pod.socket(virtual.target), backlog, exclusive: options.exclusive, readableAll: true, writableAll: true, signal: (options as { signal?: AbortSignal }).signal });
      if (server._handle) {
        server.removeListener("listening", hook);
        hook();
      }
    };
    const shared = cluster.isWorker && !options.exclusive;
    const chosen = port === 0 ? freePort(pod, bound, shared) : { port, claim: claim(pod, bound, port, shared) };
    if (typeof chosen.claim !== "string") return open(chosen.claim);
    if (chosen.claim === "taken") return fail("EADDRINUSE");
    // Somebody alive may hold it: only a connection tells.
    void isHeld(pod, chosen.port).then((held) => {
      if (held) return fail("EADDRINUSE");
      const again = claim(pod, bound, chosen.port, shared, true);
      if (typeof again === "string") fail("EADDRINUSE");
      else open(again);
    });
  }

  replace(net.Server.prototype, "address", (original) => {
    return function (this: AgentServer): unknown {
      const virtual = this[VIRTUAL];
      if (!virtual) return original.call(this);
      return this._handle ? { address: virtual.address, family: virtual.family, port: virtual.port } : null;
    };
  });

  replace(net.Server.prototype, "close", (original) => {
    return function (this: AgentServer, ...args: unknown[]): AgentServer {
      const virtual = this[VIRTUAL];
      // The port is free from here on, as a closed TCP port is. Cluster workers share it: the last one leaves a dead link.
      if (virtual && this._handle && !virtual.shared && linkTarget(virtual.link) === virtual.target) remove(virtual.link);
      return original.apply(this, args) as AgentServer;
    };
  });

  replace(net.Server.prototype, "emit", (original) => {
    return function (this: AgentServer, event: string | symbol, ...args: unknown[]): boolean {
      if (event === "connection") takePreamble(args[0] as NamedSocket, this);
      return original.call(this, event, ...args) as boolean;
    };
  });
}

/** Makes the server's handle read each connection's preamble first, natively and before there is a socket for it. */
function readPreambles(server: AgentServer): void {
  const handle = server._handle!;
  const { onconnection } = handle;
  handle.onconnection = function (error, client) {
    if (error) return onconnection.call(this, error, client);
    let received = Buffer.alloc(0);
    client.onread = (bytes) => {
      if (!bytes) return client.close(); // ended or failed before it said who it is
      const chunk = Buffer.from(bytes);
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      if (received.length < PREAMBLE_BYTES) return;
      client.readStop();
      const preamble = decodePreamble(received);
      if (!preamble) return client.close();
      client[PREAMBLE] = { preamble, rest: received.subarray(PREAMBLE_BYTES) };
      onconnection.call(this, 0, client);
    };
    client.readStart();
  };
}

/** Gives a new socket the names from its preamble, and puts back what came with it. */
function takePreamble(socket: NamedSocket & { _handle?: ClientHandle | null }, server: AgentServer): void {
  const read = socket._handle?.[PREAMBLE];
  if (!read) return;
  delete socket._handle![PREAMBLE];
  const { source, destination } = read.preamble;
  const mapped = server[VIRTUAL]?.family === "IPv6" ? "::ffff:" : "";
  socket[NAMES] = {
    remote: { ip: mapped + source.ip, port: source.port },
    local: { ip: mapped + destination.ip, port: destination.port },
    family: mapped ? "IPv6" : "IPv4",
  };
  if (read.rest.length > 0) socket.unshift(read.rest);
}

interface BindAddress {
  loopback: boolean;
  address: string;
  family: "IPv4" | "IPv6";
}

/** What a `host` option means in this pod; undefined when it is no address of the pod's. */
function bindAddress(pod: Pod, host: string | undefined): BindAddress | undefined {
  if (!host) return { loopback: false, address: "::", family: "IPv6" };
  const family = net.isIPv6(host) ? "IPv6" : "IPv4";
  if (isUnspecified(host)) return { loopback: false, address: host, family };
  if (isLoopback(host)) return { loopback: true, address: host, family };
  if (host === "localhost") return { loopback: true, address: "127.0.0.1", family: "IPv4" };
  if (pod.isOwnAddress(unmapIPv4(host)) || pod.config.resolver.aliases[host]?.includes(pod.config.ip)) {
    return { loopback: false, address: family === "IPv6" ? host : pod.config.ip, family };
  }
  return undefined;
}

/** Takes a port by making its link. "maybe" when a living process seems to hold it, which only a connection can tell. */
function claim(pod: Pod, bound: BindAddress, port: number, shared: boolean, evenIfAlive = false): VirtualPort | "taken" | "maybe" {
  const { ip } = pod.config;
  const names = [socketName(ip, port), loopbackName(ip, port)];
  const link = pod.socket(bound.loopback ? names[1]! : names[0]!);
  // Workers of a cluster share the primary's socket.
  const target = `${socketName(ip, port)}${bound.loopback ? "l" : ""}.${shared ? process.ppid : process.pid}${threadId ? `-${threadId}` : ""}`;
  for (const name of [...names, rawName(ip, port)]) {
    const holder = linkTarget(pod.socket(name));
    if (holder === undefined && !existsSync(pod.socket(name))) continue;
    if (shared && holder === target) continue;
    if (holder === target) return "taken";
    if (!evenIfAlive && existsSync(pod.socket(name)) && (holder === undefined || mayBeAlive(holder))) return "maybe";
    remove(pod.socket(name));
    if (holder && !holder.includes("/")) remove(pod.socket(holder));
  }
  try {
    symlinkSync(target, link);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    if (linkTarget(link) !== target) return "maybe";
  }
  return { address: bound.address, family: bound.family, port, link, target, shared };
}

/** Port 0: any free one of the ephemeral range. */
function freePort(pod: Pod, bound: BindAddress, shared: boolean): { port: number; claim: VirtualPort | "taken" | "maybe" } {
  for (let i = 0; i < EPHEMERAL.count; i++) {
    const port = pod.nextPort();
    const claimed = claim(pod, bound, port, shared);
    if (typeof claimed !== "string") return { port, claim: claimed };
  }
  return { port: 0, claim: "taken" };
}

/** Whether somebody accepts connections on the port. */
async function isHeld(pod: Pod, port: number): Promise<boolean> {
  const { ip } = pod.config;
  const answers = [socketName(ip, port), loopbackName(ip, port), rawName(ip, port)].map(
    (name) =>
      new Promise<boolean>((resolve) => {
        const socket = new net.Socket();
        socket.once("error", () => resolve(false));
        connect.call(socket, { path: pod.socket(name) }, () => {
          socket.destroy();
          resolve(true);
        });
      }),
  );
  return (await Promise.all(answers)).includes(true);
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It isn't there: as it should be.
  }
}

function normalizeListen(args: unknown[]): [ListenOptions, (() => void) | null] {
  return (net as unknown as { _normalizeArgs(args: unknown[]): [ListenOptions, (() => void) | null] })._normalizeArgs(args);
}

/** The port that these arguments of listen() mean, 0 for any; undefined when they mean something else, or nothing valid. */
function portOf(args: unknown[], options: ListenOptions): number | undefined {
  const omitted = args.length === 0 || typeof args[0] === "function" || ("port" in options && options.port == null) || args[0] === null;
  return omitted ? 0 : asPort(options.port);
}

function backlogOf(args: unknown[], options: ListenOptions): number {
  return options.backlog || [args[1], args[2]].map(Number).find((value) => value >= 0) || DEFAULT_BACKLOG;
}
