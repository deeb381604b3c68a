import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { FakeClock } from "#lib/clock.ts";
import { silentLogger } from "#lib/log.ts";
import { configMaps } from "#api/resources.ts";
import type { ConfigMap } from "#api/types.ts";
import { Client } from "./client.ts";
import { Informer, Informers } from "./informer.ts";
import { configMap, EXPIRED, ScriptedServer } from "./testing.ts";

let server: ScriptedServer;
let clock: FakeClock;
let informer: Informer<ConfigMap>;
let seen: string[];

beforeEach(() => {
  server = new ScriptedServer();
  clock = new FakeClock();
  informer = new Informer(new Client(server.handler), configMaps, { clock, log: silentLogger });
  seen = [];
});

const version = (object: ConfigMap): string => `${object.metadata.name}@${object.metadata.resourceVersion}`;

function record(): void {
  informer.subscribe({
    set: (object, old) => void seen.push(`${old ? `${version(old)} -> ` : "+"}${version(object)}`),
    delete: (object) => void seen.push(`-${version(object)}`),
  });
}

async function begin(): Promise<void> {
  record();
  informer.start();
  await clock.advance(0);
}

test("lists, then watches from the list's version; handlers hear of every change with the state before", async () => {
  server.answerList(10, [configMap("a", 5), configMap("b", 7)]);
  await begin();
  assert.ok(informer.synced);
  assert.equal(server.watches[0]!.url.searchParams.get("resourceVersion"), "10");
  server.watches[0]!.send({ type: "ADDED", object: configMap("c", 11) }, { type: "MODIFIED", object: configMap("a", 12) }, { type: "DELETED", object: configMap("b", 13) });
  await clock.advance(0);
  assert.deepEqual(seen, ["+a@5", "+b@7", "+c@11", "a@5 -> a@12", "-b@7"]);
  assert.deepEqual(informer.list().map(version), ["a@12", "c@11"]);
  assert.equal(informer.resourceVersion, "13");
  assert.equal(informer.get("default/a")!.kind, "ConfigMap", "the type is put back on list items");
});

test("lists in pages of one snapshot", async () => {
  server.answerList(10, [configMap("a", 5)], "next");
  server.answerList(10, [configMap("b", 7)]);
  await begin();
  assert.equal(server.requests[1]!.url.searchParams.get("continue"), "next");
  assert.deepEqual(seen, ["+a@5", "+b@7"]);
});

test("a watch that ends goes on where it was, bookmarks included, without a new list", async () => {
  server.answerList(10, []);
  await begin();
  server.watches[0]!.send({ type: "ADDED", object: configMap("a", 11) }, { type: "BOOKMARK", object: configMap("", 42) });
  server.watches[0]!.end();
  await clock.advance(0);
  assert.equal(server.watches[1]!.url.searchParams.get("resourceVersion"), "42");
  assert.equal(server.lists, 1);
  assert.deepEqual(seen, ["+a@11"]);
});

for (const [how, expire] of [
  ["as an event", () => server.watches[0]!.send({ type: "ERROR", object: EXPIRED })],
  ["as an answer", () => (server.refusals.push({ status: 410, body: EXPIRED }), server.watches[0]!.end())],
] as const) {
  test(`410 ${how}: lists again, and tells of what was missed`, async () => {
    server.answerList(10, [configMap("stays", 1), configMap("changes", 2), configMap("goes", 3), configMap("reborn", 4)]);
    await begin();
    seen = [];
    server.answers.length = 0;
    server.answerList(99, [configMap("stays", 1), configMap("changes", 50), configMap("comes", 51), configMap("reborn", 52, { uid: "another" })]);
    await clock.advance(60_000);
    expire();
    await clock.advance(0);
    assert.deepEqual(seen, ["changes@2 -> changes@50", "+comes@51", "-reborn@4", "+reborn@52", "-goes@3"]);
    assert.equal(server.watches.at(-1)!.url.searchParams.get("resourceVersion"), "99");
  });
}

test("a server that fails is asked again with growing pauses, and nothing is lost", async () => {
  server.answers.push({ status: 503, body: { kind: "Status", code: 503, reason: "ServiceUnavailable", message: "starting" } });
  await begin();
  assert.equal(server.lists, 2, "the first retry is at once");
  await clock.advance(100);
  assert.equal(server.lists, 3);
  await clock.advance(100);
  assert.equal(server.lists, 3);
  await clock.advance(60_000);
  assert.ok(server.lists < 20);
  server.answers.length = 0;
  server.answerList(5, [configMap("a", 4)]);
  await clock.advance(10_000);
  assert.deepEqual(seen, ["+a@4"]);
});

