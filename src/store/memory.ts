import type { Driver, LogRecord, LogState } from "./driver.ts";

/** Keeps nothing beyond the process: for tests and throw-away clusters. */
export function memoryDriver(): Driver {
  const records = new Map<number, LogRecord>();
  let state: LogState = { revision: 0, compactedRevision: 0 };
  return {
    load(each) {
      for (const record of records.values()) each(record);
      return state;
    },
    append(batch) {
      for (const record of batch) records.set(record.revision, record);
      state = { ...state, revision: batch.at(-1)!.revision };
    },
    forget(revisions, next) {
      for (const revision of revisions) records.delete(revision);
      state = next;
    },
    close() {},
  };
}
