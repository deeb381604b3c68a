export { compactPeriodically } from "./compaction.ts";
export type { Driver, LogRecord, LogState } from "./driver.ts";
export { memoryDriver } from "./memory.ts";
export { openStore, type StoreOptions, type ValueTransformer } from "./mvcc.ts";
export { salvage, type Salvaged } from "./salvage.ts";
export { readSnapshot, restoreSnapshot, saveSnapshot, snapshotChunks, SnapshotError, type Restored, type SnapshotStatus } from "./snapshot.ts";
export { sqliteDriver, type SqliteOptions } from "./sqlite.ts";
export * from "./store.ts";
