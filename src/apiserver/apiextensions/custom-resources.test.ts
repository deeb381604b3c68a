import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { memoryDriver, openStore } from "#store/index.ts";
import { startTestServer, type Answer, type TestServer } from "../testing.ts";
import { CRDS, crd, define, remove, until } from "./testing.ts";

const WIDGETS = "/apis/example.com/v1/namespaces/default/widgets";
const TABLE = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };

/** The message of a refusal, without the name of what was refused. */
function why({ body, status }: Answer): string {
  assert.ok(status >= 400, `${status}: ${JSON.stringify(body)}`);
  return (body.message as string).replace(/^Widget\.example\.com "[^"]*" is invalid: /, "");
}

describe("a custom resource", () => {
  let server: TestServer;
  const spec = {
    type: "object",
    properties: {
      size: { type: "integer", minimum: 1, default: 3 },
      color: { type: "string", enum: ["red", "blue"], maxLength: 10 },
      parts: {
        type: "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
        items: { type: "object", required: ["name"], properties: { name: { type: "string" }, n: { type: "integer" } } },
      },
    },
    "x-kubernetes-validations": [
      { rule: "self.size < 10 || has(self.color)", message: "big ones need a color" },
      { rule: "self.size >= oldSelf.size", message: "may not shrink", fieldPath: ".size", reason: "FieldValueForbidden" },
    ],
  };
  const status = { type: "object", properties: { size: { type: "integer" }, selector: { type: "string" } } };

  before(async () => {
    server = await startTestServer();
    await define(server, {
      shortNames: ["wd"],
      categories: ["all"],
      version: {
        schema: { openAPIV3Schema: { type: "object", properties: { spec, status } } },
        subresources: { status: {}, scale: { specReplicasPath: ".spec.size", statusReplicasPath: ".status.size", labelSelectorPath: ".status.selector" } },
        selectableFields: [{ jsonPath: ".spec.color" }],
        additionalPrinterColumns: [
          { name: "Size", type: "integer", jsonPath: ".spec.size" },
          { name: "Color", type: "string", jsonPath: ".spec.color", priority: 1 },
          { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
        ],
      },
    });
  });
  after(() => server.close());

  const widget = (name: string, fields: object = {}): object => ({ apiVersion: "example.com/v1", kind: "Widget", metadata: { name }, spec: fields });

  test("gets its defaults", async () => {
    const { status: code, body } = await server.request(`POST ${WIDGETS}`, widget("defaults", { color: "red" }));
    assert.equal(code, 201);
    assert.deepEqual(body.spec, { color: "red", size: 3 });
    assert.equal(body.metadata.generation, 1);
  });

  test("is refused in upstream's words", async () => {
    const blocked = "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";
    const cases: [fields: object, message: string][] = [
      [{ color: "green" }, `[spec.color: Unsupported value: "green": supported values: "red", "blue", ${blocked}]`],
      [{ size: 0 }, "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1"],
      [{ size: 12 }, "spec: Invalid value: big ones need a color"],
      [{ parts: [{ name: "a" }, { name: "a" }] }, 'spec.parts[1]: Duplicate value: {"name":"a"}'],
      [{ parts: [{ n: 1 }] }, `[spec.parts[0].name: Required value, ${blocked}]`],
      [
        { size: "x" },
        `[spec.size: Invalid value: "string": spec.size in body must be of type integer: "string", .spec.size: Invalid value: 0: .spec.size accessor error: x is of the type string, expected int64, ${blocked}]`,
      ],
    ];
    for (const [fields, message] of cases) assert.equal(why(await server.request(`POST ${WIDGETS}`, widget("bad", fields))), message);
    const named = await server.request(`POST ${WIDGETS}`, widget("Bad Name"));
    assert.match(why(named), /^metadata\.name: Invalid value: "Bad Name": a lowercase RFC 1123 subdomain must consist of/);
  });

  test("loses fields that it doesn't have, as strictly as the client asks", async () => {
    const { body, headers } = await server.request(`POST ${WIDGETS}`, { ...widget("pruned", { colour: "red" }), extra: 1 });
    assert.deepEqual(body.spec, { size: 3 });
    assert.equal(body.extra, undefined);
    assert.equal(headers["warning"], '299 - "unknown field \\"extra\\"", 299 - "unknown field \\"spec.colour\\""');
    const strict = await server.request(`POST ${WIDGETS}?fieldValidation=Strict`, widget("strict", { colour: "red" }));
    assert.equal(strict.status, 400);
    assert.equal(strict.body.message, 'Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "spec.colour"');
    const metadata = await server.request(`POST ${WIDGETS}`, { metadata: { name: "labels", labels: 5 } });
    assert.equal(metadata.body.message, 'Widget in version "v1" cannot be handled as a Widget: json: cannot unmarshal number into Go struct field ObjectMeta.labels of type map[string]string');
  });

  test("keeps to transition rules", async () => {
    await server.create(WIDGETS, widget("grown", { size: 5 }));
    assert.equal(why(await server.request(`PUT ${WIDGETS}/grown`, widget("grown", { size: 4 }))), "spec.size: Forbidden: may not shrink");
    const { body } = await server.request(`PUT ${WIDGETS}/grown`, widget("grown", { size: 6 }));
    assert.equal(body.metadata.generation, 2);
  });

  test("has a status of its own", async () => {
    const { body: created } = await server.request(`POST ${WIDGETS}`, { ...widget("status"), status: { size: 1 } });
    assert.equal(created.status, undefined);
    const { body } = await server.request(`PUT ${WIDGETS}/status/status`, { ...widget("status", { size: 9 }), status: { size: 2 } });
    assert.deepEqual([body.spec, body.status, body.metadata.generation], [{ size: 3 }, { size: 2 }, 1]);
    assert.equal(why(await server.request(`PUT ${WIDGETS}/status/status`, { ...widget("status"), status: { size: "x" } })).split(", ")[0], '[status.size: Invalid value: "string": size in body must be of type integer: "string"');
  });

  test("scales", async () => {
    await server.create(WIDGETS, widget("scaled"));
    await server.request(`PUT ${WIDGETS}/scaled/status`, { ...widget("scaled"), status: { size: 2, selector: "app=x" } });
    const { body } = await server.request(`GET ${WIDGETS}/scaled/scale`);
    assert.deepEqual([body.kind, body.spec, body.status], ["Scale", { replicas: 3 }, { replicas: 2, selector: "app=x" }]);
    const { body: scaled } = await server.request(`PATCH ${WIDGETS}/scaled/scale`, { spec: { replicas: 7 } }, { "content-type": "application/merge-patch+json" });
    assert.deepEqual(scaled.spec, { replicas: 7 });
    assert.equal((await server.request(`GET ${WIDGETS}/scaled`)).body.spec.size, 7);
    assert.equal(why(await server.request(`PUT ${WIDGETS}/scaled/scale`, { ...scaled, spec: { replicas: 1 } })), "spec.size: Forbidden: may not shrink");
  });

  test("is printed in its columns", async () => {
    await server.create(WIDGETS, widget("printed", { size: 4, color: "blue" }));
    const { body } = await server.request(`GET ${WIDGETS}/printed`, undefined, TABLE);
    assert.deepEqual(body.columnDefinitions.map(({ name, type, priority }: { name: string; type: string; priority: number }) => [name, type, priority]), [
      ["Name", "string", 0],
      ["Size", "integer", 0],
      ["Color", "string", 1],
      ["Age", "date", 0],
    ]);
    assert.deepEqual(body.rows[0].cells, ["printed", 4, "blue", "0s"]);
  });

  test("is selected by its fields", async () => {
    await server.create(WIDGETS, widget("blue", { color: "blue" }));
    const { body } = await server.request(`GET ${WIDGETS}?fieldSelector=spec.color%3Dblue,metadata.name%3Dblue`);
    assert.deepEqual(body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name), ["blue"]);
    assert.equal((await server.request(`GET ${WIDGETS}?fieldSelector=spec.size%3D3`)).status, 400);
  });

  test("is patched, but not strategically", async () => {
    await server.create(WIDGETS, widget("patched", { parts: [{ name: "a", n: 1 }] }));
    const patch = (type: string, body: unknown): Promise<Answer> => server.request(`PATCH ${WIDGETS}/patched`, body, { "content-type": `application/${type}` });
    assert.deepEqual((await patch("merge-patch+json", { spec: { color: "red", extra: 1 } })).body.spec, { size: 3, color: "red", parts: [{ name: "a", n: 1 }] });
    assert.deepEqual((await patch("json-patch+json", [{ op: "remove", path: "/spec/color" }])).body.spec.color, undefined);
    assert.equal((await patch("strategic-merge-patch+json", { spec: {} })).status, 415);
  });

  test("is applied, with keyed lists merged", async () => {
    const apply = (manager: string, part: string): Promise<Answer> =>
      server.request(`PATCH ${WIDGETS}/applied?fieldManager=${manager}`, { ...widget("applied", { parts: [{ name: part, n: 1 }] }) }, { "content-type": "application/apply-patch+yaml" });
    assert.equal((await apply("one", "a")).status, 201);
    const { body } = await apply("two", "b");
    assert.deepEqual(body.spec.parts, [{ name: "a", n: 1 }, { name: "b", n: 1 }]);
    assert.deepEqual(body.metadata.managedFields.map(({ manager }: { manager: string }) => manager).sort(), ["one", "two"]);
  });

  test("warns of finalizers that might be anyone's", async () => {
    const { headers } = await server.request(`POST ${WIDGETS}`, { ...widget("final"), metadata: { name: "final", finalizers: ["mine"] } });
    assert.equal(headers["warning"], '299 - "metadata.finalizers: \\"mine\\": prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers"');
    await server.request(`PATCH ${WIDGETS}/final`, { metadata: { finalizers: null } }, { "content-type": "application/merge-patch+json" });
  });
});

