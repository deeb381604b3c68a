/** The command line of psql, as far as scripts of containers use it. Anything else is refused by name. */
export interface PsqlOptions {
  /** In the order given, as psql runs them. */
  actions: { kind: "command" | "file"; text: string }[];
  variables: Map<string, string>;
  host?: string;
  port?: number;
  user?: string;
  /** A name, or a postgres:// address. */
  database?: string;
  tuplesOnly: boolean;
  unaligned: boolean;
  quiet: boolean;
  singleTransaction: boolean;
}

export class UsageError extends Error {}

const VALUED: Record<string, string> = {
  c: "command", f: "file", v: "set", U: "username", h: "host", p: "port", d: "dbname",
};
const FLAGS: Record<string, string> = {
  t: "tuples-only", A: "no-align", q: "quiet", X: "no-psqlrc", w: "no-password", 1: "single-transaction",
};

export function parsePsqlOptions(args: string[]): PsqlOptions {
  const options: PsqlOptions = { actions: [], variables: new Map(), tuplesOnly: false, unaligned: false, quiet: false, singleTransaction: false };
  const positional: string[] = [];
  const rest = [...args];
  const valueOf = (name: string, attached: string | undefined): string => {
    const value = attached ?? rest.shift();
    if (value === undefined) throw new UsageError(`psql: option requires an argument -- '${name}'`);
    return value;
  };
  while (rest.length > 0) {
    const argument = rest.shift()!;
    if (argument === "--") positional.push(...rest.splice(0));
    else if (argument.startsWith("--")) {
      const [name, attached] = cut(argument.slice(2), "=");
      if (Object.values(VALUED).includes(name) || name === "variable") apply(options, name === "variable" ? "set" : name, valueOf(name, attached));
      else if (Object.values(FLAGS).includes(name) && attached === undefined) apply(options, name, "");
      else throw new UsageError(`psql: option --${name} is not supported here`);
    } else if (argument.startsWith("-") && argument.length > 1) {
      for (let i = 1; i < argument.length; i++) {
        const letter = argument[i]!;
        if (letter in FLAGS) apply(options, FLAGS[letter]!, "");
        else if (letter in VALUED) {
          apply(options, VALUED[letter]!, valueOf(letter, argument.slice(i + 1) || undefined));
          break;
        } else throw new UsageError(`psql: option -${letter} is not supported here`);
      }
    } else positional.push(argument);
  }
  const [database, user, ...extra] = positional;
  if (extra.length > 0) throw new UsageError(`psql: extra command-line argument "${extra[0]}"`);
  if (database !== undefined) options.database ??= database;
  if (user !== undefined) options.user ??= user;
  return options;
}

function apply(options: PsqlOptions, name: string, value: string): void {
  switch (name) {
    case "command":
    case "file":
      options.actions.push({ kind: name, text: value });
      break;
    case "set": {
      const [variable, text] = cut(value, "=");
      options.variables.set(variable, text ?? "");
      break;
    }
    case "username":
      options.user = value;
      break;
    case "host":
      options.host = value;
      break;
    case "port":
      options.port = Number(value);
      if (!Number.isInteger(options.port)) throw new UsageError(`psql: invalid port number: "${value}"`);
      break;
    case "dbname":
      options.database = value;
      break;
    case "tuples-only":
      options.tuplesOnly = true;
      break;
    case "no-align":
      options.unaligned = true;
      break;
    case "quiet":
      options.quiet = true;
      break;
    case "single-transaction":
      options.singleTransaction = true;
      break;
    // no-psqlrc and no-password say what is so anyway.
  }
}

function cut(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
