/**
 * Keeps revisions in one SQLite file. Every batch is one transaction in the write-ahead log, synced to
 * disk before it is acknowledged: an acknowledged write survives kill -9 and, as far as the disk keeps
 * its word, loss of power. With `durability: "process"` the sync is left to the checkpoints: a write
 * still survives kill -9, but the last seconds may be lost with the power.
 *
 * SQLite's own sync of each commit (`synchronous=FULL`) would stop the process for as long as the disk
 * takes. `NORMAL` syncs only where the order of writes to log and database matters; the log is then synced
 * here, by a thread that may wait.
 *
 * What is read back is checked in full before any of it is served: each record against its checksum, the
 * records together against gaps (`checks.ts`), the end of the log against the last acknowledgement
 * (`mark.ts`).
 */
import { closeSync, existsSync, fdatasync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { LogCheck, NO_STATE, type LogSummary } from "./checks.ts";
import type { Driver, LogRecord, LogState } from "./driver.ts";
import { syncDirectory } from "./files.ts";
import { openMark } from "./mark.ts";
import { CorruptStoreError } from "./store.ts";

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
    compacted_revision INTEGER NOT NULL,
    records INTEGER NOT NULL,
    checksums INTEGER NOT NULL,
    checksum INTEGER NOT NULL
  ) STRICT;
