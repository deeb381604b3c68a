import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { dns1035Label, dns1123Label, dns1123Subdomain, labelValue, qualifiedName } from "./names.ts";

const FORMATS = { dns1123Label, dns1123Subdomain, dns1035Label, qualifiedName, labelValue };
const long = (length: number): string => "a".repeat(length);

describe("a name is right", () => {
  const cases: [format: keyof typeof FORMATS, right: string[]][] = [
    ["dns1123Label", ["a", "1", "my-name", "123-abc", long(63)]],
    ["dns1123Subdomain", ["a", "example.com", "1.2.3", `${long(100)}.${long(100)}`]],
    ["dns1035Label", ["a", "my-name", "a1"]],
    ["qualifiedName", ["a", "A_b.c-1", "example.com/MyName", `example.com/${long(63)}`]],
    ["labelValue", ["", "a", "My_Value", "1.2-3"]],
  ];
  for (const [format, right] of cases) for (const value of right) test(`${format}: ${value}`, () => assert.deepEqual(FORMATS[format](value), []));
});

describe("a name is wrong", () => {
  const cases: [format: keyof typeof FORMATS, value: string, problems: RegExp[]][] = [
    ["dns1123Label", "", [/^a lowercase RFC 1123 label must consist of .* \(e\.g\. 'my-name', {2}or '123-abc', regex used for validation is '\[a-z0-9\]\(\[-a-z0-9\]\*\[a-z0-9\]\)\?'\)$/]],
    ["dns1123Label", "a.b", [/^must not contain dots$/]],
    ["dns1123Label", long(64), [/^must be no more than 63 characters$/]],
    ["dns1123Label", "-a", [/^a lowercase RFC 1123 label/]],
    ["dns1123Label", "a-", [/^a lowercase RFC 1123 label/]],
    ["dns1123Subdomain", "A", [/^a lowercase RFC 1123 subdomain/]],
    ["dns1123Subdomain", "a..b", [/^a lowercase RFC 1123 subdomain/]],
    ["dns1123Subdomain", `${long(254)}`, [/^must be no more than 253 characters$/]],
    ["dns1035Label", "1a", [/^a DNS-1035 label/]],
    ["qualifiedName", "", [/^name part must be non-empty$/, /^name part must consist of/]],
    ["qualifiedName", "/a", [/^prefix part must be non-empty$/]],
    ["qualifiedName", "A/a", [/^prefix part a lowercase RFC 1123 subdomain/]],
    ["qualifiedName", "a/b/c", [/^a valid label key must consist of .* with an optional DNS subdomain prefix and '\/' \(e\.g\. 'example\.com\/MyName'\)$/]],
    ["qualifiedName", `a/${long(64)}`, [/^name part must be no more than 63 characters$/]],
    ["labelValue", "-", [/^a valid label must be an empty string or/]],
    ["labelValue", long(64), [/^must be no more than 63 characters$/]],
  ];
  for (const [format, value, expected] of cases) {
    test(`${format}: ${value}`, () => {
      const problems = FORMATS[format](value);
      assert.equal(problems.length, expected.length, problems.join("\n"));
      expected.forEach((pattern, index) => assert.match(problems[index]!, pattern));
    });
  }
});
