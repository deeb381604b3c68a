import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseQuantity } from "#lib/quantity.ts";
import { canonicalQuantity } from "./quantity.ts";

const cases: [written: string, stored: string][] = [
  ["1", "1"],
  ["1000m", "1"],
  ["0.5", "500m"],
  ["1.5", "1500m"],
  [".5", "500m"],
  ["5.", "5"],
  ["100000", "100k"],
  ["1000000", "1M"],
  ["134217728", "134217728"],
  ["1024Mi", "1Gi"],
  ["1.5Gi", "1536Mi"],
  ["0.1Gi", "107374182400m"],
  ["512Ki", "512Ki"],
  ["1Ki", "1Ki"],
  ["0.5Ki", "512"],
  ["1e3", "1e3"],
  ["1000e0", "1e3"],
  ["1E", "1E"],
  ["-1", "-1"],
  ["-0.5", "-500m"],
  ["+1", "1"],
  ["0", "0"],
  ["0Gi", "0"],
  ["1n", "1n"],
  ["0.1n", "1n"],
  ["100u", "100u"],
  ["9223372036854775807", "9223372036854775807"],
];
for (const [written, stored] of cases) test(`${written} is stored as ${stored}`, () => assert.equal(canonicalQuantity(written), stored));

test("the canonical form means the same, and is its own canonical form", () => {
  const quantities = fc.tuple(fc.integer({ min: 0, max: 10 ** 9 }), fc.constantFrom("m", "", "k", "M", "Ki", "Mi", "Gi", "e3")).map(([number, suffix]) => `${number}${suffix}`);
  fc.assert(
    fc.property(quantities, (written) => {
      const stored = canonicalQuantity(written);
      assert.ok(Math.abs(parseQuantity(stored) - parseQuantity(written)) <= parseQuantity(written) * 1e-12);
      assert.equal(canonicalQuantity(stored), stored);
    }),
  );
});
