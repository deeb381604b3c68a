/**
 * Crash points: a writing process is killed, what it left is damaged further in every way that a disk or a
 * file system has, and what the store makes of it is compared with what was acknowledged.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { copyFileSync, existsSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Rng } from "#lib/random.ts";
import { CorruptStoreError, openStore, restoreSnapshot, salvage, saveSnapshot, snapshotChunks, sqliteDriver, type SnapshotView, type Store } from "../index.ts";

/** One write; `value` is undefined for a deletion. */
interface Write {
  revision: number;
  key: string;
  value: number | undefined;
}

/** What is known of a store, over as many lives of its writers as there were. */
export interface Known {
  /** By their revisions. */
  writes: Map<number, Write>;
  /** The last revision that a writer was told of. */
  acknowledged: number;
}

/** What a damaged copy came to: nothing of the damage shows; it was refused and salvaged; it was refused and holds nothing that can be read. */
export type Outcome = "sound" | "salvaged" | "unreadable";

const WRITER = join(import.meta.dirname, "crash-writer.ts");
const SUFFIXES = ["", "-wal", "-mark"];

/** Lets a process write into the store until it has acknowledged some hundreds of writes, and kills it in the middle of the next. */
export async function killWriter(file: string, rng: Rng, known: Known): Promise<void> {
  const child = spawn(process.execPath, [WRITER, file, String(Math.floor(rng() * 1e9))], { stdio: ["ignore", "pipe", "inherit"] });
  let left = 1 + Math.floor(rng() ** 2 * 300);
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once("exit", (_code, signal) => resolve(signal)));
  for await (const line of createInterface({ input: child.stdout })) {
    const [revision = "", key = "", value] = line.split(" ");
    known.writes.set(Number(revision), { revision: Number(revision), key, value: value === "-" ? undefined : Number(value) });
    known.acknowledged = Math.max(known.acknowledged, Number(revision));
    if (--left === 0) child.kill("SIGKILL");
  }
  assert.equal(await ended, "SIGKILL", "the writer ended by itself");
}

/**
 * After a kill alone: every acknowledged write is there, and the revision is not behind any of them. Adds what was
 * committed although the kill cut off its acknowledgement.
 */
export async function checkKilled(file: string, known: Known): Promise<void> {
  const store = openStore({ driver: sqliteDriver(file) });
  store.watch("things/", store.compactedRevision, (changes) => {
    for (const { revision, entry, type } of changes) {
      const value = type === "delete" ? undefined : valueOf(entry);
      const told = known.writes.get(revision) ?? { revision, key: entry.key, value };
      assert.deepEqual([entry.key, value], [told.key, told.value], `revision ${revision} is another write than the acknowledged one`);
      known.writes.set(revision, told);
    }
  });
  checkComplete(store, known);
  await store.close();
}

/** What a process left behind, before anyone else opens it. */
export function copyStore(from: string, to: string): void {
  for (const suffix of SUFFIXES) {
    rmSync(to + suffix, { force: true });
    if (existsSync(from + suffix)) copyFileSync(from + suffix, to + suffix);
  }
}

/** Cuts a copy of a store off somewhere, or flips one of its bits, and looks at what comes of it. */
export async function checkDamaged(file: string, copy: string, rng: Rng, known: Known): Promise<Outcome> {
  copyStore(file, copy);
  const damage = damageSomewhere(copy, rng);
  try {
    return await outcomeOf(copy, known);
  } catch (error) {
    throw new Error(`${damage}: ${(error as Error).message}`, { cause: error });
  }
}

async function outcomeOf(copy: string, known: Known): Promise<Outcome> {
  let store: Store;
  try {
    store = openStore({ driver: sqliteDriver(copy) });
  } catch (error) {
    if (error instanceof CorruptStoreError) return checkSalvage(copy, error, known);
    // Where the flipped bit is the version's.
    assert.match((error as Error).message, /has format \d+/);
    return "unreadable";
  }
  checkComplete(store, known);
  await store.close();
  return "sound";
}

