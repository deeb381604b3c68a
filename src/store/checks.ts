/**
 * Whether a log that is read back is whole. A record that was changed shows by its checksum; one that is
 * gone, by a gap: after the compacted revision there is one record per revision, up to it their number and
 * the sum of their checksums are known; and the end is known from the last acknowledgement.
 */
import type { LogRecord, LogState } from "./driver.ts";
import { CorruptStoreError } from "./store.ts";

/** What is known of the records up to the compacted revision. */
export interface LogSummary {
  records: number;
  /** Sum of the records' checksums. */
  checksums: number;
}

/** Of a log that was never compacted. */
export const NO_STATE: LogState & LogSummary = { revision: 0, compactedRevision: 0, records: 0, checksums: 0 };

export class LogCheck {
  readonly #file: string;
  readonly #state: LogState & LogSummary;
  readonly #seen: LogSummary = { records: 0, checksums: 0 };
  #soundUpTo = 0;

  constructor(file: string, state: LogState & LogSummary) {
    this.#file = file;
    this.#state = state;
  }

  /** The last revision up to which nothing was wrong. */
  get soundUpTo(): number {
    return this.#soundUpTo;
  }

  /** To be told of every record in the order of revisions. Throws a CorruptStoreError on the first that is wrong or missing. */
  record({ revision, key }: LogRecord, checksum: number, matches: boolean): void {
    if (!matches) throw this.#corrupt(`the record of revision ${revision} (${key}) is corrupt: its checksum does not match`, revision, key);
    if (revision <= this.#state.compactedRevision) {
      this.#seen.records++;
      this.#seen.checksums += checksum;
    } else {
      this.#checkCompacted();
      const expected = Math.max(this.#soundUpTo, this.#state.compactedRevision) + 1;
      if (revision !== expected) throw this.#missing(expected, revision - 1);
    }
    this.#soundUpTo = revision;
  }

  /** To be told of the end. `acknowledged` is the last revision that a writer was told of, where that is known. */
  end(acknowledged: number): LogState & LogSummary {
    const { revision, compactedRevision } = this.#state;
    this.#checkCompacted();
    const last = Math.max(this.#soundUpTo, compactedRevision);
    if (last < revision) throw this.#missing(last + 1, revision);
    if (last < acknowledged) throw this.#missing(last + 1, acknowledged, "; they were acknowledged, so the file was cut off or damaged");
    return { ...this.#state, revision: last };
  }

  #checkCompacted(): void {
    const { compactedRevision, records, checksums } = this.#state;
    if (this.#soundUpTo > compactedRevision) return;
    const missing = records - this.#seen.records;
    if (missing !== 0) throw this.#corrupt(`${Math.abs(missing)} of the ${records} records up to revision ${compactedRevision} are ${missing > 0 ? "missing" : "too many"}`);
    if (checksums !== this.#seen.checksums) throw this.#corrupt(`the records up to revision ${compactedRevision} are not those that were written`);
  }

  #missing(from: number, to: number, why = ""): CorruptStoreError {
    return this.#corrupt(`the ${from === to ? `record of revision ${from} is` : `records of revisions ${from} to ${to} are`} missing${why}`, from);
  }

  #corrupt(what: string, revision?: number, key?: string): CorruptStoreError {
    return new CorruptStoreError(this.#file, { revision, key, what });
  }
}
