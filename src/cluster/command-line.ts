/** How users are told to call the `tidepool` command. */
import { dataDirectory } from "./paths.ts";

/** `npx tidepool down`, with the `--data` it needs to mean this data directory. Can be pasted into a shell. */
export function commandFor(command: string, dataDir: string): string {
  return `npx tidepool ${command}${dataDir === dataDirectory(undefined) ? "" : ` --data ${quoted(dataDir)}`}`;
}

function quoted(text: string): string {
  return /^[\w./:@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
