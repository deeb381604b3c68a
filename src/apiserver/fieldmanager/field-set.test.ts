import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { difference, EMPTY, fieldSet, formatPath, has, intersection, isEmpty, parseFieldSet, paths, recursiveDifference, union, type FieldSet, type Path } from "./field-set.ts";
import { canonicalElement, compareElements, keyElement, valueElement } from "./path-element.ts";

const LABEL: Path = ["f:metadata", "f:labels", "f:app"];
const CONTAINER: Path = ["f:spec", "f:containers", keyElement([["name", "a"]])];

describe("a path element", () => {
  const cases: [string, string][] = [
    ["f:spec", ".spec"],
    ['k:{"name":"a"}', '[name="a"]'],
    ['k:{"containerPort":80,"protocol":"TCP"}', '[containerPort=80,protocol="TCP"]'],
    ['v:"a"', '[="a"]'],
    ["v:1", "[=1]"],
    ["i:3", "[3]"],
  ];
  for (const [element, text] of cases) it(`${element} is shown as ${text}`, () => assert.equal(formatPath([element]), text));

  it("has its keys in order, and no characters that end a script", () => {
    assert.equal(keyElement([["b", 1], ["a", "<&>"]]), 'k:{"a":"\\u003c\\u0026\\u003e","b":1}');
    assert.equal(canonicalElement('k:{ "b": 1, "a": "<&>" }'), 'k:{"a":"\\u003c\\u0026\\u003e","b":1}');
    assert.equal(canonicalElement("i:+03"), "i:3");
    assert.equal(canonicalElement("z:of the future"), undefined);
  });

  for (const bad of ["f", "spec", "k:[]", "k:{", "v:", "i:x"]) it(`isn't ${bad}`, () => assert.throws(() => canonicalElement(bad)));

  it("comes by its kind, then by its value", () => {
    const ordered = ["f:a", "f:b", keyElement([["a", 9]]), keyElement([["a", 10]]), keyElement([["a", 10], ["b", 1]]), keyElement([["b", 1]]), valueElement(2), valueElement("1"), valueElement(false), "i:1"];
    assert.deepEqual(ordered.toReversed().toSorted(compareElements), ordered);
  });
});

describe("a field set", () => {
  it("is written as a tree, with a dot for inner fields", () => {
    assert.deepEqual(fieldSet([LABEL, ["f:metadata", "f:labels"], CONTAINER, [...CONTAINER, "f:image"]]), {
      "f:metadata": { "f:labels": { ".": {}, "f:app": {} } },
      "f:spec": { "f:containers": { 'k:{"name":"a"}': { ".": {}, "f:image": {} } } },
    });
  });

  it("knows no owner of everything", () => {
    assert.equal(isEmpty(fieldSet([[]])), true);
    assert.equal(has(fieldSet([LABEL]), []), false);
    assert.equal(has(fieldSet([LABEL]), ["f:metadata"]), false, "nor of what is around a field");
  });

  it("keeps the fields of a field that is subtracted, unless they are meant", () => {
    const both = fieldSet([["f:spec"], ["f:spec", "f:a"]]);
    assert.deepEqual(difference(both, fieldSet([["f:spec"]])), fieldSet([["f:spec", "f:a"]]));
    assert.deepEqual(recursiveDifference(both, fieldSet([["f:spec"]])), EMPTY);
    assert.deepEqual(difference(fieldSet([["f:spec"]]), fieldSet([["f:spec", "f:a"]])), fieldSet([["f:spec"]]));
  });

  it("is read as others may write it", () => {
    assert.deepEqual(parseFieldSet({ "f:b": { ".": {} }, "f:a": { "x:?": {} }, ".": {} }), { "f:a": {}, "f:b": {} });
    for (const bad of [[], "x", { "f:a": 1 }, { a: {} }]) assert.throws(() => parseFieldSet(bad), JSON.stringify(bad));
  });
});

describe("field sets", () => {
  const element = fc.oneof(
    fc.constantFrom("f:a", "f:b", "f:c"),
    fc.record({ name: fc.constantFrom("x", "y"), port: fc.constantFrom(9, 80) }).map((key) => keyElement(Object.entries(key))),
    fc.constantFrom(1, 10, "x", true).map(valueElement),
  );
  const path = fc.array(element, { minLength: 1, maxLength: 3 });
  const list = fc.array(path, { maxLength: 8 });
  const keysOf = (set: FieldSet): string[] => [...paths(set)].map((at) => JSON.stringify(at)).sort();
  const unique = (from: Path[]): string[] => [...new Set(from.map((at) => JSON.stringify(at)))].sort();

  it("hold what was put into them, in whatever order", () => {
    fc.assert(
      fc.property(list, (given) => {
        assert.deepEqual(keysOf(fieldSet(given)), unique(given));
        assert.equal(JSON.stringify(fieldSet(given)), JSON.stringify(fieldSet(given.toReversed())));
      }),
    );
  });

  it("are the same after writing and reading", () => {
    fc.assert(fc.property(list, (given) => assert.equal(JSON.stringify(parseFieldSet(JSON.parse(JSON.stringify(fieldSet(given))))), JSON.stringify(fieldSet(given)))));
  });

  it("combine as sets of paths do, and stay sorted", () => {
    fc.assert(
      fc.property(list, list, (a, b) => {
        const left = fieldSet(a);
        const right = fieldSet(b);
        const inB = new Set(unique(b));
        const check = (set: FieldSet, expected: string[]): void => {
          assert.deepEqual(keysOf(set), expected);
          assert.equal(JSON.stringify(set), JSON.stringify(fieldSet(paths(set))), "in order, and without empty nodes");
        };
        check(union(left, right), unique([...a, ...b]));
        check(intersection(left, right), unique(a).filter((key) => inB.has(key)));
        check(difference(left, right), unique(a).filter((key) => !inB.has(key)));
        check(recursiveDifference(left, right), unique(a.filter((at) => !at.some((_, i) => inB.has(JSON.stringify(at.slice(0, i + 1)))))));
      }),
    );
  });

  it("are the very same when nothing changes", () => {
    fc.assert(
      fc.property(list, (given) => {
        const set = fieldSet(given);
        assert.equal(union(set, fieldSet(given)), set);
        assert.equal(difference(set, fieldSet([["f:elsewhere"]])), set);
      }),
    );
  });
});
