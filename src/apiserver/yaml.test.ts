import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseYaml } from "./yaml.ts";

describe("YAML", () => {
  it("is read with flow, block and anchors, and with brackets in text", () => {
    assert.deepEqual(parseYaml("a: &x [1, {b: '['}]\nc: *x\nd:\n- - 1\n- |\n  [\n").value, { a: [1, { b: "[" }], c: [1, { b: "[" }], d: [[1], "[\n"] });
  });

  it("may nest hundreds of levels deep", () => {
    assert.doesNotThrow(() => parseYaml("[".repeat(300) + "]".repeat(300)));
    assert.doesNotThrow(() => parseYaml("- [[]]\n- - b\n".repeat(1000)));
  });

  const deep: [string, string][] = [
    ["lists", "[".repeat(3_000_000)],
    ["maps", "{a: ".repeat(500_000)],
    ["lists of a line", "- ".repeat(1_000_000)],
    ["keys of a line", "? ".repeat(1_000_000)],
  ];
  for (const [name, text] of deep) {
    it(`is refused when ${name} nest without end`, () => {
      assert.throws(() => parseYaml(text), { code: 400, message: "error converting YAML to JSON: yaml: exceeded max depth of 500" });
    });
  }

  it("is refused when its aliases would keep the parser busy", () => {
    const text = Array.from({ length: 5_000 }, (_, i) => `k${i}: &a${i} v\nj${i}: *a${i}\n`).join("");
    assert.throws(() => parseYaml(text), { code: 400, message: "error converting YAML to JSON: yaml: document contains excessive aliasing" });
  });

  it("is refused when its aliases would unfold to something huge", () => {
    const text = Array.from("bcdefghi").reduce((lines, name, i) => `${lines}${name}: &${name} [${Array.from({ length: 9 }, () => `*${"abcdefgh"[i]}`).join(",")}]\n`, "a: &a [x]\n");
    assert.throws(() => parseYaml(text), { code: 400 });
  });
});
