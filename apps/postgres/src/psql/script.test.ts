import assert from "node:assert/strict";
import { test } from "node:test";
import { ScriptError, splitScript } from "./script.ts";
import type { ScriptItem } from "./script.ts";

const split = (text: string, variables: Record<string, string> = {}): ScriptItem[] => [...splitScript(text, new Map(Object.entries(variables)))];
const statements = (text: string, variables?: Record<string, string>): string[] => split(text, variables).map((item) => ("sql" in item ? item.sql : `\\${item.name}`));

const cases: [what: string, text: string, statements: string[]][] = [
  ["semicolons end statements, the last may lack its own", "select 1; select 2", ["select 1", "select 2"]],
  ["strings and identifiers keep their semicolons", `select ';', 'it''s;', "a;""b"; x`, [`select ';', 'it''s;', "a;""b"`, "x"]],
  ["backslashes escape in E strings alone", `select E'\\';', '\\'; x`, [`select E'\\';', '\\'`, "x"]],
  ["dollar quotes keep everything", "do $$ begin; end $$; select $a$ $$;$b$ $a$; select $1", ["do $$ begin; end $$", "select $a$ $$;$b$ $a$", "select $1"]],
  ["comments are no statements", "-- one; two\nselect 1 -- x;\n; /* a /* b; */ ; */ select 2; -- end", ["select 1", "/* a /* b; */ ; */ select 2"]],
  ["parentheses keep rules together", "create rule r as on insert to t do (select 1; select 2); x", ["create rule r as on insert to t do (select 1; select 2)", "x"]],
  [
    "a function's body of statements is one",
    "create or replace function f() returns int begin atomic select case when true then 1 end; select 2; end; begin; end;",
    ["create or replace function f() returns int begin atomic select case when true then 1 end; select 2; end", "begin", "end"],
  ],
  ["empty statements vanish", ";; select 1;;", ["select 1"]],
];

for (const [what, text, expected] of cases) test(what, () => assert.deepEqual(statements(text), expected));

test("variables are filled in outside quotes, as text, literal and identifier", () => {
  assert.deepEqual(statements(`select :a, :'a', :"a", ':a', x::a, :none, '12:30:45'`, { a: `it's "x"` }), [
    `select it's "x", 'it''s "x"', "it's ""x""", ':a', x::a, :none, '12:30:45'`,
  ]);
});

test("a variable set on the way holds for what follows", () => {
  const variables = new Map<string, string>();
  const found: string[] = [];
  for (const item of splitScript("\\set a 'b c'\nselect :'a';", variables)) {
    if (item.kind === "command") variables.set(item.args[0]!, item.args[1]!);
    else found.push(item.sql);
  }
  assert.deepEqual(found, ["select 'b c'"]);
});

test("backslash commands take the rest of their line; \\gexec ends a statement", () => {
  assert.deepEqual(split("\\connect shop \"App\" -\nselect 'x' \\gexec\n\\echo a \\\\ select 2 \\g\n"), [
    { kind: "command", name: "connect", args: ["shop", "App", "-"], line: 1 },
    { kind: "query", sql: "select 'x'", line: 2, endedBy: "gexec" },
    { kind: "command", name: "echo", args: ["a"], line: 3 },
    { kind: "query", sql: "select 2", line: 3, endedBy: "g" },
  ]);
});

test("COPY takes the lines up to its end", () => {
  assert.deepEqual(split("copy t (a) from stdin;\n1\t;\n\\N\n\\.\nselect 1;\n"), [
    { kind: "copy", sql: "copy t (a) from stdin", data: "1\t;\n\\N\n", line: 1 },
    { kind: "query", sql: "select 1", line: 5 },
  ]);
});

test("lines are those where statements begin", () => {
  assert.deepEqual(split("\n-- c\nselect\n1;\n\nselect 2;").map((item) => item.line), [3, 6]);
});

test("what never ends is refused", () => {
  for (const text of ["select 'x", 'select "x', "select $$x", "/* x", "copy t from stdin;\n1\n"]) assert.throws(() => split(text), ScriptError);
});