test("a server that ends every watch at once, or calls every version expired, is no busy loop", async () => {
  server.answerList(10, []);
  for (let i = 0; i < 1000; i++) server.refusals.push({ status: 410, body: EXPIRED });
  await begin();
  await clock.advance(1000);
  assert.ok(server.requests.length < 20, `${server.requests.length} requests in a second`);
});

test("a slow or throwing handler costs the others nothing", async () => {
  server.answerList(10, [configMap("a", 5)]);
  informer.subscribe({
    set: () => {
      throw new Error("mine");
    },
    delete: () => undefined,
  });
  await begin();
  server.watches[0]!.send({ type: "MODIFIED", object: configMap("a", 11) });
  await clock.advance(0);
  assert.deepEqual(seen, ["+a@5", "a@5 -> a@11"]);
  assert.equal(server.watches.length, 1, "the watch goes on");
});

test("who subscribes late hears of what is there; who unsubscribes hears no more", async () => {
  server.answerList(10, [configMap("a", 5)]);
  informer.start();
  await clock.advance(0);
  const end = informer.subscribe({ set: (object) => void seen.push(version(object)), delete: () => undefined });
  assert.deepEqual(seen, ["a@5"]);
  end();
  server.watches[0]!.send({ type: "ADDED", object: configMap("b", 11) });
  await clock.advance(0);
  assert.deepEqual(seen, ["a@5"]);
});

test("indexes follow changes, and objects are found by namespace", async () => {
  informer.index("color", ({ data }) => (data?.["color"] ? [data["color"]] : []));
  server.answerList(10, [configMap("a", 1, { data: { color: "red" } }), configMap("b", 2, { namespace: "shop" })]);
  await begin();
  const red = (): string[] => informer.byIndex("color", "red").map(version);
  assert.deepEqual(red(), ["a@1"]);
  assert.deepEqual(informer.list("shop").map(version), ["b@2"]);
  server.watches[0]!.send({ type: "MODIFIED", object: configMap("a", 11, { data: { color: "blue" } }) }, { type: "MODIFIED", object: configMap("b", 12, { namespace: "shop", data: { color: "red" } }) });
  await clock.advance(0);
  assert.deepEqual(red(), ["b@12"]);
  server.watches[0]!.send({ type: "DELETED", object: configMap("b", 13, { namespace: "shop" }) });
  await clock.advance(0);
  assert.deepEqual(red(), []);
  assert.throws(() => informer.byIndex("size", "1"), /no index size/);
});

test("stopping ends the watch, whatever it is doing", async () => {
  server.answerList(10, []);
  await begin();
  await informer.stop();
  assert.ok(server.watches[0]!.closed);
  const failing = new ScriptedServer();
  failing.answers.push({ status: 500, body: {} });
  const waiting = new Informer(new Client(failing.handler), configMaps, { clock, log: silentLogger });
  waiting.start();
  await clock.advance(1000);
  await waiting.stop();
});

test("informers of one resource are shared", async () => {
  server.answerList(10, []);
  const informers = new Informers(new Client(server.handler), { clock, log: silentLogger });
  assert.equal(informers.for(configMaps), informers.for({ ...configMaps }));
  await informers.whenSynced();
  assert.equal(server.lists, 1);
  await informers.stop();
});

test("an informer of a kind that is gone tells of all that happened, and ends with its watch", async () => {
  server.answerList(10, [configMap("a", 5)]);
  const informers = new Informers(new Client(server.handler), { clock, log: silentLogger });
  const shared = informers.for(configMaps);
  const gone: string[] = [];
  shared.subscribe({ set: () => undefined, delete: (object) => void gone.push(object.metadata.name!) });
  await clock.advance(0);
  const released = informers.release(configMaps, true);
  server.watches[0]!.send({ type: "DELETED", object: configMap("a", 11) });
  server.watches[0]!.end();
  await released;
  assert.deepEqual(gone, ["a"]);
  assert.equal(server.watches.length, 1);
  server.answerList(12, []);
  assert.notEqual(informers.for(configMaps), shared, "who asks again gets a new one");
  await clock.advance(0);
  await informers.release(configMaps, false);
  await informers.stop();
});
