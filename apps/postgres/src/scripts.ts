import { spawnSync } from "node:child_process";
import { accessSync, constants, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { EntrypointError, say } from "./output.ts";
import { PsqlError, Session } from "./psql/session.ts";
import type { Target } from "./psql/session.ts";

/** Where the image looks for scripts, as the container names it. */
export const SCRIPTS_DIRECTORY = "/docker-entrypoint-initdb.d";

export interface ScriptContext {
  target: Target;
  env: NodeJS.ProcessEnv;
  translate: (path: string) => string;
  /** A private directory that goes when initialization is over. */
  temporary: string;
}

/** What the official image does with a file, by its name. */
export function scriptKind(name: string): "shell" | "sql" | "gzip" | "refused" | "ignored" {
  if (name.endsWith(".sh")) return "shell";
  if (name.endsWith(".sql")) return "sql";
  if (name.endsWith(".sql.gz")) return "gzip";
  // The image runs these with xz and zstd, which may not be on this machine: never pass them over in silence.
  if (name.endsWith(".sql.xz") || name.endsWith(".sql.zst")) return "refused";
  return "ignored";
}

/** Runs the scripts in order of their names. The first that fails ends initialization. */
export async function runScripts(context: ScriptContext): Promise<void> {
  const directory = context.translate(SCRIPTS_DIRECTORY);
  for (const name of list(directory)) {
    const shown = `${SCRIPTS_DIRECTORY}/${name}`;
    const path = join(directory, name);
    const kind = scriptKind(name);
    say(`entrypoint: ${kind === "ignored" ? "ignoring" : "running"} ${shown}\n`);
    if (kind === "refused") throw new EntrypointError(`error: ${shown}: only .sql, .sql.gz and .sh can be run here; compress it with gzip`);
    if (kind === "shell") runShell(context, shown, path);
    if (kind === "sql") await runSql(context, readFileSync(path, "utf8"), shown);
    if (kind === "gzip") await runSql(context, gunzipSync(readFileSync(path)).toString("utf8"), shown);
  }
}

/** File names in byte order, as a shell's `*` gives them: without those that begin with a dot. */
function list(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => !name.startsWith(".")).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

async function runSql(context: ScriptContext, text: string, name: string): Promise<void> {
  const session = await Session.open(context.target, {
    variables: new Map([["ON_ERROR_STOP", "1"]]),
    tuplesOnly: false,
    unaligned: false,
    quiet: false,
    translate: context.translate,
  });
  try {
    await session.run(text, name);
  } catch (error) {
    throw error instanceof PsqlError ? new EntrypointError(error.message) : error;
  } finally {
    await session.close();
  }
}

/**
 * Runs a shell script with a `psql` of ours on its PATH. As in the image an executable one is run and
 * any other sourced, with the image's docker_process_sql at hand; variables it sets end with it.
 */
function runShell({ target, env, temporary }: ScriptContext, shown: string, path: string): void {
  const bin = join(temporary, "bin");
  mkdirSync(bin, { recursive: true, mode: 0o700 });
  writeFileSync(join(bin, "psql"), `#!/bin/sh\nexec ${quoted(process.execPath)} ${quoted(process.argv[1]!)} psql "$@"\n`, { mode: 0o700 });
  const prelude = `set -Eeo pipefail
docker_process_sql() { psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --no-password --no-psqlrc \${POSTGRES_DB:+--dbname "$POSTGRES_DB"} "$@"; }
`;
  const ran = spawnSync("bash", isExecutable(path) ? ["-c", 'exec "$0"', path] : ["-c", `${prelude}. "$0"`, path], {
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      ...env,
      POSTGRES_USER: target.user,
      POSTGRES_DB: target.database,
      PGHOST: target.host,
      PGPORT: String(target.port),
      PGPASSWORD: env["PGPASSWORD"] || target.password || "",
      PATH: `${bin}${delimiter}${env["PATH"] ?? "/usr/bin:/bin"}`,
    },
  });
  if (ran.error) throw new EntrypointError(`error: ${shown}: ${ran.error.message}; scripts that end in .sh need bash`);
  if (ran.status !== 0) throw new EntrypointError(`error: ${shown} ended with ${ran.signal ?? `exit code ${ran.status}`}`);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** For a shell; paths may hold anything. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
