/**
 * A witness beside the log: the last revision that was acknowledged. A log that lost its tail looks like
 * a log that never had one, so a cut or damaged tail could not be told from a clean end without it.
 *
 * It is written after the log is on disk and is itself not synced: it survives the process, and after a
 * loss of power it is at most behind the log, never ahead of it.
 */
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";

const BYTES = 12;

export interface Mark {
  /** The last revision acknowledged, as the file says; 0 when it says nothing that can be read. */
  readonly acknowledged: number;
  raise(revision: number): void;
  close(): void;
}

/** Opens or creates `FILE-mark`. */
export function openMark(storeFile: string): Mark {
  const fd = openSync(markFile(storeFile), "a+", 0o600);
  closeSync(fd);
  const file = openSync(markFile(storeFile), "r+");
  const buffer = Buffer.alloc(BYTES);
  const acknowledged = readSync(file, buffer, 0, BYTES, 0) === BYTES && checksum(buffer) === buffer.readUInt32LE(8) ? Number(buffer.readBigUInt64LE(0)) : 0;
  return {
    acknowledged,
    raise(revision) {
      buffer.writeBigUInt64LE(BigInt(revision), 0);
      buffer.writeUInt32LE(checksum(buffer), 8);
      writeSync(file, buffer, 0, BYTES, 0);
    },
    close: () => closeSync(file),
  };
}

export function markFile(storeFile: string): string {
  return `${storeFile}-mark`;
}

function checksum(buffer: Buffer): number {
  return crc32(buffer.subarray(0, 8));
}
