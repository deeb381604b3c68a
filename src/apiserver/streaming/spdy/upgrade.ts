/** The handshake that turns an HTTP/1.1 connection into a SPDY one. */
import type { Duplex } from "node:stream";
import type { HttpRequest } from "#lib/http.ts";
import { badRequest } from "#api/errors.ts";
import { chooseProtocol } from "../protocol.ts";

/** The subprotocol both sides speak. Throws BadRequest or Forbidden as upstream. */
export function negotiateSpdy({ headers }: HttpRequest, accepted: readonly string[]): string {
  if (headers["upgrade"]?.toLowerCase() !== "spdy/3.1") {
    throw badRequest(`unable to upgrade: missing upgrade headers in request: SPDY/3.1 or websocket expected, got "${headers["upgrade"] ?? ""}"`);
  }
  const offered = (headers["x-stream-protocol-version"] ?? "").split(",").map((name) => name.trim()).filter((name) => name !== "");
  return chooseProtocol(offered, accepted);
}

export function acceptSpdy(socket: Duplex, protocol: string): void {
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: SPDY/3.1\r\nConnection: Upgrade\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
  );
}
