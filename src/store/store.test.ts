import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, it } from "node:test";
import fc from "fast-check";
import { FakeClock } from "#lib/clock.ts";
import {
  CompactedError,
  compactPeriodically,
  KeyExistsError,
  memoryDriver,
  openStore,
  RevisionMismatchError,
  sqliteDriver,
  StoreClosedError,
  type Change,
  type Driver,
  type Storable,
  type Store,
} from "./index.ts";

interface Thing extends Storable {
  value: number;
}

const thing = (value: number): Thing => ({ metadata: {}, value });
const valueOf = (entry: { object: Storable } | undefined): number | undefined => (entry?.object as Thing | undefined)?.value;
const told = ({ type, revision, entry, previous }: Change): unknown[] => [type, entry.key, revision, valueOf(entry), valueOf(previous)];

/** A place that stores can be opened in again and again, as after a restart. */
interface Place {
  open(historyRevisions?: number): Store;
  remove(): void;
}

const places: Record<string, () => Place> = {
  memory() {
    const driver: Driver = memoryDriver();
    return { open: (historyRevisions) => openStore({ driver, historyRevisions }), remove() {} };
  },
  sqlite() {
    const folder = mkdtempSync(join(tmpdir(), "store-"));
    return {
      open: (historyRevisions) => openStore({ driver: sqliteDriver(join(folder, "store.db"), { durability: "process" }), historyRevisions }),
      remove: () => rmSync(folder, { recursive: true }),
    };
  },
};

