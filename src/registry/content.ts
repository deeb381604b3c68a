import { createReadStream } from "node:fs";
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { open, stat, truncate } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { join } from "node:path";
import { endDigest, startDigest } from "./digest.ts";
import type { Digest } from "./digest.ts";

/**
 * Bytes on disk: `blobs/<algorithm>/<2 hex>/<hex>` holds content by its digest, `uploads/<id>` what is
 * still arriving. A blob appears under its name by one rename after its bytes are on disk, so that a
 * crash leaves either a whole blob or an upload that may be resumed or dropped.
 */
export class ContentStore {
  readonly #root: string;

  constructor(directory: string) {
    this.#root = directory;
    mkdirSync(join(directory, "uploads"), { recursive: true });
    mkdirSync(join(directory, "blobs"), { recursive: true });
  }

  /** Size in bytes, or undefined when the blob is not here. */
  sizeOf(digest: Digest): number | undefined {
    return statSync(this.#blobPath(digest), { throwIfNoEntry: false })?.size;
  }

  /** The bytes from `start` to `end`, both inclusive; the whole blob without them. */
  read(digest: Digest, range?: { start: number; end: number }): AsyncIterable<Uint8Array> {
    return createReadStream(this.#blobPath(digest), range);
  }

  async startUpload(id: string): Promise<void> {
    await (await open(this.#uploadPath(id), "wx", 0o600)).close();
  }

  /** Bytes received so far; undefined when there is no such upload. */
  async uploadSize(id: string): Promise<number | undefined> {
    try {
      return (await stat(this.#uploadPath(id))).size;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  /** Adds bytes at the end and returns the upload's new size. Bytes that came before a broken connection stay. */
  async append(id: string, body: AsyncIterable<Uint8Array>): Promise<number> {
    const handle = await open(this.#uploadPath(id), "a");
    try {
      for await (const chunk of body) await handle.appendFile(chunk);
      return (await handle.stat()).size;
    } finally {
      await handle.close();
    }
  }

  /** Cuts an upload back to `sizeBytes`. */
  async truncateUpload(id: string, sizeBytes: number): Promise<void> {
    await truncate(this.#uploadPath(id), sizeBytes);
  }

  /** The digest of what an upload holds, by the given algorithm. */
  async uploadDigest(id: string, algorithm: string): Promise<string> {
    const hash = startDigest(algorithm);
    await pipeline(createReadStream(this.#uploadPath(id), { highWaterMark: 1 << 20 }), hash);
    return endDigest(hash, algorithm);
  }

  /** Brings an upload's bytes to disk, so that {@link commitUpload} may follow. */
  async syncUpload(id: string): Promise<void> {
    const handle = await open(this.#uploadPath(id), "r+");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  /**
   * Gives a verified and synced upload its name. Synchronous, so that its caller records the blob in
   * the same turn and garbage collection never sees one without the other.
   */
  commitUpload(id: string, digest: Digest): void {
    const target = this.#blobPath(digest);
    mkdirSync(join(target, ".."), { recursive: true });
    renameSync(this.#uploadPath(id), target);
  }

  /** Brings the directory entry of a committed blob to disk. */
  async syncBlobDirectory(digest: Digest): Promise<void> {
    const handle = await open(join(this.#blobPath(digest), ".."), "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  dropUpload(id: string): void {
    rmSync(this.#uploadPath(id), { force: true });
  }

  dropBlob(digest: Digest): void {
    rmSync(this.#blobPath(digest), { force: true });
  }

  uploads(): string[] {
    return readdirSync(join(this.#root, "uploads"));
  }

  /** Every blob's digest, as text. */
  blobs(): string[] {
    const found: string[] = [];
    for (const algorithm of readdirSync(join(this.#root, "blobs"))) {
      for (const prefix of readdirSync(join(this.#root, "blobs", algorithm))) {
        for (const hex of readdirSync(join(this.#root, "blobs", algorithm, prefix))) found.push(`${algorithm}:${hex}`);
      }
    }
    return found;
  }

  #blobPath(digest: Digest): string {
    return join(this.#root, "blobs", digest.algorithm, digest.hex.slice(0, 2), digest.hex);
  }

  #uploadPath(id: string): string {
    return join(this.#root, "uploads", id);
  }
}