describe("what changes in a schema", () => {
  let server: TestServer;
  const schemaOf = (spec: object): object => ({ openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties: spec } } } });
  const change = async (version: object): Promise<void> => {
    const { body } = await server.request(`GET ${CRDS}/widgets.example.com`);
    body.spec.versions[0] = { ...body.spec.versions[0], ...version };
    assert.equal((await server.request(`PUT ${CRDS}/widgets.example.com`, body)).status, 200);
  };

  before(async () => {
    server = await startTestServer();
    await define(server, { version: { schema: schemaOf({ a: { type: "string" }, b: { type: "string" } }) } });
    await server.create(WIDGETS, { metadata: { name: "old" }, spec: { a: "long", b: "x" } });
  });
  after(() => server.close());

  test("shows in objects that were stored before, and in watches that go on", async () => {
    const watch = await server.watch(`${WIDGETS}?watch=1`);
    assert.equal((await watch.next())!.type, "ADDED");
    await change({ schema: schemaOf({ a: { type: "string", maxLength: 3 }, c: { type: "integer", default: 1 } }), additionalPrinterColumns: [{ name: "C", type: "integer", jsonPath: ".spec.c" }] });
    const { body } = await server.request(`GET ${WIDGETS}/old`);
    assert.deepEqual(body.spec, { a: "long", c: 1 });
    await server.create(WIDGETS, { metadata: { name: "new" }, spec: {} });
    const event = (await watch.next())!;
    assert.deepEqual([event.type, (event.object as unknown as { spec: object }).spec], ["ADDED", { c: 1 }]);
    watch.stop();
  });

  test("tells a table's watcher of new columns", async () => {
    const watch = await server.watch(`${WIDGETS}?watch=1`, TABLE);
    const columns = async (): Promise<string[] | undefined> => {
      const table = (await watch.next())!.object as unknown as { columnDefinitions: { name: string }[] | null };
      return table.columnDefinitions?.map(({ name }) => name);
    };
    assert.deepEqual([await columns(), await columns()], [["Name", "C"], undefined]);
    await change({ additionalPrinterColumns: [{ name: "A", type: "string", jsonPath: ".spec.a" }] });
    await server.create(WIDGETS, { metadata: { name: "newer" }, spec: {} });
    assert.deepEqual(await columns(), ["Name", "A"]);
    watch.stop();
  });

  test("leaves alone what was wrong already", async () => {
    const patch = (spec: object): Promise<Answer> => server.request(`PATCH ${WIDGETS}/old`, { spec }, { "content-type": "application/merge-patch+json" });
    assert.equal((await patch({ c: 2 })).status, 200, "a is too long, but was so before");
    assert.match(why(await patch({ a: "longer" })), /spec\.a: Too long: may not be more than 3 bytes/);
  });
});