for (const [driverName, makePlace] of Object.entries(places)) {
  describe(`store on ${driverName}`, () => {
    let place: Place | undefined;
    let store: Store;

    function open(historyRevisions?: number): Store {
      place ??= makePlace();
      store = place.open(historyRevisions);
      return store;
    }

    async function reopen(historyRevisions?: number): Promise<Store> {
      await store.close();
      return open(historyRevisions);
    }

    afterEach(async () => {
      await store.close();
      place?.remove();
      place = undefined;
    });

    it("numbers every write and stamps the object with its revision", async () => {
      open();
      const created = await store.create("pods/shop/web", thing(1));
      assert.equal(created.revision, 1);
      assert.equal(created.json, '{"metadata":{"resourceVersion":"1"},"value":1}');
      const updated = await store.update("pods/shop/web", thing(2), 1);
      assert.equal(updated.revision, 2);
      const deleted = await store.delete("pods/shop/web", 2);
      assert.equal(deleted.json, '{"metadata":{"resourceVersion":"3"},"value":2}');
      assert.equal(store.get("pods/shop/web"), undefined);
      assert.equal(store.revision, 3);
    });

    it("refuses to create what exists, and to replace another version than the current", async () => {
      open();
      await store.create("pods/a", thing(1));
      await assert.rejects(store.create("pods/a", thing(2)), KeyExistsError);
      await assert.rejects(store.update("pods/a", thing(2), 7), (error) => error instanceof RevisionMismatchError && error.current?.revision === 1);
      await assert.rejects(store.update("pods/b", thing(2), 7), (error) => error instanceof RevisionMismatchError && error.current === undefined);
      await assert.rejects(store.delete("pods/a", 2), RevisionMismatchError);
      assert.equal(store.revision, 1, "refused writes take no revision");
    });

    it("lets one of many concurrent writers of a version win", async () => {
      open();
      await store.create("pods/a", thing(0));
      const outcomes = await Promise.allSettled(Array.from({ length: 8 }, (_, i) => store.update("pods/a", thing(i + 1), 1)));
      assert.deepEqual(outcomes.map(({ status }) => status), ["fulfilled", ...Array<string>(7).fill("rejected")]);
      assert.equal(valueOf(store.get("pods/a")), 1);
    });

    it("stores with a write what it decides at its commit, seeing all earlier writes, or neither", async () => {
      open();
      await store.create("counts/all", thing(0));
      const counted = (get: (key: string) => { object: Storable } | undefined) => {
        const count = valueOf(get("counts/all"))! + 1;
        if (count > 3) throw new Error("full");
        return [{ key: "counts/all", object: thing(count) }];
      };
      const creates = await Promise.allSettled(["a", "b", "a", "c", "d", "e"].map((name) => store.create(`things/${name}`, thing(1), [counted])));
      assert.deepEqual(
        creates.map((create) => (create.status === "fulfilled" ? create.value.key : (create.reason as Error).message)),
        ["things/a", "things/b", "key things/a exists", "things/c", "full", "full"],
      );
      assert.deepEqual([valueOf(store.get("counts/all")), store.count("things/"), store.revision], [3, 3, 7]);
    });

    it("lists by prefix in the order of keys, after a key, and as of a past revision", async () => {
      open();
      for (const key of ["pods/b/1", "pods/a/2", "pods/a/1", "podsx/a/1", "nodes/n"]) await store.create(key, thing(0));
      const keys = (prefix: string, options = {}): string[] => store.list(prefix, options).entries.map(({ key }) => key);
      assert.deepEqual(keys("pods/"), ["pods/a/1", "pods/a/2", "pods/b/1"]);
      assert.deepEqual(keys("pods/a/"), ["pods/a/1", "pods/a/2"]);
      assert.deepEqual(keys("pods/", { after: "pods/a/1" }), ["pods/a/2", "pods/b/1"]);
      assert.deepEqual(keys("pods/", { after: "pods/a/15" }), ["pods/a/2", "pods/b/1"]);
      assert.deepEqual(keys("none/"), []);
      assert.equal(store.count("pods/"), 3);
      await store.delete("pods/a/1", 3);
      await store.update("pods/b/1", thing(9), 1);
      await store.create("pods/c/1", thing(0));
      const past = store.list("pods/", { revision: 5 });
      assert.equal(past.revision, 5);
      assert.deepEqual(past.entries.map((entry) => [entry.key, valueOf(entry)]), [["pods/a/1", 0], ["pods/a/2", 0], ["pods/b/1", 0]]);
      assert.deepEqual(keys("pods/", { revision: 5, after: "pods/a/1" }), ["pods/a/2", "pods/b/1"]);
    });

    it("scans as far as its reader likes, and knows how many there are", async () => {
      open();
      const names = Array.from({ length: 1300 }, (_, index) => `pods/${String(index).padStart(4, "0")}`);
      await Promise.all(names.map((name) => store.create(name, thing(0))));
      const first = store.scan("pods/", { after: "pods/0100" });
      assert.equal(first.count, 1199);
      const [entry] = first.entries;
      assert.equal(entry?.key, "pods/0101");
      await store.delete("pods/0102", 103);
      await store.create("pods/0102x", thing(0));
      const past = store.scan("pods/", { revision: 1300, after: "pods/0100" });
      assert.deepEqual([past.count, [...past.entries].map(({ key }) => key)], [1199, names.slice(101)]);
      const now = store.scan("pods/", { after: "pods/0100" });
      assert.deepEqual([now.count, [...now.entries].length], [1199, 1199]);
      assert.equal(store.scan("none/").count, 0);
    });

    it("watches from a past revision without gap, duplicate or reordering", async () => {
      open();
      await store.create("pods/a", thing(1));
      await store.update("pods/a", thing(2), 1);
      await store.create("nodes/n", thing(0));
      const seen: unknown[] = [];
      const stop = store.watch("pods/", 1, (changes) => seen.push(...changes.map(told)));
      assert.deepEqual(seen, [["put", "pods/a", 2, 2, 1]]);
      await Promise.all([store.create("pods/b", thing(3)), store.delete("pods/a", 2)]);
      stop();
      await store.create("pods/c", thing(4));
      assert.deepEqual(seen.slice(1), [
        ["put", "pods/b", 4, 3, undefined],
        ["delete", "pods/a", 5, 2, 2],
      ]);
    });

    it("tells watchers before it answers the writer", async () => {
      open();
      let seen = 0;
      store.watch("pods/", 0, () => seen++);
      await store.create("pods/a", thing(1));
      assert.equal(seen, 1);
    });

    it("forgets history beyond its bound, and says so", async () => {
      open(10);
      for (let i = 0; i < 20; i++) await store.create(`pods/${i}`, thing(i));
      assert.ok(store.compactedRevision >= 8 && store.compactedRevision <= 10, String(store.compactedRevision));
      assert.throws(() => store.watch("pods/", store.compactedRevision - 1, () => {}), CompactedError);
      assert.throws(() => store.list("pods/", { revision: 1 }), CompactedError);
      const seen: unknown[] = [];
      store.watch("pods/", store.compactedRevision, (changes) => seen.push(...changes));
      assert.equal(seen.length, store.revision - store.compactedRevision);
      assert.equal(store.list("pods/").entries.length, 20, "current objects stay");
    });

    it("forgets what was history already a round before, every five minutes", async () => {
      open();
      const clock = new FakeClock();
      const stop = compactPeriodically(store, clock);
      await store.create("pods/a", thing(1));
      await clock.advance(299_000);
      await store.create("pods/b", thing(2));
      await clock.advance(1_000);
      assert.equal(store.compactedRevision, 0, "what was before the first round may be young");
      await store.create("pods/c", thing(3));
      await clock.advance(300_000);
      assert.equal(store.compactedRevision, 2);
      await clock.advance(300_000);
      assert.equal(store.compactedRevision, 3);
      stop();
    });

    it("is the same after a restart: objects, revision, history", async () => {
      open();
      await store.create("pods/a", thing(1));
      await store.update("pods/a", thing(2), 1);
      await store.create("pods/b", thing(3));
      await store.delete("pods/b", 3);
      await reopen();
      assert.equal(store.revision, 4);
      assert.deepEqual(store.list("pods/").entries.map((entry) => [entry.key, entry.revision, valueOf(entry)]), [["pods/a", 2, 2]]);
      const seen: unknown[] = [];
      store.watch("pods/", 1, (changes) => seen.push(...changes.map(told)));
      assert.deepEqual(seen, [
        ["put", "pods/a", 2, 2, 1],
        ["put", "pods/b", 3, 3, undefined],
        ["delete", "pods/b", 4, 3, 3],
      ]);
    });

    it("never goes back, even when the last write was a deletion that is forgotten", async () => {
      open();
      await store.create("pods/a", thing(1));
      await store.delete("pods/a", 1);
      store.compact(2);
      await reopen();
      assert.equal(store.revision, 2);
      assert.equal((await store.create("pods/a", thing(1))).revision, 3);
    });

    it("writes what waits when it closes, and refuses writes afterwards", async () => {
      open();
      const waiting = store.create("pods/a", thing(1));
      await store.close();
      assert.equal((await waiting).revision, 1);
      await assert.rejects(store.create("pods/b", thing(1)), StoreClosedError);
      await reopen();
      assert.equal(valueOf(store.get("pods/a")), 1);
    });

    it("behaves like a plain list of all writes", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(operation, { maxLength: 60 }), async (operations) => {
          open(15);
          const model = new Model();
          const watched: { from: number; seen: unknown[] }[] = [];
          try {
            for (const step of operations) {
              const key = `pods/${"abcd"[step.key]}`;
              const current = model.current(key);
              if (step.do === "put") {
                const entry = current ? await store.update(key, thing(step.value), current.revision) : await store.create(key, thing(step.value));
                model.write(key, step.value);
                assert.equal(entry.revision, model.writes.length);
              } else if (step.do === "delete") {
                if (current) await store.delete(key, current.revision).then(() => model.write(key, undefined));
                else await assert.rejects(store.delete(key, 1), RevisionMismatchError);
              } else if (step.do === "restart") {
                watched.length = 0;
                await reopen(15);
              } else {
                const from = Math.max(store.compactedRevision, store.revision - step.value);
                const seen: unknown[] = [];
                watched.push({ from, seen });
                store.watch("pods/", from, (changes) => seen.push(...changes.map(told)));
                assert.deepEqual(store.list("pods/", { revision: from }).entries.map((entry) => [entry.key, entry.revision, valueOf(entry)]), model.list(from));
              }
              assert.equal(store.revision, model.writes.length);
              assert.deepEqual(store.list("pods/").entries.map((entry) => [entry.key, entry.revision, valueOf(entry)]), model.list(store.revision));
            }
            for (const { from, seen } of watched) assert.deepEqual(seen, model.changesAfter(from));
          } finally {
            await store.close();
            place?.remove();
            place = undefined;
          }
        }),
        { numRuns: driverName === "memory" ? 150 : 25 },
      );
    });
  });
}

