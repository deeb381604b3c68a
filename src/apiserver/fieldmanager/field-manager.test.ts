import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { fieldsOfCustomResource } from "#api/field-schema.ts";
import type { StatusError } from "#api/errors.ts";
import type { KubeObject } from "#api/types.ts";
import { applyConfiguration, trackUpdate, type Endpoint } from "./field-manager.ts";
import { fieldSet } from "./field-set.ts";
import type { ManagedFieldsEntry } from "./managed-fields.ts";

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

const schema = fieldsOfCustomResource({
  properties: { spec: { type: "object", additionalProperties: { type: "string" } }, status: { type: "object", additionalProperties: { type: "string" } } },
});
const endpoint: Endpoint = {
  apiVersion: "example.com/v1",
  kind: "Thing",
  schema,
  subresource: "",
  zero: { apiVersion: "example.com/v1", kind: "Thing" },
  resetFields: fieldSet([["f:status"]]),
  schemaChanges: true,
  convert: (object, apiVersion) => (apiVersion === "example.com/v0" ? undefined : { ...object, apiVersion }),
};

type Thing = KubeObject & { spec?: Record<string, string>; status?: Record<string, string> };
const thing = (spec?: Record<string, string>, metadata: object = {}): Thing => ({
  apiVersion: "example.com/v1",
  kind: "Thing",
  metadata: { name: "a", ...metadata },
  ...(spec ? { spec } : {}),
});

let minute = 0;
beforeEach(() => void (minute = 0));
const now = (): string => `2026-01-01T00:${String(minute++).padStart(2, "0")}:00Z`;

/** The object after an update by a manager. */
function updated(live: Thing | undefined, next: Thing, manager = "writer", at = endpoint): Thing {
  const object = structuredClone({ ...next, metadata: { ...(live ? { uid: "u", ...live.metadata } : {}), ...next.metadata } });
  trackUpdate(at, live, object, manager, now());
  object.metadata.uid = "u";
  return object;
}

const applied = (live: Thing | undefined, config: Thing, manager = "applier", force = false): Thing => {
  const object = applyConfiguration(endpoint, live, structuredClone(config) as never, { manager, force }, now()) as Thing;
  object.metadata.uid = "u";
  return object;
};

/** `writer Update example.com/v1 @00: spec.a` */
const owners = ({ metadata: { managedFields = [] } }: Thing): string[] =>
  managedFields.map(({ manager, operation, time, fieldsV1, subresource }: ManagedFieldsEntry) => {
    const at = time ? ` @${time.slice(14, 16)}` : "";
    return `${manager} ${operation}${subresource ? ` ${subresource}` : ""}${at}: ${JSON.stringify(fieldsV1).replaceAll(/"|:\{\}|f:/g, "")}`;
  });