describe("several versions", () => {
  let server: TestServer;
  const schema = (field: string): object => ({ openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties: { shared: { type: "string" }, [field]: { type: "string" } } } } } });
  const v1beta1 = { name: "v1beta1", served: true, storage: false, deprecated: true, schema: schema("old") };

  before(async () => {
    server = await startTestServer();
    await define(server, { version: { schema: schema("new") }, more: [v1beta1] });
  });
  after(() => server.close());

  test("show the same object", async () => {
    await server.create(WIDGETS, { metadata: { name: "a" }, spec: { shared: "x", new: "y" } });
    const path = "/apis/example.com/v1beta1/namespaces/default/widgets";
    const { body, headers } = await server.request(`GET ${path}/a`);
    assert.deepEqual([body.apiVersion, body.spec], ["example.com/v1beta1", { shared: "x" }]);
    assert.equal(headers["warning"], '299 - "example.com/v1beta1 Widget is deprecated; use example.com/v1 Widget"');
    const watch = await server.watch(`${path}?watch=1`);
    assert.equal((await watch.next())!.object.apiVersion, "example.com/v1beta1");
    await server.request(`PUT ${path}/a`, { ...body, spec: { shared: "z", old: "w" } });
    assert.equal((await watch.next())!.type, "MODIFIED");
    watch.stop();
    assert.deepEqual((await server.request(`GET ${WIDGETS}/a`)).body.spec, { shared: "z" });
  });

  test("are listed by preference", async () => {
    const { body } = await server.request("GET /apis/example.com");
    assert.deepEqual(body.versions.map(({ version }: { version: string }) => version), ["v1", "v1beta1"]);
    assert.equal(body.preferredVersion.version, "v1");
  });

  test("can't go while objects may be stored in them", async () => {
    const { body } = await server.request(`GET ${CRDS}/widgets.example.com`);
    const [v1, beta] = body.spec.versions as object[];
    const moved = await server.request(`PUT ${CRDS}/widgets.example.com`, { ...body, spec: { ...body.spec, versions: [{ ...v1, storage: false }, { ...beta, storage: true }] } });
    assert.deepEqual(moved.body.status.storedVersions, ["v1", "v1beta1"]);
    const gone = await server.request(`PUT ${CRDS}/widgets.example.com`, { ...moved.body, spec: { ...moved.body.spec, versions: [moved.body.spec.versions[1]] } });
    assert.match(gone.body.message as string, /status\.storedVersions\[0\]: Invalid value: "v1": missing from spec\.versions; v1 was previously a storage version/);
  });

  test("are stored anew by any write, also one that changes nothing", async () => {
    const { body } = await server.request(`GET ${WIDGETS}/a`);
    const { body: written } = await server.request(`PUT ${WIDGETS}/a`, body);
    assert.notEqual(written.metadata.resourceVersion, body.metadata.resourceVersion);
    const stored = server.store.get("widgets.example.com/default/a")!.object as unknown as { apiVersion: string };
    assert.equal(stored.apiVersion, "example.com/v1beta1");
  });

  test("end their watches when they aren't served any more", async () => {
    const watch = await server.watch(`${WIDGETS}?watch=1`);
    await watch.next();
    const { body } = await server.request(`GET ${CRDS}/widgets.example.com`);
    body.spec.versions[0].served = false;
    await server.request(`PUT ${CRDS}/widgets.example.com`, body);
    assert.equal(await watch.next(), undefined);
    assert.equal((await server.request(`GET ${WIDGETS}`)).status, 404);
  });
});

