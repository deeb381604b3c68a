import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { fieldsOfCustomResource } from "#api/field-schema.ts";
import { EMPTY, formatPath, paths } from "./field-set.ts";
import type { Json } from "./typed.ts";
import { apply, ConflictError, update, type Managers, type Typed, type Updater } from "./updater.ts";

const text = { type: "string" };
const item = { type: "object", properties: { name: text, value: text, tags: { type: "array", items: text, "x-kubernetes-list-type": "set" } } };
/** A kind with every form of field. */
const schema = fieldsOfCustomResource({
  properties: {
    size: { type: "integer" },
    struct: { type: "object", properties: { a: text, b: text } },
    whole: { type: "object", properties: { a: text, b: text }, "x-kubernetes-map-type": "atomic" },
    map: { type: "object", additionalProperties: text },
    set: { type: "array", items: text, "x-kubernetes-list-type": "set" },
    list: { type: "array", items: item, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] },
    ports: {
      type: "array",
      items: { type: "object", properties: { port: { type: "integer" }, protocol: { type: "string", default: "TCP" }, name: text } },
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["port", "protocol"],
    },
    atoms: { type: "array", items: text },
    anything: { "x-kubernetes-preserve-unknown-fields": true },
  },
});

const updater: Updater = { convert: (object) => object, resetFields: EMPTY, schemaChanges: true };
const typed = (value: Json): Typed => ({ value, schema, apiVersion: "v1" });

/** An object and its owners. */
interface State {
  object: Json;
  managers: Managers;
}

const nothing = (): State => ({ object: {}, managers: new Map() });

function applied(state: State, manager: string, config: Json, force = false): State {
  const { object, managers } = apply(updater, typed(state.object), typed(config), state.managers, manager, force);
  return { object: object ?? state.object, managers };
}

function updated(state: State, manager: string, object: Json): State {
  return { object, managers: update(updater, typed(state.object), typed(object), state.managers, manager) };
}

const ownedBy = ({ managers }: State, manager: string): string[] => [...paths(managers.get(manager)?.fields ?? EMPTY)].map(formatPath);

function conflictsOf(act: () => unknown): string[] {
  try {
    act();
  } catch (error) {
    if (error instanceof ConflictError) return error.conflicts.flatMap(({ manager, fields }) => [...paths(fields)].map((path) => `${manager}: ${formatPath(path)}`));
    throw error;
  }
  return [];
}

