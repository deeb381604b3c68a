/**
 * The API server and etcd as what both are to a bench: something that stores values under keys and tells of changes.
 * Both are spoken to over HTTP/2 by the same code, so that its cost is in both.
 */
import { connect, type ClientHttp2Session, type ClientHttp2Stream } from "node:http2";
import type { Tls } from "./api-load.ts";

export type Target = { kind: "api"; url: string; tls: Tls } | { kind: "etcd"; url: string };

export interface KeyValueClient {
  /** Stores a value under a key that is new. */
  create(name: string, value: string): Promise<void>;
  get(name: string): Promise<void>;
  /** Reads all values; resolves to the answer's bytes. */
  list(): Promise<number>;
  /** Calls back with everything that changes from now on, in pieces as they come. Resolves when the watch is on. */
  watch(each: (piece: Buffer) => void): Promise<void>;
  close(): void;
}

const COLLECTION = "/api/v1/namespaces/default/configmaps";
const PREFIX = "/registry/configmaps/default/";
/** Room for long answers: a window of 64 KiB would measure round trips. */
const WINDOW_BYTES = 16 * 1024 * 1024;

export function keyValueClient(target: Target): KeyValueClient {
  const session = connect(target.url, { ...(target.kind === "api" ? target.tls : {}), settings: { initialWindowSize: WINDOW_BYTES, enablePush: false } });
  session.on("connect", () => session.setLocalWindowSize(WINDOW_BYTES));
  session.on("error", (error) => process.stderr.write(`${target.url}: ${error.message}\n`));
  return target.kind === "api" ? apiClient(session) : etcdClient(session);
}

interface Answer {
  status: number;
  bytes: number;
  /** The beginning of the body, for error messages. */
  start: string;
}

/** Sends a request and reads its answer without keeping it. */
function exchange(session: ClientHttp2Session, headers: Record<string, string>, body?: string | Uint8Array): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers, { endStream: body === undefined });
    const answer: Answer = { status: 0, bytes: 0, start: "" };
    stream.on("response", (response) => (answer.status = Number(response[":status"])));
    stream.on("data", (chunk: Buffer) => {
      if (answer.bytes === 0) answer.start = chunk.toString("utf8", 0, 300);
      answer.bytes += chunk.byteLength;
    });
    // gRPC says in the trailers how it went.
    stream.on("trailers", (trailers) => {
      if (trailers["grpc-status"] !== undefined && trailers["grpc-status"] !== "0") answer.status = 500;
    });
    stream.on("end", () => resolve(answer));
    stream.on("error", reject);
    if (body !== undefined) stream.end(body);
  });
}

function follow(stream: ClientHttp2Stream, each: (piece: Buffer) => void): void {
  stream.on("data", each);
  stream.on("error", () => {});
}

function apiClient(session: ClientHttp2Session): KeyValueClient {
  const request = async (method: string, path: string, expected: number, body?: string): Promise<number> => {
    const { status, bytes, start } = await exchange(session, { ":method": method, ":path": path, ...(body === undefined ? {} : { "content-type": "application/json" }) }, body);
    if (status !== expected) throw new Error(`${method} ${path} answers ${status}: ${start}`);
    return bytes;
  };
  return {
    create: async (_name, value) => void (await request("POST", COLLECTION, 201, value)),
    get: async (name) => void (await request("GET", `${COLLECTION}/${name}`, 200)),
    list: () => request("GET", COLLECTION, 200),
    watch: (each) =>
      new Promise((resolve) => {
        const stream = session.request({ ":path": `${COLLECTION}?watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&timeoutSeconds=3600` });
        stream.on("response", () => resolve());
        follow(stream, each);
      }),
    close: () => session.destroy(),
  };
}

function etcdClient(session: ClientHttp2Session): KeyValueClient {
  const headersFor = (method: string): Record<string, string> => ({ ":method": "POST", ":path": `/etcdserverpb.${method}`, "content-type": "application/grpc", te: "trailers" });
  const call = async (method: string, message: Uint8Array): Promise<number> => {
    const { status, bytes, start } = await exchange(session, headersFor(method), framed(message));
    if (status !== 200) throw new Error(`etcd's ${method} answers ${status}: ${start}`);
    return bytes;
  };
  return {
    create: async (name, value) => void (await call("KV/Put", Buffer.concat([field(1, PREFIX + name), field(2, value)]))),
    get: async (name) => void (await call("KV/Range", field(1, PREFIX + name))),
    list: () => call("KV/Range", Buffer.concat([field(1, PREFIX), field(2, END)])),
    watch: (each) =>
      new Promise((resolve) => {
        const stream = session.request(headersFor("Watch/Watch"), { endStream: false });
        let on = false;
        follow(stream, (piece) => {
          // The first message says that the watch is created.
          if (on) return each(piece);
          on = true;
          resolve();
        });
        stream.write(framed(field(1, Buffer.concat([field(1, PREFIX), field(2, END)]))));
      }),
    close: () => session.destroy(),
  };
}

/** The first key after all with the prefix. */
const END = `${PREFIX.slice(0, -1)}0`;

/** One length-delimited field of a protocol buffer. */
function field(number: number, value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([Buffer.from([(number << 3) | 2]), varint(bytes.byteLength), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
  return Buffer.from([...bytes, value]);
}

/** A message as gRPC frames it: uncompressed, with its length. */
function framed(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.byteLength, 1);
  return Buffer.concat([head, message]);
}
