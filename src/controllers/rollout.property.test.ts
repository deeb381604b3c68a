/** Whatever order things happen in, a rolling update keeps its promises. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { deployments, pods } from "#api/resources.ts";
import type { Pod } from "#api/types.ts";
import { maxSurge, maxUnavailable } from "./deployment/limits.ts";
import { isReady } from "./common/pods.ts";
import { TestCluster } from "./testing/harness.ts";

const limit = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 100 }).map((percent) => `${percent}%`));

/** What happens next: a pod's kubelet acts, controllers get a little time, or the image changes. */
const step = fc.oneof(
  { weight: 10, arbitrary: fc.record({ kind: fc.constant("kubelet" as const), pick: fc.nat(1000) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("time" as const), ms: fc.integer({ min: 0, max: 60 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("image" as const), version: fc.integer({ min: 1, max: 4 }) }) },
);

test("ready pods never fall below desired - maxUnavailable, and pods never exceed desired + maxSurge", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 6 }), limit, limit, fc.array(step, { minLength: 10, maxLength: 60 }), async (replicas, surge, unavailable, steps) => {
      fc.pre(!(parseInt(String(surge)) === 0 && parseInt(String(unavailable)) === 0));
      const cluster = await TestCluster.start();
      try {
        const web = await cluster.apply(deployments, {
          metadata: { name: "web", namespace: "default" },
          spec: {
            replicas,
            selector: { matchLabels: { app: "web" } },
            strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: surge, maxUnavailable: unavailable } },
            template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image: "web:v0" }] } },
          },
        });
        await cluster.stabilize();
        assert.equal(await cluster.readyCount(), replicas);

        const known = new Map<string, Pod>();
        const broken: string[] = [];
        cluster.informers.for(pods).subscribe({
          set: (pod) => {
            known.set(pod.metadata.uid!, pod);
            const alive = [...known.values()].filter(({ metadata }) => !metadata.deletionTimestamp);
            // The first calls replay what is there: not yet the whole picture.
            if (known.size < replicas) return;
            if (alive.length > replicas + maxSurge(web)) broken.push(`${alive.length} pods`);
            if (alive.filter(isReady).length < replicas - maxUnavailable(web)) broken.push(`${alive.filter(isReady).length} ready`);
          },
          delete: (pod) => void known.delete(pod.metadata.uid!),
        });
        for (const next of steps) {
          if (next.kind === "time") await cluster.clock.advance(next.ms);
          else if (next.kind === "image") await cluster.edit(deployments, "web", (d) => void (d.spec.template.spec!.containers[0]!.image = `web:v${next.version}`));
          else {
            const all = await cluster.pods();
            const pod = all[next.pick % Math.max(1, all.length)];
            if (pod) await cluster.stepPod(pod);
          }
        }
        await cluster.stabilize();
        assert.deepEqual(broken, []);
        assert.equal(await cluster.readyCount(), replicas);
        const images = new Set((await cluster.pods()).map((pod) => pod.spec.containers[0]!.image));
        assert.equal(images.size, 1, "everything runs the last image");
      } finally {
        await cluster.stop();
      }
    }),
    { numRuns: 40, seed: 20260101, endOnFailure: true },
  );
});
