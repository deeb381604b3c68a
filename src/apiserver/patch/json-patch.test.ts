import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { StatusError } from "#api/errors.ts";
import { applyJsonPatch } from "./json-patch.ts";

describe("JSON patch", () => {
  const cases: [string, unknown, unknown, unknown][] = [
    ["adds a member", { a: 1 }, [{ op: "add", path: "/b", value: 2 }], { a: 1, b: 2 }],
    ["inserts into a list, and appends to it", { a: [1, 3] }, [{ op: "add", path: "/a/1", value: 2 }, { op: "add", path: "/a/-", value: 4 }], { a: [1, 2, 3, 4] }],
    ["counts negative indices from the end", { a: [1, 2, 3] }, [{ op: "remove", path: "/a/-1" }, { op: "add", path: "/a/-1", value: 9 }], { a: [1, 2, 9] }],
    ["removes", { a: [1, 2] }, [{ op: "remove", path: "/a/0" }], { a: [2] }],
    ["replaces", { a: { b: 1 } }, [{ op: "replace", path: "/a/b", value: null }], { a: { b: null } }],
    ["replaces a member that isn't there", { a: {} }, [{ op: "replace", path: "/a/b", value: 1 }], { a: { b: 1 } }],
    ["replaces the whole", { a: 1 }, [{ op: "replace", path: "", value: {} }], {}],
    ["moves and copies", { a: 1 }, [{ op: "move", from: "/a", path: "/b" }, { op: "copy", from: "/b", path: "/c" }], { b: 1, c: 1 }],
    ["copies what isn't there as null", { a: {} }, [{ op: "copy", from: "/a/x", path: "/b" }], { a: {}, b: null }],
    ["adds null without a value", {}, [{ op: "add", path: "/a" }], { a: null }],
    ["escapes slashes and tildes", { "a/b": 1, "c~d": 2 }, [{ op: "remove", path: "/a~1b" }, { op: "test", path: "/c~0d", value: 2 }], { "c~d": 2 }],
    ["treats a missing member as null in a test", { b: 1 }, [{ op: "test", path: "/a", value: null }], { b: 1 }],
    ["tests the whole, whatever the order of its members", { a: 1, b: [{}] }, [{ op: "test", path: "", value: { b: [{}], a: 1 } }], { a: 1, b: [{}] }],
    ["does nothing when there is nothing to do", { a: 1 }, null, { a: 1 }],
  ];
  for (const [name, document, patch, expected] of cases) {
    it(name, () => {
      const before = structuredClone(document);
      assert.deepEqual(applyJsonPatch(document, patch), expected);
      assert.deepEqual(document, before, "the document itself stays");
    });
  }

  const misfits: [string, unknown, unknown[], string][] = [
    ["a test that fails", { a: 1 }, [{ op: "test", path: "/a", value: 2 }], "testing value /a failed: test failed"],
    ["a test of what isn't anywhere", {}, [{ op: "test", path: "/a/b", value: 2 }], "test operation does not apply: is missing path: /a/b: missing value"],
    ["removal of what isn't there", {}, [{ op: "remove", path: "/a" }], "error in remove for path: '/a': Unable to remove nonexistent key: a: missing value"],
    ["a path through what isn't there", {}, [{ op: "add", path: "/a/b", value: 1 }], 'add operation does not apply: doc is missing path: "/a/b": missing value'],
    ["a path without a slash", { a: 1 }, [{ op: "remove", path: "a" }], 'remove operation does not apply: doc is missing path: "a": missing value'],
    ["an index outside the list", { a: [] }, [{ op: "replace", path: "/a/0", value: 1 }], "replace operation does not apply: doc is missing key: /a/0: missing value"],
    ["an index that is none", { a: [] }, [{ op: "add", path: "/a/x", value: 1 }], `error in add for path: '/a/x': value was not a proper array index: 'x': strconv.Atoi: parsing "x": invalid syntax`],
    ["a move from nowhere", {}, [{ op: "move", path: "/b" }], "move operation failed to decode from: operation, missing from field: missing value"],
    ["an operation it doesn't know", {}, [{ op: "frob", path: "/a" }], "Unexpected kind: frob"],
  ];
  for (const [name, document, patch, cause] of misfits) {
    it(`refuses ${name}`, () => {
      assert.throws(
        () => applyJsonPatch(document, patch),
        ({ status }: StatusError) => {
          assert.deepEqual([status.code, status.reason, status.message], [422, "Invalid", "the server rejected our request due to an error in our request"]);
          assert.equal(status.details?.causes?.[0]?.message, cause);
          return true;
        },
      );
    });
  }

  const malformed: [string, unknown, number, RegExp][] = [
    ["a patch that is no list", { op: "add" }, 400, /cannot unmarshal object into Go value of type \[\]handlers\.jsonPatchOp/],
    ["an operation that is no object", ["add"], 400, /cannot unmarshal string into Go value of type handlers\.jsonPatchOp/],
    ["a path that is no text", [{ op: "add", path: 1 }], 400, /cannot unmarshal number into Go struct field jsonPatchOp\.path of type string/],
    ["more operations than anyone needs", Array.from({ length: 10_001 }, () => ({ op: "test", path: "", value: {} })), 413, /The allowed maximum operations in a JSON patch is 10000, got 10001/],
  ];
  for (const [name, patch, code, message] of malformed) it(`refuses ${name}`, () => assert.throws(() => applyJsonPatch({}, patch), { code, message }));

  it("refuses copies of copies that grow without bound", () => {
    const copies = Array.from({ length: 100 }, (_, i) => ({ op: "copy", from: "/a", path: `/a/${i}` }));
    assert.throws(() => applyJsonPatch({ a: { text: "x".repeat(1000) } }, copies), (error: StatusError) => {
      assert.match(error.status.details?.causes?.[0]?.message ?? "", /^Unable to complete the copy, the accumulated size increase of copy is \d+, exceeding the limit 3145728$/);
      return error.code === 422;
    });
  });

  it("cannot reach the prototype", () => {
    const result = applyJsonPatch({}, [{ op: "add", path: "/__proto__", value: { polluted: true } }]) as object;
    assert.deepEqual([Object.keys(result), ({} as { polluted?: boolean }).polluted], [["__proto__"], undefined]);
    assert.throws(() => applyJsonPatch({}, [{ op: "add", path: "/__proto__/polluted", value: true }]), { code: 422 });
  });

  it("takes away what it added", () => {
    const json = fc.dictionary(fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(json, fc.string(), fc.jsonValue(), (document, name, value) => {
        fc.pre(!Object.hasOwn(document, name));
        const path = `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
        const before = JSON.parse(JSON.stringify(document)) as unknown;
        assert.deepEqual(JSON.parse(JSON.stringify(applyJsonPatch(document, [{ op: "add", path, value }, { op: "test", path, value }, { op: "remove", path }]))), before);
      }),
    );
  });
});
