/** `tidepool kubeconfig`: the administrator's kubeconfig, or where it is. */
import { existsSync, readFileSync } from "node:fs";
import { dataDirectory, dataPaths } from "#cluster/paths.ts";
import { CommandFailed } from "../failure.ts";

export function kubeconfig(flags: { data?: string | undefined; path: boolean }): void {
  const file = dataPaths(dataDirectory(flags.data)).kubeconfig;
  if (!existsSync(file)) throw new CommandFailed(`There is no kubeconfig yet (${file}). 'tidepool up' writes it.`);
  process.stdout.write(flags.path ? `${file}\n` : readFileSync(file, "utf8"));
}
