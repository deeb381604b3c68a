/** How a virtual port is named in the file system, and where. */
import { createHash } from "node:crypto";
import { join } from "node:path";

/**
 * The longest socket path: `sun_path` holds 104 bytes on macOS and 108 on Linux, one of which ends
 * the text.
 */
export const MAX_SOCKET_PATH_BYTES = 103;

/** The longest name below a socket directory: `10.244.255.255_65535.4194304-99`. */
const LONGEST_NAME_BYTES = 31;

/** The socket of a pod's port, reachable from everywhere. */
export function socketName(ip: string, port: number): string {
  return `${ip}_${port}`;
}

/** The socket of a server bound to a pod's loopback: only the pod's own processes look for it. */
export function loopbackName(ip: string, port: number): string {
  return `${ip}_${port}.lo`;
}

/** The socket of a native server, which gets no preamble. */
export function rawName(ip: string, port: number): string {
  return `${ip}_${port}.raw`;
}

/** The control socket, from which agents get the endpoint table. */
export const CONTROL_SOCKET = "net";

/** Whether sockets with the longest names fit below this directory. */
export function fitsSockets(directory: string): boolean {
  return Buffer.byteLength(directory) + 1 + LONGEST_NAME_BYTES <= MAX_SOCKET_PATH_BYTES;
}

/**
 * The directory for a cluster's sockets: `run` below its data directory, or, when that path is too
 * long for a socket, a directory of its own below `temporaryDirectory`, named by a hash of the data
 * directory and the user, so that the next start finds the same one. Throws when even that is too long.
 */
export function chooseSocketDirectory(dataDirectory: string, temporaryDirectory: string, userId: number): string {
  const beside = join(dataDirectory, "run");
  if (fitsSockets(beside)) return beside;
  const hash = createHash("sha256").update(`${userId}\0${dataDirectory}`).digest("hex").slice(0, 12);
  const short = join(temporaryDirectory, `tidepool-${hash}`);
  if (fitsSockets(short)) return short;
  throw new Error(`no directory is short enough for sockets: neither ${beside} nor ${short}; set TMPDIR to a shorter one`);
}
