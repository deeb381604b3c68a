import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { FakeClock } from "#lib/clock.ts";
import { ENCRYPTION_CONFIGURATION, ensureEncryption } from "#apiserver/index.ts";
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

test("a store whose key is gone is refused with what to do", async () => {
  const paths = dataPaths(mkdtempSync(join(root, "keys-")));
  mkdirSync(paths.pki);
  const opened = openClusterStore(paths, new FakeClock(), { transformer: await ensureEncryption(paths.pki) });
  await opened.store.create("secrets/shop/db", { metadata: {} });
  await opened.close();
  rmSync(join(paths.pki, ENCRYPTION_CONFIGURATION));
  const transformer = await ensureEncryption(paths.pki);
  assert.throws(
    () => openClusterStore(paths, new FakeClock(), { transformer }),
    (error) => error instanceof Refusal && /^An encrypted object can't be read, so nothing is served: secrets\/shop\/db, .*\nIts key is missing in .*encryption-config\.yaml\. Put the file back/.test(error.message),
  );
});
