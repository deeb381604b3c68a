import { readFileSync } from "node:fs";
import { join } from "node:path";
import { warn } from "../output.ts";
import { parseMounts, translatePath } from "../paths.ts";
import { socketLinkName } from "../sockets.ts";
import { UsageError, parsePsqlOptions } from "./options.ts";
import type { PsqlOptions } from "./options.ts";
import { PsqlError, Session } from "./session.ts";
import type { Target } from "./session.ts";

/**
 * The part of psql that init scripts and `kubectl exec` need; the embedded PostgreSQL comes without
 * client programs. Exit codes are psql's: 1 for its own errors, 2 for a connection that failed, 3 for a
 * script's error under ON_ERROR_STOP.
 */
export async function psql(args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  let options: PsqlOptions;
  try {
    options = parsePsqlOptions(args);
    if (options.actions.length === 0 && process.stdin.isTTY) {
      throw new UsageError("psql: interactive use is not supported here: use -c or -f, or 'kubectl port-forward' and a psql of your own");
    }
  } catch (error) {
    warn(`${(error as Error).message}\n`);
    return 1;
  }
  const mounts = parseMounts(env["TIDEPOOL_MOUNTS"]);
  const translate = (path: string): string => translatePath(path, mounts);
  let session: Session;
  try {
    session = await Session.open(findTarget(options, env), { ...options, translate });
  } catch (error) {
    warn(`${(error as Error).message}\n`);
    return 2;
  }
  try {
    const actions = options.actions.length > 0 ? options.actions : [{ kind: "file" as const, text: "-" }];
    if (options.singleTransaction) await session.runCommand("BEGIN");
    for (const action of actions) {
      if (action.kind === "command") await session.runCommand(action.text);
      else if (action.text === "-") await session.run(readFileSync(0, "utf8"), "<stdin>");
      else await session.run(readFileSync(translate(action.text), "utf8"), action.text);
    }
    if (options.singleTransaction) await session.runCommand("COMMIT");
    return 0;
  } catch (error) {
    warn(`${(error as Error).message}\n`);
    return error instanceof PsqlError && options.actions.at(-1)?.kind !== "command" ? 3 : 1;
  } finally {
    await session.close();
  }
}

/**
 * Where to connect. Inside the container the official image trusts whoever connects; here such a
 * connection comes by the same socket as the network's, so the container's own password is used.
 */
export function findTarget(options: PsqlOptions, env: NodeJS.ProcessEnv): Target {
  const port = options.port ?? Number(env["PGPORT"] || 5432);
  const uri = /^postgres(?:ql)?:\/\//.test(options.database ?? "") ? new URL(options.database!) : undefined;
  const user = uri?.username || options.user || env["PGUSER"] || env["POSTGRES_USER"] || "postgres";
  return {
    host: uri?.hostname || options.host || env["PGHOST"] || localSocket(env),
    port: uri?.port ? Number(uri.port) : port,
    user: decodeURIComponent(user),
    password: (uri?.password && decodeURIComponent(uri.password)) || env["PGPASSWORD"] || env["POSTGRES_PASSWORD"],
    database: (uri ? decodeURIComponent(uri.pathname.slice(1)) : options.database) || env["PGDATABASE"] || decodeURIComponent(user),
  };
}

/** The directory of the server's socket. */
function localSocket(env: NodeJS.ProcessEnv): string {
  const { TIDEPOOL_SOCKET_DIR: directory, TIDEPOOL_POD_IP: ip } = env;
  return directory && ip ? join(directory, socketLinkName(ip)) : "/var/run/postgresql";
}
