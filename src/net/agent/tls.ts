/**
 * tls.connect makes a socket of its own that is TCP for good. So inside the cluster it is given one
 * that already connects (connect.ts); TLS then runs natively on the Unix socket's handle.
 */
import net from "node:net";
import tls from "node:tls";
import { asPort, hasOwnLookup, normalizeConnect, type ConnectOptions } from "./connect.ts";
import { replace } from "./patch.ts";
import type { Pod } from "./pod.ts";

type TlsOptions = tls.ConnectionOptions & ConnectOptions & { signal?: AbortSignal };

export function patchTls(pod: Pod): void {
  replace(tls, "connect", (connect) => {
    return function (this: unknown, ...args: unknown[]): tls.TLSSocket {
      const [first, callback] = normalizeConnect(args);
      const extra = [args[1], args[2]].find((argument) => typeof argument === "object" && argument !== null);
      const options = { ...first, ...extra } as TlsOptions;
      const port = asPort(options.port);
      if (options.socket || options.path != null || port === undefined) return connect.apply(this, args) as tls.TLSSocket;
      const host = options.host || "localhost";
      if (!hasOwnLookup(options, host) && pod.decide(host, port)?.kind === "outside") return connect.apply(this, args) as tls.TLSSocket;
      const { allowHalfOpen, signal, lookup, family, hints, localAddress, localPort } = options;
      const socket = new net.Socket({ ...(allowHalfOpen ? { allowHalfOpen } : {}), ...(signal ? { signal } : {}) });
      socket.connect({ host, port, lookup, family, hints, localAddress, localPort } as net.TcpNetConnectOpts);
      const secured = connect.call(this, { ...options, socket }, ...(callback ? [callback] : [])) as tls.TLSSocket;
      if (options.timeout) secured.setTimeout(options.timeout);
      return secured;
    };
  });
}
