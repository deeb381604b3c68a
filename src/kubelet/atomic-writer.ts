/**
 * Writes a volume's files so that a reader sees all old ones or all new ones: real files in a
 * directory of their own, `..data` a link to it that is replaced by one rename, and each file a link
 * through `..data`.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/volume/util/atomic_writer.go
 */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import type { VolumeFiles } from "./volume-content.ts";

/** Brings the volume up to date; false when it already was. */
export function writeAtomically(directory: string, files: VolumeFiles): boolean {
  for (const path of files.keys()) {
    if (path === "" || path.startsWith("/") || normalize(path) !== path || path.split("/").includes("..") || path.startsWith("..")) {
      throw new Error(`invalid path: ${path}`);
    }
  }
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const link = join(directory, "..data");
  const old = readLink(link);
  if (old !== undefined && isSame(join(directory, old), files)) return false;

  const next = mkdtempSync(join(directory, "..data-"));
  for (const [path, { data, mode }] of files) {
    mkdirSync(dirname(join(next, path)), { recursive: true, mode: 0o700 });
    writeFileSync(join(next, path), data, { mode: 0o600 });
    // Apart, because the umask doesn't touch it here.
    chmodSync(join(next, path), mode);
  }
  symlinkSync(next.slice(directory.length + 1), `${link}_tmp`);
  renameSync(`${link}_tmp`, link);

  const visible = new Set([...files.keys()].map((path) => path.split("/", 1)[0]!));
  for (const entry of readdirSync(directory)) if (!entry.startsWith("..") && !visible.has(entry)) rmSync(join(directory, entry), { force: true });
  for (const name of visible) if (readLink(join(directory, name)) === undefined) symlinkSync(join("..data", name), join(directory, name));
  if (old !== undefined) rmSync(join(directory, old), { recursive: true, force: true });
  return true;
}

/** Whether the directory's files were written by {@link writeAtomically}. */
export function isAtomic(directory: string): boolean {
  return readLink(join(directory, "..data")) !== undefined;
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function isSame(directory: string, files: VolumeFiles): boolean {
  let count = 0;
  try {
    for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
      if (entry.isDirectory()) continue;
      count++;
      const file = join(entry.parentPath, entry.name);
      const wanted = files.get(file.slice(directory.length + 1));
      if (!wanted || !readFileSync(file).equals(wanted.data) || (statSync(file).mode & 0o777) !== wanted.mode) return false;
    }
  } catch {
    return false;
  }
  return count === files.size;
}
