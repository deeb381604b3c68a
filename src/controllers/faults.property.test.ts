/** Requests fail, answers are lost: afterwards everything is as it should be, and nothing is left over. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { deployments, endpointSlices, persistentVolumeClaims, persistentVolumes, replicaSets, services, statefulSets } from "#api/resources.ts";
import { seededRng } from "#lib/random.ts";
import { TestCluster } from "./testing/harness.ts";

test("with one request in ten refused or its answer lost, the cluster still comes to rest as asked", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const cluster = await TestCluster.start({ seed });
      const chance = seededRng(seed);
      let faults = 0;
      const { client } = cluster;
      try {
        await cluster.apply(services, { metadata: { name: "web", namespace: "default" }, spec: { selector: { app: "web" }, ports: [{ port: 80 }] } });
        const template = (app: string, image: string) => ({ metadata: { labels: { app } }, spec: { containers: [{ name: app, image }] } });
        await cluster.apply(deployments, {
          metadata: { name: "web", namespace: "default" },
          spec: { replicas: 4, selector: { matchLabels: { app: "web" } }, template: template("web", "web:v1") },
        });
        await cluster.apply(statefulSets, {
          metadata: { name: "db", namespace: "default" },
          spec: {
            replicas: 2,
            serviceName: "db",
            selector: { matchLabels: { app: "db" } },
            template: template("db", "db:v1"),
            volumeClaimTemplates: [{ metadata: { name: "data" }, spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } } }],
          },
        });
        cluster.intercept = (_method, url) => {
          if (url.includes("watch=1") || chance() > 0.1) return undefined;
          faults++;
          return chance() < 0.5 ? "refuse" : "lose the answer";
        };
        await cluster.stabilize();
        await cluster.edit(deployments, "web", (d) => void (d.spec.template.spec!.containers[0]!.image = "web:v2"));
        await cluster.edit(statefulSets, "db", (s) => void (s.spec.template.spec!.containers[0]!.image = "db:v2"));
        await cluster.clock.advance(5000);
        await cluster.stabilize();
        cluster.intercept = () => undefined;
        for (let i = 0; i < 5; i++) {
          await cluster.clock.advance(15_000);
          await cluster.stabilize();
        }
        assert.ok(faults > 0);
        const images = (await cluster.pods()).map((pod) => `${pod.metadata.labels!["app"]} ${pod.spec.containers[0]!.image} ${pod.status!.phase}`).sort((a, b) => a.localeCompare(b));
        assert.deepEqual(images, [...Array<string>(2).fill("db db:v2 Running"), ...Array<string>(4).fill("web web:v2 Running")]);
        const sizes = (await client.list(replicaSets)).items.map(({ spec }) => spec.replicas).sort((a, b) => a! - b!);
        assert.deepEqual(sizes, [0, 4]);
        const deployment = await client.get(deployments, "web", "default");
        assert.equal(deployment.status!.availableReplicas, 4);
        const slices = (await client.list(endpointSlices, { namespace: "default", labelSelector: "kubernetes.io/service-name=web" })).items;
        assert.equal(slices.flatMap(({ endpoints }) => endpoints ?? []).length, 4);
        assert.deepEqual((await client.list(persistentVolumeClaims)).items.map(({ status }) => status!.phase), ["Bound", "Bound"]);
        assert.equal((await client.list(persistentVolumes)).items.length, 2);
      } finally {
        cluster.intercept = () => undefined;
        await cluster.stop();
      }
    }),
    { numRuns: 15, seed: 20260102, endOnFailure: true },
  );
});
