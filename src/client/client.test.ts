import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { StatusError } from "#api/errors.ts";
import { configMaps, deployments, namespaces, nodes, pods } from "#api/resources.ts";
import { Client } from "./client.ts";
import { configMap, EXPIRED, ScriptedServer } from "./testing.ts";

let server: ScriptedServer;
let client: Client;

beforeEach(() => {
  server = new ScriptedServer();
  server.answers.push({ status: 200, body: {} });
  client = new Client(server.handler, "tester");
});

const sent = (): string[] => server.requests.map(({ method, url }) => `${method} ${url.pathname}${url.search}`);

test("requests are those kubectl would send", async () => {
  await client.get(pods, "web", "shop");
  await client.create(configMaps, { metadata: { name: "a", namespace: "shop" } });
  await client.update(deployments, { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web", namespace: "shop" }, spec: {} as never });
  await client.updateStatus(nodes, { apiVersion: "v1", kind: "Node", metadata: { name: "n" } });
  await client.updateSubresource(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } }, "finalize");
  await client.patch(pods, { name: "web", namespace: "shop", subresource: "status" }, "strategic", { status: {} });
  await client.delete(pods, "web", "shop", { gracePeriodSeconds: 0 });
  await client.post(pods, { name: "web", namespace: "shop" }, "binding", {});
  await client.raw("/version");
  assert.deepEqual(sent(), [
    "GET /api/v1/namespaces/shop/pods/web",
    "POST /api/v1/namespaces/shop/configmaps",
    "PUT /apis/apps/v1/namespaces/shop/deployments/web",
    "PUT /api/v1/nodes/n/status",
    "PUT /api/v1/namespaces/shop/finalize",
    "PATCH /api/v1/namespaces/shop/pods/web/status",
    "DELETE /api/v1/namespaces/shop/pods/web",
    "POST /api/v1/namespaces/shop/pods/web/binding",
    "GET /version",
  ]);
  assert.deepEqual(server.requests[1]!.body, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "shop" } });
  assert.equal(server.requests[5]!.headers["content-type"], "application/strategic-merge-patch+json");
  assert.deepEqual(server.requests[6]!.body, { kind: "DeleteOptions", apiVersion: "v1", gracePeriodSeconds: 0 });
  assert.equal(server.requests[0]!.headers["user-agent"], "tester");
});

test("lists of all namespaces or one, with selectors that are set", async () => {
  server.answers.length = 0;
  server.answerList(3, [configMap("a", 1)]);
  await client.list(configMaps, { labelSelector: "app=web", limit: 5, fieldSelector: undefined });
  const { items } = await client.list(configMaps, { namespace: "shop" });
  assert.deepEqual(sent(), ["GET /api/v1/configmaps?labelSelector=app%3Dweb&limit=5", "GET /api/v1/namespaces/shop/configmaps"]);
  assert.equal(items[0]!.kind, "ConfigMap");
});

test("refusals are StatusErrors; find turns NotFound into undefined, and nothing else", async () => {
  const refuse = (code: number, reason: string): void => void server.answers.unshift({ status: code, body: { kind: "Status", code, reason, message: `it is ${reason}` } });
  refuse(409, "Conflict");
  await assert.rejects(client.get(pods, "a", "b"), (error) => error instanceof StatusError && error.code === 409 && error.message === "it is Conflict");
  refuse(404, "NotFound");
  assert.equal(await client.find(pods, "a", "b"), undefined);
  refuse(403, "Forbidden");
  await assert.rejects(client.find(pods, "a", "b"), { message: "it is Forbidden" });
});

test("an answer that isn't a Status is still an error that says what came", async () => {
  const odd = new Client(async () => ({ status: 502, headers: {}, body: "Bad Gateway" }));
  await assert.rejects(odd.raw("/x"), (error) => error instanceof StatusError && error.code === 502 && error.message === "Bad Gateway");
});

test("a watch yields events until it ends; an error in the stream is thrown", async () => {
  const events = client.watch(configMaps, { resourceVersion: "7", allowBookmarks: true }, new AbortController().signal);
  const first = events.next();
  await new Promise(setImmediate);
  server.watches[0]!.send({ type: "ADDED", object: configMap("a", 8) }, { type: "ERROR", object: EXPIRED });
  assert.equal((await first).value!.object.metadata.name, "a");
  await assert.rejects(events.next(), { message: "too old resource version" });
  assert.equal(server.watches[0]!.url.search, "?resourceVersion=7&watch=1&allowWatchBookmarks=true");
  assert.ok(server.watches[0]!.closed);
});

test("names are escaped in paths", async () => {
  await client.get(configMaps, "a/b?c", "d e");
  assert.equal(sent()[0], "GET /api/v1/namespaces/d%20e/configmaps/a%2Fb%3Fc");
});
