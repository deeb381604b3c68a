/** The cluster's store: opened, or refused with what to do. */
import { dirname, join } from "node:path";
import type { Clock } from "#lib/clock.ts";
import { compactPeriodically, CorruptStoreError, openStore, sqliteDriver, type Store, type StoreOptions } from "#store/index.ts";
import { commandFor } from "./command-line.ts";
import type { DataPaths } from "./paths.ts";
import { Refusal } from "./refusal.ts";

export interface ClusterStore {
  store: Store;
  close(): Promise<void>;
}

/** Throws a {@link Refusal} when the file is damaged: it is left as it is, and the operator decides. */
export function openClusterStore(paths: DataPaths, clock: Clock, options: Pick<StoreOptions, "transformer"> = {}): ClusterStore {
  let store: Store;
  try {
    store = openStore({ ...options, driver: sqliteDriver(paths.store) });
  } catch (error) {
    throw error instanceof CorruptStoreError ? new Refusal(adviceOn(error, paths)) : error;
  }
  const stopCompaction = compactPeriodically(store, clock);
  return {
    store,
    close() {
      stopCompaction();
      return store.close();
    },
  };
}

function adviceOn(error: CorruptStoreError, paths: DataPaths): string {
  return [
    `The store is damaged, so nothing of it is served, and nothing was changed: ${error.message}.`,
    `With a backup: ${moveAwayCommand(paths.store)}, then '${commandFor("snapshot restore FILE", paths.root)}'.`,
    `Without one, '${commandFor("snapshot save FILE --salvage", paths.root)}' saves what can still be read, and tells what can't; restore that.`,
  ].join("\n");
}

/** How a store gets out of the way of another one. */
export function moveAwayCommand(storeFile: string): string {
  const old = join(dirname(storeFile), "old-store");
  return `'mkdir ${old} && mv ${storeFile}* ${old}/'`;
}
