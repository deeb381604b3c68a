import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { JSON_PATCH, OBJECT, compile, isExactly, listOf, typeNameMismatches } from "./index.ts";

const policy = { variables: {}, patchTypes: true };
const evaluate = (expression: string) => compile(expression, policy).evaluate({});

describe("a configuration", () => {
  test("is an object of objects named by their path", () => {
    const program = compile("Object{spec: Object.spec{replicas: 3, template: Object.spec.template{labels: {'a': 'b'}}}}", policy);
    assert.ok(isExactly(OBJECT, program.resultType));
    assert.deepEqual(program.evaluate({}).value, { spec: { replicas: 3, template: { labels: { a: "b" } } } });
  });

  test("may leave fields out", () => {
    assert.deepEqual(evaluate("Object{?a: optional.none(), ?b: optional.of(1)}").value, { b: 1 });
  });

  test("can be asked for its fields", () => {
    assert.deepEqual(evaluate("[has(Object{a: 1}.a), has(Object{a: 1}.b), Object{a: 1}.a == 1, Object{a: 1} == Object{a: 1}]").value, [true, false, true, true]);
  });

  test("tells of objects whose type is of another place", () => {
    const mismatches = (expression: string) => typeNameMismatches(evaluate(expression).celValue);
    assert.deepEqual(mismatches("Object{spec: Object.spec{containers: [Object.spec.containers{name: 'a'}]}}"), []);
    assert.deepEqual(mismatches("Object{spec: Object.wrong{containers: [Object.spec.other{name: 'a'}]}}"), [
      'unexpected type name "Object.wrong", expected "Object.spec", which matches field name path from root Object type',
      'unexpected type name "Object.spec.other", expected "Object.spec.containers", which matches field name path from root Object type',
    ]);
    assert.deepEqual(mismatches("[JSONPatch{op: 'add', path: '/spec', value: Object.spec{a: Object.spec.b{}}}]"), [
      'unexpected type name "Object.spec.b", expected "Object.spec.a", which matches field name path from root Object type',
    ]);
  });
});

describe("a JSON patch", () => {
  test("is a list of operations", () => {
    const program = compile("[JSONPatch{op: 'add', path: '/labels/' + jsonpatch.escapeKey('x/y~z'), value: Object{a: 1}}]", policy);
    assert.ok(isExactly(listOf(JSON_PATCH), program.resultType));
    assert.deepEqual(program.evaluate({}).value, [{ op: "add", path: "/labels/x~1y~0z", value: { a: 1 } }]);
  });

  test("has four fields, of which three are strings", () => {
    assert.throws(() => compile("JSONPatch{nope: 1}", policy), /undefined field 'nope'/);
    assert.throws(() => compile("JSONPatch{op: 1}", policy), /expected type of field 'op' is 'string' but provided type is 'int'/);
    assert.throws(() => evaluate("JSONPatch{op: dyn(1)}"), { message: "unexpected type int for JSONPatchType 'op' field" });
  });
});

test("elsewhere none of this is known", () => {
  for (const expression of ["Object{a: 1}", "JSONPatch{op: 'add'}", "jsonpatch.escapeKey('a')"]) assert.throws(() => compile(expression, { variables: {} }), /undeclared reference/);
});
