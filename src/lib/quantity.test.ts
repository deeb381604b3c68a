import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatBytes, formatCpu, isQuantity, parseBytes, parseCpuMillis, parseQuantity, QUANTITY_ERROR } from "./quantity.ts";

const VALUES: [string, number][] = [
  ["0", 0], ["0u", 0], ["0Ki", 0], ["-0", 0],
  ["1", 1], ["+1", 1], ["-1", -1], ["1.", 1], [".5", 0.5], ["0.00500", 0.005], ["-0.5", -0.5],
  ["5n", 5e-9], ["4u", 4e-6], ["3m", 0.003], ["9", 9], ["8k", 8e3], ["7M", 7e6], ["6G", 6e9], ["5T", 5e12], ["40P", 40e15], ["1E", 1e18],
  ["8Ki", 8192], ["7Mi", 7 * 2 ** 20], ["6Gi", 6 * 2 ** 30], ["10Ti", 10 * 2 ** 40], ["2Pi", 2 * 2 ** 50], ["1Ei", 2 ** 60], ["0.5Mi", 2 ** 19],
  // E is a suffix without digits behind it, and an exponent with them.
  ["1e3", 1000], ["1E3", 1000], ["1.2e3", 1200], ["0.5e-1", 0.05], ["1e+2", 100],
  ["1.1G", 1_100_000_000], ["2.3M", 2_300_000], ["7.123456M", 7_123_456], ["1.005k", 1005],
];

test("quantities are read exactly", () => {
  for (const [text, value] of VALUES) assert.equal(parseQuantity(text) + 0, value, text);
  assert.equal(parseQuantity(2), 2);
});

test("what is not a quantity is refused in Kubernetes' words", () => {
  for (const text of ["", " 1", "1 ", "1+1.0M", "0.1mi", "0.1am", "aoeu", ".5i", "1i", "-3.01i", "-3.01e-", "1e", "1ki", "1K", "--1", "1_000", "0x10", ".", "1e3Ki"]) {
    assert.equal(isQuantity(text), false, text);
    assert.throws(() => parseQuantity(text), { message: QUANTITY_ERROR }, text);
  }
});

test("CPU rounds up to thousandths, bytes to whole ones", () => {
  assert.deepEqual(["0.1", "1", "100m", "1n", "0.0001", "1500u", "2.5", "0"].map(parseCpuMillis), [100, 1000, 100, 1, 1, 2, 2500, 0]);
  assert.deepEqual(["1m", "0.1Gi", "1.1G", "128974848", "129e6", "123Mi"].map(parseBytes), [1, 107374183, 1100000000, 128974848, 129000000, 128974848]);
});

test("an absurd exponent costs nothing", () => {
  assert.equal(parseBytes("1e-999999999"), 1);
  assert.ok(parseQuantity("1e999999999") > 1e30);
});

test("formats read back as the same amount", () => {
  assert.deepEqual([1000, 1500, 0, 250].map(formatCpu), ["1", "1500m", "0", "250m"]);
  assert.deepEqual([0, 1000, 1024, 1536, 2 ** 30, 3 * 2 ** 40].map(formatBytes), ["0", "1000", "1Ki", "1536", "1Gi", "3Ti"]);
  fc.assert(fc.property(fc.nat(2 ** 31 - 1), (n) => parseCpuMillis(formatCpu(n)) === n && parseBytes(formatBytes(n)) === n));
});
