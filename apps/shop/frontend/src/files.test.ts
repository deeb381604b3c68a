import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { startService } from "@shop/common/service.ts";
import { frontend } from "./service.ts";

function pages(t: TestContext, files: Record<string, string>): string {
  const directory = mkdtempSync(join(tmpdir(), "frontend-"));
  t.after(() => rmSync(directory, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return directory;
}
const start = (directory: string, version: string) =>
  startService("frontend", frontend, { env: { HOST: "127.0.0.1", PORT: "0", DRAIN_MS: "0", PUBLIC_DIR: directory, SERVICE_VERSION: version }, out: { write: () => true } });

test("pages carry their version, and an unchanged file is not sent again", async (t) => {
  const running = await start(pages(t, { "index.html": "<p>{{version}}</p>", "main.js": "1" }), "v2");
  t.after(() => running.stop());
  const page = await fetch(`${running.url}/`);
  assert.deepEqual([await page.text(), page.headers.get("content-type"), page.headers.get("x-content-type-options")], ["<p>v2</p>", "text/html; charset=utf-8", "nosniff"]);
  const script = await fetch(`${running.url}/main.js?x`);
  assert.equal(script.headers.get("content-type"), "text/javascript; charset=utf-8");
  const again = await fetch(`${running.url}/main.js`, { headers: { "if-none-match": script.headers.get("etag")! } });
  assert.equal(again.status, 304);
  assert.equal((await fetch(`${running.url}/../secret`)).status, 404);
});

test("a file of unknown type is refused at the start, not served as something else", async (t) => {
  await assert.rejects(start(pages(t, { "index.html": "", "data.bin": "" }), "v1"), /data\.bin: the frontend has no media type/);
});