describe("an update", () => {
  it("is tracked from the creation on, by manager, with the time of the last change", () => {
    let object = updated(undefined, thing({ a: "1" }), "one");
    assert.deepEqual(owners(object), ["one Update @00: {spec:{.,a}}"]);
    object = updated(object, thing({ a: "1", b: "1" }), "two");
    object = updated(object, thing({ a: "1", b: "1" }), "three");
    object = updated(object, thing({ a: "1", b: "2", c: "1" }), "one");
    assert.deepEqual(owners(object), ["one Update @03: {spec:{.,a,b,c}}"]);
  });

  it("doesn't own what identifies the object, nor what the endpoint resets", () => {
    const object = updated(undefined, { ...thing({ a: "1" }, { generateName: "a-", labels: { x: "y" }, resourceVersion: "1", generation: 1 }), status: { s: "1" } }, "one");
    assert.deepEqual(owners(object), ["one Update @00: {metadata:{generateName,labels:{.,x}},spec:{.,a}}"]);
  });

  it("by nobody in particular is by unknown", () => {
    assert.deepEqual(owners(updated(undefined, thing({ a: "1" }), "")), ["unknown Update @00: {spec:{.,a}}"]);
  });

  it("of a subresource has an owner of its own", () => {
    const object = updated(undefined, thing({ a: "1" }), "one");
    const status = { ...endpoint, subresource: "status", resetFields: fieldSet([["f:spec"], ["f:metadata"]]) };
    assert.deepEqual(owners(updated(object, { ...thing({ a: "1" }), status: { s: "1" } }, "one", status)), ["one Update @00: {spec:{.,a}}", "one Update status @01: {status:{.,s}}"]);
  });

  it("without owners before isn't tracked", () => {
    assert.deepEqual(owners(updated(thing({ a: "1" }, { uid: "u" }), thing({ a: "2" }))), []);
  });

  it("forgets the oldest of too many updaters, and then some, as one", () => {
    let object = updated(undefined, thing({ k00: "1" }), "m00");
    for (let i = 1; i < 13; i++) {
      const name = String(i).padStart(2, "0");
      object = updated(object, thing({ ...object.spec, [`k${name}`]: "1" }), `m${name}`);
    }
    assert.equal(object.metadata.managedFields!.length, 10);
    assert.equal(owners(object)[0], "ancient-changes Update @03: {spec:{.,k00,k01,k02,k03}}");
  });

  it("forgets who wrote a version that is no more", () => {
    const old: ManagedFieldsEntry = { manager: "old", operation: "Update", apiVersion: "example.com/v0", fieldsType: "FieldsV1", fieldsV1: { "f:spec": { "f:a": {} } } };
    const live = thing({ a: "1" }, { uid: "u", managedFields: [old] });
    assert.deepEqual(owners(updated(live, thing({ a: "1", b: "1" }), "one")), ["one Update @00: {spec:{b}}"]);
  });
});

describe("managed fields that a client sends", () => {
  const live = (): Thing => updated(undefined, thing({ a: "1" }), "one");
  const sent = (managedFields: unknown): Thing => updated(live(), thing({ a: "1" }, { managedFields }), "two");
  const entry = { manager: "new", operation: "Apply", apiVersion: "example.com/v1", fieldsType: "FieldsV1", fieldsV1: { "f:spec": { "f:a": {} } } };

  it("are taken as they are", () => assert.deepEqual(owners(sent([entry])), ["new Apply: {spec:{a}}"]));

  it("are written as the server writes them", () => {
    const object = sent([{ ...entry, fieldsV1: { "f:spec": { "f:b": { ".": {} }, "f:a": {} } } }]);
    assert.equal(JSON.stringify(object.metadata.managedFields![0]!.fieldsV1), '{"f:spec":{"f:a":{},"f:b":{}}}');
  });

  it("reset them, empty", () => {
    for (const reset of [[], [{}]]) assert.deepEqual(owners(sent(reset)), []);
  });

  const ignored: [string, unknown][] = [
    ["null", undefined],
    ["of no operation", [{ ...entry, operation: "Frob" }]],
    ["of no version", [{ ...entry, apiVersion: "" }]],
    ["of another type", [{ ...entry, fieldsType: "FieldsV2" }]],
    ["without a type", [{ ...entry, fieldsType: undefined }]],
    ["that can't be read", [{ ...entry, fieldsV1: { spec: {} } }]],
  ];
  for (const [name, managedFields] of ignored) it(`are ignored, ${name}`, () => assert.deepEqual(owners(sent(managedFields)), ["one Update @00: {spec:{.,a}}"]));

  it("are ignored by subresources", () => {
    const status = { ...endpoint, subresource: "status" };
    assert.deepEqual(owners(updated(live(), thing({ a: "1" }, { managedFields: [entry] }), "two", status)), ["one Update @00: {spec:{.,a}}"]);
  });
});

