/** The cluster's store: opened, or refused with what to do. */
import { dirname, join } from "node:path";
import type { Clock } from "#lib/clock.ts";
import { DecryptionError, ENCRYPTION_CONFIGURATION } from "#apiserver/index.ts";
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
    if (error instanceof DecryptionError) throw new Refusal(adviceOnKeys(error, paths));
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

function adviceOnKeys({ message }: DecryptionError, { pki }: DataPaths): string {
  return [
    `An encrypted object can't be read, so nothing is served: ${message}.`,
    `Its key is missing in ${join(pki, ENCRYPTION_CONFIGURATION)}. Put the file back as it was when the object was written: after a restore, the one of the cluster that was saved.`,
  ].join("\n");
}

/** How a store gets out of the way of another one. */
export function moveAwayCommand(storeFile: string): string {
  const old = join(dirname(storeFile), "old-store");
  return `'mkdir ${old} && mv ${storeFile}* ${old}/'`;
}
