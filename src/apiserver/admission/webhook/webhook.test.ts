import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:https";
import { connect, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { systemClock } from "#lib/clock.ts";
import type { KubeletApi } from "#api/kubelet.ts";
import { ensurePki } from "../../pki/pki.ts";
import { startTestServer, type Answer, type TestServer } from "../../testing.ts";

const NAMESPACE = "/api/v1/namespaces/default";
const CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1";
const MERGE = { "content-type": "application/merge-patch+json" };

interface Question {
  uid: string;
  kind: object;
  resource: object;
  name?: string;
  namespace?: string;
  operation: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  object: any;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  oldObject: any;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  [key: string]: any;
}

type Reply = object | { status: number; text: string } | "never";

/** A real HTTPS server; each test says what it answers by path. */
const asked: { path: string; request: Question }[] = [];
let answers: Record<string, (request: Question) => Reply> = {};
let hook: Server;
let url: string;
let caBundle: string;
let directory: string;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "webhook-"));
  const pki = await ensurePki({ directory: join(directory, "pki"), clock: systemClock, nodeNames: [], servers: { hook: ["127.0.0.1", "hook.default.svc"] } });
  caBundle = Buffer.from(pki.ca).toString("base64");
  hook = createServer(pki.servers["hook"]!, (incoming, outgoing) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
      const { request, apiVersion } = JSON.parse(Buffer.concat(chunks).toString()) as { request: Question; apiVersion: string };
      const path = incoming.url!.split("?")[0]!;
      asked.push({ path, request });
      const reply = answers[path]!(request);
      if (reply === "never") return;
      if ("text" in reply) {
        outgoing.statusCode = reply.status;
        outgoing.end(reply.text);
        return;
      }
      outgoing.setHeader("content-type", "application/json");
      outgoing.end(JSON.stringify({ apiVersion, kind: "AdmissionReview", response: { uid: request.uid, allowed: true, ...reply } }));
    })();
  });
  await new Promise<void>((resolve) => hook.listen(0, "127.0.0.1", resolve));
  url = `https://127.0.0.1:${(hook.address() as AddressInfo).port}`;
});

after(async () => {
  hook.closeAllConnections();
  hook.close();
  await rm(directory, { recursive: true });
});

let server: TestServer;
beforeEach(async () => {
  const kubelet = { portForward: () => Promise.resolve(connect((hook.address() as AddressInfo).port, "127.0.0.1")) } as unknown as KubeletApi;
  server = await startTestServer({ nodeConnector: () => kubelet });
  asked.length = 0;
  answers = {};
});
afterEach(() => server.close());

const RULE = { operations: ["*"], apiGroups: [""], apiVersions: ["v1"], resources: ["configmaps"] };
const webhook = (path: string, more: object = {}) => ({
  name: `${path.slice(1)}.example.com`,
  clientConfig: { url: url + path, caBundle },
  rules: [RULE],
  sideEffects: "None",
  admissionReviewVersions: ["v1"],
  ...more,
});
const configure = (kind: "validating" | "mutating", ...webhooks: object[]) =>
  server.create(`${CONFIGURATIONS}/${kind}webhookconfigurations`, { metadata: { name: "hooks" }, webhooks });
const create = (object: object = {}, query = ""): Promise<Answer> => server.request(`POST ${NAMESPACE}/configmaps${query}`, { metadata: { name: "c" }, ...object });
const patchOf = (...operations: object[]) => ({ patchType: "JSONPatch", patch: Buffer.from(JSON.stringify(operations)).toString("base64") });

