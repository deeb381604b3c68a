/**
 * One side of a SPDY/3.1 connection: streams that the client opens over one socket. As in the library
 * Kubernetes uses there are no flow control windows; a reader that is slow holds the connection back.
 * @see https://github.com/moby/spdystream
 */
import { Duplex } from "node:stream";
import {
  controlFrame,
  dataFrame,
  FLAG_FIN,
  HeaderReader,
  HeaderWriter,
  readFrames,
  RST_CANCEL,
  RST_PROTOCOL_ERROR,
  TYPE,
  words,
  type Frame,
} from "./frames.ts";

/** Unread bytes of one stream at which the connection stops being read. */
const MAX_UNREAD_BYTES = 1024 * 1024;

export class SpdyStream extends Duplex {
  readonly id: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly #session: SpdySession;
  #onRead: (() => void) | undefined;
  #localClosed = false;
  #remoteClosed = false;

  constructor(session: SpdySession, id: number, headers: ReadonlyMap<string, string>) {
    super({ allowHalfOpen: true, autoDestroy: true });
    this.id = id;
    this.headers = headers;
    this.#session = session;
    // Errors end the stream; whoever uses it listens as well.
    this.on("error", () => {});
  }

  /** What the other side sent. Resolves when there is room for more. */
  async receive(payload: Buffer, fin: boolean): Promise<void> {
    if (!this.destroyed && payload.byteLength > 0) this.push(payload);
    if (fin) this.remoteClosed();
    if (this.readableLength > MAX_UNREAD_BYTES && !this.destroyed) await new Promise<void>((resolve) => (this.#onRead = resolve));
  }

  remoteClosed(): void {
    if (this.#remoteClosed) return;
    this.#remoteClosed = true;
    if (!this.destroyed) this.push(null);
  }

  override _read(): void {
    this.#onRead?.();
    this.#onRead = undefined;
  }

  override _write(chunk: Buffer, _: string, callback: (error?: Error | null) => void): void {
    this.#session.send(dataFrame(this.id, chunk), callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#localClosed = true;
    this.#session.send(dataFrame(this.id, Buffer.alloc(0), true), callback);
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#onRead?.();
    if (!this.#localClosed || !this.#remoteClosed) this.#session.send(controlFrame(TYPE.rstStream, 0, words(this.id, RST_CANCEL)));
    this.#session.forget(this.id);
    callback(error);
  }
}

export class SpdySession {
  readonly #socket: Duplex;
  readonly #streams = new Map<number, SpdyStream>();
  readonly #reader = new HeaderReader();
  readonly #writer = new HeaderWriter();
  readonly #onStream: (stream: SpdyStream) => void;
  #lastStreamId = 0;
  #goneAway = false;

  /** `onStream` gets every stream the client opens; it is accepted already. */
  constructor(socket: Duplex, onStream: (stream: SpdyStream) => void) {
    this.#socket = socket;
    this.#onStream = onStream;
  }

  /** Reads until the connection ends; then all streams have ended too. Rejects when the client breaks the protocol. */
  async run(head: Buffer): Promise<void> {
    if (head.byteLength > 0) this.#socket.unshift(head);
    try {
      for await (const frame of readFrames(this.#socket)) await this.#onFrame(frame);
    } finally {
      for (const stream of this.#streams.values()) {
        stream.remoteClosed();
        stream.destroy();
      }
      this.#socket.destroy();
    }
  }

  /** Says goodbye and closes once everything is sent. */
  close(): void {
    if (this.#goneAway) return;
    this.#goneAway = true;
    this.#socket.end(controlFrame(TYPE.goAway, 0, words(this.#lastStreamId, 0)));
  }

  send(bytes: Buffer, callback?: (error?: Error | null) => void): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) callback?.(new Error("the connection is closed"));
    else this.#socket.write(bytes, callback);
  }

  forget(id: number): void {
    this.#streams.delete(id);
  }

  async #onFrame(frame: Frame): Promise<void> {
    if (frame.kind === "data") {
      await this.#streams.get(frame.streamId)?.receive(frame.payload, frame.fin);
      return;
    }
    const { type, flags, payload } = frame;
    switch (type) {
      case TYPE.synStream:
        return this.#open(payload, flags);
      case TYPE.headers:
        // Read for the sake of the compression's state.
        await this.#reader.read(payload.subarray(4));
        return;
      case TYPE.rstStream: {
        const stream = this.#streams.get(payload.readUInt32BE(0));
        stream?.remoteClosed();
        stream?.destroy();
        return;
      }
      case TYPE.ping:
        // Pings of the client have odd numbers; the others are answers to ours, and we send none.
        if (payload.readUInt32BE(0) % 2 === 1) this.send(controlFrame(TYPE.ping, 0, payload));
        return;
      case TYPE.goAway:
        this.#goneAway = true;
        return;
      default:
        // SETTINGS and WINDOW_UPDATE are about flow control, which neither side does.
        return;
    }
  }

  async #open(payload: Buffer, flags: number): Promise<void> {
    const id = payload.readUInt32BE(0) & 0x7fffffff;
    const headers = await this.#reader.read(payload.subarray(10));
    if (id % 2 === 0 || id <= this.#lastStreamId || this.#goneAway) {
      this.send(controlFrame(TYPE.rstStream, 0, words(id, RST_PROTOCOL_ERROR)));
      return;
    }
    this.#lastStreamId = id;
    const stream = new SpdyStream(this, id, headers);
    this.#streams.set(id, stream);
    const reply = await this.#writer.write(new Map());
    this.send(controlFrame(TYPE.synReply, 0, Buffer.concat([words(id), reply])));
    if ((flags & FLAG_FIN) !== 0) stream.remoteClosed();
    this.#onStream(stream);
  }
}