const operation = fc.record({
  do: fc.constantFrom("put", "put", "put", "delete", "watch", "restart"),
  key: fc.integer({ min: 0, max: 3 }),
  value: fc.integer({ min: 0, max: 12 }),
});

/** What a store means: all writes, in order. */
class Model {
  readonly writes: { key: string; value: number | undefined }[] = [];

  write(key: string, value: number | undefined): void {
    this.writes.push({ key, value });
  }

  at(revision: number): Map<string, { revision: number; value: number }> {
    const state = new Map<string, { revision: number; value: number }>();
    this.writes.slice(0, revision).forEach(({ key, value }, index) => {
      if (value === undefined) state.delete(key);
      else state.set(key, { revision: index + 1, value });
    });
    return state;
  }

  current(key: string): { revision: number; value: number } | undefined {
    return this.at(this.writes.length).get(key);
  }

  list(revision: number): unknown[] {
    return [...this.at(revision)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, entry]) => [key, entry.revision, entry.value]);
  }

  changesAfter(revision: number): unknown[] {
    return this.writes.slice(revision).map(({ key, value }, index) => {
      const previous = this.at(revision + index).get(key)?.value;
      return [value === undefined ? "delete" : "put", key, revision + index + 1, value ?? previous, previous];
    });
  }
}
