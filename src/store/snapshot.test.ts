import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, beforeEach, describe, it } from "node:test";
import {
  CompactedError,
  memoryDriver,
  openStore,
  readSnapshot,
  restoreSnapshot,
  saveSnapshot,
  snapshotChunks,
  SnapshotError,
  sqliteDriver,
  type Store,
  type ValueTransformer,
} from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "snapshot-"));
after(() => rmSync(folder, { recursive: true }));

const object = (value: number) => ({ metadata: {}, value });
let files = 0;
const newFile = (): string => join(folder, String(files++));

let store: Store;
beforeEach(async () => {
  store = openStore({ driver: memoryDriver() });
  await store.create("pods/a", object(1));
  await store.create("pods/b", object(2));
  await store.update("pods/a", object(3), 1);
  await store.delete("pods/b", 2);
  await store.create("nodes/n", object(5));
});
afterEach(() => store.close());

const saved = async (file = newFile()): Promise<string> => {
  await saveSnapshot(snapshotChunks(store.snapshot()), file);
  return file;
};

describe("a snapshot", () => {
  it("is a text file of the present objects, for its owner's eyes", async () => {
    const file = await saved();
    const { sha256, ...status } = await readSnapshot(file);
    assert.deepEqual(status, { revision: 5, keys: 2, sizeBytes: statSync(file).size });
    assert.equal(
      readFileSync(file, "utf8"),
      [
        '{"format":"tidepool-snapshot/1","revision":5,"keys":2}',
        '{"revision":3,"key":"pods/a","object":{"metadata":{"resourceVersion":"3"},"value":3}}',
        '{"revision":5,"key":"nodes/n","object":{"metadata":{"resourceVersion":"5"},"value":5}}',
        `{"sha256":"${sha256}"}`,
        "",
      ].join("\n"),
    );
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  it("is of one moment, whatever is written while it is read", async () => {
    for (let i = 0; i < 1000; i++) void store.create(`things/${i}`, object(i));
    await store.create("things/last", object(0));
    const chunks = snapshotChunks(store.snapshot());
    const { value: first } = await chunks.next();
    await store.update("pods/a", object(12345), 3);
    await store.create("pods/late", object(7));
    store.compact(store.revision);
    let text = first as string;
    for await (const chunk of chunks) text += chunk;
    assert.equal(text.split("\n").length, 2 + 1003 + 1);
    assert.ok(!text.includes('"value":12345') && !text.includes("pods/late"));
  });

  it("appears only when it is whole, and replaces nothing", async () => {
    const file = newFile();
    const cutOff = async function* () {
      yield '{"format":"tidepool-snapshot/1","revision":5,"keys":2}\n';
      await Promise.resolve();
    };
    await assert.rejects(saveSnapshot(cutOff(), file), /is cut off: its last line, the checksum, is missing/);
    assert.throws(() => statSync(file));
    assert.throws(() => statSync(`${file}.part`));
    await saved(file);
    await assert.rejects(saved(file), /exists; a backup is never overwritten/);
  });

  it("tells any bit that changed, and any byte that is missing or too many", async () => {
    const file = await saved();
    const bytes = readFileSync(file);
    for (let at = 0; at < bytes.length; at += 7) {
      const flipped = Buffer.from(bytes);
      flipped[at]! ^= 1 << at % 8;
      writeFileSync(file, flipped);
      await assert.rejects(readSnapshot(file), SnapshotError, `bit ${at % 8} of byte ${at}`);
      writeFileSync(file, bytes.subarray(0, at));
      await assert.rejects(readSnapshot(file), SnapshotError, `cut off at ${at}`);
    }
    writeFileSync(file, bytes);
    appendFileSync(file, '{"revision":9}\n');
    await assert.rejects(readSnapshot(file), /something follows its end/);
  });
});

describe("a restored store", () => {
  it("has the objects as they were, and goes on far above all revisions that anyone saw", async () => {
    const file = newFile();
    assert.deepEqual(await restoreSnapshot(await saved(), file), { keys: 2, revision: 1_000_000_005 });
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const restored = openStore({ driver: sqliteDriver(file) });
    assert.deepEqual(restored.list("pods/").entries.map(({ key, revision, json }) => [key, revision, json]), store.list("pods/").entries.map(({ key, revision, json }) => [key, revision, json]));
    assert.equal(restored.list("nodes/").revision, 1_000_000_005);
    assert.equal((await restored.create("pods/c", object(7))).revision, 1_000_000_006);
    await restored.close();
    const again = openStore({ driver: sqliteDriver(file) });
    assert.deepEqual([again.revision, again.count("pods/")], [1_000_000_006, 2]);
    await again.close();
  });

  it("tells watchers and lists of before that their revision is gone", async () => {
    const file = newFile();
    await restoreSnapshot(await saved(), file, { bumpRevision: 1000 });
    const restored = openStore({ driver: sqliteDriver(file) });
    for (const seen of [3, 5, 800]) {
      assert.throws(() => restored.watch("pods/", seen, () => {}), CompactedError);
      assert.throws(() => restored.list("pods/", { revision: seen }), CompactedError);
    }
    await restored.close();
  });

  it("replaces no store, and comes from no damaged snapshot", async () => {
    const file = newFile();
    const snapshot = await saved();
    await restoreSnapshot(snapshot, file);
    await assert.rejects(restoreSnapshot(snapshot, file), new RegExp(`${file} exists; a store is never overwritten`));
    rmSync(file);
    writeFileSync(`${file}-wal`, "");
    await assert.rejects(restoreSnapshot(snapshot, file), /-wal exists; a store is never overwritten/);
    appendFileSync(snapshot, "x\n");
    const other = newFile();
    await assert.rejects(restoreSnapshot(snapshot, other), SnapshotError);
    assert.throws(() => statSync(other));
  });

  it("keeps sealed what is sealed at rest", async () => {
    const transformer: ValueTransformer = {
      toStorage: (key, json) => (key.startsWith("secrets/") ? `sealed:${Buffer.from(json).toString("hex")}` : json),
      fromStorage: (_key, stored) => (stored.startsWith("sealed:") ? Buffer.from(stored.slice(7), "hex").toString() : stored),
    };
    const file = newFile();
    const sealing = openStore({ driver: sqliteDriver(file), transformer });
    await sealing.create("secrets/a", object(42));
    await sealing.create("pods/a", object(43));
    const snapshot = newFile();
    await saveSnapshot(snapshotChunks(sealing.snapshot()), snapshot);
    await sealing.close();
    assert.ok(!readFileSync(file).includes('"value":42') && readFileSync(file).includes('"value":43'));
    assert.match(readFileSync(snapshot, "utf8"), /"key":"secrets\/a","sealed":"sealed:[0-9a-f]+"/);
    const other = newFile();
    await restoreSnapshot(snapshot, other);
    const restored = openStore({ driver: sqliteDriver(other), transformer });
    assert.equal(restored.get("secrets/a")?.json, '{"metadata":{"resourceVersion":"1"},"value":42}');
    await restored.close();
  });
});
