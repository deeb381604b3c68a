import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readSettings, resolveFileVariables, splitWords, verifySettings } from "./environment.ts";
import { EntrypointError } from "./output.ts";

test("a variable's value may be in a file, but not in both", () => {
  const directory = mkdtempSync(join(tmpdir(), "tidepool-env-"));
  try {
    writeFileSync(join(directory, "pw"), "se cret\n\n");
    const translate = (path: string): string => path.replace("/run/secrets", directory);
    const env = resolveFileVariables({ POSTGRES_PASSWORD_FILE: "/run/secrets/pw", OTHER_FILE: "/run/secrets/pw" }, translate);
    assert.deepEqual(env, { POSTGRES_PASSWORD: "se cret", OTHER_FILE: "/run/secrets/pw" });
    assert.throws(() => resolveFileVariables({ POSTGRES_USER: "a", POSTGRES_USER_FILE: "/x" }, translate), {
      message: "error: both POSTGRES_USER and POSTGRES_USER_FILE are set (but are exclusive)",
    });
    assert.throws(() => resolveFileVariables({ POSTGRES_DB_FILE: "/none" }, translate), EntrypointError);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("defaults are the official image's", () => {
  const settings = readSettings({ POSTGRES_USER: "app" });
  assert.deepEqual([settings.user, settings.database, settings.dataDirectory, settings.port], ["app", "app", "/var/lib/postgresql/18/docker", 5432]);
  assert.equal(readSettings({}).user, "postgres");
});

test("a database without password is refused, one that trusts everybody is warned of", () => {
  assert.throws(() => verifySettings(readSettings({})), /superuser password is not specified/);
  assert.match(verifySettings(readSettings({ POSTGRES_HOST_AUTH_METHOD: "trust" })).warning ?? "", /^WARNING: POSTGRES_HOST_AUTH_METHOD has been set to "trust"/);
  assert.deepEqual(verifySettings(readSettings({ POSTGRES_PASSWORD: "x" })), {});
});

test("arguments are split as a shell would", () => {
  assert.deepEqual(splitWords(` --data-checksums  --set 'a=b c' "--x=\\"q\\"" d\\ e ''`), ["--data-checksums", "--set", "a=b c", '--x="q"', "d e", ""]);
  assert.throws(() => splitWords("'open"), /unbalanced '/);
});
