/** Backups of an instance's store, running or not, and the way back. */
import { existsSync } from "node:fs";
import { bodyText } from "#lib/http.ts";
import { SNAPSHOT_PATH } from "#apiserver/index.ts";
import { kubeconfigHandler } from "#client/https.ts";
import {
  CorruptStoreError,
  openStore,
  readSnapshot,
  restoreSnapshot,
  salvage,
  saveSnapshot,
  snapshotChunks,
  SnapshotError,
  sqliteDriver,
  type Restored,
  type SnapshotStatus,
} from "#store/index.ts";
import { commandFor } from "./command-line.ts";
import { lockDataDirectory, readInstance } from "./instance.ts";
import { createDirectories, type DataPaths } from "./paths.ts";
import { Refusal } from "./refusal.ts";
import { moveAwayCommand } from "./store.ts";

/** Throws a {@link Refusal}, as all functions here do. */
export function saveBackup(paths: DataPaths, file: string): Promise<SnapshotStatus> {
  refuseMissing(paths);
  return orRefuse(() => (readInstance(paths.root).daemon ? saveFromServer(paths, file) : saveFromFile(paths, file)));
}

async function saveFromFile(paths: DataPaths, file: string): Promise<SnapshotStatus> {
  const store = openStore({ driver: sqliteDriver(paths.store) });
  try {
    return await saveSnapshot(snapshotChunks(store.snapshot()), file);
  } finally {
    await store.close();
  }
}

/** A running cluster has its store for itself, so it is asked. */
async function saveFromServer(paths: DataPaths, file: string): Promise<SnapshotStatus> {
  const handler = kubeconfigHandler(paths.kubeconfig);
  try {
    const { status, body } = await handler({ method: "GET", url: SNAPSHOT_PATH, headers: {} });
    if (status !== 200) throw new Refusal(`The API server answers ${status}: ${await bodyText(body)}`);
    return await saveSnapshot(body as AsyncIterable<Uint8Array>, file);
  } finally {
    handler.close();
  }
}

/** Saves what can be read of a damaged store; `lost` tells what can't. */
export function salvageBackup(paths: DataPaths, file: string): Promise<SnapshotStatus & { lost: string[] }> {
  refuseMissing(paths);
  refuseRunning(paths);
  return orRefuse(async () => {
    const { view, lost } = salvage(paths.store);
    return { ...(await saveSnapshot(snapshotChunks(view), file)), lost };
  });
}

/** Reads a whole snapshot and compares it with its checksum. */
export function checkBackup(file: string): Promise<SnapshotStatus> {
  return orRefuse(() => readSnapshot(file));
}

/** Makes the store of a stopped instance that has none. */
export async function restoreBackup(paths: DataPaths, file: string, bumpRevision: number): Promise<Restored> {
  refuseRunning(paths);
  if (existsSync(paths.store)) {
    throw new Refusal(`${paths.store} exists, and a store is never overwritten. Restore into another directory with --data DIR, or move it away: ${moveAwayCommand(paths.store)}.`);
  }
  createDirectories(paths);
  const lock = lockDataDirectory(paths.root);
  if (!lock) throw new Refusal(`${paths.root} is in use.`);
  try {
    return await orRefuse(() => restoreSnapshot(file, paths.store, { bumpRevision }));
  } finally {
    lock.release();
  }
}

function refuseMissing({ root, store }: DataPaths): void {
  if (!existsSync(store)) throw new Refusal(`There is no store to save (${store}). '${commandFor("up", root)}' makes one.`);
}

function refuseRunning({ root }: DataPaths): void {
  const { supervisor, daemon } = readInstance(root);
  if (supervisor ?? daemon) throw new Refusal(`A cluster runs on ${root}. '${commandFor("down", root)}' stops it.`);
}

async function orRefuse<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CorruptStoreError) throw new Refusal(`${error.message}.\nWith --salvage what can still be read is saved, and what can't is told.`);
    throw error instanceof SnapshotError ? new Refusal(`${error.message}.`) : error;
  }
}
