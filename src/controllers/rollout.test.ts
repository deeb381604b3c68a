import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { deployments, events, pods, replicaSets } from "#api/resources.ts";
import type { Deployment } from "#api/types.ts";
import { TestCluster } from "./testing/harness.ts";

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await TestCluster.start();
});
afterEach(() => cluster.stop());

function web(replicas: number, image = "web:v1", spec: object = {}): object {
  return {
    metadata: { name: "web", namespace: "default" },
    spec: {
      replicas,
      selector: { matchLabels: { app: "web" } },
      progressDeadlineSeconds: 600,
      revisionHistoryLimit: 2,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image }] } },
      ...spec,
    },
  };
}

function setImage(image: string): (deployment: Deployment) => void {
  return (deployment) => {
    deployment.spec.template.spec!.containers[0]!.image = image;
  };
}

test("a Deployment becomes a ReplicaSet and its pods, spread over the nodes", async () => {
  await cluster.apply(deployments, web(3));
  await cluster.stabilize();
  const deployment = await cluster.deployment("web");
  assert.equal(deployment.status?.availableReplicas, 3);
  assert.deepEqual(
    deployment.status?.conditions?.map(({ type, status, reason }) => ({ type, status, reason })).sort((a, b) => a.type.localeCompare(b.type)),
    [
      { type: "Available", status: "True", reason: "MinimumReplicasAvailable" },
      { type: "Progressing", status: "True", reason: "NewReplicaSetAvailable" },
    ],
  );
  assert.deepEqual((await cluster.pods()).map((pod) => pod.spec.nodeName!).sort((a, b) => a.localeCompare(b)), ["node-1", "node-2", "node-3"]);
});

test("a new image rolls out within maxSurge and maxUnavailable, and undo goes back to the old ReplicaSet", async () => {
  await cluster.apply(deployments, web(3));
  await cluster.stabilize();
  const before = (await cluster.client.list(replicaSets)).items[0]!;
  await cluster.edit(deployments, "web", setImage("web:v2"));
  await cluster.stabilize();
  assert.deepEqual(await cluster.replicaSetsOf(await cluster.deployment("web")), { 1: 0, 2: 3 });
  await cluster.edit(deployments, "web", setImage("web:v1"));
  await cluster.stabilize();
  assert.deepEqual(await cluster.replicaSetsOf(await cluster.deployment("web")), { 2: 0, 3: 3 });
  const after = await cluster.client.get(replicaSets, before.metadata.name!, "default");
  assert.equal(after.metadata.uid, before.metadata.uid);
  assert.equal(after.metadata.annotations!["deployment.kubernetes.io/revision-history"], "1");
  const messages = (await cluster.client.list(events)).items.filter(({ reason }) => reason === "ScalingReplicaSet").map(({ message }) => message);
  assert.ok(messages.includes(`Scaled up replica set ${before.metadata.name} from 0 to 3`));
});

test("a bad image stalls the rollout while the old pods stay", async () => {
  await cluster.apply(deployments, web(3));
  await cluster.stabilize();
  cluster.brokenImages.add("web:bad");
  await cluster.edit(deployments, "web", setImage("web:bad"));
  await cluster.stabilize();
  assert.equal(await cluster.readyCount(), 3);
  await cluster.clock.advance(601_000);
  await cluster.stabilize();
  const progressing = (await cluster.deployment("web")).status?.conditions?.find(({ type }) => type === "Progressing");
  assert.equal(progressing?.reason, "ProgressDeadlineExceeded");
});

test("a deleted pod is replaced", async () => {
  await cluster.apply(deployments, web(2));
  await cluster.stabilize();
  const [victim] = await cluster.pods();
  await cluster.client.delete(pods, victim!.metadata.name!, "default");
  await cluster.stabilize();
  assert.equal((await cluster.pods()).length, 2);
  assert.equal(await cluster.readyCount(), 2);
});
