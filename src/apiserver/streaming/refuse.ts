import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { statusOf } from "../response.ts";

/** Answers a request for an upgrade with an error, in plain HTTP/1.1, and closes the connection. */
export function refuse(socket: Duplex, error: unknown): void {
  const status = statusOf(error);
  const body = JSON.stringify(status);
  socket.end(
    `HTTP/1.1 ${status.code} ${STATUS_CODES[status.code] ?? "Error"}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
