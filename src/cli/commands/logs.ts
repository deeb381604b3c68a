/** `tidepool logs`: the daemon's own log, one component of it, or a pod's output. */
import { createReadStream, existsSync, statSync, watch } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { StatusError } from "#api/errors.ts";
import { pods, resourcePath } from "#api/resources.ts";
import type { Status } from "#api/types.ts";
import { bodyText } from "#lib/http.ts";
import { kubeconfigHandler } from "#client/https.ts";
import { commandFor } from "#cluster/command-line.ts";
import { readInstance } from "#cluster/instance.ts";
import { dataDirectory, dataPaths } from "#cluster/paths.ts";
import { CommandFailed } from "../failure.ts";

interface Flags {
  data?: string | undefined;
  follow: boolean;
  tail: number;
  namespace: string;
  json: boolean;
}

interface Line {
  time: string;
  level: string;
  component: string;
  message: string;
  [field: string]: unknown;
}

export async function logs(flags: Flags, name?: string): Promise<void> {
  const dataDir = dataDirectory(flags.data);
  const file = join(dataPaths(dataDir).logs, "tidepool.log");
  if (!existsSync(file)) throw new CommandFailed(`There is no log yet (${file}). '${commandFor("up", dataDir)}' writes it.`);
  const lines = await readLines(file);
  const components = new Set(lines.map((line) => parseLine(line)?.component).filter((component) => component !== undefined));
  if (name !== undefined && !components.has(name)) return podLogs(dataDir, name, flags, components);
  const print = (line: string): void => {
    const parsed = parseLine(line);
    if (name !== undefined && parsed?.component !== name) return;
    process.stdout.write(`${flags.json || !parsed ? line : format(parsed)}\n`);
  };
  lines.filter((line) => name === undefined || parseLine(line)?.component === name).slice(-flags.tail).forEach(print);
  if (flags.follow) await followFile(file, print);
}

async function podLogs(dataDir: string, name: string, flags: Flags, components: Set<string>): Promise<void> {
  if (!readInstance(dataDir).daemon?.urls) {
    throw new CommandFailed(`No component "${name}" has logged anything (there are: ${[...components].sort().join(", ")}), and the cluster doesn't run, so pods can't be asked.`);
  }
  const handler = kubeconfigHandler(dataPaths(dataDir).kubeconfig);
  try {
    const query = new URLSearchParams({ tailLines: String(flags.tail), ...(flags.follow ? { follow: "true" } : {}) });
    const response = await handler({ method: "GET", url: `${resourcePath(pods, flags.namespace, name, "log")}?${query}`, headers: {} });
    if (response.status >= 400) {
      const text = await bodyText(response.body);
      const error = StatusError.from(JSON.parse(text) as Status);
      throw new CommandFailed(`${error.message} (in namespace ${flags.namespace}), and no component of that name has logged anything (there are: ${[...components].sort().join(", ")}).`);
    }
    if (typeof response.body === "string" || response.body instanceof Uint8Array) process.stdout.write(response.body);
    else for await (const chunk of response.body) process.stdout.write(chunk);
  } finally {
    handler.close();
  }
}

async function readLines(file: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of createInterface({ input: createReadStream(file) })) lines.push(line);
  return lines;
}

/** Prints what is appended to the file, until the process is interrupted. */
async function followFile(file: string, print: (line: string) => void): Promise<never> {
  let offset = statSync(file).size;
  let rest = "";
  for (;;) {
    await new Promise<void>((resolve) => {
      const watcher = watch(file, () => {
        watcher.close();
        resolve();
      });
      if (statSync(file).size !== offset) {
        watcher.close();
        resolve();
      }
    });
    const size = statSync(file).size;
    if (size < offset) offset = 0;
    if (size === offset) continue;
    for await (const chunk of createReadStream(file, { start: offset, end: size - 1, encoding: "utf8" })) rest += chunk as string;
    offset = size;
    const lines = rest.split("\n");
    rest = lines.pop()!;
    lines.forEach(print);
  }
}

function parseLine(line: string): Line | undefined {
  try {
    return JSON.parse(line) as Line;
  } catch {
    return undefined;
  }
}

function format({ time, level, component, message, ...fields }: Line): string {
  const more = Object.entries(fields).map(([key, value]) => ` ${key}=${typeof value === "string" ? value : JSON.stringify(value)}`).join("");
  return `${time} ${level.toUpperCase().padEnd(5)} ${component}: ${message}${more}`;
}
