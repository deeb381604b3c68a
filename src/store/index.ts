export { openStore, type StoreOptions } from "./mvcc.ts";
export { memoryDriver } from "./memory.ts";
export { sqliteDriver, type SqliteOptions } from "./sqlite.ts";
export type { Driver, LogRecord, LogState } from "./driver.ts";
export * from "./store.ts";
