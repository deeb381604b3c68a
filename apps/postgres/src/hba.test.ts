import assert from "node:assert/strict";
import { test } from "node:test";
import { socketRules } from "./hba.ts";

test("what holds for every host holds for the socket; trust for those inside does not", () => {
  const { rules, warnings } = socketRules(`
# TYPE  DATABASE USER ADDRESS METHOD
local   all             all                                     trust
host    all             all             127.0.0.1/32            trust
host    all             all             ::1/128                 trust
host    replication     all             127.0.0.1/32            trust

host all all all scram-sha-256
host "my db" ro 0.0.0.0 0.0.0.0 md5 # everyone
`);
  assert.deepEqual(rules.split("\n").slice(1, -1), ["local all all scram-sha-256", 'local "my db" ro md5']);
  assert.deepEqual(warnings, []);
});

test("a rule for some addresses is dropped aloud, a rejection of some rejects all", () => {
  const { rules, warnings } = socketRules("host all all 10.0.0.0/8 trust\nhost all eve 10.9.0.0/16 reject\nhostssl all all all cert\nhost all all all ident\n");
  assert.deepEqual(rules.split("\n").slice(1, -1), ["local all eve reject"]);
  assert.deepEqual(
    warnings.map((warning) => /"(host[^"]*)"/.exec(warning)?.[1]),
    ["host all all 10.0.0.0/8 trust", "host all eve 10.9.0.0/16 reject", "hostssl all all all cert", "host all all all ident"],
  );
});
