/** `tidepool snapshot`: backups of the store, as `etcdctl snapshot` and `etcdutl snapshot` make and restore them. */
import { existsSync } from "node:fs";
import { bodyText } from "#lib/http.ts";
import { SNAPSHOT_PATH } from "#apiserver/index.ts";
import { kubeconfigHandler } from "#client/https.ts";
import { commandFor } from "#cluster/command-line.ts";
import { lockDataDirectory, readInstance } from "#cluster/instance.ts";
import { createDirectories, dataDirectory, dataPaths, type DataPaths } from "#cluster/paths.ts";
import { moveAwayCommand } from "#cluster/store.ts";
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
  type SnapshotStatus,
} from "#store/index.ts";
import { CommandFailed } from "../failure.ts";

export async function save(flags: { data?: string | undefined; salvage: boolean }, file: string): Promise<void> {
  const paths = dataPaths(dataDirectory(flags.data));
  if (!existsSync(paths.store)) throw new CommandFailed(`There is no store to save (${paths.store}). '${commandFor("up", paths.root)}' makes one.`);
  const { status, lost } = await orFail(() => (flags.salvage ? salvageTo(file, paths) : saveTo(file, paths)));
  process.stdout.write(`Saved ${status.keys} objects of revision ${status.revision} to ${file}.\n`);
  if (lost.length > 0) process.stdout.write(`Lost, since it can't be read:\n${lost.map((what) => `  ${what}\n`).join("")}`);
}

interface Saved {
  status: SnapshotStatus;
  lost: string[];
}

async function saveTo(file: string, paths: DataPaths): Promise<Saved> {
  if (readInstance(paths.root).daemon) return { status: await saveFromServer(file, paths), lost: [] };
  const store = openStore({ driver: sqliteDriver(paths.store) });
  try {
    return { status: await saveSnapshot(snapshotChunks(store.snapshot()), file), lost: [] };
  } finally {
    await store.close();
  }
}

/** A running cluster has its store for itself, so it is asked. */
async function saveFromServer(file: string, paths: DataPaths): Promise<SnapshotStatus> {
  const handler = kubeconfigHandler(paths.kubeconfig);
  try {
    const { status, body } = await handler({ method: "GET", url: SNAPSHOT_PATH, headers: {} });
    if (status !== 200) throw new CommandFailed(`The API server answers ${status}: ${await bodyText(body)}`);
    return await saveSnapshot(body as AsyncIterable<Uint8Array>, file);
  } finally {
    handler.close();
  }
}

async function salvageTo(file: string, paths: DataPaths): Promise<Saved> {
  refuseRunning(paths);
  const { view, lost } = salvage(paths.store);
  return { status: await saveSnapshot(snapshotChunks(view), file), lost };
}

export async function snapshotStatus(flags: { json: boolean }, file: string): Promise<void> {
  const status = await orFail(() => readSnapshot(file));
  if (flags.json) return void process.stdout.write(`${JSON.stringify(status, undefined, 2)}\n`);
  const row = (...cells: (string | number)[]): string => `${cells.map((cell) => String(cell).padEnd(12)).join("").trimEnd()}\n`;
  process.stdout.write(row("HASH", "REVISION", "TOTAL KEYS", "TOTAL SIZE") + row(status.sha256.slice(0, 8), status.revision, status.keys, `${(status.sizeBytes / 1000).toFixed(1)} kB`));
}

export async function restore(flags: { data?: string | undefined; bumpRevision: number }, file: string): Promise<void> {
  const paths = dataPaths(dataDirectory(flags.data));
  refuseRunning(paths);
  if (existsSync(paths.store)) {
    throw new CommandFailed(`${paths.store} exists, and a store is never overwritten. Restore into another directory with --data DIR, or move it away: ${moveAwayCommand(paths.store)}.`);
  }
  createDirectories(paths);
  const lock = lockDataDirectory(paths.root);
  if (!lock) throw new CommandFailed(`${paths.root} is in use.`);
  try {
    const { keys, revision } = await orFail(() => restoreSnapshot(file, paths.store, flags));
    process.stdout.write(`Restored ${keys} objects; revisions go on from ${revision}. '${commandFor("up", paths.root)}' starts the cluster from it.\n`);
  } finally {
    lock.release();
  }
}

function refuseRunning({ root }: DataPaths): void {
  const { supervisor, daemon } = readInstance(root);
  if (supervisor ?? daemon) throw new CommandFailed(`A cluster runs on ${root}. '${commandFor("down", root)}' stops it.`);
}

async function orFail<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CorruptStoreError) throw new CommandFailed(`${error.message}.\nWith --salvage what can still be read is saved, and what can't is told.`);
    throw error instanceof SnapshotError ? new CommandFailed(`${error.message}.`) : error;
  }
}
