/**
 * What a socket on the virtual network answers when asked for its ends. A Unix socket has no
 * addresses, so those of the preamble are kept beside it.
 */
import net from "node:net";
import type { SocketAddress } from "../preamble.ts";
import { replace } from "./patch.ts";

export const NAMES = Symbol("tidepool.names");

export interface Names {
  remote: SocketAddress;
  local: SocketAddress;
  family: "IPv4" | "IPv6";
}

export interface NamedSocket extends net.Socket {
  [NAMES]?: Names;
  /** The socket a TLSSocket wraps, or the stream adapter around it. */
  _parent?: NamedSocket & { stream?: NamedSocket };
}

export function patchNames(): void {
  replace(net.Socket.prototype, "_getpeername", (original) => {
    return function _getpeername(this: NamedSocket): object {
      const names = this.connecting ? undefined : namesOf(this);
      return names ? { address: names.remote.ip, port: names.remote.port, family: names.family } : (original.call(this) as object);
    };
  });
  replace(net.Socket.prototype, "_getsockname", (original) => {
    return function _getsockname(this: NamedSocket): object {
      const names = namesOf(this);
      return names ? { address: names.local.ip, port: names.local.port, family: names.family } : (original.call(this) as object);
    };
  });
}

function namesOf(socket: NamedSocket): Names | undefined {
  return socket[NAMES] ?? socket._parent?.[NAMES] ?? socket._parent?.stream?.[NAMES];
}
