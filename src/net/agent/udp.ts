/**
 * UDP. The virtual network carries TCP alone, and says so: a datagram to an address of the cluster or
 * to the pod's loopback, and binding a port, fail with EPROTONOSUPPORT. Datagrams to the outside go
 * by the real network.
 */
import dgram from "node:dgram";
import dns from "node:dns";
import { isLoopback, isUnspecified } from "../ip.ts";
import type { SystemError } from "../errors.ts";
import { functionOf, replace, type AnyFunction } from "./patch.ts";
import type { Pod } from "./pod.ts";

type LookupCallback = (error: Error | null, address?: string, family?: number) => void;

export function patchUdp(pod: Pod): void {
  replace(dgram, "createSocket", (createSocket) => {
    return function (this: unknown, given: unknown, listener: unknown): unknown {
      const options = (typeof given === "string" ? { type: given } : given) as { lookup?: AnyFunction } | null;
      if (typeof options !== "object" || options === null) return createSocket.call(this, given, listener);
      const lookup = options.lookup ?? functionOf(dns, "lookup");
      // Every destination, be it an address, passes through the socket's lookup before it is sent to.
      const guarded = (host: string, family: unknown, callback: LookupCallback): void => {
        lookup(host, family, (error: Error | null, address?: string, found?: number) => {
          const refused = address !== undefined && (pod.isVirtual(address) || (isLoopback(address) && !isUnspecified(address)));
          callback(error ?? (refused ? notSupported("send", `to ${address}`) : null), address, found);
        });
      };
      return createSocket.call(this, { ...options, lookup: guarded }, listener);
    };
  });
  replace(dgram.Socket.prototype, "bind", (bind) => {
    return function (this: dgram.Socket, ...args: unknown[]): unknown {
      const port = typeof args[0] === "object" && args[0] !== null ? (args[0] as { port?: unknown }).port : args[0];
      if (typeof port === "function" || !Number(port)) return bind.apply(this, args);
      process.nextTick(() => this.emit("error", notSupported("bind", String(port))));
      return this;
    };
  });
}

function notSupported(syscall: string, what: string): SystemError {
  return Object.assign(new Error(`${syscall} EPROTONOSUPPORT: tidepool: the pod network carries no UDP (${what})`), { code: "EPROTONOSUPPORT", syscall });
}
