import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nestsDeeperThan } from "./json.ts";

test("nesting is counted outside of strings alone", () => {
  assert.equal(nestsDeeperThan('{"a":[1,{"b":2}]}', 3), false);
  assert.equal(nestsDeeperThan('{"a":[1,{"b":2}]}', 2), true);
  assert.equal(nestsDeeperThan('["[[[[", "\\"[[[", "\\\\"]', 1), false);
  assert.equal(nestsDeeperThan('["a\\\\", [', 1), true, "an escaped backslash ends no escape of the quote");
  assert.equal(nestsDeeperThan("[".repeat(3_000_000), 500), true);
  assert.equal(nestsDeeperThan('"never closed [[[', 0), false);
});

test("it is the depth that a walk over the parsed value finds", () => {
  const depth = (value: unknown): number => (typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depth)) : 0);
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      const text = JSON.stringify(value);
      const found = depth(JSON.parse(text));
      assert.equal(nestsDeeperThan(text, found), false);
      if (found > 0) assert.equal(nestsDeeperThan(text, found - 1), true);
    }),
  );
});
