/**
 * Splits SQL scripts the way psql does: statements end at a semicolon outside quotes, comments,
 * parentheses and SQL-standard function bodies; backslash commands run to the end of their line.
 * @see https://www.postgresql.org/docs/18/app-psql.html
 */
export type ScriptItem =
  /** `endedBy` is the backslash command that ended it in the place of a semicolon. */
  | { kind: "query"; sql: string; line: number; endedBy?: "g" | "gexec" }
  | { kind: "copy"; sql: string; data: string; line: number }
  | { kind: "command"; name: string; args: string[]; line: number };

/** Thrown for a script that ends in the middle of something. */
export class ScriptError extends Error {}

/**
 * Yields a script's items one by one. `variables` is read when an item is made, so that a `\set` acts on
 * what follows it.
 */
export function* splitScript(text: string, variables: ReadonlyMap<string, string>): Generator<ScriptItem> {
  let position = 0;
  let sql = "";
  let depth = 0;
  /** Words of the statement outside quotes, to know functions with a body of statements. */
  let words: string[] = [];
  let bodyDepth = 0;
  const lineAt = (at: number): number => text.slice(0, at).split("\n").length;
  let startedAt = 0;

  const take = (): string => {
    const statement = sql.trim();
    [sql, depth, words, bodyDepth] = ["", 0, [], 0];
    return statement;
  };
  const append = (part: string): void => {
    if (sql.trim() === "") startedAt = position;
    sql += part;
    position += part.length;
  };

  while (position < text.length) {
    const rest = text.slice(position, position + 400);
    const c = rest[0]!;
    const comment = /^--[^\n]*/.exec(c === "-" ? text.slice(position) : "");
    if (comment) {
      position += comment[0].length;
    } else if (rest.startsWith("/*")) {
      append(text.slice(position, endOfComment(text, position)));
    } else if (c === "'" || c === '"') {
      const escapes = c === "'" && /(?:^|[^\w$])[eE]$/.test(sql);
      append(text.slice(position, endOfQuoted(text, position, c, escapes)));
    } else if (c === "$" && !/[\w$]$/.test(sql)) {
      const tag = /^\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/.exec(rest)?.[0];
      if (!tag) append(c);
      else {
        const end = text.indexOf(tag, position + tag.length);
        if (end < 0) throw new ScriptError(`line ${lineAt(position)}: unterminated dollar-quoted string ${tag}`);
        append(text.slice(position, end + tag.length));
      }
    } else if (c === "\\") {
      const line = lineAt(position);
      const newline = text.indexOf("\n", position);
      const command = /^\\([A-Za-z!?]+|\\)(.*?)(?:\\\\|$)/.exec(text.slice(position, newline < 0 ? undefined : newline));
      if (!command) throw new ScriptError(`line ${line}: invalid command`);
      position += command[0].length;
      const name = command[1]!;
      if (name === "\\") continue;
      if ((name === "g" || name === "gexec") && command[2]!.trim() === "") {
        const statement = take();
        if (statement) yield { kind: "query", sql: statement, line: lineAt(startedAt), endedBy: name };
      } else {
        yield { kind: "command", name, args: commandArguments(command[2]!, variables), line };
      }
    } else if (c === ":" && rest[1] !== ":" && !sql.endsWith(":")) {
      const use = /^:(?:'(\w+)'|"(\w+)"|(\w+))/.exec(rest);
      const value = use ? variables.get(use[1] ?? use[2] ?? use[3]!) : undefined;
      if (use && value !== undefined) {
        if (sql.trim() === "") startedAt = position;
        sql += use[1] ? quoteLiteral(value) : use[2] ? quoteIdentifier(value) : value;
        position += use[0].length;
      } else append(c);
    } else if (c === ";" && depth === 0 && bodyDepth === 0) {
      const line = lineAt(startedAt);
      position++;
      const statement = take();
      if (/^COPY\b[\s\S]*\bFROM\s+STDIN\b/i.test(statement)) {
        const copied = copyData(text, position);
        if (!copied) throw new ScriptError(`line ${line}: COPY data does not end with \\.`);
        position = copied.end;
        yield { kind: "copy", sql: statement, data: copied.data, line };
      } else if (statement) yield { kind: "query", sql: statement, line };
    } else if (/[A-Za-z_]/.test(c)) {
      const word = /^[\w$\u0080-\uffff]+/.exec(rest)![0];
      append(word);
      words.push(word.toUpperCase());
      if (isRoutine(words)) {
        const upper = word.toUpperCase();
        if (upper === "BEGIN" || (upper === "CASE" && bodyDepth > 0)) bodyDepth++;
        else if (upper === "END" && bodyDepth > 0) bodyDepth--;
      }
    } else {
      if (c === "(") depth++;
      else if (c === ")" && depth > 0) depth--;
      append(c);
    }
  }
  // As psql: what stands at the end without a semicolon is a statement too.
  const statement = take();
  if (statement && !/^(?:\/\*[\s\S]*\*\/\s*)+$/.test(statement)) yield { kind: "query", sql: statement, line: lineAt(startedAt) };
}

