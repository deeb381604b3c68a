/** `tidepool reset`: stops the instance and deletes its state. */
import { existsSync, rmSync } from "node:fs";
import { confirm, isCancel } from "@clack/prompts";
import { dataDirectory, dataPaths, isDataDirectory } from "#cluster/paths.ts";
import { socketDirectory } from "#cluster/leftovers.ts";
import { CommandFailed } from "../failure.ts";
import { stopInstance } from "./down.ts";

export async function reset(flags: { data?: string | undefined; yes: boolean }): Promise<void> {
  const dataDir = dataDirectory(flags.data);
  if (!existsSync(dataDir)) {
    process.stdout.write(`There is nothing in ${dataDir}.\n`);
    return;
  }
  // Never delete a directory that isn't ours, whatever --data says.
  if (!isDataDirectory(dataPaths(dataDir))) {
    throw new CommandFailed(`${dataDir} doesn't look like a Tidepool data directory (no run/ and pki/ in it), so nothing was deleted.`);
  }
  if (!flags.yes) {
    if (!process.stdin.isTTY) throw new CommandFailed("This deletes everything in the data directory. Say so with --yes.", 2);
    const answer = await confirm({ message: `Delete the cluster, its images and its database in ${dataDir}?`, initialValue: false });
    if (isCancel(answer) || !answer) throw new CommandFailed("Nothing was deleted.");
  }
  await stopInstance(dataDir);
  // It may lie outside, where the data directory's path is too long for sockets.
  rmSync(socketDirectory(dataDir), { recursive: true, force: true });
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 3 });
  process.stdout.write(`Deleted ${dataDir}.\n`);
}
