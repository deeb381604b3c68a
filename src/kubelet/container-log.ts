/**
 * A container's log on disk. The process appends to the file itself, so it loses nothing when the
 * daemon dies; the daemon only notes now and then how long the file was at what time (the index),
 * which is where `--timestamps` and `--since` come from.
 *
 * `<n>.log` is the log, `<n>.log.index` has lines of `length time`, and `<n>.log.1` with its index is
 * what was rotated away.
 */
import { appendFileSync, copyFileSync, readFileSync, statSync, truncateSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";

/** A log is rotated past this size; one older file is kept. */
export const ROTATE_BYTES = 10 * 1024 * 1024;

export const rotatedPath = (path: string): string => `${path}.1`;
const indexPath = (path: string): string => `${path}.index`;

/** Notes a log's growth. */
export class LogMarker {
  readonly path: string;
  #sizeBytes: number;

  constructor(path: string) {
    this.path = path;
    // What was written while nobody watched is noted with the time of the next look.
    this.#sizeBytes = readIndex(path).at(-1)?.endBytes ?? 0;
  }

  /** The log's size now, noted in the index when it has grown. */
  mark(nowMs: number): number {
    const { sizeBytes, modifiedMs } = stat(this.path);
    // The file's own time is when it was last written to, which may be up to a look ago.
    if (sizeBytes > this.#sizeBytes) appendFileSync(indexPath(this.path), `${sizeBytes} ${Math.min(nowMs, modifiedMs)}\n`, { mode: 0o600 });
    this.#sizeBytes = sizeBytes;
    return sizeBytes;
  }

  /** Moves the log's contents aside. The writer must be stopped meanwhile: it keeps its open file. */
  rotate(nowMs: number): void {
    this.mark(nowMs);
    copyFileSync(this.path, rotatedPath(this.path));
    copyFileSync(indexPath(this.path), indexPath(rotatedPath(this.path)));
    truncateSync(this.path, 0);
    truncateSync(indexPath(this.path), 0);
    this.#sizeBytes = 0;
  }
}

interface Mark {
  /** Everything before this offset ... */
  endBytes: number;
  /** ... was there at this time. */
  timeMs: number;
}

function readIndex(path: string): Mark[] {
  try {
    return readFileSync(indexPath(path), "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => {
        const [endBytes = 0, timeMs = 0] = line.split(" ").map(Number);
        return { endBytes, timeMs };
      });
  } catch {
    return [];
  }
}

/** The log's length; 0 when there is none yet. */
export function logSize(path: string): number {
  return stat(path).sizeBytes;
}

function stat(path: string): { sizeBytes: number; modifiedMs: number } {
  const found = statSync(path, { throwIfNoEntry: false });
  return { sizeBytes: found?.size ?? 0, modifiedMs: Math.round(found?.mtimeMs ?? 0) };
}

/** One file of a log, open for reading. */
export class LogSegment {
  readonly #handle: FileHandle;
  readonly #path: string;
  #marks: Mark[];

  private constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
    this.#marks = readIndex(path);
  }

  /** Undefined when there is no such file. */
  static async open(path: string): Promise<LogSegment | undefined> {
    try {
      return new LogSegment(path, await open(path, "r"));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  async sizeBytes(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  async read(positionBytes: number, lengthBytes: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(lengthBytes);
    const { bytesRead } = await this.#handle.read(buffer, 0, lengthBytes, positionBytes);
    return buffer.subarray(0, bytesRead);
  }

  /** Reads the index again: what was written since gets its times. */
  refresh(): void {
    this.#marks = readIndex(this.#path);
  }

  /** When the byte before `endBytes` was seen first; undefined when the index didn't know yet. */
  timeOf(endBytes: number): number | undefined {
    let low = 0;
    let high = this.#marks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#marks[middle]!.endBytes < endBytes) low = middle + 1;
      else high = middle;
    }
    return this.#marks[low]?.timeMs;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
