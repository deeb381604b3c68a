/**
 * The audit log as a file of JSON lines that its owner alone can read. A file that has grown too large is
 * renamed with the time, and the oldest go.
 * @see https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/#log-backend
 */
import { openSync, closeSync, fstatSync } from "node:fs";
import { readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { toMicroTime, type Clock } from "#lib/clock.ts";
import { errorMessage, type Logger } from "#lib/log.ts";
import type { AuditSink } from "./audit.ts";
import { auditEvent, type AuditRecord } from "./event.ts";

/** Records are gathered this long, to be written together. */
const GATHER_MS = 100;

export interface AuditLogOptions {
  file: string;
  clock: Clock;
  log: Logger;
  /** A file larger than this is put aside. */
  maxBytes?: number;
  /** How many files put aside are kept. */
  maxBackups?: number;
}

/** Throws when the file can't be written. */
export function auditLogFile({ file, clock, log, maxBytes = 100 * 1024 * 1024, maxBackups = 10 }: AuditLogOptions): AuditSink {
  const descriptor = openSync(file, "a", 0o600);
  let sizeBytes = fstatSync(descriptor).size;
  closeSync(descriptor);
  let waiting: AuditRecord[] = [];
  let cancel: (() => void) | undefined;
  let written: Promise<void> = Promise.resolve();

  function flush(): void {
    cancel = undefined;
    const records = waiting;
    waiting = [];
    written = written.then(() => write(records)).catch((error: unknown) => log.error(`${records.length} audit events could not be written`, { error: errorMessage(error) }));
  }

  async function write(records: AuditRecord[]): Promise<void> {
    const lines: string[] = [];
    for (const record of records) lines.push(`${JSON.stringify(await auditEvent(record))}\n`);
    const bytes = Buffer.from(lines.join(""));
    if (sizeBytes > 0 && sizeBytes + bytes.byteLength > maxBytes) await rotate();
    await writeFile(file, bytes, { flag: "a", mode: 0o600 });
    sizeBytes += bytes.byteLength;
  }

  async function rotate(): Promise<void> {
    const extension = extname(file);
    const stem = basename(file, extension);
    const backups = async (): Promise<string[]> => (await readdir(dirname(file))).filter((name) => name.startsWith(`${stem}-`) && name.endsWith(extension)).sort();
    await rename(file, join(dirname(file), `${stem}-${toMicroTime(clock.now()).replaceAll(":", "-")}${extension}`));
    sizeBytes = 0;
    for (const name of (await backups()).slice(0, -maxBackups)) await rm(join(dirname(file), name), { force: true });
  }

  return {
    add(record) {
      waiting.push(record);
      cancel ??= clock.after(GATHER_MS, flush);
    },
    close() {
      cancel?.();
      if (waiting.length > 0) flush();
      return written;
    },
  };
}
