import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { applyMergePatch } from "./merge-patch.ts";

const json = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })).map((value) => JSON.parse(JSON.stringify(value)) as unknown);

describe("merge patch", () => {
  const cases: [unknown, unknown, unknown][] = [
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [["a"], { a: "b", c: null }, { a: "b" }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ];
  it("does what RFC 7396 shows", () => {
    for (const [document, patch, expected] of cases) assert.deepEqual(applyMergePatch(document, patch), expected);
  });

  it("leaves nulls out of what is new, lists included", () => {
    assert.deepEqual(applyMergePatch({}, { a: [{ b: null, c: 1 }, null] }), { a: [{ c: 1 }, null] });
  });

  it("applied twice is applied once, but for nulls within lists", () => {
    // As upstream's library: a list that takes a map's place keeps them, one that takes a list's place loses them.
    const keepsNulls = (value: unknown, inList = false): boolean =>
      typeof value === "object" && value !== null && Object.values(value).some((item) => (item === null ? inList : keepsNulls(item, inList || Array.isArray(value))));
    fc.assert(
      fc.property(json, json, (document, patch) => {
        fc.pre(!keepsNulls(patch));
        const once = applyMergePatch(document, patch);
        assert.deepEqual(applyMergePatch(once, patch), once);
      }),
    );
  });
});