`;

const syncData = promisify(fdatasync);

/** Raised when the tables change; a file of another version is refused. */
const FORMAT = 2;

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

/** Opens or creates the file, readable by its owner alone; throws when another process has it open. */
export function sqliteDriver(file: string, { durability = "power" }: SqliteOptions = {}): Driver {
  // Without the sync the log may be behind the mark after a loss of power, as is allowed there.
  const mark = durability === "power" ? openMark(file) : undefined;
  // Secrets are in it; SQLite gives its other files the same mode.
  if (!existsSync(file)) closeSync(openSync(file, "wx", 0o600));
  // SQLite would take an emptied file for a new one, and drop the log beside it.
  if (mark && mark.acknowledged > 0 && statSync(file).size === 0) {
    mark.close();
    new LogCheck(file, NO_STATE).end(mark.acknowledged);
  }
  const db = openDatabase(file);
  try {
    // A checkpoint stops the process while the disk works: every 32 MiB of log, not every 4, so that most moments have none.
    db.exec("PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 8000;");
    const { user_version: format } = db.prepare("PRAGMA user_version").get() as { user_version: number };
    if (format !== 0 && format !== FORMAT) throw new Error(`${file} has format ${format}; this version reads format ${FORMAT}`);
    if (format === 0) {
      db.exec(`BEGIN IMMEDIATE; ${SCHEMA} PRAGMA user_version = ${FORMAT}; COMMIT;`);
      syncDirectory(dirname(file));
    }
  } catch (error) {
    db.close();
    mark?.close();
    throw damageOf(file, error);
  }
  const insert = db.prepare("INSERT INTO revisions (revision, key, deleted, json, checksum) VALUES (?, ?, ?, ?, ?)");
  const summarize = db.prepare("SELECT count(*) AS records, coalesce(sum(checksum), 0) AS checksums FROM revisions WHERE revision > ? AND revision <= ?");
  const remove = db.prepare("DELETE FROM revisions WHERE revision = ? RETURNING checksum");
  const saveState = db.prepare("INSERT OR REPLACE INTO state VALUES (1, ?, ?, ?, ?, ?)");
  /** The write-ahead log, which stays the same file until it is closed. */
  let log: number | undefined;
  /** Why nothing is written any more. */
  let failure: unknown;
  /** Of the compacted part; the rest has no gaps. */
  let compacted = NO_STATE;

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

  async function sync(revision: number): Promise<void> {
    try {
      log ??= openSync(`${file}-wal`, "r+");
      await syncData(log);
    } catch (error) {
      // What is on disk now is unknown, and a later sync that succeeds would not tell: only a new start reads it.
      failure = error;
      throw error;
    }
    mark?.raise(revision);
  }

  return {
    load(each) {
      let check: LogCheck | undefined;
      try {
        check = new LogCheck(file, readState(db, file));
        for (const { record, checksum, matches } of readRecords(db)) {
          check.record(record, checksum, matches);
          each(record);
        }
        compacted = check.end(mark?.acknowledged ?? 0);
        // What no record shows: damage to free pages, which would spread with the next writes.
        const { quick_check: structure } = db.prepare("PRAGMA quick_check(1)").get() as { quick_check: string };
        if (structure !== "ok") throw new CorruptStoreError(file, { what: `all records are sound, but the file is damaged (${structure})` });
      } catch (error) {
        throw damageOf(file, error, check?.soundUpTo);
      }
      return { revision: compacted.revision, compactedRevision: compacted.compactedRevision };
    },
    append(records) {
      if (failure) throw failure;
      transaction(() => {
        for (const record of records) {
          insert.run(record.revision, record.key, record.deleted ? 1 : 0, record.json, checksumOf(record));
        }
      });
      return durability === "power" ? sync(records.at(-1)!.revision) : undefined;
    },
    forget(revisions, state) {
      let next = compacted;
      transaction(() => {
        const added = summarize.get(compacted.compactedRevision, state.compactedRevision) as unknown as LogSummary;
        let { records, checksums } = compacted;
        records += added.records;
        checksums += added.checksums;
        for (const revision of revisions) {
          records--;
          checksums -= (remove.get(revision) as unknown as { checksum: number }).checksum;
        }
        next = { ...state, records, checksums };
        saveState.run(next.revision, next.compactedRevision, records, checksums, stateChecksum(next));
      });
      compacted = next;
    },
    close() {
      if (log !== undefined) closeSync(log);
      db.close();
      mark?.close();
    },
  };
}

/** Throws a CorruptStoreError when it isn't a database. */
export function openDatabase(file: string): DatabaseSync {
  const db = new DatabaseSync(file);
  try {
    // Exclusive: one process owns the store, and SQLite needs no shared memory file.
    db.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;");
    return db;
  } catch (error) {
    db.close();
    throw damageOf(file, error);
  }
}

interface ReadRecord {
  record: LogRecord;
  checksum: number;
  /** Whether the record is what its checksum was made of. */
  matches: boolean;
}

/** All records in the order of revisions, or backwards. Throws where the file can't be read any further. */
export function* readRecords(db: DatabaseSync, order: "ASC" | "DESC" = "ASC"): Generator<ReadRecord> {
  for (const row of db.prepare(`SELECT revision, key, deleted, json, checksum FROM revisions ORDER BY revision ${order}`).iterate() as Iterable<unknown>) {
    const { revision, key, deleted, json, checksum } = row as Row;
    const record = { revision, key, deleted: deleted === 1, json };
    // In a damaged page a column may be anything, whatever the schema says.
    const matches = typeof key === "string" && typeof json === "string" && checksumOf(record) === checksum;
    yield { record, checksum, matches };
  }
}

/** What the last compaction noted. Throws a CorruptStoreError. */
export function readState(db: DatabaseSync, file: string): LogState & LogSummary {
  const row = db.prepare("SELECT revision, compacted_revision AS compactedRevision, records, checksums, checksum FROM state").get() as
    | (LogState & LogSummary & { checksum: number })
    | undefined;
  if (!row) return NO_STATE;
  const { checksum, ...state } = row;
  if (stateChecksum(state) !== checksum) throw new CorruptStoreError(file, { what: "the record of the compaction is corrupt: its checksum does not match" });
  return state;
}

/** SQLITE_ERROR (a schema that makes no sense), SQLITE_CORRUPT, SQLITE_NOTADB. */
const DAMAGED = [1, 11, 26];
/** SQLITE_IOERR_SHORT_READ: the file ends within a page. */
const SHORT_READ = 522;

/** What SQLite says of a file that it can't read, as ours; other errors as they are. */
function damageOf(file: string, error: unknown, soundUpTo?: number): unknown {
  const { code, errcode, message } = error as { code?: string; errcode?: number; message?: string };
  // The low byte is the primary code.
  const damaged = errcode !== undefined && (errcode === SHORT_READ || DAMAGED.includes(errcode & 0xff));
  // No number that we write is too large for JavaScript.
  if (!damaged && code !== "ERR_OUT_OF_RANGE") return error;
  const where = soundUpTo === undefined ? "" : `; the records up to revision ${soundUpTo} are sound`;
  return new CorruptStoreError(file, { revision: soundUpTo === undefined ? undefined : soundUpTo + 1, what: `the file is damaged (${message})${where}` });
}

function checksumOf({ revision, key, deleted, json }: LogRecord): number {
  return crc32(json, crc32(`${revision} ${key} ${deleted}`));
}

function stateChecksum({ revision, compactedRevision, records, checksums }: LogState & LogSummary): number {
  return crc32(`${revision} ${compactedRevision} ${records} ${checksums}`);
}
