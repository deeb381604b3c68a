/**
 * Real TCP listeners for NodePorts and load balancers: each accepts on this machine's own network and
 * forwards to an endpoint of its Service. A port stays open while its Service exists; without
 * endpoints its connections are reset, where kube-proxy would refuse them.
 */
import net from "node:net";
import type { Clock } from "#lib/clock.ts";
import { errorMessage, type Logger } from "#lib/log.ts";
import type { SystemError } from "../errors.ts";
import { forward, reset } from "./forward.ts";
import type { Listener } from "./listeners.ts";

/** A port that can't be bound is tried again: its present owner may go. */
const REBIND_MS = 5000;
const BACKLOG = 4096;

export interface NodePortsOptions {
  /** The real address to listen at. */
  address: string;
  /** Connects to an endpoint of the Service port; `client` is the other side's address. */
  connect: (listener: Listener, client: string) => Promise<net.Socket>;
  /** Called when a port is bound, and when it can't be. */
  onBound: (listener: Listener, error: SystemError | undefined) => void;
  clock: Clock;
  log: Logger;
}

interface Open {
  listener: Listener;
  server: net.Server;
  connections: Set<net.Socket>;
  cancelRebind: (() => void) | undefined;
}

export class NodePorts {
  readonly #options: NodePortsOptions;
  readonly #open = new Map<number, Open>();

  constructor(options: NodePortsOptions) {
    this.#options = options;
  }

  /** Opens and closes listeners until exactly these are there. */
  reconcile(wanted: Listener[]): void {
    const byPort = new Map(wanted.map((listener) => [listener.hostPort, listener]));
    for (const [port, open] of this.#open) {
      const listener = byPort.get(port);
      if (listener && sameService(listener, open.listener)) open.listener = listener;
      else void this.#close(port, open);
    }
    for (const [port, listener] of byPort) if (!this.#open.has(port)) this.#listen(port, listener);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map(([port, open]) => this.#close(port, open)));
  }

  #listen(port: number, listener: Listener): void {
    const { address, clock, onBound } = this.#options;
    const open: Open = { listener, server: net.createServer({ allowHalfOpen: true, noDelay: true }), connections: new Set(), cancelRebind: undefined };
    this.#open.set(port, open);
    let reported = false;
    open.server.on("connection", (client) => void this.#serve(open, client));
    open.server.on("listening", () => onBound(open.listener, undefined));
    open.server.on("error", (error: SystemError) => {
      if (!reported) onBound(open.listener, error);
      reported = true;
      open.cancelRebind = clock.after(REBIND_MS, () => open.server.listen({ port, host: address, backlog: BACKLOG }));
    });
    open.server.listen({ port, host: address, backlog: BACKLOG });
  }

  async #serve(open: Open, client: net.Socket): Promise<void> {
    const { connect, log } = this.#options;
    open.connections.add(client);
    client.on("error", () => undefined); // forward() looks at what follows
    client.on("close", () => open.connections.delete(client));
    try {
      const upstream = await connect(open.listener, client.remoteAddress ?? "");
      if (client.destroyed) upstream.destroy();
      else forward(client, upstream);
    } catch (error) {
      if ((error as SystemError).code !== "ECONNREFUSED") log.warn(`port ${open.listener.hostPort}: no connection to ${open.listener.service}`, { error: errorMessage(error) });
      reset(client);
    }
  }

  /** As when kube-proxy takes its rules away: new connections are refused and old ones cut, since their Service is gone. */
  async #close(port: number, open: Open): Promise<void> {
    this.#open.delete(port);
    open.cancelRebind?.();
    const closed = new Promise<void>((resolve) => open.server.close(() => resolve()));
    for (const client of open.connections) reset(client);
    await closed;
  }
}

function sameService(a: Listener, b: Listener): boolean {
  return a.service === b.service && a.portName === b.portName;
}
