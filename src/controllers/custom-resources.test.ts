import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { configMaps, customResourceDefinitions, namespaces, podDisruptionBudgets, pods, resourceQuotas, type Resource } from "#api/resources.ts";
import type { CustomResourceDefinition, KubeObject, OwnerReference } from "#api/types.ts";
import type { New } from "#client/client.ts";
import { TestCluster } from "./testing/harness.ts";

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await TestCluster.start({ nodes: 0 });
});
afterEach(() => cluster.stop());

const widgets: Resource = { group: "example.com", version: "v1", kind: "Widget", plural: "widgets", namespaced: true };
const inVersion = (version: string): Resource => ({ ...widgets, version });

/** Of Widgets, stored in the first version. */
function crd(versions: { name: string; served?: boolean; subresources?: object }[] = [{ name: "v1" }]): New<CustomResourceDefinition> {
  const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
  return {
    metadata: { name: "widgets.example.com" },
    spec: {
      group: "example.com",
      scope: "Namespaced",
      names: { plural: "widgets", kind: "Widget" },
      versions: versions.map(({ name, served = true, ...more }, i) => ({ name, served, storage: i === 0, schema, ...more })),
    },
  };
}

async function define(...[versions]: Parameters<typeof crd>): Promise<void> {
  await cluster.client.create(customResourceDefinitions, crd(versions));
  await cluster.stabilize();
}

const widget = (name: string, metadata: object = {}): Promise<KubeObject> => cluster.apply(widgets, { metadata: { name, namespace: "default", ...metadata } });
const ownedBy = ({ apiVersion, kind, metadata }: KubeObject, more: Partial<OwnerReference> = {}): OwnerReference => ({ apiVersion, kind, name: metadata.name!, uid: metadata.uid!, ...more });
const configMap = (name: string, owner: OwnerReference): Promise<KubeObject> => cluster.apply(configMaps, { metadata: { name, namespace: "default", ownerReferences: [owner] } });
const isThere = async (resource: Resource, name: string): Promise<boolean> => (await cluster.client.find(resource, name, "default")) !== undefined;

describe("garbage collection", () => {
  test("takes what a custom object owns, and custom objects that others own", async () => {
    await define();
    const owner = await widget("owner");
    const owned = await configMap("owned", ownedBy(owner));
    await widget("owned-in-turn", { ownerReferences: [ownedBy(owned)] });
    await cluster.stabilize();
    assert.ok(await isThere(widgets, "owned-in-turn"));
    await cluster.client.delete(widgets, "owner", "default");
    await cluster.stabilize();
    assert.equal(await isThere(configMaps, "owned"), false);
    assert.equal(await isThere(widgets, "owned-in-turn"), false);
  });

  test("goes by the owner, in whichever version the reference names it", async () => {
    await define([{ name: "v1" }, { name: "v1beta1" }]);
    const owner = await widget("owner");
    await configMap("owned", ownedBy(owner, { apiVersion: "example.com/v1beta1" }));
    await cluster.stabilize();
    assert.ok(await isThere(configMaps, "owned"));
    await cluster.client.delete(widgets, "owner", "default");
    await cluster.stabilize();
    assert.equal(await isThere(configMaps, "owned"), false);
  });

  test("lets a custom object wait for its dependents, or leave them behind", async () => {
    await define();
    const patient = await widget("patient");
    await configMap("first", ownedBy(patient, { blockOwnerDeletion: true }));
    await cluster.client.patch(configMaps, { name: "first", namespace: "default" }, "merge", { metadata: { finalizers: ["example.com/wait"] } });
    const leaving = await widget("leaving");
    await configMap("orphan", ownedBy(leaving));
    await cluster.stabilize();
    await cluster.client.delete(widgets, "patient", "default", { propagationPolicy: "Foreground" });
    await cluster.client.delete(widgets, "leaving", "default", { propagationPolicy: "Orphan" });
    await cluster.stabilize();
    assert.ok(await isThere(widgets, "patient"), "its dependent is still there");
    assert.equal(await isThere(widgets, "leaving"), false);
    assert.equal((await cluster.client.get(configMaps, "orphan", "default")).metadata.ownerReferences, undefined);
    await cluster.client.patch(configMaps, { name: "first", namespace: "default" }, "merge", { metadata: { finalizers: null } });
    await cluster.stabilize();
    assert.equal(await isThere(widgets, "patient"), false);
  });

  test("takes what custom objects own when they go with their definition", async () => {
    await define();
    for (let i = 0; i < 20; i++) await configMap(`owned-${i}`, ownedBy(await widget(`owner-${i}`)));
    await cluster.stabilize();
    await cluster.client.delete(customResourceDefinitions, "widgets.example.com");
    await cluster.stabilize();
    assert.deepEqual((await cluster.client.list(configMaps, { namespace: "default" })).items.filter(({ metadata }) => metadata.ownerReferences), []);
  });

  test("keeps what is owned by a kind that isn't served, until it is and the owner is not there", async () => {
    await configMap("owned", { apiVersion: "example.com/v1", kind: "Widget", name: "nobody", uid: "00000000-0000-0000-0000-000000000000" });
    await cluster.stabilize();
    assert.ok(await isThere(configMaps, "owned"));
    await define();
    assert.equal(await isThere(configMaps, "owned"), false);
  });

  test("keeps what is owned in a version that is served no more", async () => {
    await define([{ name: "v1" }, { name: "v1beta1" }]);
    const owner = await widget("owner");
    await configMap("owned", ownedBy(owner, { apiVersion: "example.com/v1beta1" }));
    await cluster.stabilize();
    const known = await cluster.client.get(customResourceDefinitions, "widgets.example.com");
    await cluster.client.update(customResourceDefinitions, { ...known, spec: { ...known.spec, versions: known.spec.versions.map((version) => ({ ...version, served: version.name === "v1" })) } });
    await cluster.stabilize();
    await cluster.client.patch(configMaps, { name: "owned", namespace: "default" }, "merge", { data: { a: "b" } });
    await cluster.stabilize();
    assert.ok(await isThere(configMaps, "owned"));
  });

  test("follows a kind whose preferred version changes", async () => {
    await define([{ name: "v1beta1" }, { name: "v1", served: false }]);
    const owner = await cluster.apply(inVersion("v1beta1"), { metadata: { name: "owner", namespace: "default" } });
    await configMap("owned", ownedBy(owner));
    await cluster.stabilize();
    const known = await cluster.client.get(customResourceDefinitions, "widgets.example.com");
    await cluster.client.update(customResourceDefinitions, { ...known, spec: { ...known.spec, versions: known.spec.versions.map((version) => ({ ...version, served: true })) } });
    await cluster.stabilize();
    assert.ok(await isThere(configMaps, "owned"));
    await cluster.client.delete(widgets, "owner", "default");
    await cluster.stabilize();
    assert.equal(await isThere(configMaps, "owned"), false);
  });
});

