/** WebSockets as a transport of channels: every message begins with the number of its channel. */
import type { IncomingMessage } from "node:http";
import { Readable, Writable, type Duplex } from "node:stream";
import { WebSocket, WebSocketServer } from "ws";
import type { HttpRequest } from "#lib/http.ts";

export function wantsWebSocket({ headers }: HttpRequest): boolean {
  return headers["upgrade"]?.toLowerCase() === "websocket";
}

/** The subprotocols a client offers, in its order. */
export function offeredProtocols({ headers }: HttpRequest): string[] {
  return (headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim()).filter((name) => name !== "");
}

/** Answers the handshake. A malformed one is refused, and the promise stays pending: the socket is closed. */
export function acceptWebSocket(request: HttpRequest, socket: Duplex, head: Buffer, protocol: string): Promise<WebSocket> {
  const server = new WebSocketServer({ noServer: true, handleProtocols: () => protocol, perMessageDeflate: false, maxPayload: 32 * 1024 * 1024 });
  const message = { method: request.method, url: request.url, headers: request.headers } as unknown as IncomingMessage;
  return new Promise((resolve) => server.handleUpgrade(message, socket, head, (ws) => resolve(ws)));
}

/** Messages of v5 that close a channel come on this one. */
const CLOSE_CHANNEL = 255;

export class Channels {
  readonly #ws: WebSocket;
  readonly #readers = new Map<number, Readable>();

  constructor(ws: WebSocket) {
    this.#ws = ws;
    ws.binaryType = "nodebuffer";
    ws.on("message", (data) => this.#receive(data as Buffer));
    ws.on("close", () => this.#endAll());
    ws.on("error", () => this.#endAll());
  }

  /** What the client sends on a channel. */
  readable(channel: number): Readable {
    const stream = new Readable({ read: () => this.#ws.resume() });
    stream.on("error", () => {});
    this.#readers.set(channel, stream);
    return stream;
  }

  /** What we send on a channel; ending it sends nothing. */
  writable(channel: number): Writable {
    const stream = new Writable({ write: (chunk: Buffer, _, callback) => this.send(channel, chunk, callback) });
    stream.on("error", () => {});
    return stream;
  }

  send(channel: number, payload: Uint8Array, callback?: (error?: Error | null) => void): void {
    if (this.#ws.readyState !== WebSocket.OPEN) {
      callback?.(new Error("the connection is closed"));
      return;
    }
    this.#ws.send(Buffer.concat([Buffer.from([channel]), payload]), { binary: true }, callback);
  }

  /** Resolves when the client has confirmed, or is gone. */
  close(): Promise<void> {
    if (this.#ws.readyState === WebSocket.CLOSED) return Promise.resolve();
    return new Promise((resolve) => {
      this.#ws.once("close", () => resolve());
      // A paused socket would never see the confirmation.
      this.#ws.resume();
      this.#ws.close(1000);
    });
  }

  #receive(message: Buffer): void {
    if (message.byteLength === 0) return;
    if (message[0] === CLOSE_CHANNEL && message.byteLength === 2) {
      this.#readers.get(message[1]!)?.push(null);
      this.#readers.delete(message[1]!);
      return;
    }
    const reader = this.#readers.get(message[0]!);
    if (!reader || reader.destroyed || message.byteLength === 1) return;
    if (!reader.push(message.subarray(1))) this.#ws.pause();
  }

  #endAll(): void {
    for (const reader of this.#readers.values()) if (!reader.destroyed) reader.push(null);
    this.#readers.clear();
  }
}
