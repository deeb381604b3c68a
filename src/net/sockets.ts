/** How a virtual port is named in the file system, and where. */
import { createHash } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import type { Target } from "./route.ts";

// Within a pod this must not go through the agent's mounts.
const { existsSync, readlinkSync } = fs;

/**
 * The longest socket path: `sun_path` holds 104 bytes on macOS and 108 on Linux, one of which ends
 * the text.
 */
export const MAX_SOCKET_PATH_BYTES = 103;

/** The longest name below a socket directory: `10.244.255.255_65535l.4194304-99`. */
const LONGEST_NAME_BYTES = 32;

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

/** A place where a connection can be opened: a socket file, or the machine's own network. */
export type Place = { path: string; preamble: boolean } | { host: string; port: number };

/** A target, or a port of a pod's own loopback. */
export type LocalTarget = Target | { kind: "loopback"; ip: string; port: number };

/** Where a target can be reached now; undefined when nobody listens there. */
export function locate(socketDir: string, target: LocalTarget): Place | undefined {
  const { ip, port } = target;
  if (target.kind === "host") return { host: target.host, port: target.hostPort };
  if (target.kind === "outside") return { host: ip, port };
  if (target.kind === "loopback") {
    const path = `${socketDir}/${loopbackName(ip, port)}`;
    if (existsSync(path)) return { path, preamble: true };
  }
  const path = `${socketDir}/${socketName(ip, port)}`;
  if (existsSync(path)) return { path, preamble: true };
  const raw = `${socketDir}/${rawName(ip, port)}`;
  return existsSync(raw) ? { path: raw, preamble: false } : undefined;
}

/**
 * Whether a failure to connect to a socket means that its backlog is full, and so that it should be
 * tried again, as TCP would send its SYN again. Linux says EAGAIN; macOS refuses, so there a listener
 * that lives is taken for a busy one.
 */
export function isBusy(place: Place, code: string | undefined, platform: NodeJS.Platform = process.platform): boolean {
  if (!("path" in place)) return false;
  return code === "EAGAIN" || (platform === "darwin" && code === "ECONNREFUSED" && mayBeAlive(linkTarget(place.path)));
}

/** The process that a pod's socket belongs to stands in its link's text: `10.244.1.5_8080.<pid>[-<thread>]`. */
export function linkTarget(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}

/** Whether the process a link's text names may still run; a text of another form may belong to anyone, no text to no one. */
export function mayBeAlive(target: string | undefined): boolean {
  const match = target === undefined ? null : /\.(\d+)(?:-\d+)?$/.exec(target);
  if (!match) return target !== undefined;
  try {
    process.kill(Number(match[1]), 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Whether sockets with the longest names fit below this directory. */
export function fitsSockets(directory: string): boolean {
  return Buffer.byteLength(directory) + 1 + LONGEST_NAME_BYTES <= MAX_SOCKET_PATH_BYTES;
}

/**
 * The directory for a cluster's sockets: `run/net` below its data directory, or, when that path is too
 * long for a socket or pods run as other users than the cluster (`shared`), who can't enter it, a
 * directory of its own below `temporaryDirectory`, named by a hash of the data directory and the user,
 * so that the next start, and `down` and `reset`, find the same one. Throws when even that is too long.
 */
export function chooseSocketDirectory(dataDirectory: string, temporaryDirectory: string, userId: number, shared = false): string {
  const beside = join(dataDirectory, "run", "net");
  if (!shared && fitsSockets(beside)) return beside;
  const hash = createHash("sha256").update(`${userId}\0${dataDirectory}`).digest("hex").slice(0, 12);
  const short = join(temporaryDirectory, `tidepool-${hash}`);
  if (fitsSockets(short)) return short;
  throw new Error(`no directory is short enough for sockets: neither ${beside} nor ${short}; set TMPDIR to a shorter one`);
}
