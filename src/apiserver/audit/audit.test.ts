import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, describe, it } from "node:test";
import { FakeClock } from "#lib/clock.ts";
import { silentLogger } from "#lib/log.ts";
import { attributesOf } from "../authorization/authorizer.ts";
import { requestInfo } from "../request-info.ts";
import { pod, startTestServer, type TestServer } from "../testing.ts";
import type { User } from "../user.ts";
import type { AuditSink } from "./audit.ts";
import { auditEvent, type AuditRecord } from "./event.ts";
import { auditLogFile } from "./log-file.ts";
import type { AuditPolicy, AuditRule } from "./policy.ts";

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Event = any;

const jane: User = { name: "jane", uid: "42", groups: ["dev", "system:authenticated"] };
const PODS = "/api/v1/namespaces/default/pods";

describe("the audit log", () => {
  let server: TestServer;
  let records: AuditRecord[] = [];
  afterEach(() => server.close());

  async function start(policy: AuditPolicy): Promise<void> {
    records = [];
    const sink: AuditSink = { add: (record) => void records.push(record), close: () => Promise.resolve() };
    server = await startTestServer({ policy: true, audit: { policy, sink } });
    records = [];
  }
  const startWith = (rule: Partial<AuditRule> = {}): Promise<void> => start({ rules: [{ level: "Metadata", ...rule }], omitStages: ["RequestReceived"] });
  const events = (): Promise<Event[]> => Promise.all(records.map(auditEvent));

  it("tells of a request when it comes and when it is answered", async () => {
    await start({ rules: [{ level: "Metadata" }] });
    const { headers } = await server.request(`GET ${PODS}/web?pretty=true`, undefined, { "user-agent": "kubectl/v1.36", "x-forwarded-for": "203.0.113.7" }, jane);
    const common = {
      kind: "Event",
      apiVersion: "audit.k8s.io/v1",
      level: "Metadata",
      auditID: headers["audit-id"],
      requestURI: `${PODS}/web?pretty=true`,
      verb: "get",
      user: { username: "jane", uid: "42", groups: ["dev", "system:authenticated"] },
      sourceIPs: ["203.0.113.7", "127.0.0.1"],
      userAgent: "kubectl/v1.36",
      objectRef: { resource: "pods", namespace: "default", name: "web", apiVersion: "v1" },
      requestReceivedTimestamp: "2026-01-01T00:00:00.000000Z",
      stageTimestamp: "2026-01-01T00:00:00.000000Z",
    };
    const message = 'pods "web" is forbidden: User "jane" cannot get resource "pods" in API group "" in the namespace "default"';
    assert.deepEqual(await events(), [
      { ...common, stage: "RequestReceived" },
      {
        ...common,
        stage: "ResponseComplete",
        responseStatus: { metadata: {}, status: "Failure", message, reason: "Forbidden", details: { name: "web", kind: "pods" }, code: 403 },
        annotations: { "authorization.k8s.io/decision": "forbid", "authorization.k8s.io/reason": "" },
      },
    ]);
  });

  it("takes the id that a proxy gave the request", async () => {
    await startWith();
    const { headers } = await server.request("GET /version", undefined, { "audit-id": "from-the-proxy" });
    assert.equal(headers["audit-id"], "from-the-proxy");
    assert.equal((await events())[0].auditID, "from-the-proxy");
  });

  it("says by which right something was allowed", async () => {
    await startWith();
    await server.request("GET /version", undefined, {}, jane);
    assert.deepEqual((await events())[0].annotations, {
      "authorization.k8s.io/decision": "allow",
      "authorization.k8s.io/reason": 'RBAC: allowed by ClusterRoleBinding "system:discovery" of ClusterRole "system:discovery" to Group "system:authenticated"',
    });
  });

  it("holds of the bodies what the level is for: neither, the request's, both", async () => {
    const bodies = async (level: AuditRule["level"]): Promise<string[]> => {
      await startWith({ level, verbs: ["create", "list"] });
      await server.create("/api/v1/namespaces/default/configmaps", { metadata: { name: "a" }, data: { key: "value" } });
      await server.request("GET /api/v1/namespaces/default/configmaps");
      const found = (await events()).map(({ verb, requestObject, responseObject }) => `${verb}: ${requestObject?.data?.key ?? "-"} ${responseObject?.kind ?? "-"}`);
      if (level !== "RequestResponse") await server.close();
      return found;
    };
    assert.deepEqual(await bodies("Metadata"), ["create: - -", "list: - -"]);
    assert.deepEqual(await bodies("Request"), ["create: value -", "list: - -"]);
    assert.deepEqual(await bodies("RequestResponse"), ["create: value ConfigMap", "list: - ConfigMapList"]);
  });

  it("leaves managed fields out where it is told to", async () => {
    for (const omitManagedFields of [false, true]) {
      await startWith({ level: "RequestResponse", omitManagedFields });
      await server.create("/api/v1/namespaces/default/configmaps", { metadata: { name: "a" }, data: { b: "c" } });
      await server.request("GET /api/v1/namespaces/default/configmaps");
      const kept = (await events()).map(({ responseObject }) => (responseObject.items?.[0] ?? responseObject).metadata.managedFields !== undefined);
      assert.deepEqual(kept, [!omitManagedFields, !omitManagedFields]);
      if (!omitManagedFields) await server.close();
    }
  });

  it("reads patches and YAML, and names what is created by its body", async () => {
    await startWith({ level: "Request" });
    await server.request("POST /api/v1/namespaces/default/configmaps", "metadata: {name: a}\ndata: {b: c}", { "content-type": "application/yaml" });
    await server.request("PATCH /api/v1/namespaces/default/configmaps/a", { data: { b: "d" } }, { "content-type": "application/merge-patch+json" });
    await server.request("PATCH /api/v1/namespaces/default/configmaps/a?fieldManager=me&force=true", "{apiVersion: v1, kind: ConfigMap, data: {b: e}}", { "content-type": "application/apply-patch+yaml" });
    const found = (await events()).map(({ verb, objectRef, requestObject }) => [verb, objectRef.name, requestObject.data]);
    assert.deepEqual(found, [
      ["create", "a", { b: "c" }],
      ["patch", "a", { b: "d" }],
      ["patch", "a", { b: "e" }],
    ]);
  });

  it("reads protocol buffers", async () => {
    await startWith({ level: "Request" });
    const configMap = Buffer.concat([Buffer.from("k8s\0\n\x0f\n\x02v1\x12\tConfigMap\x12\x0d\n\x03\n\x01a\x12\x06\n\x01b\x12\x01c", "latin1")]);
    assert.equal((await server.request("POST /api/v1/namespaces/default/configmaps", configMap, { "content-type": "application/vnd.kubernetes.protobuf" })).status, 201);
    assert.deepEqual((await events())[0].requestObject, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { b: "c" } });
  });

  it("tells of a watch when it begins and when it ends", async () => {
    await startWith();
    const watch = await server.watch(`${PODS}?watch=1`);
    assert.deepEqual((await events()).map(({ stage, responseStatus }) => [stage, responseStatus.code]), [["ResponseStarted", 200]]);
    watch.stop();
    await watch.next();
    assert.deepEqual((await events()).map(({ stage }) => stage), ["ResponseStarted", "ResponseComplete"]);
  });

  it("waits for the last answers when the server closes", async () => {
    await startWith();
    const watch = await server.watch(`${PODS}?watch=1`);
    const closed = server.close();
    await watch.next();
    await closed;
    assert.deepEqual((await events()).map(({ stage }) => stage), ["ResponseStarted", "ResponseComplete"]);
  });

  it("names who really asked, and as whom; the policy is about the former", async () => {
    await startWith({ users: ["admin"] });
    const request = { method: "GET", url: "/version", headers: {} };
    await server.api.handle(request, { ...jane, impersonatedBy: { name: "admin", groups: ["system:masters"] } });
    await server.api.handle(request, { name: "admin2", groups: [], impersonatedBy: jane });
    const found = (await events()).map(({ user, impersonatedUser }) => [user.username, impersonatedUser.username]);
    assert.deepEqual(found, [["admin", "jane"]]);
  });

  it("tells of who could not be let in", async () => {
    await startWith();
    assert.throws(() => server.api.authenticate({ method: "GET", url: PODS, headers: { authorization: "Bearer nonsense" } }, undefined));
    const [event] = await events();
    assert.deepEqual([event.user, event.responseStatus.code, event.responseStatus.reason], [{}, 401, "Unauthorized"]);
  });

  it("notes what pod security says of a pod", async () => {
    await startWith({ resources: [{ resources: ["pods"] }] });
    await server.create("/api/v1/namespaces", { metadata: { name: "strict", labels: { "pod-security.kubernetes.io/audit": "restricted" } } });
    await server.create("/api/v1/namespaces/strict/serviceaccounts", { metadata: { name: "default" } });
    await server.create("/api/v1/namespaces/strict/pods", pod("web"));
    const { annotations } = (await events()).at(-1);
    assert.equal(annotations["pod-security.kubernetes.io/enforce-policy"], "privileged:latest");
    assert.match(annotations["pod-security.kubernetes.io/audit-violations"], /^would violate PodSecurity "restricted:latest": /);
  });
});

