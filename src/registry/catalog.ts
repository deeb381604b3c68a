import { DatabaseSync } from "node:sqlite";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { Descriptor } from "./manifest.ts";

export interface StoredManifest {
  digest: string;
  mediaType: string;
  content: Uint8Array;
}

export interface NewManifest extends StoredManifest {
  /** Digests the manifest needs, see referencedDigests. */
  references: string[];
  subject?: string | undefined;
  artifactType?: string | undefined;
  annotations?: Record<string, string> | undefined;
}

/**
 * Which repository holds which blobs, manifests and tags: SQLite with a durable commit per change, so
 * that a push is either recorded whole or not at all. Lists come in ASCII order, as the spec asks.
 */
export class Catalog {
  readonly #db: DatabaseSync;

  constructor(file: string) {
    mkdirSync(dirname(file), { recursive: true });
    this.#db = new DatabaseSync(file);
    this.#db.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS uploads (id TEXT PRIMARY KEY, repository TEXT NOT NULL, started_ms INTEGER NOT NULL) STRICT;
      CREATE TABLE IF NOT EXISTS blobs (
        repository TEXT NOT NULL, digest TEXT NOT NULL, used_ms INTEGER NOT NULL, PRIMARY KEY (repository, digest)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS blobs_digest ON blobs (digest);
      CREATE TABLE IF NOT EXISTS manifests (
        repository TEXT NOT NULL, digest TEXT NOT NULL, media_type TEXT NOT NULL, content BLOB NOT NULL,
        subject TEXT, artifact_type TEXT, annotations TEXT, PRIMARY KEY (repository, digest)
      ) STRICT;
      CREATE INDEX IF NOT EXISTS manifests_subject ON manifests (repository, subject) WHERE subject IS NOT NULL;
      CREATE TABLE IF NOT EXISTS manifest_references (
        repository TEXT NOT NULL, manifest TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (repository, digest, manifest)
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS tags (
        repository TEXT NOT NULL, tag TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (repository, tag)
      ) STRICT, WITHOUT ROWID;
    `);
  }

  close(): void {
    this.#db.close();
  }

  addUpload(id: string, repository: string, startedMs: number): void {
    this.#run("INSERT INTO uploads VALUES (?, ?, ?)", id, repository, startedMs);
  }

  hasUpload(id: string, repository: string): boolean {
    return this.#get("SELECT 1 FROM uploads WHERE id = ? AND repository = ?", id, repository) !== undefined;
  }

  removeUpload(id: string): void {
    this.#run("DELETE FROM uploads WHERE id = ?", id);
  }

  /** Uploads begun at or after `sinceMs`. */
  uploadsSince(sinceMs: number): Set<string> {
    return new Set(this.#all("SELECT id FROM uploads WHERE started_ms >= ?", sinceMs).map((row) => row["id"] as string));
  }

  /** Records that a repository has a blob and that someone counted on it at `usedMs`. */
  linkBlob(repository: string, digest: string, usedMs: number): void {
    this.#run("INSERT INTO blobs VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET used_ms = excluded.used_ms", repository, digest, usedMs);
  }

  hasBlob(repository: string, digest: string): boolean {
    return this.#get("SELECT 1 FROM blobs WHERE repository = ? AND digest = ?", repository, digest) !== undefined;
  }

  unlinkBlob(repository: string, digest: string): boolean {
    return this.#run("DELETE FROM blobs WHERE repository = ? AND digest = ?", repository, digest) > 0;
  }

  /** Whether any repository has the blob. */
  isBlobLinked(digest: string): boolean {
    return this.#get("SELECT 1 FROM blobs WHERE digest = ?", digest) !== undefined;
  }

  /** Forgets blobs no manifest of their repository needs, unless someone counted on them at or after `sinceMs`. Returns how many. */
  unlinkUnreferencedBlobs(sinceMs: number): number {
    return this.#run(
      `DELETE FROM blobs WHERE used_ms < ? AND NOT EXISTS (
         SELECT 1 FROM manifest_references r WHERE r.repository = blobs.repository AND r.digest = blobs.digest)`,
      sinceMs,
    );
  }

  putManifest(repository: string, manifest: NewManifest, tags: string[]): void {
    this.#transaction(() => {
      this.#run(
        "INSERT OR REPLACE INTO manifests VALUES (?, ?, ?, ?, ?, ?, ?)",
        repository, manifest.digest, manifest.mediaType, manifest.content,
        manifest.subject ?? null, manifest.artifactType ?? null, manifest.annotations ? JSON.stringify(manifest.annotations) : null,
      );
      for (const digest of manifest.references) {
        this.#run("INSERT OR IGNORE INTO manifest_references VALUES (?, ?, ?)", repository, manifest.digest, digest);
      }
      for (const tag of tags) {
        this.#run("INSERT INTO tags VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET digest = excluded.digest", repository, tag, manifest.digest);
      }
    });
  }

  hasManifest(repository: string, digest: string): boolean {
    return this.#get("SELECT 1 FROM manifests WHERE repository = ? AND digest = ?", repository, digest) !== undefined;
  }

  /** A manifest by tag or digest. */
  manifest(repository: string, reference: { tag: string } | { digest: string }): StoredManifest | undefined {
    const row =
      "tag" in reference
        ? this.#get(
            `SELECT m.digest, m.media_type, m.content FROM tags t JOIN manifests m ON m.repository = t.repository AND m.digest = t.digest
             WHERE t.repository = ? AND t.tag = ?`,
            repository, reference.tag,
          )
        : this.#get("SELECT digest, media_type, content FROM manifests WHERE repository = ? AND digest = ?", repository, reference.digest);
    return row && { digest: row["digest"] as string, mediaType: row["media_type"] as string, content: row["content"] as Uint8Array };
  }

  deleteTag(repository: string, tag: string): boolean {
    return this.#run("DELETE FROM tags WHERE repository = ? AND tag = ?", repository, tag) > 0;
  }

  /** Removes a manifest and the tags that point to it. */
  deleteManifest(repository: string, digest: string): boolean {
    return this.#transaction(() => {
      this.#run("DELETE FROM tags WHERE repository = ? AND digest = ?", repository, digest);
      this.#run("DELETE FROM manifest_references WHERE repository = ? AND manifest = ?", repository, digest);
      return this.#run("DELETE FROM manifests WHERE repository = ? AND digest = ?", repository, digest) > 0;
    });
  }

  hasRepository(repository: string): boolean {
    return (
      this.#get("SELECT 1 FROM manifests WHERE repository = ? UNION ALL SELECT 1 FROM blobs WHERE repository = ? LIMIT 1", repository, repository) !==
      undefined
    );
  }

  /** Tags after `last`, at most `limit` of them (-1: all). */
  tags(repository: string, last: string, limit: number): string[] {
    return this.#all("SELECT tag FROM tags WHERE repository = ? AND tag > ? ORDER BY tag LIMIT ?", repository, last, limit).map(
      (row) => row["tag"] as string,
    );
  }

  /** Repositories with at least one manifest, after `last`, at most `limit` of them (-1: all). */
  repositories(last: string, limit: number): string[] {
    return this.#all("SELECT DISTINCT repository FROM manifests WHERE repository > ? ORDER BY repository LIMIT ?", last, limit).map(
      (row) => row["repository"] as string,
    );
  }

  /** Descriptors of the manifests whose subject is `subject`. */
  referrers(repository: string, subject: string): Descriptor[] {
    return this.#all(
      "SELECT digest, media_type, length(content) AS size, artifact_type, annotations FROM manifests WHERE repository = ? AND subject = ? ORDER BY digest",
      repository, subject,
    ).map((row) => ({
      mediaType: row["media_type"] as string,
      digest: row["digest"] as string,
      size: row["size"] as number,
      ...(row["artifact_type"] !== null && { artifactType: row["artifact_type"] as string }),
      ...(row["annotations"] !== null && { annotations: JSON.parse(row["annotations"] as string) as Record<string, string> }),
    }));
  }

  #transaction<T>(work: () => T): T {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.#db.exec("COMMIT");
      return result;
    } catch (error) {
      this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  #run(sql: string, ...values: (string | number | null | Uint8Array)[]): number {
    return Number(this.#db.prepare(sql).run(...values).changes);
  }

  #get(sql: string, ...values: (string | number)[]): Record<string, unknown> | undefined {
    return this.#db.prepare(sql).get(...values);
  }

  #all(sql: string, ...values: (string | number)[]): Record<string, unknown>[] {
    return this.#db.prepare(sql).all(...values);
  }
}
