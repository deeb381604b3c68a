import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { after, describe, it } from "node:test";
import { CorruptStoreError, openStore, sqliteDriver, type Driver } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "sqlite-"));
after(() => rmSync(folder, { recursive: true }));

const object = (value: number) => ({ metadata: {}, value });

describe("the SQLite driver", () => {
  it("keeps every acknowledged write when the process is killed", async () => {
    const file = join(folder, "killed.db");
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", WRITER, file], {
      cwd: import.meta.dirname,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let acknowledged = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged = Number(line);
      if (acknowledged === 200) child.kill("SIGKILL");
    }
    const store = openStore({ driver: sqliteDriver(file) });
    assert.ok(acknowledged >= 200);
    assert.ok(store.revision >= acknowledged, `${acknowledged} writes were acknowledged, ${store.revision} are there`);
    assert.equal(store.list("pods/").entries.length, store.revision);
    await store.close();
  });

  it("names a record that was changed behind its back", async () => {
    const file = join(folder, "corrupt.db");
    const store = openStore({ driver: sqliteDriver(file) });
    await store.create("pods/a", object(1));
    await store.create("pods/b", object(2));
    await store.close();
    const db = new DatabaseSync(file);
    db.exec("UPDATE revisions SET json = replace(json, '2', '3') WHERE revision = 2");
    db.close();
    const driver = sqliteDriver(file);
    assert.throws(() => openStore({ driver }), (error) => error instanceof CorruptStoreError && /revision 2 \(pods\/b\) is corrupt/.test(error.message));
    driver.close();
  });

  it("refuses a file that another store has open, and one of another format", async () => {
    const file = join(folder, "shared.db");
    const store = openStore({ driver: sqliteDriver(file) });
    await store.create("pods/a", object(1));
    assert.throws(() => sqliteDriver(file), /database is locked/);
    await store.close();
    const db = new DatabaseSync(file);
    db.exec("PRAGMA user_version = 99");
    db.close();
    assert.throws(() => sqliteDriver(file), /has format 99; this version reads format 2/);
  });

  it("keeps memory and disk alike when the disk refuses", async () => {
    const driver: Driver = sqliteDriver(join(folder, "full.db"));
    let full = false;
    const store = openStore({
      driver: {
        ...driver,
        append(records) {
          if (full) throw new Error("disk is full");
          driver.append(records);
        },
      },
    });
    await store.create("pods/a", object(1));
    full = true;
    const refused = await Promise.allSettled([store.create("pods/b", object(2)), store.update("pods/a", object(3), 1)]);
    assert.deepEqual(refused.map(({ status }) => status), ["rejected", "rejected"]);
    assert.deepEqual([store.revision, store.list("pods/").entries.length], [1, 1]);
    full = false;
    assert.equal((await store.create("pods/b", object(2))).revision, 2);
    await store.close();
  });

  it("does not grow with writes to the same object", async () => {
    const file = join(folder, "compacted.db");
    const store = openStore({ driver: sqliteDriver(file, { durability: "process" }), historyRevisions: 50 });
    let entry = await store.create("leases/a", object(0));
    for (let i = 1; i < 500; i++) entry = await store.update("leases/a", object(i), entry.revision);
    await store.close();
    const db = new DatabaseSync(file);
    const { rows } = db.prepare("SELECT count(*) AS rows FROM revisions").get() as { rows: number };
    db.close();
    assert.ok(rows <= 60, `${rows} records are left`);
  });
});

/** Writes, and says after each acknowledgement how many there were. */
const WRITER = `
  import { openStore, sqliteDriver } from "./index.ts";
  const store = openStore({ driver: sqliteDriver(process.argv[1]) });
  for (let i = 1; ; i++) {
    await store.create("pods/" + i, { metadata: {}, value: i });
    process.stdout.write(i + "\\n");
  }
`;
