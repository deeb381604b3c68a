import { readFileSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import pg from "pg";
import { say, warn } from "../output.ts";
import { formatRows, isRightAligned } from "./format.ts";
import { splitScript } from "./script.ts";

/** Where and as whom to connect; a host that begins with a slash is a directory with the server's socket. */
export interface Target {
  host: string;
  port: number;
  user: string;
  password: string | undefined;
  database: string;
}

/** Ends a script: the message has been worded as psql would. */
export class PsqlError extends Error {}

/** Thrown by `\q`. */
class Quit extends Error {}

export interface SessionOptions {
  variables: Map<string, string>;
  tuplesOnly: boolean;
  unaligned: boolean;
  quiet: boolean;
  /** Where a path that a script names is. */
  translate: (path: string) => string;
}

/** One run of psql: a connection, which `\connect` replaces, and the variables. */
export class Session {
  readonly #options: SessionOptions;
  #target: Target;
  #client: pg.Client;
  /** What the server said it did, statement by statement: pg keeps the first word only. */
  readonly #tags: string[] = [];

  private constructor(target: Target, client: pg.Client, options: SessionOptions) {
    this.#target = target;
    this.#options = options;
    this.#client = this.#watch(client);
  }

  static async open(target: Target, options: SessionOptions): Promise<Session> {
    return new Session(target, await connect(target), options);
  }

  async close(): Promise<void> {
    await this.#client.end();
  }

  /** Runs a script. Errors end it when ON_ERROR_STOP is set, otherwise they are told and passed over; returns whether there were none. */
  async run(text: string, name: string): Promise<boolean> {
    const stop = ["1", "on", "true", "yes"].includes(this.#options.variables.get("ON_ERROR_STOP")?.toLowerCase() ?? "");
    let clean = true;
    try {
      for (const item of splitScript(text, this.#options.variables)) {
        try {
          if (item.kind === "query") await this.#query(item.sql, item.endedBy === "gexec");
          else if (item.kind === "copy") await this.#copy(item.sql, item.data);
          else await this.#command(item.name, item.args, name);
        } catch (error) {
          if (error instanceof Quit) return clean;
          const message = error instanceof PsqlError ? error.message : `psql:${name}:${item.line}: ${describe(error)}`;
          if (stop) throw new PsqlError(message);
          warn(`${message}\n`);
          clean = false;
        }
      }
    } catch (error) {
      throw error instanceof PsqlError ? error : new PsqlError(`psql:${name}: ${(error as Error).message}`);
    }
    return clean;
  }

  /** Runs text as one request, as `psql -c` does: several statements are one transaction. A lone backslash command works too. */
  async runCommand(text: string): Promise<void> {
    if (text.trimStart().startsWith("\\")) {
      await this.run(text, "command");
      return;
    }
    try {
      await this.#query(text, false);
    } catch (error) {
      throw new PsqlError(describe(error));
    }
  }

  async #query(sql: string, execute: boolean): Promise<void> {
    this.#tags.length = 0;
    const types = { getTypeParser: () => (value: string) => value };
    const answered: unknown = await this.#client.query({ text: sql, rowMode: "array", types });
    const results = (Array.isArray(answered) ? answered : [answered]) as pg.QueryArrayResult<(string | null)[]>[];
    const tags = [...this.#tags];
    for (const [index, result] of results.entries()) {
      if (execute) {
        for (const statement of result.rows.flat()) if (statement !== null) await this.#query(statement, false);
      } else if (result.fields.length > 0) {
        const columns = result.fields.map((field) => ({ name: field.name, rightAligned: isRightAligned(field.dataTypeID) }));
        say(formatRows({ columns, rows: result.rows }, this.#options));
      } else if (!this.#options.quiet && tags[index]) {
        say(`${tags[index]}\n`);
      }
    }
  }

  #watch(client: pg.Client): pg.Client {
    const { connection } = client as unknown as { connection: NodeJS.EventEmitter };
    connection.on("commandComplete", (message: { text: string }) => this.#tags.push(message.text));
    return client;
  }

  async #copy(sql: string, data: string): Promise<void> {
    const rows = await new Promise<string>((resolve, reject) => {
      this.#client.query(new CopyIn(sql, data, resolve, reject) as never);
    });
    if (!this.#options.quiet) say(`${rows}\n`);
  }

  async #command(name: string, args: string[], script: string): Promise<void> {
    switch (name) {
      case "c":
      case "connect": {
        const [database, user, host, port] = args.map((argument) => (argument === "-" ? undefined : argument));
        const target = {
          ...this.#target,
          ...(database !== undefined && { database }),
          ...(user !== undefined && { user }),
          ...(host !== undefined && { host }),
          ...(port !== undefined && { port: Number(port) }),
        };
        const client = await connect(target);
        await this.#client.end();
        [this.#target, this.#client] = [target, this.#watch(client)];
        if (!this.#options.quiet) say(`You are now connected to database "${target.database}" as user "${target.user}".\n`);
        return;
      }
      case "echo":
        return say(`${args.join(" ")}\n`);
      case "warn":
        return warn(`${args.join(" ")}\n`);
      case "set":
        if (args[0] !== undefined) this.#options.variables.set(args[0], args.slice(1).join(""));
        return;
      case "unset":
        if (args[0] !== undefined) this.#options.variables.delete(args[0]);
        return;
      case "i":
      case "include":
      case "ir":
      case "include_relative": {
        const file = args[0] ?? "";
        const path = name.startsWith("ir") || name.endsWith("relative") ? join(isAbsolute(file) ? "" : dirname(script), file) : file;
        await this.run(readFileSync(this.#options.translate(path), "utf8"), path);
        return;
      }
      case "q":
      case "quit":
        throw new Quit();
      default:
        throw new Error(`\\${name} is not supported here`);
    }
  }
}

async function connect(target: Target): Promise<pg.Client> {
  const client = new pg.Client(target);
  // A server that goes away is told by the query that waits for it.
  client.on("error", () => undefined);
  client.on("notice", (notice) => warn(`${notice.severity}:  ${notice.message}\n`));
  try {
    await client.connect();
  } catch (error) {
    throw new PsqlError(`psql: error: connection to server at "${target.host}", port ${target.port} failed: ${describe(error)}`);
  }
  return client;
}

function describe(error: unknown): string {
  const { severity, message, detail, hint } = error as { severity?: string; message: string; detail?: string; hint?: string };
  const lines = [`${severity ?? "ERROR"}:  ${message}`];
  if (detail) lines.push(`DETAIL:  ${detail}`);
  if (hint) lines.push(`HINT:  ${hint}`);
  return lines.join("\n");
}

/** COPY FROM STDIN for pg, which has no query of this kind itself. */
class CopyIn {
  readonly #sql: string;
  readonly #data: string;
  readonly #resolve: (tag: string) => void;
  readonly #reject: (error: Error) => void;
  #tag = "COPY";
  #error: Error | undefined;

  constructor(sql: string, data: string, resolve: (tag: string) => void, reject: (error: Error) => void) {
    this.#sql = sql;
    this.#data = data;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  submit(connection: { query(sql: string): void }): void {
    connection.query(this.#sql);
  }

  handleCopyInResponse(connection: { sendCopyFromChunk(chunk: Buffer): void; endCopyFrom(): void }): void {
    if (this.#data) connection.sendCopyFromChunk(Buffer.from(this.#data));
    connection.endCopyFrom();
  }

  handleCommandComplete(message: { text: string }): void {
    this.#tag = message.text;
  }

  handleError(error: Error): void {
    this.#error = error;
  }

  handleReadyForQuery(): void {
    if (this.#error) this.#reject(this.#error);
    else this.#resolve(this.#tag);
  }
}
