import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { isTextKey, preferredLanguage, text, type TextKey } from "./i18n.ts";

const page = readFileSync(join(import.meta.dirname, "../public/index.html"), "utf8");
const source = readFileSync(join(import.meta.dirname, "i18n.ts"), "utf8");
const keys = [...new Set([...source.matchAll(/^ {2}(\w+): "/gm)].map((match) => match[1]!))].filter(isTextKey);

test("the first language that is known is taken", () => {
  assert.equal(preferredLanguage(["fr-FR", "ko-KR", "en"]), "ko");
  assert.equal(preferredLanguage(["en-GB", "ko"]), "en");
  assert.equal(preferredLanguage(["fr"]), "en");
});

test("both languages fill in the same values", () => {
  assert.ok(keys.length > 50);
  const holes = (language: "en" | "ko", key: TextKey): string[] => {
    const found: string[] = [];
    text(language, key, new Proxy({}, { get: (_target, name) => found.push(String(name)) }));
    return found.sort();
  };
  for (const key of keys) assert.deepEqual(holes("ko", key), holes("en", key), key);
});

test("every text the page asks for exists", () => {
  const asked = [...page.matchAll(/data-text="(\w+)"/g)].map((match) => match[1]!);
  assert.ok(asked.length > 20);
  for (const key of asked) assert.ok(isTextKey(key), key);
});
