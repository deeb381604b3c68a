import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { FakeClock } from "#lib/clock.ts";
import { silentLogger } from "#lib/log.ts";
import { configMaps } from "#api/resources.ts";
import type { ConfigMap } from "#api/types.ts";
import { Assumed, isNewer } from "./assumed.ts";
import { Client } from "./client.ts";
import { Informer } from "./informer.ts";
import { configMap, ScriptedServer } from "./testing.ts";

const clock = new FakeClock();
let server: ScriptedServer;
let informer: Informer<ConfigMap>;
let assumed: Assumed<ConfigMap>;

beforeEach(async () => {
  server = new ScriptedServer();
  server.answerList(10, [configMap("a", 5)]);
  informer = new Informer(new Client(server.handler), configMaps, { clock, log: silentLogger });
  informer.start();
  await clock.advance(0);
  assumed = new Assumed(informer);
});

const now = (): string[] => assumed.apply(informer.list(), () => true).map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`);

test("what was written is seen at once, and given up when the informer has it or something newer", async () => {
  assumed.wrote(configMap("b", 11));
  assumed.wrote(configMap("a", 12));
  assert.deepEqual(now(), ["a@12", "b@11"]);
  assert.equal(assumed.get("default/b")!.metadata.resourceVersion, "11");
  server.watches[0]!.send({ type: "ADDED", object: configMap("b", 11) }, { type: "MODIFIED", object: configMap("a", 12) }, { type: "MODIFIED", object: configMap("b", 13) });
  await clock.advance(0);
  assert.deepEqual(now(), ["a@12", "b@13"]);
});

test("a creation that was deleted before it was ever seen doesn't linger", async () => {
  assumed.wrote(configMap("b", 11));
  server.watches[0]!.send({ type: "BOOKMARK", object: configMap("", 20) });
  await clock.advance(0);
  assert.deepEqual(now(), ["a@5"]);
});

test("what was removed stays removed until the informer knows; a successor of the same name is another object", async () => {
  assumed.removed(configMap("a", 5));
  assert.deepEqual(now(), []);
  assert.equal(assumed.get("default/a"), undefined);
  server.watches[0]!.send({ type: "DELETED", object: configMap("a", 11) }, { type: "ADDED", object: configMap("a", 12, { uid: "successor" }) });
  await clock.advance(0);
  assert.deepEqual(now(), ["a@12"]);
});

test("only what belongs is added; what no longer belongs is taken out", () => {
  assumed.wrote(configMap("a", 12, { data: { owner: "other" } }));
  assumed.wrote(configMap("b", 13, { data: { owner: "me" } }));
  const mine = assumed.apply(informer.list(), ({ data }) => data?.["owner"] === "me");
  assert.deepEqual(mine.map(({ metadata }) => metadata.name), ["b"]);
});

test("versions compare as numbers, however long", () => {
  assert.ok(isNewer("10", "9"));
  assert.ok(!isNewer("9", "10"));
  assert.ok(!isNewer("10", "10"));
  assert.ok(isNewer("90071992547409931", "90071992547409930"));
});