describe("an apply", () => {
  it("owns what it names, of an object that is new or not", () => {
    const object = applied(undefined, thing({ a: "1" }, { labels: { x: "y" } }));
    assert.deepEqual(owners(object), ["applier Apply @00: {metadata:{labels:{x}},spec:{a}}"]);
    assert.deepEqual(applied(object, thing({ a: "2" })).spec, { a: "2" });
  });

  it("keeps its time when it changes nothing, and has none if it never did", () => {
    const object = applied(undefined, thing({ a: "1" }));
    assert.deepEqual(owners(applied(object, thing({ a: "1" }))), ["applier Apply @00: {spec:{a}}"]);
    assert.deepEqual(owners(applied(object, thing({ a: "1" }), "other")), ["other Apply: {spec:{a}}", "applier Apply @00: {spec:{a}}"]);
  });

  it("comes after what wasn't tracked", () => {
    const object = applied(thing({ a: "1", b: "1" }, { uid: "u" }), thing({ c: "1" }));
    assert.deepEqual(owners(object), ["applier Apply @00: {spec:{c}}", "before-first-apply Update @00: {spec:{.,a,b}}"]);
  });

  it("tells whose fields it would take", () => {
    const object = updated(applied(undefined, thing({ a: "1", b: "1" }), "one"), thing({ a: "1", b: "1", c: "1" }), "two");
    const refusal = (config: Thing): object => {
      try {
        applied(object, config);
      } catch (error) {
        return (error as StatusError).status;
      }
      throw new Error("it was accepted");
    };
    assert.deepEqual(refusal(thing({ c: "2" })), {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: 'Apply failed with 1 conflict: conflict with "two" using example.com/v1: .spec.c',
      reason: "Conflict",
      details: { causes: [{ reason: "FieldManagerConflict", message: 'conflict with "two" using example.com/v1', field: ".spec.c" }] },
      code: 409,
    });
    assert.equal(
      (refusal(thing({ a: "2", b: "2", c: "2" })) as { message: string }).message,
      'Apply failed with 3 conflicts: conflicts with "one":\n- .spec.a\n- .spec.b\nconflicts with "two" using example.com/v1:\n- .spec.c',
    );
  });

  const refusals: [string, object, number, string][] = [
    ["another kind", { ...thing(), kind: "Other" }, 400, "invalid object type: example.com/v1, Kind=Other"],
    ["no kind", { metadata: { name: "a" } }, 400, "invalid object type: /, Kind="],
    ["managed fields", thing({}, { managedFields: [] }), 400, "metadata.managedFields must be nil"],
    [
      "what isn't a field",
      { ...thing(), specs: {} },
      500,
      "failed to create typed patch object (/a; example.com/v1, Kind=Thing): .specs: field not declared in schema",
    ],
    [
      "a value of another type",
      thing({ a: 1 as unknown as string }),
      500,
      "failed to create typed patch object (/a; example.com/v1, Kind=Thing): .spec.a: expected string, got &value.valueUnstructured{Value:1}",
    ],
  ];
  for (const [name, config, code, message] of refusals) it(`refuses ${name}`, () => assert.throws(() => applied(undefined, config as Thing), { code, message }));
});

describe("kubectl's own apply", () => {
  /** What kubectl applied from the client's side. */
  const clientSide = (spec: Record<string, string>): Thing => {
    const config = thing(spec);
    return updated(undefined, thing(spec, { annotations: { [LAST_APPLIED]: JSON.stringify(config) } }), "kubectl-client-side-apply");
  };

  it("takes over what it applied from the client's side", () => {
    const object = applied(clientSide({ a: "1", b: "1" }), thing({ a: "2" }), "kubectl");
    assert.deepEqual(object.spec, { a: "2", b: "1" });
    assert.deepEqual(owners(object), ["kubectl Apply @01: {spec:{a}}", "kubectl-client-side-apply Update @00: {metadata:{annotations:{.,kubectl.kubernetes.io/last-applied-configuration}},spec:{.,b}}"]);
  });

  it("keeps the annotation true for who goes back", () => {
    const object = applied(clientSide({ a: "1" }), thing({ a: "2" }), "kubectl");
    assert.equal(object.metadata.annotations![LAST_APPLIED], '{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":"a"},"spec":{"a":"2"}}\n');
  });

  it("doesn't take what someone has changed since", () => {
    const changed = updated(clientSide({ a: "1", b: "1" }), thing({ a: "1", b: "2" }), "other");
    assert.throws(() => applied(changed, thing({ a: "2", b: "3" }), "kubectl"), { message: 'Apply failed with 1 conflict: conflict with "other" using example.com/v1: .spec.b' });
  });

  it("is nobody else's", () => {
    assert.throws(() => applied(clientSide({ a: "1" }), thing({ a: "2" }), "other"), { code: 409 });
  });
});
