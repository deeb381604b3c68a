/**
 * The agent's end of the control socket: it keeps the endpoint table current while the process runs.
 * The table is pushed, never polled for. The connection is opened at first need, doesn't keep the
 * process alive, and is opened again when the control plane restarts; until then the last table serves.
 */
import type net from "node:net";
import { TableIndex, type TableMessage } from "../table.ts";

/** How long whoever needs the table waits for the first one. */
const FIRST_TABLE_TIMEOUT_MS = 5000;
const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 1000;

export class TableClient {
  readonly #uid: string;
  readonly #open: () => net.Socket;
  #index: TableIndex | undefined;
  #started = false;
  #retryMs = FIRST_RETRY_MS;
  readonly #waiters = new Set<() => void>();

  /** `open` connects to the control socket, past all patches. */
  constructor(uid: string, open: () => net.Socket) {
    this.#uid = uid;
    this.#open = open;
  }

  /** The table, or undefined until the first one has come. Asking starts the connection. */
  current(): TableIndex | undefined {
    this.start();
    return this.#index;
  }

  /** The table as soon as there is one; undefined when none came in time. */
  first(): Promise<TableIndex | undefined> {
    const now = this.current();
    if (now) return Promise.resolve(now);
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(done);
        resolve(this.#index);
      };
      // This timer, unlike the connection, keeps the process alive: somebody waits for an answer.
      const timer = setTimeout(done, FIRST_TABLE_TIMEOUT_MS);
      this.#waiters.add(done);
    });
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#connect();
  }

  #connect(): void {
    const socket = this.#open();
    socket.unref();
    socket.setEncoding("utf8");
    socket.on("connect", () => socket.write(`${JSON.stringify({ uid: this.#uid })}\n`));
    let partial = "";
    socket.on("data", (chunk: string) => {
      const lines = (partial + chunk).split("\n");
      partial = lines.pop()!;
      try {
        for (const line of lines) this.#receive(JSON.parse(line) as TableMessage);
      } catch (error) {
        // Never the program's end: connecting anew brings a whole table.
        socket.destroy(error as Error);
      }
    });
    socket.on("error", () => undefined); // "close" follows
    socket.on("close", () => {
      setTimeout(() => this.#connect(), this.#retryMs).unref();
      this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
    });
  }

  #receive(message: TableMessage): void {
    this.#retryMs = FIRST_RETRY_MS;
    if (message.type === "snapshot") this.#index = new TableIndex(message.table);
    else this.#index?.apply(message.delta);
    for (const waiter of this.#waiters) waiter();
  }
}
