import { connect } from "node:net";
import { join } from "node:path";
import { say, warn } from "../output.ts";
import { findTarget } from "./main.ts";
import { parsePsqlOptions } from "./options.ts";
import type { PsqlOptions } from "./options.ts";
import type { Target } from "./session.ts";

const PROTOCOL_3 = 196608;
const DEFAULT_TIMEOUT_S = 3;
const ANSWERS = ["accepting connections", "rejecting connections", "no response"];

/**
 * `pg_isready`: 0 accepting, 1 rejecting (starting up, shutting down), 2 no answer, 3 wrong use. No
 * password is needed: a server that asks for one accepts connections.
 * @see https://www.postgresql.org/docs/18/app-pg-isready.html
 */
export async function isReady(args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  // The one option of pg_isready whose letter means something else to psql.
  const at = args.indexOf("-t");
  let options: PsqlOptions;
  try {
    options = parsePsqlOptions(at < 0 ? args : args.toSpliced(at, 2));
  } catch (error) {
    warn(`${(error as Error).message.replace("psql", "pg_isready")}\n`);
    return 3;
  }
  const target = findTarget(options, env);
  const state = await probe(target, 1000 * (at < 0 ? DEFAULT_TIMEOUT_S : Number(args[at + 1])));
  if (!options.quiet) say(`${target.host}:${target.port} - ${ANSWERS[state]}\n`);
  return state;
}

/** Begins a connection and looks at the first answer. */
function probe(target: Target, timeoutMs: number): Promise<0 | 1 | 2> {
  return new Promise((resolve) => {
    const socket = target.host.startsWith("/") ? connect(join(target.host, `.s.PGSQL.${target.port}`)) : connect(target.port, target.host);
    let answer = Buffer.alloc(0);
    const decide = (state: 0 | 1 | 2): void => {
      socket.destroy();
      resolve(state);
    };
    socket.setTimeout(timeoutMs, () => decide(2));
    socket.on("error", () => decide(2));
    socket.on("end", () => decide(answer.includes("C57P03\0") ? 1 : answer[0] === 0x45 ? 0 : 2));
    socket.on("connect", () => socket.write(startupMessage(target)));
    socket.on("data", (chunk) => {
      answer = Buffer.concat([answer, chunk]);
      // "R": the server goes on to authentication. An "E"rror is read to its end first.
      if (answer[0] === 0x52) decide(0);
    });
  });
}

function startupMessage({ user, database }: Target): Buffer {
  const parameters = Buffer.from(`user\0${user}\0database\0${database}\0\0`);
  const header = Buffer.alloc(8);
  header.writeInt32BE(header.length + parameters.length, 0);
  header.writeInt32BE(PROTOCOL_3, 4);
  return Buffer.concat([header, parameters]);
}