export function quoteLiteral(value: string): string {
  const doubled = value.replaceAll("'", "''");
  return value.includes("\\") ? ` E'${doubled.replaceAll("\\", "\\\\")}'` : `'${doubled}'`;
}

export function quoteIdentifier(value: string): string {
  return `"${value.replaceAll('"', '""')}"`;
}

/** Whether the statement so far creates a function or procedure, whose body may hold semicolons. */
function isRoutine(words: string[]): boolean {
  const [first, second, third, fourth] = words;
  if (first !== "CREATE") return false;
  const kind = second === "OR" && third === "REPLACE" ? fourth : second;
  return kind === "FUNCTION" || kind === "PROCEDURE";
}

/** Where a comment that begins at `start` ends; comments nest. */
function endOfComment(text: string, start: number): number {
  let nesting = 0;
  for (let i = start; i < text.length; i++) {
    if (text.startsWith("/*", i)) {
      nesting++;
      i++;
    } else if (text.startsWith("*/", i)) {
      i++;
      if (--nesting === 0) return i + 1;
    }
  }
  throw new ScriptError("unterminated /* comment");
}

function endOfQuoted(text: string, start: number, quote: string, escapes: boolean): number {
  for (let i = start + 1; i < text.length; i++) {
    if (escapes && text[i] === "\\") i++;
    else if (text[i] === quote) {
      if (text[i + 1] !== quote) return i + 1;
      i++;
    }
  }
  throw new ScriptError(`unterminated quoted ${quote === "'" ? "string" : "identifier"}`);
}

/** The lines after a COPY up to its `\.`. */
function copyData(text: string, from: number): { data: string; end: number } | undefined {
  const start = text.indexOf("\n", from) + 1;
  if (start === 0) return undefined;
  for (let at = start; at < text.length; ) {
    const newline = text.indexOf("\n", at);
    const end = newline < 0 ? text.length : newline;
    if (text.slice(at, end).replace(/\r$/, "") === "\\.") return { data: text.slice(start, at), end };
    if (newline < 0) break;
    at = newline + 1;
  }
  return undefined;
}

/** A backslash command's arguments: blanks separate, single quotes keep together, `:name` is filled in. */
function commandArguments(text: string, variables: ReadonlyMap<string, string>): string[] {
  return [...text.matchAll(/'((?:[^'\\]|\\.|'')*)'|"([^"]*)"|(\S+)/g)].map((matched) => {
    if (matched[1] !== undefined) return matched[1].replaceAll("''", "'").replace(/\\(.)/g, (_, c: string) => (c === "n" ? "\n" : c === "t" ? "\t" : c));
    if (matched[2] !== undefined) return matched[2];
    const word = matched[3]!;
    return word.startsWith(":") ? (variables.get(word.slice(1)) ?? word) : word;
  });
}
