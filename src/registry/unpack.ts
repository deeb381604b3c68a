import { constants, createWriteStream } from "node:fs";
import { link, lstat, mkdir, open, readdir, readlink, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createTarDecoder } from "modern-tar";
import type { ParsedTarEntry } from "modern-tar";

/** Thrown for a layer that must not or cannot be unpacked; the message names the entry. */
export class LayerError extends Error {}

const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";
const MAX_LINKS = 40;

/**
 * Applies one layer, an uncompressed tar, on top of what `root` holds: adds and replaces files, and
 * removes what whiteouts name. Nothing outside `root` is touched: names that leave it are refused, and
 * symbolic links on the way are followed as if `root` were `/`. Owners and extended attributes are not
 * kept, since a container here is a process of the user who runs the cluster; set-user-id bits neither.
 * @see https://github.com/opencontainers/image-spec/blob/main/layer.md
 */
export async function applyLayer(root: string, tar: AsyncIterable<Uint8Array>): Promise<void> {
  /** Paths this very layer brought, which an opaque whiteout leaves alone. */
  const added = new Set<string>();
  const entries = (Readable.toWeb(Readable.from(tar)) as ReadableStream<Uint8Array>).pipeThrough(createTarDecoder({ strict: true }));
  for await (const entry of entries) {
    const parts = entryParts(entry.header.name);
    if (parts.length === 0) {
      await entry.body.cancel();
      continue;
    }
    const name = parts.at(-1)!;
    const parent = await makeParent(root, parts.slice(0, -1));
    if (name === OPAQUE) {
      await entry.body.cancel();
      await clearDirectory(parent, added);
    } else if (name.startsWith(WHITEOUT)) {
      await entry.body.cancel();
      const hidden = name.slice(WHITEOUT.length);
      if (hidden === "" || hidden === "." || hidden === "..") throw new LayerError(`invalid whiteout "${entry.header.name}"`);
      await rm(join(parent, hidden), { recursive: true, force: true });
    } else {
      const target = join(parent, name);
      await place(root, target, entry);
      for (let path = target; path.length > root.length; path = dirname(path)) added.add(path);
    }
  }
}

async function place(root: string, target: string, entry: ParsedTarEntry): Promise<void> {
  const { header } = entry;
  const existing = await lstat(target).catch(ignoreMissing);
  const isDirectory = header.type === "directory";
  if (existing && !(isDirectory && existing.isDirectory())) await rm(target, { recursive: true, force: true });
  const type: string = header.type ?? "file";
  switch (type) {
    case "directory": {
      if (!existing?.isDirectory()) await mkdir(target);
      await entry.body.cancel();
      // The owner must be able to remove it again, whatever the image says.
      return setMode(target, (header.mode ?? 0o755) | 0o700);
    }
    case "file": {
      // "wx": the name was just freed, so an existing file means someone else is at work here.
      await pipeline(Readable.fromWeb(entry.body as never), createWriteStream(target, { flags: "wx", mode: 0o600 }));
      return setMode(target, (header.mode ?? 0o644) | 0o400);
    }
    case "symlink":
      await entry.body.cancel();
      return symlink(header.linkname ?? "", target);
    case "link": {
      await entry.body.cancel();
      const parts = entryParts(header.linkname ?? "");
      const source = join(await resolveInside(root, parts.slice(0, -1)), parts.at(-1) ?? "");
      return link(source, target);
    }
    default:
      throw new LayerError(`unsupported entry "${header.name}": a ${type} cannot be made here`);
  }
}

/** The components of an entry's name. Refuses names that climb out of the root, as `../x` or `a/../../x` do. */
function entryParts(name: string): string[] {
  if (name.includes("\0")) throw new LayerError(`invalid name ${JSON.stringify(name)}`);
  const parts: string[] = [];
  for (const part of name.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) throw new LayerError(`path traversal refused: "${name}"`);
  }
  return parts;
}

/** The real directory for components below root, made where missing. */
async function makeParent(root: string, parts: string[]): Promise<string> {
  const directory = await resolveInside(root, parts);
  await mkdir(directory, { recursive: true });
  return directory;
}

/** Follows symbolic links as a process confined to `root` would; components that do not exist stay as they are. */
async function resolveInside(root: string, parts: string[]): Promise<string> {
  const pending = [...parts];
  const resolved: string[] = [];
  let links = 0;
  while (pending.length > 0) {
    const part = pending.shift()!;
    if (part === "" || part === ".") continue;
    if (part === "..") {
      resolved.pop();
      continue;
    }
    const path = join(root, ...resolved, part);
    const found = await lstat(path).catch(ignoreMissing);
    if (!found?.isSymbolicLink()) {
      resolved.push(part);
      continue;
    }
    if (++links > MAX_LINKS) throw new LayerError(`too many symbolic links at "${[...resolved, part].join("/")}"`);
    const destination = await readlink(path);
    if (destination.startsWith("/")) resolved.length = 0;
    pending.unshift(...destination.split("/"));
  }
  return join(root, ...resolved);
}

/** Removes what lower layers put into a directory. */
async function clearDirectory(directory: string, added: Set<string>): Promise<void> {
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    if (!added.has(path)) await rm(path, { recursive: true, force: true });
    else if ((await lstat(path)).isDirectory()) await clearDirectory(path, added);
  }
}

/** Sets permission bits without following a link that took the name meanwhile. */
async function setMode(path: string, mode: number): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    await handle.chmod(mode & 0o777);
  } finally {
    await handle.close();
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
  throw error;
}
