import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { DOCUMENT, fieldsTable, withTables } from "../tools/differences.ts";

test("the document names every field that is refused or ignored, and every kind that is only stored", () => {
  const text = readFileSync(DOCUMENT, "utf8");
  assert.equal(text, withTables(text), "run: node bin/tidepool.js --run tools/differences.ts");
});

test("the table has fields of both kinds and both verdicts", () => {
  const rows = fieldsTable().split("\n");
  for (const [row, field] of [["Pod | refused", "hostPID"], ["Pod | refused", "volumes[].nfs"], ["Pod | ignored", "hostUsers"], ["Service | ignored", "externalIPs"]] as const) {
    assert.ok(rows.find((line) => line.startsWith(`| ${row} |`))?.includes(`\`${field}\``), `${field} is ${row}:\n${rows.join("\n")}`);
  }
});