describe("a definition", () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());
  const conditions = async (name: string): Promise<Record<string, string>> => {
    const { body } = await server.request(`GET ${CRDS}/${name}`);
    return Object.fromEntries(((body.status?.conditions ?? []) as { type: string; status: string; reason: string; message: string }[]).map(({ type, status, reason, message }) => [type, `${status} ${reason}: ${message}`]));
  };

  test("doesn't get names that another one has, until that goes", async () => {
    await define(server, {});
    const second = crd({ plural: "gadgets", kind: "Widget", singular: "gadget", shortNames: ["widget"] });
    await server.create(CRDS, second);
    await until(async () => (await conditions("gadgets.example.com"))["NamesAccepted"] !== undefined);
    assert.deepEqual(await conditions("gadgets.example.com"), {
      NamesAccepted: 'False ListKindConflict: "WidgetList" is already in use',
      Established: "False NotAccepted: not all names are accepted",
    });
    assert.equal((await server.request("GET /apis/example.com/v1/gadgets")).status, 404);
    await remove(server, "widgets.example.com");
    await until(async () => (await conditions("gadgets.example.com"))["Established"]!.startsWith("True"));
    assert.equal((await server.request("GET /apis/example.com/v1/gadgets")).status, 200);
    await remove(server, "gadgets.example.com");
  });

  test("takes its objects along, when their finalizers let them go", async () => {
    await define(server, {});
    await server.create(WIDGETS, { metadata: { name: "free" } });
    await server.create(WIDGETS, { metadata: { name: "held", finalizers: ["example.com/hold"] } });
    const watch = await server.watch(`${WIDGETS}?watch=1`);
    assert.deepEqual([(await watch.next())!.type, (await watch.next())!.type], ["ADDED", "ADDED"]);
    const { body } = await server.request(`DELETE ${CRDS}/widgets.example.com`);
    assert.deepEqual(body.metadata.finalizers, ["customresourcecleanup.apiextensions.k8s.io"]);
    const gone = (await watch.next())!;
    assert.deepEqual([gone.type, gone.object.metadata.name], ["DELETED", "free"]);
    await until(async () => (await conditions("widgets.example.com"))["Terminating"] !== undefined);
    assert.equal((await conditions("widgets.example.com"))["Terminating"], "True InstanceDeletionInProgress: CustomResource deletion is in progress");
    const refused = await server.request(`POST ${WIDGETS}`, { metadata: { name: "late" } });
    assert.equal(refused.body.message, 'widgets.example.com "late" is forbidden: create not allowed while custom resource definition is terminating');
    const { body: resources } = await server.request("GET /apis/example.com/v1");
    assert.deepEqual(resources.resources[0].verbs, ["delete", "deletecollection", "get", "list", "watch"]);
    await server.request(`PATCH ${WIDGETS}/held`, { metadata: { finalizers: null } }, { "content-type": "application/merge-patch+json" });
    await until(async () => (await server.request(`GET ${CRDS}/widgets.example.com`)).status === 404);
    assert.equal((await watch.next())!.type, "MODIFIED");
    assert.equal((await watch.next())!.type, "DELETED");
    assert.equal(await watch.next(), undefined, "the watch ends with the kind");
    assert.equal((await server.request(`GET ${WIDGETS}`)).status, 404);
    assert.equal((await server.request("GET /apis/example.com")).status, 404);
  });

  test("in Kubernetes' own groups says who approved it", async () => {
    const protectedCrd = (annotations: Record<string, string>): object => crd({ plural: "things", kind: "Thing", group: "x.k8s.io", annotations });
    const refused = await server.request(`POST ${CRDS}`, protectedCrd({}));
    assert.equal(
      refused.body.details.causes[0].message,
      'Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
    );
    await server.create(CRDS, protectedCrd({ "api-approved.kubernetes.io": "unapproved, a test" }));
    await until(async () => (await conditions("things.x.k8s.io"))["Established"] !== undefined);
    assert.equal((await conditions("things.x.k8s.io"))["KubernetesAPIApprovalPolicyConformant"], 'False UnapprovedAnnotation: not approved: "unapproved, a test"');
  });
});

test("a server that starts serves what is defined in its store", async () => {
  const store = openStore({ driver: memoryDriver() });
  const first = await startTestServer({ store });
  await define(first, {});
  await first.create(WIDGETS, { metadata: { name: "kept" } });
  await first.api.close();
  const second = await startTestServer({ store });
  assert.equal((await second.request(`GET ${WIDGETS}/kept`)).status, 200);
  await second.close();
});
