import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { deployments, events, pods, resourceQuotas } from "#api/resources.ts";
import type { Deployment, ResourceQuota } from "#api/types.ts";
import { TestCluster } from "../testing/harness.ts";
import { givesBack, quotaStatus, trackedBy } from "./plan.ts";

describe("counting", () => {
  const quota = (hard: Record<string, string>, spec: object = {}) => ({ metadata: { name: "q" }, spec: { hard, ...spec } }) as unknown as ResourceQuota;
  const pod = (cpu: string, status: object = {}) => ({ kind: "Pod", apiVersion: "v1", metadata: { name: "p" }, spec: { containers: [{ name: "a", resources: { requests: { cpu } } }] }, status });
  const PODS = { group: "", plural: "pods" };
  const DEPLOYMENTS = { group: "apps", plural: "deployments" };

  it("looks at the kinds that the quota names", () => {
    assert.deepEqual(trackedBy(quota({ "requests.cpu": "1", pods: "2", "count/deployments.apps": "3", nonsense: "1" }), [PODS, DEPLOYMENTS]), [
      { resource: PODS, names: ["requests.cpu", "pods"] },
      { resource: DEPLOYMENTS, names: ["count/deployments.apps"] },
    ]);
  });

  it("adds up, without what has ended", () => {
    const hard = { "requests.cpu": "4", pods: "9", "count/pods": "9" };
    const objects = [pod("500m"), pod("1"), pod("2", { phase: "Succeeded" })];
    assert.deepEqual(quotaStatus(quota(hard), [{ resource: PODS, names: Object.keys(hard), objects }], 0), { hard, used: { "requests.cpu": "1500m", pods: "2", "count/pods": "3" } });
    assert.deepEqual(quotaStatus(quota({ pods: "9" }, { scopes: ["BestEffort"] }), [{ resource: PODS, names: ["pods"], objects }], 0).used, { pods: "0" });
  });

  it("begins anew when something is given back", () => {
    assert.equal(givesBack(PODS, pod("1", { phase: "Failed" }), pod("1", { phase: "Running" })), true);
    assert.equal(givesBack(PODS, pod("1", { phase: "Running" }), pod("1")), false);
    assert.equal(givesBack(DEPLOYMENTS, pod("1"), pod("1")), false);
  });
});

describe("the quota controller", () => {
  let cluster: TestCluster;
  beforeEach(async () => {
    cluster = await TestCluster.start();
  });
  afterEach(() => cluster.stop());

  const usedOf = async (): Promise<unknown> => (await cluster.client.get(resourceQuotas, "q", "default")).status?.used;
  const scaled = (replicas: number) =>
    cluster.apply<Deployment>(deployments, {
      metadata: { name: "web", namespace: "default" },
      spec: { replicas, selector: { matchLabels: { app: "web" } }, template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image: "web" }] } } },
    });

  it("holds a Deployment to its quota, gives back what goes, and lets in what then fits", async () => {
    await cluster.apply(resourceQuotas, { metadata: { name: "q", namespace: "default" }, spec: { hard: { pods: "2", "count/deployments.apps": "5" } } });
    await cluster.stabilize();
    assert.deepEqual(await usedOf(), { pods: "0", "count/deployments.apps": "0" });
    await scaled(4);
    await cluster.stabilize();
    assert.equal((await cluster.pods()).length, 2);
    assert.deepEqual(await usedOf(), { pods: "2", "count/deployments.apps": "1" });
    const told = (await cluster.client.list(events, { namespace: "default" })).items.map(({ message }) => message);
    assert.ok(told.some((message) => /is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2/.test(message ?? "")));
    await cluster.edit(deployments, "web", ({ spec }) => void (spec.replicas = 1));
    await cluster.stabilize();
    assert.deepEqual(await usedOf(), { pods: "1", "count/deployments.apps": "1" });
  });

  it("finds out when the count was wrong, and when the limits change", async () => {
    await cluster.apply(pods, { metadata: { name: "p", namespace: "default" }, spec: { containers: [{ name: "a", image: "a" }] } });
    await cluster.apply(resourceQuotas, { metadata: { name: "q", namespace: "default" }, spec: { hard: { pods: "5" } } });
    await cluster.stabilize();
    assert.deepEqual(await usedOf(), { pods: "1" });
    await cluster.client.patch(resourceQuotas, { name: "q", namespace: "default", subresource: "status" }, "merge", { status: { used: { pods: "4" } } });
    await cluster.stabilize();
    assert.deepEqual(await usedOf(), { pods: "1" });
    await cluster.edit(resourceQuotas, "q", ({ spec }) => void (spec.hard = { pods: "7" }));
    await cluster.stabilize();
    assert.deepEqual((await cluster.client.get(resourceQuotas, "q", "default")).status, { hard: { pods: "7" }, used: { pods: "1" } });
  });
});
