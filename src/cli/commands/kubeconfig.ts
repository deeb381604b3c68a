/** `tidepool kubeconfig`: the administrator's kubeconfig, or where it is. */
import { existsSync, readFileSync } from "node:fs";
import { commandFor } from "#cluster/command-line.ts";
import { dataDirectory, dataPaths } from "#cluster/paths.ts";
import { CommandFailed } from "../failure.ts";

export function kubeconfig(flags: { data?: string | undefined; path: boolean }): void {
  const dataDir = dataDirectory(flags.data);
  const file = dataPaths(dataDir).kubeconfig;
  if (!existsSync(file)) throw new CommandFailed(`There is no kubeconfig yet (${file}). '${commandFor("up", dataDir)}' writes it.`);
  process.stdout.write(flags.path ? `${file}\n` : readFileSync(file, "utf8"));
}
