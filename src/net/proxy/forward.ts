/** Layer 4 forwarding: bytes both ways, ends and errors as they came. */
import type net from "node:net";

/**
 * Joins two connected sockets; both must allow half-open. One side's end becomes the other's end
 * while the other direction goes on; one side's failure resets the other; a slow reader slows its
 * writer. Calls `done` once, when both are closed.
 *
 * A pod sees a client's failure as its end, since a Unix socket has no reset to tell them apart.
 */
export function forward(client: net.Socket, upstream: net.Socket, done?: () => void): void {
  let open = 2;
  const join = (from: net.Socket, to: net.Socket): void => {
    from.on("data", (chunk) => {
      if (!to.write(chunk)) from.pause();
    });
    to.on("drain", () => from.resume());
    from.on("end", () => to.end());
    from.on("error", () => reset(to));
    from.on("close", () => {
      // Closed without an end: the other side must not take what it has for the whole.
      if (!from.readableEnded) reset(to);
      if (--open === 0) done?.();
    });
  };
  join(client, upstream);
  join(upstream, client);
}

/** Ends a connection so that the peer notices a failure, not an orderly end. */
export function reset(socket: net.Socket): void {
  if (socket.destroyed) return;
  // Only TCP has a reset; a Unix socket is just closed.
  if (socket.remoteFamily) socket.resetAndDestroy();
  else socket.destroy();
}
