import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject } from "#api/types.ts";
import { columnsOf } from "./columns.ts";

const object = {
  apiVersion: "example.com/v1",
  kind: "Widget",
  metadata: { name: "a", creationTimestamp: "1970-01-01T00:00:00Z", labels: { "app.kubernetes.io/name": "web" } },
  spec: { n: 3, f: 2.5, b: true, s: "text", list: [{ k: "a", v: 1 }, { k: "b", v: 2 }], o: { x: 1 }, nothing: null, when: "1970-01-01T00:01:00Z" },
} as unknown as KubeObject;

const cell = (type: string, jsonPath: string): unknown => columnsOf([{ name: "C", type, jsonPath }])[1]!.cell(object, 120_000);

const CASES: [type: string, path: string, cell: unknown][] = [
  ["string", ".spec.s", "text"],
  ["string", ".spec.n", "3"],
  ["string", ".spec.b", "true"],
  ["string", ".spec.o", '{"x":1}'],
  ["string", ".spec.list[*].k", "a"],
  ["string", '.spec.list[?(@.k=="b")].v', "2"],
  ["string", ".spec.list[-1:].k", "b"],
  ["string", ".metadata.labels.app\\.kubernetes\\.io/name", "web"],
  ["string", ".spec.gone", null],
  ["integer", ".spec.n", 3],
  ["integer", ".spec.f", 2],
  ["integer", ".spec.s", null],
  ["number", ".spec.f", 2.5],
  ["boolean", ".spec.b", true],
  ["boolean", ".spec.s", null],
  ["date", ".metadata.creationTimestamp", "2m"],
  ["date", ".spec.when", "60s"],
  ["date", ".spec.s", "<invalid>"],
  ["date", ".spec.n", null],
];

for (const [type, path, expected] of CASES) test(`a ${type} at ${path}`, () => assert.deepEqual(cell(type, path), expected));

test("without columns of its own, a kind has an age", () => {
  assert.deepEqual(
    columnsOf(undefined).map(({ name, type }) => [name, type]),
    [
      ["Name", "string"],
      ["Age", "date"],
    ],
  );
});

test("columns say how they are to be shown, and end where a path doesn't parse", () => {
  const columns = columnsOf([
    { name: "A", type: "integer", format: "int32", jsonPath: ".spec.n", priority: 1, description: "How many." },
    { name: "B", type: "string", jsonPath: ".spec.s" },
    { name: "C", type: "string", jsonPath: ".spec[" },
    { name: "D", type: "string", jsonPath: ".spec.s" },
  ]);
  assert.deepEqual(
    columns.map(({ name, type, format, description, priority }) => [name, type, format, description, priority]).slice(1),
    [
      ["A", "integer", "int32", "How many.", 1],
      ["B", "string", undefined, "Custom resource definition column (in JSONPath format): .spec.s", undefined],
    ],
  );
});
