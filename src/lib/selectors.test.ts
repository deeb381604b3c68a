import assert from "node:assert/strict";
import { test } from "node:test";
import {
  formatLabelSelector,
  fromLabelSelector,
  matches,
  matchesFields,
  matchesMap,
  parseFieldSelector,
  parseLabelSelector,
  SelectorError,
  type Requirement,
} from "./selectors.ts";

const is = (key: string, operator: Requirement["operator"], ...values: string[]): Requirement => ({ key, operator, values });

const PARSED: [string, Requirement[]][] = [
  ["", []],
  ["  ", []],
  ["x", [is("x", "Exists")]],
  ["\rx", [is("x", "Exists")]],
  ["!x", [is("x", "DoesNotExist")]],
  ["x=a,y!=b", [is("x", "In", "a"), is("y", "NotIn", "b")]],
  ["x==a", [is("x", "In", "a")]],
  ["x=", [is("x", "In", "")]],
  ["x= ,z= ", [is("x", "In", ""), is("z", "In", "")]],
  ["this-is-a-dns.domain.com/key-with-dash", [is("this-is-a-dns.domain.com/key-with-dash", "Exists")]],
  ["0.1.2.domain/99 notin (10.10.100.1, tick.tack.clock)", [is("0.1.2.domain/99", "NotIn", "10.10.100.1", "tick.tack.clock")]],
  ["foo  in\t (abc)", [is("foo", "In", "abc")]],
  ["x notin\n (abc)", [is("x", "NotIn", "abc")]],
  ["x in (abc,)", [is("x", "In", "abc", "")]],
  ["x in ()", [is("x", "In", "")]],
  ["x in (a,,,)", [is("x", "In", "a", "")]],
  ["x notin (, a)", [is("x", "NotIn", "", "a")]],
  ["x notin (abc,,def),bar,z in (),w", [is("x", "NotIn", "abc", "", "def"), is("bar", "Exists"), is("z", "In", ""), is("w", "Exists")]],
  ["a in (x,y,notin, z,in)", [is("a", "In", "x", "y", "notin", "z", "in")]],
  ["x>1,z<5", [is("x", "Gt", "1"), is("z", "Lt", "5")]],
];

test("label selectors are read as Kubernetes reads them", () => {
  for (const [text, expected] of PARSED) assert.deepEqual(parseLabelSelector(text), expected, JSON.stringify(text));
});

test("malformed label selectors are refused, never half understood", () => {
  const bad = ["x=a||y=b", "x==a==b", "!x=a", "x<a", "x>1.5", "x,,y", ",x,y", "x,", "a in (xyz),", "a in (xyz)b notin ()", "x nott in (y)", "a in (xyz abc)", "a notin(", "a (", "(", "-x=a", "x=a b", "x=-a", "A.b/c/d=e", "Upper.Case/x=a", `${"k".repeat(64)}=v`, `k=${"v".repeat(64)}`];
  for (const text of bad) assert.throws(() => parseLabelSelector(text), SelectorError, text);
});

test("each operator means what Kubernetes says of labels that are there, other, or missing", () => {
  const table: [string, Record<string, string> | undefined, boolean][] = [
    ["a=1", { a: "1" }, true], ["a=1", { a: "2" }, false], ["a=1", undefined, false], ["a=", { a: "" }, true], ["a=", {}, false],
    ["a!=1", { a: "2" }, true], ["a!=1", { a: "1" }, false], ["a!=1", {}, true],
    ["a in (1,2)", { a: "2" }, true], ["a in (1,2)", {}, false],
    ["a notin (1,2)", { a: "3" }, true], ["a notin (1,2)", { a: "1" }, false], ["a notin (1,2)", {}, true],
    ["a", { a: "" }, true], ["a", {}, false], ["!a", {}, true], ["!a", { a: "" }, false],
    ["a>5", { a: "10" }, true], ["a>5", { a: "5" }, false], ["a>5", { a: "x" }, false], ["a>5", { a: "" }, false], ["a>5", {}, false], ["a>5", { a: "6.5" }, false],
    ["a<5", { a: "-1" }, true], ["a<5", { a: "" }, false],
    ["constructor", { a: "1" }, false], ["!toString", { a: "1" }, true], ["valueOf=1", { valueOf: "1" }, true],
    ["a=1,b=2", { a: "1", b: "2" }, true], ["a=1,b=2", { a: "1" }, false],
    ["", { a: "1" }, true], ["", undefined, true],
  ];
  for (const [selector, labels, expected] of table) assert.equal(matches(parseLabelSelector(selector), labels), expected, `${selector} on ${JSON.stringify(labels)}`);
});

test("a spec's selector: missing selects nothing, empty everything, all parts must hold", () => {
  assert.equal(matches(fromLabelSelector(undefined), { a: "1" }), false);
  assert.equal(matches(fromLabelSelector({}), {}), true);
  const both = fromLabelSelector({ matchLabels: { a: "1" }, matchExpressions: [{ key: "b", operator: "NotIn", values: ["x"] }] });
  assert.equal(matches(both, { a: "1" }), true);
  assert.equal(matches(both, { a: "1", b: "x" }), false);
  assert.throws(() => fromLabelSelector({ matchExpressions: [{ key: "a", operator: "Gt", values: ["1"] }] }), /"Gt" is not a valid label selector operator/);
});

test("a Service's selector selects nothing when it is empty", () => {
  assert.equal(matchesMap({}, { a: "1" }), false);
  assert.equal(matchesMap(undefined, { a: "1" }), false);
  assert.equal(matchesMap({ a: "1" }, { a: "1", b: "2" }), true);
  assert.equal(matchesMap({ a: "1" }, undefined), false);
});

test("a formatted selector reads back as itself", () => {
  for (const text of ["a=1,b!=2,c,!d,e>1,f<2", "a in (1,2),b notin (3,4)", ""]) {
    assert.equal(formatLabelSelector(parseLabelSelector(text)), text);
  }
});

test("field selectors: equality only, escapes, and missing fields as empty", () => {
  assert.deepEqual(parseFieldSelector("metadata.name=web,status.phase!=Running"), [is("metadata.name", "In", "web"), is("status.phase", "NotIn", "Running")]);
  assert.deepEqual(parseFieldSelector("a=x\\,y\\=z\\\\"), [is("a", "In", "x,y=z\\")]);
  assert.deepEqual(parseFieldSelector("a=b(c,d=e)"), [is("a", "In", "b(c"), is("d", "In", "e)")]);
  assert.deepEqual(parseFieldSelector("spec.nodeName="), [is("spec.nodeName", "In", "")]);
  for (const bad of ["x", "x in (a)", "x=a||y=b", "x==a==b", "x=a,b", "x=a\\b"]) assert.throws(() => parseFieldSelector(bad), SelectorError, bad);
  assert.equal(matchesFields(parseFieldSelector("spec.nodeName="), {}), true);
  assert.equal(matchesFields(parseFieldSelector("spec.nodeName!=a"), { "spec.nodeName": "a" }), false);
});
