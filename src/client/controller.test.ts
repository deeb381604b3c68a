import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { FakeClock } from "#lib/clock.ts";
import { silentLogger, type Logger } from "#lib/log.ts";
import { modified } from "#api/errors.ts";
import { configMaps } from "#api/resources.ts";
import type { ConfigMap } from "#api/types.ts";
import { Client } from "./client.ts";
import { source, startController } from "./controller.ts";
import { Informer } from "./informer.ts";
import { configMap, ScriptedServer } from "./testing.ts";

let server: ScriptedServer;
let clock: FakeClock;
let informer: Informer<ConfigMap>;
let warnings: string[];
let log: Logger;

beforeEach(() => {
  server = new ScriptedServer();
  server.answerList(10, [configMap("a", 5, { data: { owner: "x" } })]);
  clock = new FakeClock();
  informer = new Informer(new Client(server.handler), configMaps, { clock, log: silentLogger });
  warnings = [];
  log = { ...silentLogger, warn: (message) => void warnings.push(message), named: () => log };
});

test("reconciles what is there once the informer is synced, then what changes", async () => {
  const keys: string[] = [];
  const controller = startController({ name: "test", clock, log, sources: [source(informer)], reconcile: async (key) => void keys.push(key) });
  await clock.advance(1000);
  assert.deepEqual(keys, []);
  informer.start();
  await clock.advance(0);
  await controller.whenIdle();
  assert.deepEqual(keys, ["default/a"]);
  server.watches[0]!.send({ type: "DELETED", object: configMap("a", 11) });
  await clock.advance(0);
  assert.deepEqual(keys, ["default/a", "default/a"]);
  await controller.stop();
  server.watches[0]!.send({ type: "ADDED", object: configMap("b", 12) });
  await clock.advance(0);
  assert.equal(keys.length, 2);
});

test("an object that moves wakes both its old and its new owner", async () => {
  const keys: string[] = [];
  startController({ name: "test", clock, log, sources: [source(informer, ({ data }) => [data!["owner"]!])], reconcile: async (key) => void keys.push(key) });
  informer.start();
  await clock.advance(0);
  server.watches[0]!.send({ type: "MODIFIED", object: configMap("a", 11, { data: { owner: "y" } }) });
  await clock.advance(0);
  assert.deepEqual(keys, ["x", "y", "x"]);
});

test("comes back when asked to, retries failures, and keeps quiet about conflicts", async () => {
  const at: number[] = [];
  const results: (() => Promise<number | void>)[] = [
    () => Promise.resolve(1000),
    () => Promise.reject(modified({ resource: "configmaps", name: "a" })),
    () => Promise.reject(new Error("broken")),
    () => Promise.resolve(),
  ];
  const startMs = clock.now();
  const controller = startController({
    name: "test",
    clock,
    log,
    sources: [source(informer)],
    reconcile: () => {
      at.push(clock.now() - startMs);
      return results.shift()!();
    },
  });
  informer.start();
  await clock.advance(5000);
  assert.deepEqual(at, [0, 1000, 1005, 1015]);
  assert.deepEqual(warnings, ["reconciling default/a failed; will retry"]);
  results.push(() => Promise.resolve());
  controller.enqueue("default/a", 10);
  await clock.advance(10);
  assert.equal(at.length, 5);
});
