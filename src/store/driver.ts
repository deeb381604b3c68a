/**
 * Where revisions are kept. A driver is an append-only log with forgetting; the meaning of the
 * records (current versions, history, watches) is in `mvcc.ts` and the same for every driver.
 */

/** One revision as it is written down. */
export interface LogRecord {
  revision: number;
  key: string;
  deleted: boolean;
  /** The object as JSON, its resourceVersion inside; what a transformer made of it, where there is one. */
  json: string;
}

export interface LogState {
  /** The last revision ever committed, even when its record is forgotten. */
  revision: number;
  compactedRevision: number;
}

export interface Driver {
  /** Reads everything back, in the order of revisions. Throws a CorruptStoreError when it isn't all that was written. */
  load(each: (record: LogRecord) => void): LogState;
  /** Appends all records or none; they are durable when this returns, or when the promise that it returns resolves. Not called again before. */
  append(records: readonly LogRecord[]): void | Promise<void>;
  /** Forgets records that are neither current nor history any more. */
  forget(revisions: readonly number[], state: LogState): void;
  close(): void;
}
