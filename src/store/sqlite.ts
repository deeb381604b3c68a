/**
 * Keeps revisions in one SQLite file. Every batch is one transaction in the write-ahead log, synced to
 * disk before it is acknowledged (`synchronous=FULL`): an acknowledged write survives kill -9 and, as
 * far as the disk keeps its word, loss of power. With `durability: "process"` the sync is left to the
 * checkpoints: a write still survives kill -9, but the last seconds may be lost with the power.
 */
import { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import type { Driver, LogRecord } from "./driver.ts";
import { CorruptRecordError } from "./store.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS revisions (
    revision INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    deleted INTEGER NOT NULL,
    json TEXT NOT NULL,
    checksum INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL,
    compacted_revision INTEGER NOT NULL
  ) STRICT;
`;

/** Raised when the tables change; a file of another version is refused. */
const FORMAT = 1;

interface Row {
  revision: number;
  key: string;
  deleted: number;
  json: string;
  checksum: number;
}

export interface SqliteOptions {
  /** What an acknowledged write survives: `power` (default) loss of power, `process` only the process's death. */
  durability?: "power" | "process";
}

/** Opens or creates the file; throws when another process has it open. */
export function sqliteDriver(file: string, { durability = "power" }: SqliteOptions = {}): Driver {
  const db = new DatabaseSync(file);
  try {
    // Exclusive: one process owns the store, and SQLite needs no shared memory file.
    db.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;");
    db.exec(`PRAGMA synchronous = ${durability === "power" ? "FULL" : "NORMAL"};`);
    const { user_version: format } = db.prepare("PRAGMA user_version").get() as { user_version: number };
    if (format !== 0 && format !== FORMAT) throw new Error(`${file} has format ${format}; this version reads format ${FORMAT}`);
    db.exec(`BEGIN IMMEDIATE; ${SCHEMA} PRAGMA user_version = ${FORMAT}; COMMIT;`);
  } catch (error) {
    db.close();
    throw error;
  }
  const insert = db.prepare("INSERT INTO revisions (revision, key, deleted, json, checksum) VALUES (?, ?, ?, ?, ?)");
  const remove = db.prepare("DELETE FROM revisions WHERE revision = ?");
  const saveState = db.prepare(
    "INSERT INTO state VALUES (1, ?, ?) ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, compacted_revision = excluded.compacted_revision",
  );

  function transaction(work: () => void): void {
    db.exec("BEGIN IMMEDIATE");
    try {
      work();
      db.exec("COMMIT");
    } catch (error) {
      if (db.isTransaction) db.exec("ROLLBACK");
      throw error;
    }
  }

  return {
    load(each) {
      let revision = 0;
      for (const row of db.prepare("SELECT * FROM revisions ORDER BY revision").iterate() as Iterable<unknown>) {
        const { checksum, deleted, ...rest } = row as Row;
        const record: LogRecord = { ...rest, deleted: deleted === 1 };
        if (checksumOf(record) !== checksum) {
          throw new CorruptRecordError(`${file}: the record of revision ${record.revision} (${record.key}) is corrupt: its checksum does not match`);
        }
        revision = record.revision;
        each(record);
      }
      const saved = db.prepare("SELECT revision, compacted_revision AS compactedRevision FROM state").get() as
        | { revision: number; compactedRevision: number }
        | undefined;
      return { revision: Math.max(revision, saved?.revision ?? 0), compactedRevision: saved?.compactedRevision ?? 0 };
    },
    append(records) {
      transaction(() => {
        for (const record of records) {
          insert.run(record.revision, record.key, record.deleted ? 1 : 0, record.json, checksumOf(record));
        }
      });
    },
    forget(revisions, state) {
      transaction(() => {
        for (const revision of revisions) remove.run(revision);
        saveState.run(state.revision, state.compactedRevision);
      });
    },
    close() {
      db.close();
    },
  };
}

function checksumOf({ revision, key, deleted, json }: LogRecord): number {
  return crc32(json, crc32(`${revision} ${key} ${deleted}`));
}
