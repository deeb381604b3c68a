/**
 * Volumes without a chroot: a container's mount paths are mapped to where their contents lie on the
 * host, in every path a program gives to node:fs. The longest matching mount wins. Programs that a
 * pod starts and that are not Node see the host's paths as they are.
 */
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Mount } from "./config.ts";

// Unpatched: these are the host's paths.
const { realpathSync } = fs;

let mounts: Mount[] = [];
/** The mounts, and the host's own directories, which stand for themselves: longest first. */
let rules: Mount[] = [];

/**
 * Sets the container's mounts, once, before anything is mapped. Paths below `hostDirectories` and
 * below the mounts' host paths are the host's already (a module's __dirname, a real path): a mount
 * of /tmp leaves them alone even when they lie in the host's /tmp.
 */
export function useMounts(given: Mount[], hostDirectories: string[]): void {
  mounts = given.map(({ path: at, hostPath }) => ({ path: trim(at), hostPath: trim(hostPath) })).filter(({ path: at, hostPath }) => at !== hostPath);
  const themselves = [...hostDirectories.map(trim), ...mounts.map(({ hostPath }) => hostPath)].map((at) => ({ path: at, hostPath: at }));
  // The sort is stable: between equals the mount wins.
  rules = [...mounts, ...themselves].sort((a, b) => b.path.length - a.path.length);
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
  const rule = rules.find((candidate) => isBelow(full, candidate.path));
  if (!rule || rule.path === rule.hostPath) return given;
  const trailing = text.length > 1 && text.endsWith("/") ? "/" : "";
  return rule.hostPath + full.slice(rule.path === "/" ? 0 : rule.path.length) + trailing;
}

/** The path inside the container for one on the host: what realpath should say. */
export function unmapPath(hostPath: string): string {
  // The host's way to a volume may go through links of its own (macOS' /tmp).
  real ??= mounts.flatMap((mount) => [mount, { path: mount.path, hostPath: realPath(mount.hostPath) }]);
  const mount = real.find((candidate) => isBelow(hostPath, candidate.hostPath));
  return mount ? mount.path + hostPath.slice(mount.hostPath.length) : hostPath;
}

/** The mounts, each also with its host path's real path; looked up when first needed. */
let real: Mount[] | undefined;

function realPath(hostPath: string): string {
  try {
    return realpathSync(hostPath);
  } catch {
    return hostPath;
  }
}

/** A path that needs no more normalizing is most of them, and then this costs one look at the text. */
function normalize(text: string): string {
  const absolute = text.startsWith("/") ? text : path.resolve(text);
  return /\/\.{0,2}(?:\/|$)/.test(absolute) ? path.resolve(absolute) : absolute;
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
