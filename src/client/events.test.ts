import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { FakeClock } from "#lib/clock.ts";
import { silentLogger, type Logger } from "#lib/log.ts";
import { Client } from "./client.ts";
import { eventRecorder } from "./events.ts";
import { configMap, ScriptedServer } from "./testing.ts";

let server: ScriptedServer;
let clock: FakeClock;
let warnings: string[];
let log: Logger;
const about = configMap("web", 5);

beforeEach(() => {
  server = new ScriptedServer();
  server.answers.push({ status: 201, body: {} });
  clock = new FakeClock(Date.UTC(2026, 0, 1));
  warnings = [];
  log = { ...silentLogger, warn: (message) => void warnings.push(message) };
});

const recorder = (component = "test") => eventRecorder(new Client(server.handler), clock, log, { component, host: "node-1" });
type Sent = { metadata: { name: string; namespace: string }; count: number; [field: string]: unknown };
const sent = (): Sent[] => server.requests.map(({ body }) => body as Sent);

test("an event says what happened to what, when and who says so", async () => {
  const events = recorder();
  events.event(about, "Warning", "Failed", "It failed", "spec.containers{main}");
  await events.flush();
  const [event] = sent();
  assert.deepEqual(event!["involvedObject"], { apiVersion: "v1", kind: "ConfigMap", name: "web", namespace: "default", uid: "uid-web", resourceVersion: "5", fieldPath: "spec.containers{main}" });
  assert.deepEqual(
    [event!["type"], event!["reason"], event!["message"], event!["firstTimestamp"], event!.count, event!["source"]],
    ["Warning", "Failed", "It failed", "2026-01-01T00:00:00Z", 1, { component: "test", host: "node-1" }],
  );
  assert.equal(server.requests[0]!.url.pathname, "/api/v1/namespaces/default/events");
});

test("the same again raises the count of the one event, also after the object changed", async () => {
  const events = recorder();
  events.event(about, "Normal", "Pulled", "Pulled");
  await clock.advance(5000);
  events.event(configMap("web", 9), "Normal", "Pulled", "Pulled");
  await events.flush();
  const [created, patched] = server.requests;
  assert.equal(patched!.method, "PATCH");
  assert.ok(patched!.url.pathname.endsWith((created!.body as Sent).metadata.name));
  assert.deepEqual(patched!.body, { count: 2, lastTimestamp: "2026-01-01T00:00:05Z" });
});

test("an event that has been forgotten by the server starts anew", async () => {
  const events = recorder();
  events.event(about, "Normal", "Pulled", "Pulled");
  await events.flush();
  server.answers.unshift({ status: 404, body: { kind: "Status", reason: "NotFound", code: 404 } });
  events.event(about, "Normal", "Pulled", "Pulled");
  await events.flush();
  assert.deepEqual(server.requests.map(({ method }) => method), ["POST", "PATCH", "POST"]);
  assert.equal(sent()[2]!.count, 1);
});

test("events of one millisecond have names of their own, across recorders too", async () => {
  const [one, two] = [recorder("one"), recorder("two")];
  for (let i = 0; i < 300; i++) for (const events of [one, two]) events.event(about, "Normal", "Step", `step ${i}`);
  await Promise.all([one.flush(), two.flush()]);
  assert.equal(new Set(sent().map(({ metadata }) => metadata.name)).size, 600);
});

test("an event that can't be written is logged, not thrown; of a dying namespace not even that; the next one is written", async () => {
  const events = recorder();
  const refusal = (causes: object[]) => ({ status: 403, body: { kind: "Status", reason: "Forbidden", message: "no", code: 403, details: { causes } } });
  server.answers.unshift(refusal([]), refusal([{ reason: "NamespaceTerminating" }]));
  for (const reason of ["A", "B", "C"]) events.event(about, "Normal", reason, reason);
  await events.flush();
  assert.deepEqual(warnings, ["event A on ConfigMap/web was not written"]);
  assert.equal(server.requests.length, 3);
});

test("what has no namespace is spoken of in default", async () => {
  const events = recorder();
  events.event({ apiVersion: "v1", kind: "Node", metadata: { name: "node-1", uid: "u" } }, "Normal", "NodeReady", "ready");
  await events.flush();
  assert.equal(sent()[0]!.metadata.namespace, "default");
});
