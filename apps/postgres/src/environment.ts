import { readFileSync } from "node:fs";
import { EntrypointError } from "./output.ts";

/** The official image's settings, defaults filled in. */
export interface Settings {
  user: string;
  password: string;
  database: string;
  /** Empty: what PostgreSQL itself would encrypt passwords with. */
  hostAuthMethod: string;
  initdbArguments: string[];
  /** As the container names it. */
  dataDirectory: string;
  walDirectory: string | undefined;
  port: number;
}

/** Where the 18 image keeps its data. */
export const DEFAULT_DATA_DIRECTORY = "/var/lib/postgresql/18/docker";

const FILE_VARIABLES = ["POSTGRES_PASSWORD", "POSTGRES_USER", "POSTGRES_DB", "POSTGRES_INITDB_ARGS"];

/**
 * The environment with `NAME_FILE` variables replaced by what their files hold, as the official
 * entrypoint does it. `translate` finds the files.
 * @see https://github.com/docker-library/postgres/blob/master/docker-entrypoint.sh (file_env)
 */
export function resolveFileVariables(env: NodeJS.ProcessEnv, translate: (path: string) => string): NodeJS.ProcessEnv {
  const resolved = { ...env };
  for (const name of FILE_VARIABLES) {
    const file = env[`${name}_FILE`];
    if (!file) continue;
    if (env[name]) throw new EntrypointError(`error: both ${name} and ${name}_FILE are set (but are exclusive)`);
    try {
      // As $(< file) does: without the newlines at the end.
      resolved[name] = readFileSync(translate(file), "utf8").replace(/\n+$/, "");
    } catch (error) {
      throw new EntrypointError(`error: ${name}_FILE: ${(error as Error).message}`);
    }
    delete resolved[`${name}_FILE`];
  }
  return resolved;
}

/** Reads the settings from an environment without `_FILE` variables. */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const user = env["POSTGRES_USER"] || "postgres";
  return {
    user,
    password: env["POSTGRES_PASSWORD"] ?? "",
    database: env["POSTGRES_DB"] || user,
    hostAuthMethod: env["POSTGRES_HOST_AUTH_METHOD"] ?? "",
    initdbArguments: splitWords(env["POSTGRES_INITDB_ARGS"] ?? ""),
    dataDirectory: env["PGDATA"] || DEFAULT_DATA_DIRECTORY,
    walDirectory: env["POSTGRES_INITDB_WALDIR"] || undefined,
    port: Number(env["PGPORT"] || 5432),
  };
}

/** Splits as a shell would: blanks separate, quotes and backslashes keep together. Nothing is expanded. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (quote === "'") {
      if (c === "'") quote = "";
      else word += c;
    } else if (c === "\\" && i + 1 < text.length) {
      word = (word ?? "") + text[++i]!;
    } else if (quote === '"') {
      if (c === '"') quote = "";
      else word += c;
    } else if (c === "'" || c === '"') {
      quote = c;
      word ??= "";
    } else if (/\s/.test(c)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? "") + c;
    }
  }
  if (quote) throw new EntrypointError(`error: POSTGRES_INITDB_ARGS: unbalanced ${quote}`);
  if (word !== undefined) words.push(word);
  return words;
}

/** What must be said, or must stop us, before a database is made. Texts are the official image's. */
export function verifySettings(settings: Settings): { warning?: string } {
  if (!settings.password && settings.hostAuthMethod !== "trust") {
    throw new EntrypointError(
      `Error: Database is uninitialized and superuser password is not specified.
       You must specify POSTGRES_PASSWORD to a non-empty value for the
       superuser. For example, "-e POSTGRES_PASSWORD=password" on "docker run".

       You may also use "POSTGRES_HOST_AUTH_METHOD=trust" to allow all
       connections without a password. This is *not* recommended.

       See PostgreSQL documentation about "trust":
       https://www.postgresql.org/docs/current/auth-trust.html`,
    );
  }
  if (settings.hostAuthMethod !== "trust") return {};
  return {
    warning: `WARNING: POSTGRES_HOST_AUTH_METHOD has been set to "trust". This will allow
         anyone with access to the Postgres port to access your database without
         a password, even if POSTGRES_PASSWORD is set. See PostgreSQL
         documentation about "trust":
         https://www.postgresql.org/docs/current/auth-trust.html\n`,
  };
}
