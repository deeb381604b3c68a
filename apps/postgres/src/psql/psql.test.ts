import assert from "node:assert/strict";
import { test } from "node:test";
import { formatRows } from "./format.ts";
import { findTarget } from "./main.ts";
import { UsageError, parsePsqlOptions } from "./options.ts";

test("options are read in psql's forms, the rest refused by name", () => {
  const options = parsePsqlOptions(["-v", "ON_ERROR_STOP=1", "--username=app", "-tAc", "select 1", "-f-", "-h", "/s", "shop", "other"]);
  assert.deepEqual(options.actions, [{ kind: "command", text: "select 1" }, { kind: "file", text: "-" }]);
  assert.deepEqual([options.user, options.database, options.host, options.tuplesOnly, options.unaligned], ["app", "shop", "/s", true, true]);
  assert.equal(options.variables.get("ON_ERROR_STOP"), "1");
  for (const args of [["--csv"], ["-x"], ["-c"], ["-p", "many"], ["a", "b", "c"]]) assert.throws(() => parsePsqlOptions(args), UsageError);
});

test("the target comes from options, then an address, then the environment", () => {
  const env = { POSTGRES_USER: "app", POSTGRES_PASSWORD: "pw", TIDEPOOL_SOCKET_DIR: "/run/tp", TIDEPOOL_POD_IP: "10.244.1.5" };
  assert.deepEqual(findTarget(parsePsqlOptions([]), env), { host: "/run/tp/10.244.1.5_pg", port: 5432, user: "app", password: "pw", database: "app" });
  assert.deepEqual(findTarget(parsePsqlOptions(["-U", "x", "-d", "y"]), { ...env, PGHOST: "db", PGPORT: "6543", PGPASSWORD: "q" }), { host: "db", port: 6543, user: "x", password: "q", database: "y" });
  assert.deepEqual(findTarget(parsePsqlOptions(["postgres://a:b%20c@h:1/d"]), env), { host: "h", port: 1, user: "a", password: "b c", database: "d" });
});

test("results look as psql's", () => {
  const result = { columns: [{ name: "id", rightAligned: true }, { name: "what", rightAligned: false }], rows: [["1", "a"], ["20", null]] };
  assert.equal(formatRows(result, { tuplesOnly: false, unaligned: false }), " id | what \n----+------\n  1 | a\n 20 |\n(2 rows)\n\n");
  assert.equal(formatRows(result, { tuplesOnly: true, unaligned: true }), "1|a\n20|\n");
});
