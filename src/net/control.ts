/**
 * The control socket: pushes the endpoint table to every pod agent. An agent says who it is with one
 * line and then only listens: a snapshot, then deltas, one JSON document per line.
 */
import { chmod, mkdir, unlink } from "node:fs/promises";
import net from "node:net";
import { join } from "node:path";
import { CONTROL_SOCKET } from "./sockets.ts";
import { diffTables, emptyTable, TableIndex, type Table, type TableMessage } from "./table.ts";

/** An agent this far behind is cut off; it connects anew and gets one snapshot instead of all it missed. */
const MAX_BACKLOG_BYTES = 16 * 1024 * 1024;

export class TablePublisher {
  /** The present table, for the host's own look-ups. */
  readonly index = new TableIndex();
  #table: Table = emptyTable();
  #published = false;
  readonly #agents = new Set<net.Socket>();
  #server: net.Server | undefined;

  /** Serves `<socketDir>/net`. A socket file left by an earlier run is taken over. */
  async listen(socketDir: string): Promise<void> {
    const path = join(socketDir, CONTROL_SOCKET);
    await mkdir(socketDir, { recursive: true, mode: 0o711 });
    await unlink(path).catch(() => undefined);
    const server = net.createServer((socket) => this.#accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, resolve);
    });
    // Containers may run as another user than the cluster does.
    await chmod(path, 0o666);
    this.#server = server;
  }

  /** Makes this the table, and tells every agent what changed. */
  publish(table: Table): void {
    const delta = diffTables(this.#table, table);
    this.#table = table;
    if (!delta && this.#published) return;
    if (delta) this.index.apply(delta);
    // Until the first table is known, agents wait rather than believe that there are no Services.
    const first = !this.#published;
    this.#published = true;
    if (first) this.#send([...this.#agents], { type: "snapshot", table });
    else if (delta) this.#send([...this.#agents], { type: "delta", delta });
  }

  async close(): Promise<void> {
    for (const agent of this.#agents) agent.destroy();
    const server = this.#server;
    this.#server = undefined;
    if (server) await new Promise((resolve) => server.close(resolve));
  }

  #accept(socket: net.Socket): void {
    this.#agents.add(socket);
    socket.on("close", () => this.#agents.delete(socket));
    socket.on("error", () => undefined); // the pod died; "close" follows
    socket.resume();
    if (this.#published) this.#send([socket], { type: "snapshot", table: this.#table });
  }

  #send(agents: net.Socket[], message: TableMessage): void {
    const line = `${JSON.stringify(message)}\n`;
    for (const agent of agents) {
      if (agent.writableLength > MAX_BACKLOG_BYTES) agent.destroy();
      else agent.write(line);
    }
  }
}
