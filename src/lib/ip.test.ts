import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatAddress, formatRange, isInRange, isMapped, parseAddress, parseRange } from "./ip.ts";

const canonical: [text: string, form: string | undefined][] = [
  ["10.9.8.7", "10.9.8.7"],
  ["0.0.0.0", "0.0.0.0"],
  ["010.9.8.7", undefined],
  ["10.9.8", undefined],
  ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
  ["::", "::"],
  ["::1", "::1"],
  ["fe80:0:0:0:0:0:0:abc", "fe80::abc"],
  ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"],
  ["1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"],
  ["::ffff:1.2.3.4", "::ffff:102:304"],
  ["fe80::1%eth0", undefined],
  ["", undefined],
];
for (const [text, form] of canonical) {
  test(`${text} is ${form ?? "no address"}`, () => {
    const address = parseAddress(text);
    assert.equal(address && formatAddress(address), form);
  });
}

test("an IPv4 address in IPv6 notation is told", () => {
  assert.equal(isMapped(parseAddress("::ffff:1.2.3.4")!), true);
  assert.equal(isMapped(parseAddress("::1.2.3.4")!), false);
  assert.equal(isMapped(parseAddress("1.2.3.4")!), false);
});

const ranges: [text: string, form: string | undefined][] = [
  ["10.9.8.7/24", "10.9.8.0/24"],
  ["0.0.0.0/0", "0.0.0.0/0"],
  ["10.9.8.7/33", undefined],
  ["10.9.8.7/08", undefined],
  ["10.9.8.7", undefined],
  ["2001:db8::1/64", "2001:db8::/64"],
];
for (const [text, form] of ranges) {
  test(`${text} is ${form ?? "no range"}`, () => {
    const range = parseRange(text);
    assert.equal(range && formatRange(range), form);
  });
}

test("a range has its first and its last address, and none of the other family", () => {
  const range = parseRange("10.9.8.0/24")!;
  const inRange = ["10.9.8.0", "10.9.8.255", "10.9.9.0", "10.9.7.255", "::a09:800"].map((text) => isInRange(range, parseAddress(text)!));
  assert.deepEqual(inRange, [true, true, false, false, false]);
});

test("every address is read back as it was written", () => {
  const address = fc.oneof(
    fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }).map((value) => ({ family: "IPv4" as const, value })),
    fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }).map((value) => ({ family: "IPv6" as const, value })),
  );
  fc.assert(fc.property(address, (known) => assert.deepEqual(parseAddress(formatAddress(known)), known)));
});