describe("apply", () => {
  it("owns what the configuration names", () => {
    const state = applied(nothing(), "a", { size: 1, struct: { a: "x" }, whole: { a: "x" }, map: { k: "v" }, set: ["s"], atoms: ["1"], list: [{ name: "n", value: "v" }], anything: { deep: [1] } });
    assert.deepEqual(ownedBy(state, "a").sort(), [
      ".anything.deep",
      ".atoms",
      '.list[name="n"]',
      '.list[name="n"].name',
      '.list[name="n"].value',
      ".map.k",
      '.set[="s"]',
      ".size",
      ".struct.a",
      ".whole",
    ]);
  });

  it("removes what it owned and doesn't name any more", () => {
    let state = applied(nothing(), "a", { size: 1, map: { k: "v", l: "w" }, list: [{ name: "n" }, { name: "m" }], set: ["s", "t"], atoms: ["1"], struct: { a: "x" } });
    state = applied(state, "a", { map: { l: "w" }, list: [{ name: "m" }], set: ["t"] });
    assert.deepEqual(state.object, { map: { l: "w" }, list: [{ name: "m" }], set: ["t"] });
  });

  it("leaves what others own, too, and what nobody does", () => {
    let state = applied(nothing(), "a", { map: { shared: "v", mine: "v" }, list: [{ name: "n", value: "v" }] });
    state = applied(state, "b", { map: { shared: "v" }, list: [{ name: "n", tags: ["t"] }] });
    state = applied(state, "a", {});
    assert.deepEqual(state.object, { map: { shared: "v" }, list: [{ name: "n", tags: ["t"] }] });
    assert.deepEqual([...state.managers.keys()], ["b"]);
  });

  it("doesn't take what another owns and wants otherwise, except by force", () => {
    const state = applied(nothing(), "a", { size: 1, map: { k: "v" }, whole: { a: "x" }, atoms: ["1"], list: [{ name: "n", value: "v" }] });
    const config = { size: 2, map: { k: "v" }, whole: { a: "x", b: "y" }, atoms: ["2"], list: [{ name: "n", value: "w" }] };
    assert.deepEqual(conflictsOf(() => applied(state, "b", config)), ["a: .atoms", "a: .size", "a: .whole", 'a: .list[name="n"].value']);
    const forced = applied(state, "b", config, true);
    assert.deepEqual(forced.object, config);
    assert.deepEqual(ownedBy(forced, "a"), ['.list[name="n"]', '.list[name="n"].name', ".map.k"]);
  });

  it("shares what both want the same", () => {
    const state = applied(applied(nothing(), "a", { size: 1 }), "b", { size: 1 });
    assert.deepEqual([ownedBy(state, "a"), ownedBy(state, "b")], [[".size"], [".size"]]);
    assert.deepEqual(conflictsOf(() => applied(state, "a", { size: 2 })), ["b: .size"]);
  });

  it("takes a default for a key that is absent", () => {
    const first = applied(nothing(), "a", { ports: [{ port: 80, name: "x" }, { port: 80, protocol: "UDP" }] });
    assert.deepEqual(ownedBy(first, "a").filter((path) => path.endsWith("]")), ['.ports[port=80,protocol="TCP"]', '.ports[port=80,protocol="UDP"]']);
    const second = applied(first, "a", { ports: [{ port: 80, protocol: "TCP", name: "y" }, { port: 80, protocol: "UDP" }] });
    assert.deepEqual(second.object, { ports: [{ port: 80, name: "y", protocol: "TCP" }, { port: 80, protocol: "UDP" }] });
  });

  it("puts items in the applier's order, and others' between them", () => {
    const state = applied(nothing(), "a", { set: ["1", "2", "3"] });
    assert.deepEqual(applied(state, "b", { set: ["3", "x", "1"] }).object, { set: ["2", "3", "x", "1"] });
    assert.deepEqual(applied(state, "b", { set: ["2"] }).object, state.object);
  });

  it("refuses items that can't be told apart", () => {
    assert.throws(() => applied(nothing(), "a", { list: [{ name: "n" }, { name: "n" }] }), { message: '.list: duplicate entries for key [name="n"]' });
    assert.throws(() => applied(nothing(), "a", { list: [{ value: "v" }] }), { message: /^\.list: element 0: associative list with keys has an element that omits all key fields \["name"\]/ });
  });

  it("keeps an empty map or list that is applied", () => {
    assert.deepEqual(applied(nothing(), "a", { map: {}, set: [], whole: {} }).object, { map: {}, set: [], whole: {} });
  });
});

describe("update", () => {
  it("owns what it changes, and the rest stays with its owners", () => {
    let state = applied(nothing(), "a", { size: 1, map: { k: "v" }, list: [{ name: "n", value: "v" }] });
    state = updated(state, "b", { size: 2, map: { k: "v", l: "w" }, list: [{ name: "n", value: "v" }] });
    assert.deepEqual(ownedBy(state, "b"), [".size", ".map.l"]);
    assert.deepEqual(ownedBy(state, "a"), ['.list[name="n"]', '.list[name="n"].name', '.list[name="n"].value', ".map.k"]);
  });

  it("takes from all what it removes", () => {
    const state = updated(applied(nothing(), "a", { size: 1, list: [{ name: "n", value: "v" }] }), "b", { size: 1 });
    assert.deepEqual([ownedBy(state, "a"), ownedBy(state, "b")], [[".size"], []]);
  });

  it("changes no owner when it changes nothing", () => {
    const state = applied(nothing(), "a", { size: 1 });
    assert.equal(updated(state, "b", { size: 1 }).managers, state.managers);
  });

  it("owns a map that is new, and the fields of a struct alone", () => {
    const state = updated({ object: { struct: {} }, managers: new Map() }, "b", { struct: { a: "x" }, map: { k: "v" } });
    assert.deepEqual(ownedBy(state, "b"), [".map", ".map.k", ".struct.a"]);
  });
});

