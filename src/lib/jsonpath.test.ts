import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { jsonPathText, parseJsonPath } from "./jsonpath.ts";

const POD = {
  metadata: { name: "web", labels: { "app.kubernetes.io/name": "web", tier: "front" } },
  spec: { replicas: 3, paused: false, containers: [{ name: "a", image: "a:1" }, { name: "b", image: "b:1" }, { name: "c", image: "c:1" }] },
  status: { conditions: [{ type: "Ready", status: "True", count: 2 }, { type: "Synced", status: "False", count: 5 }], note: null },
};

describe("JSONPath finds", () => {
  const cases: [path: string, found: unknown[]][] = [
    [".metadata.name", ["web"]],
    ["$.spec.replicas", [3]],
    [".spec.paused", [false]],
    [".status.note", [null]],
    [".spec.nothing.here", []],
    [".metadata.labels.app\\.kubernetes\\.io/name", ["web"]],
    [".metadata.labels['tier']", ["front"]],
    [".spec.containers[0].name", ["a"]],
    [".spec.containers[-1].name", ["c"]],
    [".spec.containers[0:2].name", ["a", "b"]],
    [".spec.containers[::2].name", ["a", "c"]],
    [".spec.containers[*].image", ["a:1", "b:1", "c:1"]],
    [".spec.containers[0,2].name", ["a", "c"]],
    [".metadata.labels.*", ["web", "front"]],
    ['.status.conditions[?(@.type=="Ready")].status', ["True"]],
    [".status.conditions[?(@.type=='Synced')].status", ["False"]],
    ['.status.conditions[?(@.type!="Ready")].type', ["Synced"]],
    [".status.conditions[?(@.count>3)].type", ["Synced"]],
    [".status.conditions[?(@.reason)].type", []],
    ['.status.conditions[?(@.type=="a)b")].type', []],
    [".spec..name", ["a", "b", "c"]],
    ["..type", ["Ready", "Synced"]],
  ];
  for (const [path, found] of cases) test(path, () => assert.deepEqual(parseJsonPath(path)(POD), found));
});

describe("JSONPath refuses", () => {
  const cases: [path: string, message: string][] = [
    [".spec.containers[0", "unterminated array"],
    [".spec.containers[x]", "invalid array index x"],
    [".spec.containers[?(@.name=='a']", "unterminated filter"],
    [".spec....name", "invalid multiple recursive descent"],
    [".a[?(@.b=~1)]", "unrecognized filter operator ="],
    ["range .items", "unrecognized identifier range"],
    [".a[0:1:0]", "step must be > 0"],
  ];
  for (const [path, message] of cases) test(path, () => assert.throws(() => parseJsonPath(path), { message }));

  test("an index beyond the list", () => {
    assert.throws(() => parseJsonPath(".spec.containers[3]")(POD), { message: "array index out of bounds: index 3, length 3" });
  });

  test("to go on without end", () => {
    let deep: unknown = { x: 1 };
    for (let i = 0; i < 400; i++) deep = { x: deep };
    assert.throws(() => parseJsonPath("..x..x..x")(deep), { message: "the path finds too many values" });
  });
});

test("values as text", () => {
  assert.deepEqual(["a", 1.5, true, null, [1], { a: "b" }].map(jsonPathText), ["a", "1.5", "true", "null", "[1]", '{"a":"b"}']);
});
