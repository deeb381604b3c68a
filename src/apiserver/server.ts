/**
 * The API server on the wire: HTTPS with HTTP/2 and HTTP/1.1 on one port, client certificates asked for
 * but not required.
 */
import { createHash } from "node:crypto";
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import type { Socket } from "node:net";
import type { Writable } from "node:stream";
import type { TLSSocket } from "node:tls";
import type { HttpRequest, HttpResponse } from "#lib/http.ts";
import { errorMessage, type Logger } from "#lib/log.ts";
import type { ApiServer } from "./apiserver.ts";
import { UNTRUSTED, type ClientCertificate } from "./authentication/authenticate.ts";
import { StatusError } from "#api/errors.ts";
import { errorResponse } from "./response.ts";
import { refuse } from "./streaming/refuse.ts";

/** Largest body accepted, as etcd's limit leaves it upstream. */
const MAX_BODY_BYTES = 3 * 1024 * 1024;

/** As Go's limit: long selectors stand in the URL. Typed loosely, since Node's types know the option for plain HTTP/1.1 servers only. */
const HTTP1_OPTIONS: object = { maxHeaderSize: 1024 * 1024 };

export interface ServeOptions {
  /** PEM: the serving key and its certificate chain. */
  key: string;
  cert: string;
  /** PEM: the authority of client certificates. */
  clientCa: string;
  host: string;
  /** 0 for any free one. */
  port: number;
  log: Logger;
}

export interface Served {
  port: number;
  /** `https://127.0.0.1:6443`. */
  url: string;
  /** Stops accepting and ends what is open. */
  close(): Promise<void>;
}

/** Listens; rejects when the port is taken. */
export function serve(api: ApiServer, options: ServeOptions): Promise<Served> {
  const { key, cert, clientCa, host, port, log } = options;
  const server = createSecureServer({
    key,
    cert,
    ca: clientCa,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: "TLSv1.2",
    allowHTTP1: true,
    ...HTTP1_OPTIONS,
    settings: { maxConcurrentStreams: 1000 },
    // Megabytes: room for the long lists that wait to be sent.
    maxSessionMemory: 256,
  });
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
  });
  server.on("secureConnection", (socket: TLSSocket) => socket.on("error", () => socket.destroy()));
  server.on("sessionError", (error: Error) => log.warn("an HTTP/2 session failed", { error: errorMessage(error) }));
  // Clients that don't trust our authority, or probe the port: their problem, told to them by TLS.
  server.on("tlsClientError", () => {});
  server.on("request", (request, response) => {
    void answer(api, request, response).catch((error: unknown) => {
      log.warn(`answering ${request.method} ${request.url} failed`, { error: errorMessage(error) });
      response.stream?.destroy();
      request.socket.destroy();
    });
  });
  server.on("upgrade", (request: Http2ServerRequest, socket: TLSSocket, head: Buffer) => {
    const http: HttpRequest = { method: request.method, url: request.url, headers: headersOf(request), remoteAddress: socket.remoteAddress };
    socket.on("error", () => socket.destroy());
    try {
      const user = api.authenticate(http, certificateOf(socket));
      api.upgrade({ request: http, socket, head }, user).catch((error: unknown) => {
        log.warn(`${http.url} failed`, { error: errorMessage(error) });
        socket.destroy();
      });
    } catch (error) {
      refuse(socket, error);
    }
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      const address = server.address() as { port: number };
      resolve({
        port: address.port,
        url: `https://${host.includes(":") ? `[${host}]` : host}:${address.port}`,
        close: () =>
          new Promise((done) => {
            server.close(() => done());
            for (const socket of sockets) socket.destroy();
          }),
      });
    });
  });
}

async function answer(api: ApiServer, incoming: Http2ServerRequest, outgoing: Http2ServerResponse): Promise<void> {
  const gone = new AbortController();
  outgoing.on("close", () => gone.abort(new Error("the client has gone")));
  let response: HttpResponse;
  try {
    const request: HttpRequest = { method: incoming.method, url: incoming.url, headers: headersOf(incoming), remoteAddress: incoming.socket.remoteAddress, signal: gone.signal };
    const user = api.authenticate(request, certificateOf(incoming.socket as TLSSocket, connectionOf(incoming)));
    request.body = await readBody(incoming);
    response = await api.handle(request, user);
  } catch (error) {
    response = errorResponse(error);
  }
  await send(response, outgoing, incoming.method === "HEAD", gone.signal);
}

async function send({ status, headers, body }: HttpResponse, outgoing: Http2ServerResponse, headOnly: boolean, gone: AbortSignal): Promise<void> {
  if (gone.aborted) return;
  if (typeof body === "string" || body instanceof Uint8Array) {
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    outgoing.writeHead(status, { ...headers, "content-length": String(bytes.byteLength) });
    outgoing.end(headOnly ? "" : bytes);
    return;
  }
  outgoing.writeHead(status, headers);
  // The client learns at once that its stream has begun, even before there is anything to send.
  (outgoing as { flushHeaders?: () => void }).flushHeaders?.();
  if (!headOnly) {
    for await (const chunk of body) {
      if (gone.aborted) break;
      if (!(outgoing as Writable).write(chunk)) await drained(outgoing, gone);
    }
  }
  outgoing.end();
}

function drained(outgoing: Http2ServerResponse, gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      outgoing.off("drain", done);
      gone.removeEventListener("abort", done);
      resolve();
    };
    outgoing.once("drain", done);
    gone.addEventListener("abort", done, { once: true });
    if (gone.aborted) done();
  });
}

function readBody(incoming: Http2ServerRequest): Promise<Buffer | undefined> {
  if (incoming.method === "GET" || incoming.method === "HEAD") return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    incoming.on("data", (chunk: Buffer) => {
      sizeBytes += chunk.byteLength;
      if (sizeBytes > MAX_BODY_BYTES) reject(new StatusError(413, "RequestEntityTooLarge", `Request entity too large: limit is ${MAX_BODY_BYTES}`));
      else chunks.push(chunk);
    });
    incoming.on("end", () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
    incoming.on("error", reject);
    incoming.on("aborted", () => reject(new Error("the client has gone")));
  });
}

function headersOf(incoming: Http2ServerRequest): HttpRequest["headers"] {
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(incoming.headers)) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  return headers;
}

/** What requests of one connection have in common: HTTP/2 makes a socket object for each of them. */
function connectionOf(incoming: Http2ServerRequest): object {
  const { stream } = incoming as { stream?: Http2ServerRequest["stream"] };
  return stream?.session ?? incoming.socket;
}

/** A connection's certificate doesn't change: read once. */
const certificates = new WeakMap<object, ReturnType<typeof readCertificate> | false>();

/** The client's certificate, and whether our authority signed it. */
function certificateOf(socket: TLSSocket, connection: object = socket): ReturnType<typeof readCertificate> {
  let known = certificates.get(connection);
  if (known === undefined) {
    known = readCertificate(socket) ?? false;
    certificates.set(connection, known);
  }
  return known === false ? undefined : known;
}

function readCertificate(socket: TLSSocket): ClientCertificate | typeof UNTRUSTED | undefined {
  const { subject, raw } = socket.getPeerCertificate();
  // Without a certificate this is an empty object.
  if ((raw as Buffer | undefined) === undefined) return undefined;
  if (!socket.authorized) return UNTRUSTED;
  if (!subject?.CN) return undefined;
  const organizations = subject.O;
  return {
    commonName: [subject.CN].flat()[0]!,
    organizations: organizations === undefined ? [] : [organizations].flat(),
    fingerprint: createHash("sha256").update(raw).digest("hex"),
  };
}
