import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOf } from "../digest.ts";
import type { PackedImage } from "../push.ts";
import { listFiles } from "./bundle.ts";
import type { ImageFolder } from "./folder.ts";

/** A folder's packed images by version. */
export type PackedVersions = Map<string, PackedImage>;

interface CacheRecord {
  /** What besides the inputs decides the result. */
  key: string;
  /** Path -> digest of every file the images were made from. */
  inputs: Record<string, string>;
  versions: { version: string; mediaType: string; manifest: string; blobs: string[] }[];
}

/**
 * Packed images kept by the content they were made from. A record counts only when every input still
 * has the very bytes it had; a new asset counts as a change. What no record can see is a file that would
 * now be found before another (a module put where an import looks first): the package lists and
 * tsconfig files that steer it are part of the key.
 */
export class BuildCache {
  readonly #directory: string;
  /** One read per file and build, however many folders share it. */
  readonly #digests = new Map<string, Promise<string | undefined>>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  async find(folder: ImageFolder, key: string): Promise<PackedVersions | undefined> {
    try {
      const record = JSON.parse(await readFile(this.#recordPath(folder), "utf8")) as CacheRecord;
      if (record.key !== key) return undefined;
      const inputs = Object.entries(record.inputs);
      const current = await Promise.all(inputs.map(([path]) => this.#digest(path)));
      if (inputs.some(([, digest], index) => digest !== current[index])) return undefined;
      const assets = await Promise.all(Object.keys(folder.assets).map((from) => listFiles(join(folder.directory, from))));
      if (assets.flat().some((path) => !(path in record.inputs))) return undefined;
      return new Map(await Promise.all(record.versions.map(async (stored) => [stored.version, await this.#load(stored)] as const)));
    } catch {
      // No record, or one that a crash or another version of this code left: build again.
      return undefined;
    }
  }

  async save(folder: ImageFolder, key: string, inputs: string[], versions: PackedVersions): Promise<void> {
    await mkdir(join(this.#directory, "blobs"), { recursive: true });
    const digests: Record<string, string> = {};
    await Promise.all(
      inputs.map(async (path) => {
        const digest = await this.#digest(path);
        if (digest) digests[path] = digest;
      }),
    );
    const record: CacheRecord = { key, inputs: digests, versions: [] };
    for (const [version, image] of versions) {
      record.versions.push({ version, mediaType: image.mediaType, manifest: Buffer.from(image.manifest).toString("base64"), blobs: [...image.blobs.keys()] });
      for (const [digest, content] of image.blobs) await replaceFile(this.#blobPath(digest), content);
    }
    await replaceFile(this.#recordPath(folder), JSON.stringify(record));
  }

  /** Removes blobs that no record names. */
  async prune(): Promise<void> {
    const names = await readdir(this.#directory).catch(() => []);
    const used = new Set<string>();
    for (const name of names.filter((file) => file.endsWith(".json"))) {
      const record = JSON.parse(await readFile(join(this.#directory, name), "utf8")) as CacheRecord;
      for (const version of record.versions) for (const digest of version.blobs) used.add(digest.replace(":", "-"));
    }
    const blobs = await readdir(join(this.#directory, "blobs")).catch(() => []);
    await Promise.all(blobs.filter((name) => !used.has(name)).map((name) => rm(join(this.#directory, "blobs", name), { force: true })));
  }

  async #load(stored: CacheRecord["versions"][number]): Promise<PackedImage> {
    const manifest = Buffer.from(stored.manifest, "base64");
    const blobs = await Promise.all(
      stored.blobs.map(async (digest): Promise<[string, Uint8Array]> => {
        const content = await readFile(this.#blobPath(digest));
        if (digestOf(content) !== digest) throw new Error(`damaged blob ${digest}`);
        return [digest, content];
      }),
    );
    return { mediaType: stored.mediaType, manifest, digest: digestOf(manifest), blobs: new Map(blobs) };
  }

  #digest(path: string): Promise<string | undefined> {
    let digest = this.#digests.get(path);
    if (!digest) {
      digest = readFile(path).then(
        (content) => createHash("sha256").update(content).digest("base64"),
        () => undefined,
      );
      this.#digests.set(path, digest);
    }
    return digest;
  }

  #recordPath(folder: ImageFolder): string {
    return join(this.#directory, `${folder.image.replaceAll("/", "_")}.json`);
  }

  #blobPath(digest: string): string {
    return join(this.#directory, "blobs", digest.replace(":", "-"));
  }
}

/** Never half a file under its name, also when two builds write it at once. */
async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}.new`;
  await writeFile(temporary, content);
  await rename(temporary, path);
}
