/** What can still be read of a damaged store: for an operator who has no backup, or an old one. */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { LogRecord } from "./driver.ts";
import { openMark } from "./mark.ts";
import { openDatabase, readRecords, readState } from "./sqlite.ts";
import { CorruptStoreError, type SnapshotView } from "./store.ts";

export interface Salvaged {
  /** The current versions among what could be read. */
  view: SnapshotView;
  /** What could not, each in a sentence. */
  lost: string[];
}

/**
 * Reads a copy of the file, so that the damaged one stays as it is for whoever wants to look at it. A
 * record that is lost is a write that never was: its key has the version before, or none. Throws a
 * CorruptStoreError when nothing can be read.
 */
export function salvage(file: string): Salvaged {
  const copies = mkdtempSync(join(dirname(file), "salvage-"));
  try {
    const copy = join(copies, "store.db");
    for (const suffix of ["", "-wal"]) if (existsSync(file + suffix)) copyFileSync(file + suffix, copy + suffix);
    const mark = openMark(file);
    mark.close();
    const db = openDatabase(copy);
    try {
      return salvageFrom(db, file, mark.acknowledged);
    } finally {
      db.close();
    }
  } finally {
    rmSync(copies, { recursive: true });
  }
}

function salvageFrom(db: DatabaseSync, file: string, acknowledged: number): Salvaged {
  const lost: string[] = [];
  const readable = new Map<number, LogRecord>();
  const unreadable = new Set<number>();
  /** Takes what can be read in one direction; whether that was all. */
  const read = (order: "ASC" | "DESC"): boolean => {
    try {
      for (const { record, matches } of readRecords(db, order)) {
        if (readable.has(record.revision)) continue;
        if (matches) readable.set(record.revision, record);
        else if (!unreadable.has(record.revision)) {
          unreadable.add(record.revision);
          lost.push(`the record of revision ${record.revision} (${record.key}): its checksum does not match`);
        }
      }
      return true;
    } catch (error) {
      if (order === "ASC") lost.push(`records in a part of the file that can't be read: ${(error as Error).message}`);
      return false;
    }
  };
  // Around a damaged page there may be sound ones on both sides.
  if (!read("ASC")) read("DESC");
  const { revision, compactedRevision } = stateOf(db, file, lost);
  const records = [...readable.values()].sort((a, b) => a.revision - b.revision);
  const last = Math.max(revision, acknowledged, records.at(-1)?.revision ?? 0);
  for (let expected = compactedRevision + 1; expected <= last; expected++) {
    const from = expected;
    while (expected <= last && !readable.has(expected) && !unreadable.has(expected)) expected++;
    if (expected > from) lost.push(from + 1 === expected ? `the write of revision ${from}` : `the writes of revisions ${from} to ${expected - 1}`);
  }
  if (records.length === 0) throw new CorruptStoreError(file, { what: "no record in it can be read" });
  return { view: { revision: last, records: currentVersions(records) }, lost };
}

function stateOf(db: DatabaseSync, file: string, lost: string[]): { revision: number; compactedRevision: number } {
  try {
    return readState(db, file);
  } catch (error) {
    lost.push(`how far history was compacted: ${(error as Error).message}`);
    return { revision: 0, compactedRevision: Number.MAX_SAFE_INTEGER };
  }
}

function currentVersions(records: LogRecord[]): LogRecord[] {
  const current = new Map<string, LogRecord>();
  for (const record of records) {
    if (record.deleted) current.delete(record.key);
    else current.set(record.key, record);
  }
  return [...current.values()].sort((a, b) => a.revision - b.revision);
}
