import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { KubeObject } from "#api/types.ts";
import { fieldSet } from "./field-set.ts";
import { checkManagedFields, managerId, managerOf, sameButWhenManaged, writeManagedFields, type Manager, type ManagedFieldsEntry } from "./managed-fields.ts";

const manager = (name: string, more: Partial<Manager> = {}): Manager => ({ name, operation: "Update", apiVersion: "v1", subresource: "", ...more });
const entry = (name: string, more: object = {}): ManagedFieldsEntry => ({ manager: name, operation: "Update", apiVersion: "v1", fieldsType: "FieldsV1", fieldsV1: { "f:data": { "f:a": {} } }, ...more });
const object = (managedFields?: ManagedFieldsEntry[], metadata: object = {}): KubeObject => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", ...metadata, ...(managedFields ? { managedFields } : {}) } });

describe("a manager", () => {
  it("is another by subresource, operation, and, as updater, by version", () => {
    const ids = [manager("a"), manager("a", { subresource: "status" }), manager("a", { operation: "Apply" }), manager("a", { apiVersion: "v2" }), manager("a", { operation: "Apply", apiVersion: "v2" })].map(managerId);
    assert.deepEqual([new Set(ids).size, ids[2] === ids[4]], [4, true]);
    assert.deepEqual(managerOf(ids[1]!), manager("a", { subresource: "status" }));
  });
});

describe("managed fields", () => {
  it("have appliers before updaters, the older before the newer, and names in order", () => {
    const owned: [Manager, string | undefined][] = [
      [manager("b"), "2026-01-01T00:00:01Z"],
      [manager("a", { subresource: "status" }), "2026-01-01T00:00:01Z"],
      [manager("a"), "2026-01-01T00:00:01Z"],
      [manager("z"), "2026-01-01T00:00:00Z"],
      [manager("z", { operation: "Apply" }), "2026-01-01T00:00:09Z"],
      [manager("y", { operation: "Apply" }), undefined],
    ];
    const fields = fieldSet([["f:data"]]);
    const written = writeManagedFields({
      managers: new Map(owned.map(([who]) => [managerId(who), { fields, apiVersion: who.apiVersion, applied: who.operation === "Apply" }])),
      times: new Map(owned.flatMap(([who, time]) => (time ? [[managerId(who), time] as const] : []))),
    });
    assert.deepEqual(
      written!.map(({ manager: name, operation, subresource }) => [name, operation, subresource].filter(Boolean).join(" ")),
      ["y Apply", "z Apply", "z Update", "a Update", "a Update status", "b Update"],
    );
    assert.equal(writeManagedFields({ managers: new Map(), times: new Map() }), undefined);
  });

  it("that differ in time alone make no difference", () => {
    const then = object([entry("a", { time: "2026-01-01T00:00:00Z" })]);
    assert.equal(sameButWhenManaged(then, object([entry("a", { time: "2026-01-02T00:00:00Z" })])), true);
    assert.equal(sameButWhenManaged(then, object([entry("b", { time: "2026-01-01T00:00:00Z" })])), false);
    assert.equal(sameButWhenManaged(then, object([entry("a")], { labels: {} })), false);
  });

  it("may be changed by admission, but not into what can't be read", () => {
    const before = [entry("a")];
    const warnings: string[] = [];
    const admitted = (managedFields: ManagedFieldsEntry[] | undefined): ManagedFieldsEntry[] | undefined => {
      const result = object(managedFields);
      checkManagedFields(result, before, (text) => warnings.push(text));
      return result.metadata.managedFields;
    };
    assert.equal(admitted(before), before);
    assert.deepEqual(admitted([entry("b", { fieldsV1: { "f:data": { ".": {}, "f:b": {}, "f:a": {} } } })]), [entry("b", { fieldsV1: { "f:data": { ".": {}, "f:a": {}, "f:b": {} } } })]);
    assert.equal(admitted(undefined), undefined);
    assert.deepEqual(warnings, []);
    assert.equal(admitted([entry("b", { operation: "Frob" })]), before);
    assert.deepEqual(warnings, [
      ".metadata.managedFields was in an invalid state after admission; this could be caused by an outdated mutating admission controller; please fix your requests: operation must be `Apply` or `Update`",
    ]);
  });
});
