/**
 * Backups: one text file with a line for each object, its SHA-256 in the last one.
 *
 *     {"format":"tidepool-snapshot/1","revision":812,"keys":2}
 *     {"revision":7,"key":"namespaces/default","object":{...}}
 *     {"revision":811,"key":"secrets/shop/db","sealed":"..."}
 *     {"sha256":"9f86..."}
 *
 * Objects are as they are at rest: what is encrypted in the store is encrypted (`sealed`) here.
 * @see https://etcd.io/docs/v3.6/op-guide/recovery/
 */
import { createHash } from "node:crypto";
import { closeSync, createReadStream, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { nextTurn } from "#lib/turn.ts";
import type { LogRecord } from "./driver.ts";
import { syncDirectory } from "./files.ts";
import { markFile } from "./mark.ts";
import { sqliteDriver } from "./sqlite.ts";
import type { SnapshotView } from "./store.ts";

const FORMAT = "tidepool-snapshot/1";
const NEWLINE = 10;
/** Records in one chunk; between two chunks others have their turn. */
const CHUNK_RECORDS = 256;
/** Records in one transaction of a restore. */
const BATCH_RECORDS = 1000;
/** What etcd's documentation recommends: more writes than a cluster makes between two backups. */
const DEFAULT_BUMP = 1_000_000_000;

export interface SnapshotStatus {
  /** Of the whole content. */
  sha256: string;
  revision: number;
  keys: number;
  sizeBytes: number;
}

/** A snapshot that can't be used, or a place where none can be restored. */
export class SnapshotError extends Error {}

/** The content of a snapshot file, in chunks that are made as they are read. */
export async function* snapshotChunks({ revision, records }: SnapshotView): AsyncGenerator<string> {
  const hash = createHash("sha256");
  let chunk = `${JSON.stringify({ format: FORMAT, revision, keys: records.length })}\n`;
  let waiting = 0;
  for (const record of records) {
    chunk += lineOf(record);
    if (++waiting < CHUNK_RECORDS) continue;
    hash.update(chunk);
    yield chunk;
    chunk = "";
    waiting = 0;
    await nextTurn();
  }
  hash.update(chunk);
  yield `${chunk}${JSON.stringify({ sha256: hash.digest("hex") })}\n`;
}

function lineOf({ revision, key, json }: LogRecord): string {
  const value = json.startsWith("{") ? `"object":${json}` : `"sealed":${JSON.stringify(json)}`;
  return `{"revision":${revision},"key":${JSON.stringify(key)},${value}}\n`;
}

/**
 * Writes the content into a new file, readable by its owner alone, which appears under its name when it is
 * whole and on disk. Throws a SnapshotError when the content is cut off or the file exists.
 */
export async function saveSnapshot(chunks: AsyncIterable<string | Uint8Array>, file: string): Promise<SnapshotStatus> {
  if (existsSync(file)) throw new SnapshotError(`${file} exists; a backup is never overwritten`);
  const part = `${file}.part`;
  rmSync(part, { force: true });
  const fd = openSync(part, "wx", 0o600);
  try {
    try {
      for await (const chunk of chunks) writeAll(fd, typeof chunk === "string" ? Buffer.from(chunk) : chunk);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    const status = await readSnapshot(part);
    renameSync(part, file);
    syncDirectory(dirname(file));
    return status;
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.byteLength; ) written += writeSync(fd, bytes, written);
}

/** Reads and checks a whole file. Throws a SnapshotError that says what is wrong with it. */
export async function readSnapshot(file: string, each: (record: LogRecord) => void = () => {}): Promise<SnapshotStatus> {
  const hash = createHash("sha256");
  let head: { format?: string; revision: number; keys: number } | undefined;
  let sha256: string | undefined;
  let keys = 0;
  for await (const line of linesOf(file)) {
    if (sha256 !== undefined) throw new SnapshotError(`${file}: something follows its end`);
    const value = parseLine(line, `${file}: line ${keys + 2}`);
    if (!head) {
      if (value["format"] !== FORMAT) throw new SnapshotError(`${file} is no snapshot of ${FORMAT}`);
      head = value as unknown as typeof head;
    } else if (typeof value["sha256"] === "string") {
      sha256 = value["sha256"];
      continue;
    } else {
      keys++;
      each(recordOf(value));
    }
    hash.update(line).update("\n");
  }
  if (!head || sha256 === undefined) throw new SnapshotError(`${file} is cut off: its last line, the checksum, is missing`);
  if (hash.digest("hex") !== sha256 || keys !== head.keys) throw new SnapshotError(`${file} is corrupt: its checksum does not match its content`);
  return { sha256, revision: head.revision, keys, sizeBytes: statSync(file).size };
}

function parseLine(line: Buffer, where: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line.toString("utf8"));
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // Falls through to the same refusal as a line that is something else.
  }
  throw new SnapshotError(`${where} is corrupt`);
}

function recordOf({ revision, key, object, sealed }: Record<string, unknown>): LogRecord {
  return { revision: revision as number, key: key as string, deleted: false, json: sealed === undefined ? JSON.stringify(object) : (sealed as string) };
}

/** Complete lines, without their newline. Anything after the last newline is no line. */
async function* linesOf(file: string): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE, start)) {
      yield rest.subarray(start, end);
      start = end + 1;
    }
    rest = rest.subarray(start);
  }
}

export interface RestoreOptions {
  /** By how much revisions are raised. */
  bumpRevision?: number | undefined;
}

export interface Restored {
  keys: number;
  /** The revision the store begins with. All before it counts as compacted. */
  revision: number;
}

/**
 * Makes a new store from a snapshot. Its revision is that of the snapshot and `bumpRevision` more, and history up
 * to there is compacted: a client that saw writes the snapshot doesn't have is told to list again (410) instead
 * of being led back in time.
 * @see https://etcd.io/docs/v3.6/op-guide/recovery/#restoring-with-revision-bump
 */
export async function restoreSnapshot(snapshot: string, storeFile: string, { bumpRevision = DEFAULT_BUMP }: RestoreOptions = {}): Promise<Restored> {
  const present = [storeFile, `${storeFile}-wal`, markFile(storeFile)].find((file) => existsSync(file));
  if (present) throw new SnapshotError(`${present} exists; a store is never overwritten`);
  const { revision } = await readSnapshot(snapshot);
  const part = `${storeFile}.restoring`;
  const leftovers = (): void => [part, `${part}-wal`].forEach((file) => rmSync(file, { force: true }));
  leftovers();
  try {
    const driver = sqliteDriver(part, { durability: "process" });
    let batch: LogRecord[] = [];
    const flush = (): void => {
      // At once: with this durability nothing waits for the disk before the end.
      if (batch.length > 0) void driver.append(batch);
      batch = [];
    };
    const { keys } = await readSnapshot(snapshot, (record) => {
      if (batch.push(record) === BATCH_RECORDS) flush();
    });
    flush();
    const restored = { keys, revision: revision + bumpRevision };
    driver.forget([], { revision: restored.revision, compactedRevision: restored.revision });
    // Closing writes the log into the file.
    driver.close();
    renameSync(part, storeFile);
    syncDirectory(dirname(storeFile));
    return restored;
  } catch (error) {
    leftovers();
    throw error;
  }
}
