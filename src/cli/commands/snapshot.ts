/** `tidepool snapshot`: backups of the store, as `etcdctl snapshot` and `etcdutl snapshot` make and restore them. */
import { checkBackup, restoreBackup, salvageBackup, saveBackup } from "#cluster/backup.ts";
import { commandFor } from "#cluster/command-line.ts";
import { dataDirectory, dataPaths } from "#cluster/paths.ts";

export async function save(flags: { data?: string | undefined; salvage: boolean }, file: string): Promise<void> {
  const paths = dataPaths(dataDirectory(flags.data));
  const { keys, revision, lost } = flags.salvage ? await salvageBackup(paths, file) : { ...(await saveBackup(paths, file)), lost: [] };
  process.stdout.write(`Saved ${keys} objects of revision ${revision} to ${file}.\n`);
  if (lost.length > 0) process.stdout.write(`Lost, since it can't be read:\n${lost.map((what) => `  ${what}\n`).join("")}`);
}

export async function snapshotStatus(flags: { json: boolean }, file: string): Promise<void> {
  const status = await checkBackup(file);
  if (flags.json) return void process.stdout.write(`${JSON.stringify(status, undefined, 2)}\n`);
  const row = (...cells: (string | number)[]): string => `${cells.map((cell) => String(cell).padEnd(12)).join("").trimEnd()}\n`;
  process.stdout.write(row("HASH", "REVISION", "TOTAL KEYS", "TOTAL SIZE") + row(status.sha256.slice(0, 8), status.revision, status.keys, `${(status.sizeBytes / 1000).toFixed(1)} kB`));
}

export async function restore(flags: { data?: string | undefined; bumpRevision: number }, file: string): Promise<void> {
  const paths = dataPaths(dataDirectory(flags.data));
  const { keys, revision } = await restoreBackup(paths, file, flags.bumpRevision);
  process.stdout.write(`Restored ${keys} objects; revisions go on from ${revision}. '${commandFor("up", paths.root)}' starts the cluster from it.\n`);
}
