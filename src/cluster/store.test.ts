import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { FakeClock } from "#lib/clock.ts";
import { dataPaths } from "./paths.ts";
import { Refusal } from "./refusal.ts";
import { openClusterStore } from "./store.ts";

const root = mkdtempSync(join(tmpdir(), "cluster-store-"));
after(() => rmSync(root, { recursive: true }));

test("a damaged store is refused with what to do, and left as it is", async () => {
  const paths = dataPaths(root);
  const opened = openClusterStore(paths, new FakeClock());
  const { store } = opened;
  await store.create("pods/shop/web", { metadata: {} });
  await store.create("pods/shop/db", { metadata: {} });
  await opened.close();
  truncateSync(paths.store, 8192);
  const before = readFileSync(paths.store);
  assert.throws(
    () => openClusterStore(paths, new FakeClock()),
    (error) => {
      assert.ok(error instanceof Refusal);
      assert.match(error.message, /^The store is damaged, so nothing of it is served, and nothing was changed: .*store\.db: /);
      assert.match(error.message, /With a backup: 'mkdir .* && mv .*store\.db\* .*', then 'npx tidepool snapshot restore FILE --data /);
      assert.match(error.message, /Without one, 'npx tidepool snapshot save FILE --salvage --data .*' saves what can still be read/);
      return true;
    },
  );
  assert.deepEqual(readFileSync(paths.store), before);
});
