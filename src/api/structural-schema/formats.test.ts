import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatOf, hasFormat } from "./formats.ts";

describe("formats of text", () => {
  const cases: [format: string, right: string[], wrong: string[]][] = [
    ["date-time", ["2014-12-15T19:30:20.000Z", "2014-12-15T19:30:20+01:00", "2014-12-15t19:30:20z"], ["2014-12-15", "2014-02-30T00:00:00Z", "2014-12-15T24:30:20Z", ""]],
    ["date", ["2024-02-29"], ["2023-02-29", "2023-2-9"]],
    ["duration", ["1h30m", "-1.5s", "0", "5 seconds", "3 days", "22 ns"], ["", "h", "1 year", "1".repeat(100_000)]],
    ["uri", ["https://example.com/a?b#c", "/path", "urn:x"], ["", "example.com", "http://a b", "http://a/%zz"]],
    ["email", ["a@example.com", "Ann <ann@example.com>"], ["a", "a@", "@b", "a b@c"]],
    ["hostname", ["example.com", "a-b.example"], ["-a", "a..b", "a_b", `${"a".repeat(64)}.com`]],
    ["ipv4", ["10.0.0.1", "010.0.0.1"], ["10.0.0", "::1"]],
    ["ipv6", ["::1", "fe80::1"], ["10.0.0.1", ":::"]],
    ["cidr", ["10.0.0.0/8", "fe80::/64"], ["10.0.0.0", "10.0.0.0/33"]],
    ["mac", ["00:00:5e:00:53:01", "0000.5e00.5301"], ["00:00:5e"]],
    ["uuid", ["6BA7B810-9DAD-11D1-80B4-00C04FD430C8", "6ba7b8109dad11d180b400c04fd430c8"], ["6ba7b810"]],
    ["uuid4", ["9f8a26d6-52b5-4b5a-8c3c-9d2d5e6a7b8c"], ["9f8a26d6-52b5-1b5a-8c3c-9d2d5e6a7b8c"]],
    ["isbn", ["0321751043", "978-0321751041"], ["0321751044"]],
    ["creditcard", ["4111 1111 1111 1111"], ["4111 1111 1111 1112"]],
    ["ssn", ["123-45-6789"], ["123-45-678"]],
    ["hexcolor", ["#fff", "FFFFFF"], ["#ff"]],
    ["rgbcolor", ["rgb(255,255,0)"], ["rgb(256,0,0)"]],
    ["byte", ["aGVsbG8="], ["aGVsbG8", "?"]],
    ["bsonobjectid", ["507f1f77bcf86cd799439011"], ["507f"]],
    ["password", ["", "any"], []],
    ["k8s-short-name", ["a-b"], ["A", "a.b", "-a", "a".repeat(64)]],
    ["k8s-long-name", ["a.b-c"], ["A", "a..b"]],
  ];
  for (const [format, right, wrong] of cases) {
    test(format, () => {
      const check = hasFormat(format)!;
      assert.deepEqual(right.filter((text) => !check(text)), []);
      assert.deepEqual(wrong.filter(check), []);
    });
  }
});

test("which formats are checked depends on the type", () => {
  assert.deepEqual(
    [["string", "date-time"], ["", "uuid"], ["string", "colour"], ["string", "constructor"], ["integer", "int64"], ["integer", "float"], ["number", "double"], ["boolean", "date"]].map(([type, format]) => formatOf(type!, format!)),
    ["date-time", "uuid", "", "", "int64", "", "double", ""],
  );
});