test("a namespace takes its custom objects along, and waits for their finalizers", async () => {
  await define();
  await cluster.apply(namespaces, { metadata: { name: "shop" } });
  await cluster.apply(widgets, { metadata: { name: "a", namespace: "shop" } });
  await cluster.apply(widgets, { metadata: { name: "b", namespace: "shop", finalizers: ["example.com/wait"] } });
  await cluster.stabilize();
  await cluster.client.delete(namespaces, "shop");
  await cluster.stabilize();
  const { status } = await cluster.client.get(namespaces, "shop");
  const said = (type: string): string => status!.conditions!.find((condition) => condition.type === type)!.message!;
  assert.equal(said("NamespaceContentRemaining"), "Some resources are remaining: widgets.example.com has 1 resource instances");
  assert.equal(said("NamespaceFinalizersRemaining"), "Some content in the namespace has finalizers remaining: example.com/wait in 1 resource instances");
  await cluster.client.patch(widgets, { name: "b", namespace: "shop" }, "merge", { metadata: { finalizers: null } });
  await cluster.clock.advance(5_000);
  await cluster.stabilize();
  assert.equal(await cluster.client.find(namespaces, "shop"), undefined);
});

test("a quota counts custom objects, also those of a kind that comes later", async () => {
  await cluster.apply(resourceQuotas, { metadata: { name: "q", namespace: "default" }, spec: { hard: { "count/widgets.example.com": "5" } } });
  await cluster.stabilize();
  await define();
  await widget("a");
  await widget("b");
  await cluster.client.delete(widgets, "a", "default");
  await cluster.stabilize();
  assert.deepEqual((await cluster.client.get(resourceQuotas, "q", "default")).status!.used, { "count/widgets.example.com": "1" });
});

test("a disruption budget asks a custom object for its scale", async () => {
  await define([{ name: "v1", subresources: { scale: { specReplicasPath: ".spec.size", statusReplicasPath: ".status.size" } } }]);
  const owner = await cluster.apply(widgets, { metadata: { name: "owner", namespace: "default" }, spec: { size: 5 } });
  await cluster.apply(pods, { metadata: { name: "p", namespace: "default", labels: { app: "w" }, ownerReferences: [ownedBy(owner, { controller: true })] }, spec: { containers: [{ name: "main", image: "main" }] } });
  await cluster.apply(podDisruptionBudgets, { metadata: { name: "b", namespace: "default" }, spec: { maxUnavailable: 1, selector: { matchLabels: { app: "w" } } } });
  await cluster.stabilize();
  const { status } = await cluster.client.get(podDisruptionBudgets, "b", "default");
  assert.deepEqual([status!.expectedPods, status!.desiredHealthy], [5, 4]);
});
