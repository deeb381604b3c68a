import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, describe, it } from "node:test";
import { CorruptStoreError, openStore, salvage, sqliteDriver, type Driver } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "sqlite-"));
after(() => rmSync(folder, { recursive: true }));

const object = (value: number) => ({ metadata: {}, value });

/** Changes a file as nobody should. */
const sql = (statements: string) => (file: string) => {
  const db = new DatabaseSync(file);
  db.exec(statements);
  db.close();
};

describe("the SQLite driver", () => {
  it("names what was changed, taken away or cut off behind its back, and serves nothing of it", async () => {
    const damages: [name: string, damage: (file: string) => void, message: RegExp, revision?: number, key?: string][] = [
      ["a record", sql("UPDATE revisions SET json = replace(json, '4', '5') WHERE revision = 4"), /the record of revision 4 \(pods\/b\) is corrupt: its checksum does not match$/, 4, "pods/b"],
      ["a missing record", sql("DELETE FROM revisions WHERE revision = 4"), /the record of revision 4 is missing$/, 4],
      ["a missing end", sql("DELETE FROM revisions WHERE revision >= 4"), /the records of revisions 4 to 6 are missing; they were acknowledged/, 4],
      ["a missing record of what is compacted", sql("DELETE FROM revisions WHERE revision = 2"), /1 of the 2 records up to revision 3 are missing/],
      ["a replaced record of what is compacted", sql("UPDATE revisions SET key = 'pods/z', checksum = 1234 WHERE revision = 2"), /the record of revision 2 \(pods\/z\) is corrupt/, 2, "pods/z"],
      ["the note of the compaction", sql("UPDATE state SET compacted_revision = 2"), /the record of the compaction is corrupt/],
      ["an emptied file", (file) => truncateSync(file), /the records of revisions 1 to 6 are missing; they were acknowledged/, 1],
      ["half a file", (file) => truncateSync(file, 6000), /the file is damaged \(.*\)/],
      ["another file", (file) => writeFileSync(file, "x".repeat(10_000)), /the file is damaged \(file is not a database\)/],
    ];
    for (const [name, damage, message, revision, key] of damages) {
      const file = join(folder, `${name}.db`);
      const store = openStore({ driver: sqliteDriver(file) });
      await store.create("pods/a", object(1));
      await store.create("pods/b", object(2));
      await store.update("pods/a", object(3), 1);
      store.compact(3);
      await store.update("pods/b", object(4), 2);
      await store.create("pods/c", object(5));
      await store.create("pods/d", object(6));
      await store.close();
      damage(file);
      assert.throws(
        () => openStore({ driver: sqliteDriver(file) }),
        (error) => {
          assert.ok(error instanceof CorruptStoreError, String(error));
          assert.match(error.message, message, name);
          assert.deepEqual([error.file, error.key], [file, key], name);
          if (revision !== undefined) assert.equal(error.revision, revision, name);
          return true;
        },
      );
    }
  });

  it("lets an operator salvage what can be read, and tells what can't", async () => {
    const file = join(folder, "salvage.db");
    const store = openStore({ driver: sqliteDriver(file) });
    await store.create("pods/a", object(1));
    await store.create("pods/b", object(2));
    await store.update("pods/a", object(3), 1);
    await store.create("pods/c", object(4));
    await store.close();
    sql("UPDATE revisions SET json = '{}' WHERE revision = 3; DELETE FROM revisions WHERE revision = 4")(file);
    const before = readFileSync(file);
    const { view, lost } = salvage(file);
    assert.deepEqual(lost, ["the record of revision 3 (pods/a): its checksum does not match", "the write of revision 4"]);
    assert.equal(view.revision, 4, "what was acknowledged counts");
    assert.deepEqual([...view.records].map(({ key, revision }) => [key, revision]), [["pods/a", 1], ["pods/b", 2]]);
    assert.deepEqual(readFileSync(file), before, "the damaged file stays as it is");
    assert.deepEqual(readdirSync(folder).filter((name) => name.startsWith("salvage-")), []);
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
    let unsynced = false;
    const store = openStore({
      driver: {
        ...driver,
        append(records) {
          if (full) throw new Error("disk is full");
          if (unsynced) return Promise.reject(new Error("EIO"));
          return driver.append(records);
        },
      },
    });
    await store.create("pods/a", object(1));
    full = true;
    const refused = await Promise.allSettled([store.create("pods/b", object(2)), store.update("pods/a", object(3), 1)]);
    assert.deepEqual(refused.map(({ status }) => status), ["rejected", "rejected"]);
    assert.deepEqual([store.revision, store.list("pods/").entries.length], [1, 1]);
    full = false;
    unsynced = true;
    await assert.rejects(store.create("pods/b", object(2)), /EIO/);
    unsynced = false;
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
