/** One HTTP request over a connection that is there already: what the proxies of this server send on. */
import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import type { Duplex } from "node:stream";
import type { HttpRequest } from "#lib/http.ts";
import { serviceUnavailable } from "#api/errors.ts";

/** Headers that are about one connection, not about the message. */
const CONNECTION_HEADERS = ["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];
/** And those that are this server's business only. */
const OWN_HEADERS = ["authorization", "host", "content-length", "accept-encoding"];

/** A request's headers for the other end. */
export function forwardedHeaders(headers: HttpRequest["headers"]): OutgoingHttpHeaders {
  const forwarded = Object.entries(headers).filter(
    ([name, value]) => value !== undefined && !name.startsWith(":") && !CONNECTION_HEADERS.includes(name) && !OWN_HEADERS.includes(name),
  );
  return { ...Object.fromEntries(forwarded), host: headers["host"] ?? headers[":authority"] ?? "localhost" };
}

export interface Exchange {
  method: string;
  /** Path and query. */
  path: string;
  headers: OutgoingHttpHeaders;
  body?: HttpRequest["body"];
  signal?: AbortSignal | undefined;
}

/** Resolves when the answer begins; the connection ends with it. Rejects with a ServiceUnavailable. */
export function exchange({ method, path, headers, body, signal }: Exchange, connection: Duplex): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ method, path, headers: { ...headers, connection: "close" }, createConnection: () => connection, ...(signal ? { signal } : {}) });
    request.on("response", resolve);
    request.on("error", (error) => reject(serviceUnavailable(`error trying to reach service: ${error.message}`)));
    request.end(body);
  });
}

export function responseHeaders({ headers }: IncomingMessage): Record<string, string> {
  const kept = Object.entries(headers).filter(([name, value]) => value !== undefined && !CONNECTION_HEADERS.includes(name));
  return Object.fromEntries(kept.map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value!]));
}
