/**
 * Paths as a container names them, on a host without a root directory of its own for each container.
 * Mounts come first, then the unpacked image, then the host itself (`/bin/sh`, `/etc/resolv.conf`).
 */
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { isAbsolute, join, resolve, sep } from "node:path";
import type { Mount } from "./runtime.ts";

export interface ContainerPaths {
  root: string;
  cwd: string;
  mounts: Mount[];
}

/** The host path of a mounted path, by the longest matching mount. */
export function mountedPath(path: string, mounts: Mount[]): string | undefined {
  const wanted = resolve(path);
  let best: Mount | undefined;
  for (const mount of mounts) {
    const inside = wanted === mount.path || wanted.startsWith(mount.path.endsWith(sep) ? mount.path : mount.path + sep);
    if (inside && (!best || mount.path.length > best.path.length)) best = mount;
  }
  return best && join(best.hostPath, wanted.slice(best.path.length));
}

/** The host path of something that exists in the container's mounts or image; undefined for anything else. */
export function existingPath(path: string, { root, mounts }: ContainerPaths): string | undefined {
  const mounted = mountedPath(path, mounts);
  if (mounted !== undefined) return existsSync(mounted) ? mounted : undefined;
  const inImage = join(root, resolve(path));
  return path !== "/" && existsSync(inImage) ? inImage : undefined;
}

/** The host path for something that is to be read or written: in a mount, in the image, or relative to the working directory. */
export function containerPath(path: string, paths: ContainerPaths): string {
  if (!isAbsolute(path)) return resolve(paths.cwd, path);
  return mountedPath(path, paths.mounts) ?? join(paths.root, resolve(path));
}

/** Arguments with absolute paths of existing things replaced by their host paths. */
export function translateArguments(argv: string[], paths: ContainerPaths): string[] {
  return argv.map((argument) => (isAbsolute(argument) ? (existingPath(argument, paths) ?? argument) : argument));
}

/** The program to run for a command's first word. Throws in the words of runc when there is none. */
export function findExecutable(name: string, path: string | undefined, paths: ContainerPaths): string {
  const refuse = (why: string): never => {
    throw new Error(`exec: "${name}": ${why}`);
  };
  if (name.includes("/")) {
    const file = isAbsolute(name) ? (existingPath(name, paths) ?? name) : resolve(paths.cwd, name);
    if (!existsSync(file)) refuse(`stat ${name}: no such file or directory`);
    return isExecutable(file) ? file : refuse("permission denied");
  }
  for (const directory of (path ?? "").split(":")) {
    if (directory === "") continue;
    for (const candidate of [join(paths.root, directory, name), join(directory, name)]) if (isExecutable(candidate)) return candidate;
  }
  return refuse("executable file not found in $PATH");
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
