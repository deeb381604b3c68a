import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { json, withWarnings } from "./response.ts";

const header = (warnings: string[]) => withWarnings(json(200, {}), warnings).headers["warning"] ?? "";

describe("warnings in responses", () => {
  it("are said once each, with quotes escaped", () => {
    assert.equal(header(['unknown field "a"', "b", "b"]), String.raw`299 - "unknown field \"a\"", 299 - "b"`);
    assert.equal(header(["x".repeat(4096)]).length, 4096 + '299 - ""'.length);
  });

  it("are cut short where they would make a header that clients refuse", () => {
    const many = header(Array.from({ length: 100_000 }, (_, i) => `unknown field ${i}`));
    assert.ok(many.startsWith('299 - "unknown field 0", 299 - "unknown field 1"') && many.length < 8192, `${many.length}`);
    assert.equal(header(["x".repeat(5000), "y"]), `299 - "${"x".repeat(256)}", 299 - "y"`);
  });
});
