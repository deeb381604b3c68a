/**
 * The entrypoint of Tidepool's `postgres:18`, in the place of the official image's docker-entrypoint.sh:
 * the same environment, the same scripts, the real PostgreSQL. It initializes an empty PGDATA and then
 * becomes the server: process ID, signals and exit code are PostgreSQL's own.
 * @see https://github.com/docker-library/postgres/blob/master/docker-entrypoint.sh
 */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { findLauncher, giveAway } from "./binaries.ts";
import type { Launcher } from "./binaries.ts";
import { readSettings, resolveFileVariables, verifySettings } from "./environment.ts";
import type { Settings } from "./environment.ts";
import { socketRules } from "./hba.ts";
import { discardUnfinished, initializationMarker, initialize, readSetting } from "./initialize.ts";
import { endOrphans } from "./orphans.ts";
import { EntrypointError, say, warn } from "./output.ts";
import { parseMounts, translatePath } from "./paths.ts";
import { psql } from "./psql/main.ts";
import { isReady } from "./psql/ready.ts";
import { podSockets, publishPort, replaceLink, socketLinkName, withdrawPort } from "./sockets.ts";
import type { PodSockets } from "./sockets.ts";

const HELP_OPTIONS = ["-?", "--help", "--describe-config", "-V", "--version"];

async function main(): Promise<void> {
  let [command = "postgres", ...args] = process.argv.slice(2);
  if (command === "psql") process.exit(await psql(args, process.env));
  if (command === "pg_isready") process.exit(await isReady(args, process.env));
  if (command.startsWith("-")) [command, args] = ["postgres", [command, ...args]];
  if (command !== "postgres") return become(findProgram(command), args, process.env);

  const mounts = parseMounts(process.env["TIDEPOOL_MOUNTS"]);
  const translate = (path: string): string => translatePath(path, mounts);
  const sockets = podSockets(process.env);
  // Settings that name files: config_file=/etc/postgresql/postgresql.conf.
  args = args.map((argument) => argument.replace(/(?<==)\/.*$/, translate));
  const launcher = findLauncher(process.env["TIDEPOOL_POSTGRES_HOME"], sockets?.directory);
  if (args.some((argument) => HELP_OPTIONS.includes(argument))) return becomePostgres(launcher, args, process.env);

  const env = resolveFileVariables(process.env, translate);
  const settings = readSettings(env);
  const dataDirectory = resolve(translate(settings.dataDirectory));
  const marker = initializationMarker(dataDirectory);
  mkdirSync(dataDirectory, { recursive: true });
  chmodSync(dataDirectory, 0o700);
  if (sockets) withdrawPort(sockets, settings.port);
  await endOrphans(dataDirectory, existsSync(marker));
  if (existsSync(marker)) discardUnfinished({ dataDirectory, settings, translate });
  giveAway(launcher, dataDirectory);

  if (isInitialized(dataDirectory)) {
    say("\nPostgreSQL Database directory appears to contain a database; Skipping initialization\n\n");
  } else {
    await initializeHere({ settings, env, launcher, dataDirectory, args, sockets, translate });
  }
  const place = sockets ? joinPodNetwork(launcher, dataDirectory, args, env, sockets) : ownSocketDirectory();
  // The container's own arguments come first: PostgreSQL takes the last of two that disagree.
  becomePostgres(launcher, ["-D", dataDirectory, ...args, ...place], env);
}

async function initializeHere(options: {
  settings: Settings;
  env: NodeJS.ProcessEnv;
  launcher: Launcher;
  dataDirectory: string;
  args: string[];
  sockets: PodSockets | undefined;
  translate: (path: string) => string;
}): Promise<void> {
  const { settings, env, launcher, dataDirectory, sockets } = options;
  const { warning } = verifySettings(settings);
  if (warning) warn(warning);
  const temporary = mkdtempSync(join(sockets?.directory ?? tmpdir(), "pg-"));
  try {
    const socketDirectory = sockets ? join(sockets.directory, socketLinkName(sockets.ip)) : join(temporary, "data");
    replaceLink(dataDirectory, socketDirectory);
    await initialize({ settings, env, launcher, dataDirectory, serverArguments: options.args, temporary, socketDirectory, translate: options.translate });
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** Puts the server behind the pod's port, by rules that hold for callers from other pods. */
function joinPodNetwork(launcher: Launcher, dataDirectory: string, args: string[], env: NodeJS.ProcessEnv, sockets: PodSockets): string[] {
  const ask = (name: string): string => readSetting({ launcher, dataDirectory, serverArguments: args, env }, name);
  // Asking costs a start of PostgreSQL: only where the answer may differ from the default.
  const source = args.length > 0 ? ask("hba_file") : join(dataDirectory, "pg_hba.conf");
  const port = args.length > 0 || env["PGPORT"] ? Number(ask("port")) : 5432;
  const { rules, warnings } = socketRules(readFileSync(source, "utf8"));
  for (const warning of warnings) warn(`warning: ${warning}\n`);
  const rulesFile = join(dataDirectory, "pg_hba.tidepool.conf");
  writeFileSync(rulesFile, rules, { mode: 0o600 });
  if (launcher.identity) giveAway(launcher, dataDirectory);
  replaceLink(dataDirectory, join(sockets.directory, socketLinkName(sockets.ip)));
  publishPort(sockets, port, dataDirectory);
  return ["-c", "listen_addresses=", "-c", "unix_socket_directories=.", "-c", `hba_file=${rulesFile}`];
}

/** Outside Tidepool: the image's own directory for the socket, where it can be had. */
function ownSocketDirectory(): string[] {
  try {
    mkdirSync("/var/run/postgresql", { recursive: true, mode: 0o775 });
    return ["-c", "unix_socket_directories=/var/run/postgresql"];
  } catch {
    return ["-c", "unix_socket_directories="];
  }
}

function isInitialized(dataDirectory: string): boolean {
  return (statSync(join(dataDirectory, "PG_VERSION"), { throwIfNoEntry: false })?.size ?? 0) > 0;
}

function becomePostgres(launcher: Launcher, args: string[], env: NodeJS.ProcessEnv): never {
  const command = launcher.command("postgres", args);
  if (launcher.identity) {
    process.setgroups?.([]);
    process.setgid?.(launcher.identity.gid);
    process.setuid?.(launcher.identity.uid);
  }
  return become(command.file, command.args, { ...env, ...launcher.environment });
}

/** Replaces this process, as a shell's exec does: nothing of Node stays in memory. */
function become(file: string, args: string[], env: NodeJS.ProcessEnv): never {
  return process.execve!(file, [file, ...args], env);
}

function findProgram(name: string): string {
  const candidates = name.includes("/") ? [name] : (process.env["PATH"] ?? "").split(delimiter).map((directory) => join(directory, name));
  const found = candidates.find((path) => existsSync(path));
  if (!found) throw new EntrypointError(`exec: ${name}: not found`);
  return found;
}

main().catch((error: unknown) => {
  warn(`${error instanceof EntrypointError ? error.message : ((error as Error).stack ?? String(error))}\n`);
  process.exit(1);
});
