import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addAmounts, formatAmount, maxAmount, NOTHING, parseAmount, pieces, subtractAmounts, wholeAmount } from "./amount.ts";

const plus = (a: string, b: string): string => formatAmount(addAmounts(parseAmount(a), parseAmount(b)));
const minus = (a: string, b: string): string => formatAmount(subtractAmounts(parseAmount(a), parseAmount(b)));

describe("amounts", () => {
  it("add exactly, in the notation of the first", () => {
    assert.deepEqual(
      [plus("1Gi", "512Mi"), plus("1", "100m"), plus("0", "1Gi"), plus("1G", "1Gi"), plus("100n", "1"), plus("1e3", "1")],
      ["1536Mi", "1100m", "1Gi", "2073741824", "1000000100n", "1001"],
    );
  });

  it("subtract, below zero too", () => {
    assert.deepEqual([minus("1Gi", "1Gi"), minus("1", "1500m"), minus("2Gi", "1")], ["0", "-500m", "2147483647"]);
  });

  it("are counted, compared and rounded", () => {
    assert.deepEqual([formatAmount(pieces(3)), formatAmount(NOTHING)], ["3", "0"]);
    assert.equal(formatAmount(maxAmount(parseAmount("900m"), parseAmount("1"))), "1");
    assert.deepEqual([formatAmount(wholeAmount(parseAmount("100m"))), formatAmount(wholeAmount(parseAmount("2Gi")))], ["1", "2Gi"]);
  });
});