function damageSomewhere(copy: string, rng: Rng): string {
  const files = SUFFIXES.map((suffix) => copy + suffix).filter((file) => existsSync(file) && statSync(file).size > 0);
  const file = files[Math.floor(rng() * Math.min(2, files.length) + (rng() < 0.05 ? 1 : 0))] ?? files[0]!;
  const { size } = statSync(file);
  if (rng() < 0.5) {
    const length = Math.floor(rng() * size);
    truncateSync(file, length);
    return `${file} cut off at ${length} of ${size}`;
  }
  const bytes = readFileSync(file);
  const at = Math.floor(rng() * size);
  bytes[at]! ^= 1 << Math.floor(rng() * 8);
  writeFileSync(file, bytes);
  return `a bit flipped at ${at} of ${size} in ${file}`;
}

/** All writes up to some revision are there, acknowledged ones in any case, and nothing else. */
function checkComplete(store: Store, known: Known): void {
  assert.ok(store.revision >= known.acknowledged, `revision ${known.acknowledged} was acknowledged, the store is at ${store.revision}`);
  assert.deepEqual(
    store.list("things/").entries.map((entry) => [entry.key, entry.revision, valueOf(entry)]),
    present(known, store.revision).map(({ key, revision, value }) => [key, revision, value]),
  );
}

/** What is salvaged is true; nothing that was sound is missing; and the restored store goes on above every acknowledged revision. */
async function checkSalvage(copy: string, error: CorruptStoreError, known: Known): Promise<Outcome> {
  let view: SnapshotView;
  try {
    ({ view } = salvage(copy));
  } catch (nothing) {
    assert.ok(nothing instanceof CorruptStoreError, String(nothing));
    return "unreadable";
  }
  const records = new Map([...view.records].map((record) => [record.key, record]));
  for (const { revision, key, json } of records.values()) {
    const written = known.writes.get(revision);
    // The log of compacted writes is known from their acknowledgements alone.
    if (written) assert.deepEqual([key, valueOf({ object: JSON.parse(json) as object })], [written.key, written.value], `revision ${revision} is untrue`);
  }
  for (const { key, revision } of present(known, Infinity)) {
    if (revision < (error.revision ?? 0)) assert.equal(records.get(key)?.revision, revision, `${key} comes before the damage ("${error.message}")`);
  }
  await checkRestore(view, copy, known.acknowledged);
  return "salvaged";
}

async function checkRestore(view: SnapshotView, copy: string, lastRevision: number): Promise<void> {
  const snapshot = `${copy}.snapshot`;
  const restored = `${copy}.restored`;
  try {
    await saveSnapshot(snapshotChunks(view), snapshot);
    await restoreSnapshot(snapshot, restored);
    const store = openStore({ driver: sqliteDriver(restored) });
    assert.ok(store.revision > lastRevision, "revisions went backwards");
    const byKey = (a: string[], b: string[]): number => (a[0]! < b[0]! ? -1 : 1);
    assert.deepEqual(store.list("things/").entries.map(({ key, json }) => [key, json]), [...view.records].map(({ key, json }) => [key, json]).sort(byKey));
    await store.close();
  } finally {
    rmSync(snapshot, { force: true });
    for (const suffix of SUFFIXES) rmSync(restored + suffix, { force: true });
  }
}

/** The objects that are there after the writes up to a revision, in the order of their keys. */
function present({ writes }: Known, upTo: number): Write[] {
  const last = new Map<string, Write>();
  for (const write of [...writes.values()].sort((a, b) => a.revision - b.revision)) if (write.revision <= upTo) last.set(write.key, write);
  return [...last.values()].filter(({ value }) => value !== undefined).sort((a, b) => (a.key < b.key ? -1 : 1));
}

function valueOf(entry: { object: object }): number {
  return (entry.object as { value: number }).value;
}
