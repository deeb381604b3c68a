import { closeSync, fsyncSync, openSync } from "node:fs";

/** A new name is there after a loss of power only once its directory is on disk. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, "r");
  fsyncSync(directory);
  closeSync(directory);
}
