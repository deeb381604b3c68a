import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { startTestServer, pod, type TestServer } from "../testing.ts";
import type { AdmissionPlugin, Attributes } from "./admission.ts";

const PODS = "/api/v1/namespaces/default/pods";

/** Writes down what it is told. */
function recorder(): { plugin: AdmissionPlugin; told: string[] } {
  const told: string[] = [];
  const note = (phase: string, { operation, definition, subresource, kind, name, dryRun, object, oldObject }: Attributes): void => {
    const what = `${definition.plural}${subresource ? `/${subresource}` : ""}`;
    told.push([phase, operation, what, `"${name}"`, kind?.kind ?? (object ?? oldObject)?.kind, ...(dryRun ? ["dry"] : [])].join(" "));
  };
  return { told, plugin: { name: "Recorder", admit: (attributes) => note("admit", attributes), validate: (attributes) => note("validate", attributes) } };
}

describe("admission is told", () => {
  let server: TestServer;
  let told: string[];
  beforeEach(async () => {
    const { plugin, told: list } = recorder();
    server = await startTestServer({ admissionPlugins: [plugin] });
    await server.create("/api/v1/nodes", { metadata: { name: "node-1" } });
    told = list;
    told.length = 0;
  });
  afterEach(() => server.close());

  it("of creates, before and after a name is generated", async () => {
    const { metadata } = await server.create(PODS, { ...pod("x"), metadata: { generateName: "web-" } });
    assert.deepEqual(told, ['admit CREATE pods "" Pod', `validate CREATE pods "${metadata.name}" Pod`]);
  });

  it("of updates, patches, status updates and dry runs", async () => {
    await server.create(PODS, pod("a"));
    told.length = 0;
    const merge = { "content-type": "application/merge-patch+json" };
    await server.request(`PATCH ${PODS}/a?dryRun=All`, { metadata: { labels: { a: "b" } } }, merge);
    await server.request(`PATCH ${PODS}/a/status`, { status: { phase: "Running" } }, merge);
    assert.deepEqual(told, ['admit UPDATE pods "a" Pod dry', 'validate UPDATE pods "a" Pod dry', 'admit UPDATE pods/status "a" Pod', 'validate UPDATE pods/status "a" Pod']);
  });

  it("of bindings and evictions as such, not of what they come to", async () => {
    await server.create(PODS, pod("a"));
    told.length = 0;
    await server.request(`POST ${PODS}/a/binding`, { apiVersion: "v1", kind: "Binding", metadata: { name: "a" }, target: { kind: "Node", name: "node-1" } });
    await server.request(`POST ${PODS}/a/eviction`, { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "a" } });
    assert.deepEqual(told, [
      'admit CREATE pods/binding "a" Binding',
      'validate CREATE pods/binding "a" Binding',
      'admit CREATE pods/eviction "a" Eviction',
      'validate CREATE pods/eviction "a" Eviction',
    ]);
  });

  it("of scales as scales", async () => {
    const template = { metadata: { labels: { app: "a" } }, spec: { containers: [{ name: "a", image: "a" }] } };
    await server.create("/apis/apps/v1/namespaces/default/deployments", { metadata: { name: "a" }, spec: { selector: { matchLabels: { app: "a" } }, template } });
    told.length = 0;
    const { body } = await server.request("PATCH /apis/apps/v1/namespaces/default/deployments/a/scale", { spec: { replicas: 3 } }, { "content-type": "application/merge-patch+json" });
    assert.equal(body.spec.replicas, 3);
    assert.deepEqual(told, ['admit UPDATE deployments/scale "a" Scale', 'validate UPDATE deployments/scale "a" Scale']);
  });

  it("of every object of a collection that is deleted", async () => {
    await server.create(PODS, pod("a"));
    await server.create(PODS, pod("b"));
    told.length = 0;
    await server.request(`DELETE ${PODS}`);
    assert.deepEqual(told.filter((line) => line.startsWith("validate")).sort(), ['validate DELETE pods "a" Pod', 'validate DELETE pods "b" Pod']);
  });

  it("of connections, with their options", async () => {
    await server.create(PODS, pod("a"));
    told.length = 0;
    await server.request(`GET ${PODS}/a/proxy/metrics`);
    assert.deepEqual(told, ['admit CONNECT pods/proxy "a" PodProxyOptions', 'validate CONNECT pods/proxy "a" PodProxyOptions']);
  });
});
