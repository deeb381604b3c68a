/** Errors as Node itself would make them, so that programs that look at code, errno or message find what they expect. */
import os from "node:os";

export interface SystemError extends Error {
  errno?: number;
  code?: string;
  syscall?: string;
  address?: string;
  port?: number;
  hostname?: string;
  path?: string;
  dest?: string;
}

/** What uv_strerror says of the codes we make ourselves. */
const TEXT: Record<string, string> = {
  EADDRINUSE: "address already in use",
  EADDRNOTAVAIL: "address not available",
};

/** `connect ECONNREFUSED 10.96.0.1:443`: Node's ExceptionWithHostPort. */
export function connectError(code: string, address: string, port: number): SystemError {
  return Object.assign(new Error(`connect ${code} ${address}:${port}`), { errno: errno(code), code, syscall: "connect", address, port });
}

/** `listen EADDRINUSE: address already in use :::8080`: Node's UVExceptionWithHostPort. */
export function listenError(code: string, address: string, port: number): SystemError {
  return Object.assign(new Error(`listen ${code}: ${TEXT[code]} ${address}:${port}`), { code, errno: errno(code), syscall: "listen", address, port });
}

/** `getaddrinfo ENOTFOUND name`: Node's DNSException. */
export function lookupError(code: "ENOTFOUND" | "EAI_AGAIN", hostname: string): SystemError {
  const number = code === "ENOTFOUND" ? -3008 : -3001;
  return Object.assign(new Error(`getaddrinfo ${code} ${hostname}`), { errno: number, code, syscall: "getaddrinfo", hostname });
}

/** `queryA ENOTFOUND name`, as c-ares' answers are reported. */
export function queryError(code: "ENOTFOUND" | "ENODATA" | "ETIMEOUT", syscall: string, hostname: string): SystemError {
  return Object.assign(new Error(`${syscall} ${code} ${hostname}`), { errno: undefined, code, syscall, hostname } as Partial<SystemError>);
}

/** Refuses by name what a pod on the virtual network can't do. */
export function unsupported(what: string): SystemError {
  return Object.assign(new Error(`tidepool: ${what}`), { code: "ERR_TIDEPOOL_UNSUPPORTED" });
}

function errno(code: string): number {
  return -(os.constants.errno as unknown as Record<string, number>)[code]!;
}