describe("a validating webhook", () => {
  it("is asked with an AdmissionReview", async () => {
    await configure("validating", webhook("/v"));
    answers["/v"] = () => ({});
    assert.equal((await create({ data: { a: "b" } }, "?fieldManager=me")).status, 201);
    const { uid, object, ...rest } = asked[0]!.request;
    assert.match(uid, /^[0-9a-f-]{36}$/);
    assert.deepEqual(object.data, { a: "b" });
    assert.deepEqual(rest, {
      kind: { group: "", version: "v1", kind: "ConfigMap" },
      resource: { group: "", version: "v1", resource: "configmaps" },
      requestKind: { group: "", version: "v1", kind: "ConfigMap" },
      requestResource: { group: "", version: "v1", resource: "configmaps" },
      name: "c",
      namespace: "default",
      operation: "CREATE",
      userInfo: { username: "admin", groups: ["system:masters", "system:authenticated"] },
      oldObject: null,
      dryRun: false,
      options: { kind: "CreateOptions", apiVersion: "meta.k8s.io/v1", fieldManager: "me" },
    });
  });

  it("sees updates and deletions with what was there", async () => {
    await create({ data: { a: "1" } });
    await configure("validating", webhook("/v"));
    answers["/v"] = () => ({});
    await server.request(`PATCH ${NAMESPACE}/configmaps/c`, { data: { a: "2" } }, MERGE);
    await server.request(`DELETE ${NAMESPACE}/configmaps/c`);
    assert.deepEqual(
      asked.map(({ request: { operation, object, oldObject } }) => [operation, object?.data, oldObject?.data]),
      [
        ["UPDATE", { a: "2" }, { a: "1" }],
        ["DELETE", undefined, { a: "2" }],
      ],
    );
  });

  const refusals: [what: string, reply: Reply, status: number, message: string][] = [
    ["with a message", { allowed: false, status: { message: "no blue ones" } }, 400, 'admission webhook "v.example.com" denied the request: no blue ones'],
    ["with a reason and a code", { allowed: false, status: { reason: "Forbidden", code: 403 } }, 403, 'admission webhook "v.example.com" denied the request: Forbidden'],
    ["without a word", { allowed: false }, 400, 'admission webhook "v.example.com" denied the request without explanation'],
    ["by failing", { status: 500, text: "boom" }, 500, 'Internal error occurred: failed calling webhook "v.example.com": failed to call webhook: an error on the server ("boom") has prevented the request from succeeding'],
    ["by not being there", { status: 404, text: "" }, 500, 'Internal error occurred: failed calling webhook "v.example.com": failed to call webhook: the server could not find the requested resource'],
    ["by answering another question", { uid: "other" }, 500, 'Internal error occurred: failed calling webhook "v.example.com": received invalid webhook response: expected response.uid="UID", got "other"'],
    ["by changing the object", patchOf(), 500, 'Internal error occurred: failed calling webhook "v.example.com": received invalid webhook response: validating webhook may not return response.patch'],
  ];
  for (const [what, reply, status, message] of refusals) {
    it(`refuses ${what}`, async () => {
      await configure("validating", webhook("/v"));
      answers["/v"] = () => reply;
      const answer = await create();
      assert.deepEqual([answer.status, answer.body.message.replace(asked[0]!.request.uid, "UID")], [status, message]);
    });
  }

  it("may be ignored when it fails, but not when it refuses", async () => {
    await configure("validating", webhook("/v", { failurePolicy: "Ignore" }));
    answers["/v"] = () => ({ status: 500, text: "boom" });
    assert.equal((await create()).status, 201);
    answers["/v"] = () => ({ allowed: false });
    assert.equal((await create({ metadata: { name: "d" } })).status, 400);
  });

  it("has a time to answer in", async () => {
    await configure("validating", webhook("/v", { timeoutSeconds: 2 }));
    const waiting = new Promise<void>((resolve) => {
      answers["/v"] = () => {
        resolve();
        return "never";
      };
    });
    const answer = create();
    await waiting;
    await server.clock.advance(2000);
    assert.equal((await answer).body.message, `Internal error occurred: failed calling webhook "v.example.com": failed to call webhook: Post "${url}/v?timeout=2s": context deadline exceeded`);
  });

  it("must prove who it is", async () => {
    await configure("validating", webhook("/v", { clientConfig: { url: `${url}/v` } }));
    assert.equal(
      (await create()).body.message,
      `Internal error occurred: failed calling webhook "v.example.com": failed to call webhook: Post "${url}/v?timeout=10s": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
    );
  });

  it("warns the client", async () => {
    await configure("validating", webhook("/v"));
    answers["/v"] = () => ({ warnings: ["c is short"] });
    assert.equal((await create()).headers["warning"], '299 - "c is short"');
  });

  it("is left out of what its rules, selectors and conditions leave out", async () => {
    await server.request("PATCH /api/v1/namespaces/default", { metadata: { labels: { team: "a" } } }, MERGE);
    await configure(
      "validating",
      webhook("/deletes", { rules: [{ ...RULE, operations: ["DELETE"] }] }),
      webhook("/cluster", { rules: [{ ...RULE, scope: "Cluster" }] }),
      webhook("/status", { rules: [{ ...RULE, resources: ["*/status"] }] }),
      webhook("/team-b", { namespaceSelector: { matchLabels: { team: "b" } } }),
      webhook("/team-a", { namespaceSelector: { matchLabels: { team: "a" } } }),
      webhook("/blue", { objectSelector: { matchLabels: { color: "blue" } } }),
      webhook("/empty", { matchConditions: [{ name: "full", expression: "has(object.data)" }] }),
      webhook("/me", { matchConditions: [{ name: "me", expression: 'request.userInfo.username == "admin" && object.metadata.name == "c"' }] }),
    );
    answers = { "/team-a": () => ({}), "/me": () => ({}) };
    assert.equal((await create()).status, 201);
    assert.deepEqual(asked.map(({ path }) => path).sort(), ["/me", "/team-a"]);
  });

  it("fails with its conditions", async () => {
    await configure("validating", webhook("/v", { matchConditions: [{ name: "broken", expression: "object.data.size > 3" }] }));
    const { status, body } = await create();
    assert.deepEqual([status, body.message], [403, `configmaps "c" is forbidden: expression 'object.data.size > 3' resulted in error: no such key: data`]);
  });

  it("must say that it has no side effects, to be asked in a dry run", async () => {
    await configure("validating", webhook("/v"));
    answers["/v"] = () => ({});
    await create({}, "?dryRun=All");
    assert.equal(asked[0]!.request["dryRun"], true);
  });

  it("is not asked about the configuration of webhooks", async () => {
    await configure("validating", webhook("/v", { rules: [{ operations: ["*"], apiGroups: ["*"], apiVersions: ["*"], resources: ["*"] }] }));
    assert.equal((await server.request(`DELETE ${CONFIGURATIONS}/validatingwebhookconfigurations/hooks`)).status, 200);
  });

  it("is asked in the version that it knows, unless it wants exactly that", async () => {
    const rule = { operations: ["CREATE"], apiGroups: ["events.k8s.io"], apiVersions: ["v1"], resources: ["events"] };
    await configure("validating", webhook("/equivalent", { rules: [rule] }), webhook("/exact", { rules: [rule], matchPolicy: "Exact" }));
    answers["/equivalent"] = () => ({});
    const involvedObject = { kind: "Namespace", name: "default", namespace: "default" };
    await server.create(`${NAMESPACE}/events`, { metadata: { name: "e" }, involvedObject, reason: "Because", message: "so" });
    assert.deepEqual(
      asked.map(({ path, request: { object, resource, requestResource } }) => [path, object.note, object.apiVersion, resource, requestResource]),
      [["/equivalent", "so", "events.k8s.io/v1", { group: "events.k8s.io", version: "v1", resource: "events" }, { group: "", version: "v1", resource: "events" }]],
    );
  });

  it("may be a Service of the cluster", async () => {
    await server.create(`${NAMESPACE}/services`, { metadata: { name: "hook" }, spec: { ports: [{ port: 443 }] } });
    const clientConfig = { service: { namespace: "default", name: "hook", path: "/v" }, caBundle };
    await configure("validating", webhook("/v", { clientConfig }));
    assert.equal(
      (await create()).body.message,
      'Internal error occurred: failed calling webhook "v.example.com": failed to call webhook: Post "https://hook.default.svc/v?timeout=10s": no endpoints available for service "hook"',
    );
    await server.create(`${NAMESPACE}/pods`, { metadata: { name: "p" }, spec: { nodeName: "n", containers: [{ name: "a", image: "a" }] } });
    await server.create("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", {
      metadata: { name: "s", labels: { "kubernetes.io/service-name": "hook" } },
      addressType: "IPv4",
      ports: [{ port: 8443, name: "" }],
      endpoints: [{ addresses: ["10.0.0.1"], targetRef: { kind: "Pod", name: "p", namespace: "default" } }],
    });
    answers["/v"] = () => ({});
    assert.equal((await create()).status, 201);
  });
});

describe("a mutating webhook", () => {
  const count = { op: "add", path: "/data/count", value: "1" };
  const again = { op: "replace", path: "/data/count", value: "2" };

  it("changes the object", async () => {
    await configure("mutating", webhook("/m"));
    answers["/m"] = () => patchOf({ op: "add", path: "/metadata/labels", value: { by: "m" } }, { op: "add", path: "/nonsense", value: 1 });
    const { body } = await create();
    assert.deepEqual([body.metadata.labels, body.nonsense], [{ by: "m" }, undefined]);
  });

  it("is asked in order, each with what the others left", async () => {
    await configure("mutating", webhook("/first"), webhook("/second"));
    answers["/first"] = () => patchOf({ op: "add", path: "/data", value: { a: "1" } });
    answers["/second"] = ({ object }) => patchOf({ op: "add", path: "/data/b", value: `after ${object.data.a}` });
    assert.deepEqual((await create()).body.data, { a: "1", b: "after 1" });
    assert.deepEqual(asked.map(({ path }) => path), ["/first", "/second"]);
  });

  it("is asked again, if it wants, when a later one has changed something", async () => {
    await configure("mutating", webhook("/willing", { reinvocationPolicy: "IfNeeded" }), webhook("/once"), webhook("/changing"));
    answers["/willing"] = ({ object }) => patchOf(object.data.count ? again : count);
    answers["/once"] = () => ({});
    answers["/changing"] = () => patchOf({ op: "add", path: "/data/late", value: "x" });
    assert.deepEqual((await create({ data: { a: "b" } })).body.data, { a: "b", count: "2", late: "x" });
    assert.deepEqual(asked.map(({ path }) => path), ["/willing", "/once", "/changing", "/willing"]);
  });

  it("lets built-in plugins see what it did", async () => {
    await configure("mutating", webhook("/m", { rules: [{ ...RULE, resources: ["pods"] }] }));
    answers["/m"] = () => patchOf({ op: "add", path: "/spec/containers/-", value: { name: "sidecar", image: "s" } });
    const { body } = await server.request(`POST ${NAMESPACE}/pods`, { metadata: { name: "p" }, spec: { containers: [{ name: "a", image: "a" }] } });
    assert.deepEqual(
      body.spec.containers.map(({ name, volumeMounts, imagePullPolicy }: { name: string; volumeMounts: object[]; imagePullPolicy: string }) => [name, volumeMounts.length, imagePullPolicy]),
      [
        ["a", 1, "Always"],
        ["sidecar", 1, "Always"],
      ],
    );
  });

  it("fails with a patch that doesn't fit", async () => {
    await configure("mutating", webhook("/m"));
    answers["/m"] = () => patchOf({ op: "remove", path: "/data/none" });
    const { status, body } = await create();
    assert.equal(status, 500);
    assert.match(body.message, /^Internal error occurred: /);
  });

  it("can't change what is deleted", async () => {
    await create();
    await configure("mutating", webhook("/m"));
    answers["/m"] = () => patchOf(count);
    assert.equal(
      (await server.request(`DELETE ${NAMESPACE}/configmaps/c`)).body.message,
      'Internal error occurred: admission webhook "m.example.com" attempted to modify the object, which is not supported for this operation',
    );
  });
});