describe("a schema that changes", () => {
  it("makes the owner of parts the owner of the whole", () => {
    const state = applied(nothing(), "a", { struct: { a: "x" } });
    const stricter = fieldsOfCustomResource({ properties: { struct: { type: "object", properties: { a: text, b: text }, "x-kubernetes-map-type": "atomic" } } });
    const object = (value: Json): Typed => ({ value, schema: stricter, apiVersion: "v1" });
    const versions: Updater = { ...updater, convert: ({ value }) => object(value) };
    const { managers } = apply(versions, object(state.object), object({ struct: { a: "x" } }), state.managers, "b", false);
    assert.deepEqual(ownedBy({ object: {}, managers }, "a"), [".struct"]);
  });
});

describe("laws", () => {
  const word = fc.constantFrom("1", "2");
  const subset = <T>(values: T[]): fc.Arbitrary<T[]> => fc.shuffledSubarray(values);
  const items = subset(["x", "y", "z"]).chain((names) => fc.tuple(...names.map((name) => fc.record({ name: fc.constant(name), value: word, tags: subset(["t", "u"]) }, { requiredKeys: ["name"] }))));
  const config = (fields: string[]): fc.Arbitrary<Json> =>
    fc
      .record(
        {
          size: fc.constantFrom(1, 2),
          struct: fc.record({ a: word, b: word }, { requiredKeys: ["a"] }),
          whole: fc.record({ a: word, b: word }, { requiredKeys: ["a"] }),
          map: fc.dictionary(fc.constantFrom("k", "l"), word, { minKeys: 1 }),
          set: subset(["s", "t", "u"]).filter((list) => list.length > 0),
          list: items.filter((list) => list.length > 0),
          atoms: subset(["1", "2"]).filter((list) => list.length > 0),
        },
        { requiredKeys: [] },
      )
      .map((all) => JSON.parse(JSON.stringify(Object.fromEntries(Object.entries(all).filter(([key]) => fields.includes(key))))) as Json);
  const anyConfig = config(["size", "struct", "whole", "map", "set", "list", "atoms"]);
  const ownersOf = ({ managers }: State): object => Object.fromEntries([...managers].toSorted(([a], [b]) => (a < b ? -1 : 1)));

  it("applied twice is applied once", () => {
    fc.assert(
      fc.property(anyConfig, anyConfig, (before, given) => {
        const once = applied(applied(nothing(), "b", before), "a", given, true);
        const twice = applied(once, "a", given);
        assert.deepEqual([twice.object, ownersOf(twice)], [once.object, ownersOf(once)]);
      }),
    );
  });

  it("two managers of different fields come in any order", () => {
    fc.assert(
      fc.property(config(["size", "map", "set"]), config(["struct", "list", "atoms"]), (a, b) => {
        const ab = applied(applied(nothing(), "a", a), "b", b);
        const ba = applied(applied(nothing(), "b", b), "a", a);
        assert.deepEqual([ab.object, ownersOf(ab)], [ba.object, ownersOf(ba)]);
      }),
    );
  });

  it("an apply taken back leaves the object as it was, where it owned alone", () => {
    fc.assert(
      fc.property(config(["size", "map", "set"]), config(["struct", "list", "atoms"]), (theirs, mine) => {
        const before = applied(nothing(), "b", theirs);
        const after = applied(applied(before, "a", mine), "a", {});
        assert.deepEqual([after.object, ownersOf(after)], [before.object, ownersOf(before)]);
      }),
    );
  });

  it("what is forced is the applier's: the next apply doesn't conflict, and who lost it does", () => {
    fc.assert(
      fc.property(anyConfig, anyConfig, (theirs, mine) => {
        const before = applied(nothing(), "b", theirs);
        const conflicts = conflictsOf(() => applied(before, "a", mine));
        const forced = applied(before, "a", mine, true);
        assert.deepEqual(conflictsOf(() => applied(forced, "a", mine)), []);
        const back = conflictsOf(() => applied(forced, "b", theirs));
        assert.equal(back.length > 0, conflicts.length > 0, JSON.stringify({ conflicts, back }));
      }),
    );
  });

  it("what an applier owns is what it applied", () => {
    fc.assert(
      fc.property(anyConfig, anyConfig, (theirs, mine) => {
        const alone = applied(nothing(), "a", mine);
        const forced = applied(applied(nothing(), "b", theirs), "a", mine, true);
        assert.deepEqual(forced.managers.get("a"), alone.managers.get("a"));
      }),
    );
  });
});
