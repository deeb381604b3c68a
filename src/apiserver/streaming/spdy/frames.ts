/**
 * SPDY/3.1 frames: an 8 byte header, then the payload.
 * @see https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/
 */
import { constants, createDeflate, createInflate, type Deflate, type Inflate } from "node:zlib";
import { DICTIONARY } from "./dictionary.ts";

export const TYPE = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const;

export const FLAG_FIN = 1;
export const RST_PROTOCOL_ERROR = 1;
export const RST_CANCEL = 5;
const VERSION = 3;
const HEADER_BYTES = 8;
const CONTROL_BIT = 0x80;

export type Frame =
  | { kind: "data"; streamId: number; fin: boolean; payload: Buffer }
  | { kind: "control"; type: number; flags: number; payload: Buffer };

/** Cuts a stream of bytes into frames. Throws on another version of the protocol. */
export async function* readFrames(chunks: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  let waiting: Buffer[] = [];
  let sizeBytes = 0;
  /** How many bytes must be there before it is worth looking again. */
  let needed = HEADER_BYTES;
  for await (const chunk of chunks) {
    waiting.push(chunk);
    sizeBytes += chunk.byteLength;
    if (sizeBytes < needed) continue;
    let bytes = waiting.length === 1 ? waiting[0]! : Buffer.concat(waiting);
    for (;;) {
      needed = bytes.byteLength < HEADER_BYTES ? HEADER_BYTES : HEADER_BYTES + bytes.readUIntBE(5, 3);
      if (bytes.byteLength < needed) break;
      yield parse(bytes.subarray(0, needed));
      bytes = bytes.subarray(needed);
    }
    waiting = [bytes];
    sizeBytes = bytes.byteLength;
  }
}

function parse(bytes: Buffer): Frame {
  const payload = bytes.subarray(HEADER_BYTES);
  const flags = bytes[4]!;
  if ((bytes[0]! & CONTROL_BIT) === 0) {
    return { kind: "data", streamId: bytes.readUInt32BE(0), fin: (flags & FLAG_FIN) !== 0, payload };
  }
  const version = bytes.readUInt16BE(0) & 0x7fff;
  if (version !== VERSION) throw new Error(`SPDY version ${version} is not supported`);
  return { kind: "control", type: bytes.readUInt16BE(2), flags, payload };
}

export function dataFrame(streamId: number, payload: Uint8Array, fin = false): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(streamId, 0);
  header[4] = fin ? FLAG_FIN : 0;
  header.writeUIntBE(payload.byteLength, 5, 3);
  return Buffer.concat([header, payload]);
}

export function controlFrame(type: number, flags: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(0x8000 | VERSION, 0);
  header.writeUInt16BE(type, 2);
  header[4] = flags;
  header.writeUIntBE(payload.byteLength, 5, 3);
  return Buffer.concat([header, payload]);
}

export function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32BE(value, index * 4));
  return bytes;
}

/** Header blocks of one direction of a connection: each continues the compression of the one before. */
export class HeaderReader {
  readonly #inflate: Inflate = createInflate({ dictionary: DICTIONARY, flush: constants.Z_SYNC_FLUSH });

  /** Rejects on what is no header block. */
  async read(block: Buffer): Promise<Map<string, string>> {
    const bytes = await through(this.#inflate, block);
    const headers = new Map<string, string>();
    let at = 4;
    const text = (): string => {
      const end = at + 4 + bytes.readUInt32BE(at);
      const value = bytes.toString("latin1", at + 4, end);
      at = end;
      return value;
    };
    for (let left = bytes.readUInt32BE(0); left > 0; left--) {
      const name = text().toLowerCase();
      headers.set(name, text());
    }
    return headers;
  }
}

export class HeaderWriter {
  readonly #deflate: Deflate = createDeflate({ dictionary: DICTIONARY, flush: constants.Z_SYNC_FLUSH });

  write(headers: ReadonlyMap<string, string>): Promise<Buffer> {
    const parts = [words(headers.size)];
    for (const pair of headers) {
      for (const text of pair) {
        const bytes = Buffer.from(text, "latin1");
        parts.push(words(bytes.byteLength), bytes);
      }
    }
    return through(this.#deflate, Buffer.concat(parts));
  }
}

/** Everything a compressor makes of one block. */
function through(zlib: Inflate | Deflate, block: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    zlib.once("error", reject);
    const made: Buffer[] = [];
    const collect = (chunk: Buffer): void => void made.push(chunk);
    zlib.on("data", collect);
    zlib.write(block, () => {
      // The last of its output is emitted in the turn after the write is done.
      setImmediate(() => {
        zlib.off("data", collect);
        zlib.off("error", reject);
        resolve(Buffer.concat(made));
      });
    });
  });
}
