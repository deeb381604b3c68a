import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpHandler } from "#lib/http.ts";
import { Client } from "./client.ts";
import { discover, groupResource, inPreferredVersions } from "./discovery.ts";

const resource = (group: string, version: string, kind: string, plural: string, scope = "Namespaced"): object => ({ resource: plural, responseKind: { group, version, kind }, scope, verbs: ["get", "list"] });
const group = (name: string, ...versions: object[]): object => ({ metadata: { name }, versions });

const DOCUMENTS: Record<string, object[]> = {
  "/api": [group("", { version: "v1", freshness: "Current", resources: [resource("", "v1", "Node", "nodes", "Cluster")] })],
  "/apis": [
    group("example.com", { version: "v2", resources: [resource("example.com", "v2", "Widget", "widgets")] }, { version: "v1", resources: [resource("example.com", "v1", "Widget", "widgets"), resource("example.com", "v1", "Gadget", "gadgets")] }),
    group("metrics.k8s.io", { version: "v1beta1", freshness: "Stale", resources: [] }),
  ],
};

const handler: HttpHandler = async ({ url, headers }) => {
  assert.equal(headers["accept"], "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
  return { status: 200, headers: {}, body: JSON.stringify({ items: DOCUMENTS[url] }) };
};

test("a server tells what it serves, and of what it can't tell", async () => {
  const { resources, stale } = await discover(new Client(handler));
  assert.deepEqual(resources[0], { group: "", version: "v1", kind: "Node", plural: "nodes", namespaced: false, verbs: ["get", "list"] });
  assert.deepEqual(
    resources.map((served) => `${groupResource(served)}/${served.version}`),
    ["nodes/v1", "widgets.example.com/v2", "widgets.example.com/v1", "gadgets.example.com/v1"],
  );
  assert.deepEqual(stale, ["metrics.k8s.io/v1beta1"]);
  assert.deepEqual(
    inPreferredVersions(resources).map((served) => `${groupResource(served)}/${served.version}`),
    ["nodes/v1", "widgets.example.com/v2", "gadgets.example.com/v1"],
  );
});
