/**
 * Volumes without a chroot: a container's mount paths are mapped to where their contents lie on the
 * host, in every path a program gives to node:fs. The longest matching mount wins. Programs that a
 * pod starts and that are not Node see the host's paths as they are.
 */
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Mount } from "./config.ts";

let mounts: Mount[] = [];

/** Sets the container's mounts, once, before anything is mapped. */
export function useMounts(given: Mount[]): void {
  mounts = given.map(({ path: at, hostPath }) => ({ path: trim(at), hostPath: trim(hostPath) })).sort((a, b) => b.path.length - a.path.length);
}

export function hasMounts(): boolean {
  return mounts.length > 0;
}

/**
 * The host's path for a path inside the container. Anything but a path below a mount is returned as
 * it is: the same value, not a copy.
 */
export function mapPath<T>(given: T): T | string {
  if (mounts.length === 0) return given;
  const text = asText(given);
  if (text === undefined || text.includes("\0")) return given;
  const full = normalize(text);
  // Paths that the host gave us (a real path, an open directory's) are where they should be already.
  if (mounts.some((mount) => isBelow(full, mount.hostPath) && mount.hostPath.length > mount.path.length)) return given;
  const mount = mounts.find((candidate) => isBelow(full, candidate.path));
  if (!mount) return given;
  const trailing = text.length > 1 && text.endsWith("/") ? "/" : "";
  return mount.hostPath + full.slice(mount.path === "/" ? 0 : mount.path.length) + trailing;
}

/** The path inside the container for one on the host: what realpath should say. */
export function unmapPath(hostPath: string): string {
  const mount = mounts.find((candidate) => isBelow(hostPath, candidate.hostPath));
  return mount ? mount.path + hostPath.slice(mount.hostPath.length) : hostPath;
}

/** A path that needs no more normalizing is most of them, and then this costs one look at the text. */
function normalize(text: string): string {
  const absolute = text.startsWith("/") ? text : path.resolve(text);
  const clean = /\/\.{0,2}(?:\/|$)/.test(absolute) ? path.resolve(absolute) : absolute;
  return clean;
}

function isBelow(text: string, directory: string): boolean {
  return text === directory || (text.startsWith(directory) && (directory === "/" || text[directory.length] === "/"));
}

function asText(given: unknown): string | undefined {
  if (typeof given === "string") return given;
  if (Buffer.isBuffer(given)) return given.toString();
  if (given instanceof URL && given.protocol === "file:") return fileURLToPath(given);
  return undefined;
}

function trim(text: string): string {
  return text.length > 1 ? text.replace(/\/+$/, "") : text;
}