describe("the file of the audit log", () => {
  const folder = mkdtempSync(join(tmpdir(), "audit-"));
  after(() => rmSync(folder, { recursive: true }));
  const record = (url: string): AuditRecord => ({
    request: { id: "1", decision: { level: "Metadata", omitStages: [], omitManagedFields: false }, http: { method: "GET", url, headers: {} }, user: jane, attributes: attributesOf(requestInfo("GET", url)), receivedMs: 0, annotations: {} },
    stage: "RequestReceived",
    atMs: 0,
  });
  const open = (name: string, limits: { maxBytes?: number; maxBackups?: number } = {}) => {
    const clock = new FakeClock();
    const file = join(mkdtempSync(join(folder, "log-")), name);
    return { clock, file, sink: auditLogFile({ file, clock, log: silentLogger, ...limits }) };
  };
  const urlsIn = (file: string): string[] => readFileSync(file, "utf8").trimEnd().split("\n").map((line) => (JSON.parse(line) as { requestURI: string }).requestURI);

  it("is for its owner's eyes, a line for each event, in their order", async () => {
    const { file, sink } = open("audit.log");
    for (let i = 0; i < 100; i++) sink.add(record(`/${i}`));
    assert.equal(readFileSync(file, "utf8"), "");
    await sink.close();
    assert.deepEqual(urlsIn(file), Array.from({ length: 100 }, (_, i) => `/${i}`));
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  it("is written without being asked, a moment after; what comes meanwhile is in the next batch, and nothing is lost when it is closed", async () => {
    const { file, sink, clock } = open("audit.log");
    sink.add(record("/a"));
    await clock.advance(100);
    sink.add(record("/b"));
    await clock.advance(100);
    sink.add(record("/c"));
    await sink.close();
    assert.deepEqual(urlsIn(file), ["/a", "/b", "/c"]);
  });

  it("goes on where an earlier one ended", async () => {
    const { file, sink, clock } = open("audit.log");
    sink.add(record("/a"));
    await sink.close();
    const next = auditLogFile({ file, clock, log: silentLogger });
    next.add(record("/b"));
    await next.close();
    assert.deepEqual(urlsIn(file), ["/a", "/b"]);
  });

  it("is put aside when it has grown too large, and the oldest go", async () => {
    const { file, sink, clock } = open("audit.log", { maxBytes: 500, maxBackups: 2 });
    for (const name of ["a", "b", "c", "d", "e"]) {
      sink.add(record(`/${name}`));
      await clock.advance(1000);
      await sink.close();
    }
    const names = readdirSync(join(file, "..")).sort();
    assert.equal(names.length, 3);
    for (const name of names) assert.equal(statSync(join(file, "..", name)).mode & 0o777, 0o600);
    assert.deepEqual(names.flatMap((name) => urlsIn(join(file, "..", name))), ["/c", "/d", "/e"]);
    assert.match(names[0]!, /^audit-2026-01-01T00-00-0\d\.\d{6}Z\.log$/);
  });
});
