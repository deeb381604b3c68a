/** Jobs, CronJobs, DaemonSets, ReplicationControllers and budgets, from the API server to the pods. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { cronJobs, daemonSets, deployments, events, jobs, nodes, podDisruptionBudgets, pods, replicationControllers } from "#api/resources.ts";
import type { Job, Pod } from "#api/types.ts";
import { TestCluster } from "./testing/harness.ts";

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await TestCluster.start();
});
afterEach(() => cluster.stop());

const named = (name: string) => ({ name, namespace: "default" });
const template = (app: string, spec: object = {}) => ({ metadata: { labels: { app } }, spec: { containers: [{ name: app, image: `${app}:v1` }], ...spec } });
const once = (spec: object = {}) => ({ spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "work", image: "work" }] } }, ...spec } });
const job = (name = "work"): Promise<Job> => cluster.client.get(jobs, name, "default");
const conditions = ({ status }: Job): string[] => (status?.conditions ?? []).filter((condition) => condition.status === "True").map(({ type, reason }) => `${type} ${reason}`);

/** Ends a pod's container with a code. */
async function end(pod: Pod, exitCode: number): Promise<void> {
  const state = { terminated: { exitCode, finishedAt: new Date(cluster.clock.now()).toISOString() } };
  const containerStatuses = [{ name: pod.spec.containers[0]!.name, image: "", imageID: "", ready: false, restartCount: 0, state }];
  await cluster.client.patch(pods, { name: pod.metadata.name!, namespace: "default", subresource: "status" }, "merge", { status: { phase: exitCode === 0 ? "Succeeded" : "Failed", containerStatuses } });
  await cluster.stabilize();
}

const running = async (): Promise<Pod[]> => (await cluster.pods()).filter(({ status, metadata }) => status?.phase === "Running" && !metadata.deletionTimestamp);

async function reasons(kind: string): Promise<string[]> {
  return (await cluster.client.list(events, { namespace: "default" })).items.filter(({ involvedObject }) => involvedObject.kind === kind).map(({ reason }) => reason!);
}

describe("Job", () => {
  test("runs until enough pods have succeeded, and lets them all go", async () => {
    await cluster.apply(jobs, { metadata: named("work"), ...once({ completions: 3, parallelism: 2 }) });
    await cluster.stabilize();
    assert.equal((await running()).length, 2);
    for (let done = 0; done < 3; done++) await end((await running())[0]!, 0);
    const { status } = await job();
    assert.deepEqual(conditions(await job()), ["SuccessCriteriaMet CompletionsReached", "Complete CompletionsReached"]);
    assert.deepEqual([status!.succeeded, status!.failed, status!.active, status!.uncountedTerminatedPods], [3, undefined, undefined, {}]);
    assert.ok(status!.completionTime);
    assert.deepEqual((await cluster.pods()).flatMap(({ metadata }) => metadata.finalizers ?? []), []);
    assert.deepEqual(await reasons("Job"), ["SuccessfulCreate", "SuccessfulCreate", "SuccessfulCreate", "Completed"]);
  });

  test("replaces failed pods ever more slowly and gives up at its limit", async () => {
    await cluster.apply(jobs, { metadata: named("work"), ...once({ backoffLimit: 1 }) });
    await cluster.stabilize();
    await end((await running())[0]!, 1);
    assert.equal((await running()).length, 0, "not at once");
    await cluster.clock.advance(10_000);
    await cluster.stabilize();
    await end((await running())[0]!, 1);
    assert.deepEqual(conditions(await job()), ["FailureTarget BackoffLimitExceeded", "Failed BackoffLimitExceeded"]);
    assert.equal((await job()).status!.failed, 2);
  });

  test("gives every index its pod, and knows which are done", async () => {
    await cluster.apply(jobs, { metadata: named("work"), ...once({ completions: 3, parallelism: 3, completionMode: "Indexed" }) });
    await cluster.stabilize();
    const pod = (await running()).find(({ metadata }) => metadata.labels!["batch.kubernetes.io/job-completion-index"] === "1")!;
    assert.equal(pod.spec.hostname, "work-1");
    assert.match(pod.metadata.name!, /^work-1-/);
    await end(pod, 0);
    assert.equal((await job()).status!.completedIndexes, "1");
  });

  test("suspended it has no pods, resumed it begins anew", async () => {
    await cluster.apply(jobs, { metadata: named("work"), ...once() });
    await cluster.stabilize();
    await cluster.edit(jobs, "work", ({ spec }) => void (spec.suspend = true));
    await cluster.stabilize();
    assert.deepEqual([(await cluster.pods()).length, conditions(await job())], [0, ["Suspended JobSuspended"]]);
    await cluster.edit(jobs, "work", ({ spec }) => void (spec.suspend = false));
    await cluster.stabilize();
    assert.equal((await running()).length, 1);
    assert.deepEqual(conditions(await job()), []);
  });

  test("deleted, it takes its pods along though they have a finalizer", async () => {
    await cluster.apply(jobs, { metadata: named("work"), ...once() });
    await cluster.stabilize();
    await cluster.client.delete(jobs, "work", "default", { propagationPolicy: "Background" });
    await cluster.stabilize();
    assert.deepEqual(await cluster.pods(), []);
  });

  test("goes by itself once its time to live is over", async () => {
    await cluster.apply(jobs, { metadata: named("work"), ...once({ ttlSecondsAfterFinished: 600 }) });
    await cluster.stabilize();
    await end((await running())[0]!, 0);
    await cluster.clock.advance(500_000);
    await cluster.stabilize();
    assert.ok(await cluster.client.find(jobs, "work", "default"));
    await cluster.clock.advance(100_000);
    await cluster.stabilize();
    assert.equal(await cluster.client.find(jobs, "work", "default"), undefined);
    assert.deepEqual(await cluster.pods(), []);
  });
});

test("a CronJob starts a Job at its time and remembers the last three", async () => {
  await cluster.apply(cronJobs, { metadata: named("report"), spec: { schedule: "* * * * *", jobTemplate: once() } });
  for (let minute = 0; minute < 5; minute++) {
    await cluster.clock.advance(60_000);
    await cluster.stabilize();
    const [pod] = await running();
    assert.ok(pod, `a pod in minute ${minute}`);
    await end(pod, 0);
  }
  const { status } = await cluster.client.get(cronJobs, "report", "default");
  assert.equal(status!.active, undefined);
  assert.ok(status!.lastScheduleTime && status!.lastSuccessfulTime);
  assert.equal((await cluster.client.list(jobs, { namespace: "default" })).items.length, 3);
});

describe("DaemonSet", () => {
  const agent = { metadata: named("agent"), spec: { selector: { matchLabels: { app: "agent" } }, template: template("agent") } };
  const nodesOf = async (): Promise<string[]> => (await running()).map(({ spec }) => spec.nodeName!).sort();

  test("has one pod on every node, also on those that come later", async () => {
    await cluster.apply(daemonSets, agent);
    await cluster.stabilize();
    assert.deepEqual(await nodesOf(), ["node-1", "node-2", "node-3"]);
    await cluster.addNode("node-4");
    await cluster.stabilize();
    assert.deepEqual(await nodesOf(), ["node-1", "node-2", "node-3", "node-4"]);
    const { status } = await cluster.client.get(daemonSets, "agent", "default");
    assert.deepEqual([status!.desiredNumberScheduled, status!.numberReady, status!.updatedNumberScheduled], [4, 4, 4]);
  });

  test("runs on cordoned nodes and leaves those that lose their label", async () => {
    for (const name of ["node-1", "node-2"]) await cluster.edit(nodes, name, ({ metadata }) => void (metadata.labels = { ...metadata.labels, disk: "ssd" }));
    await cluster.edit(nodes, "node-1", (node) => void (node.spec = { ...node.spec, unschedulable: true }));
    await cluster.apply(daemonSets, { ...agent, spec: { ...agent.spec, template: template("agent", { nodeSelector: { disk: "ssd" } }) } });
    await cluster.stabilize();
    assert.deepEqual(await nodesOf(), ["node-1", "node-2"]);
    await cluster.edit(nodes, "node-2", ({ metadata }) => void delete metadata.labels!["disk"]);
    await cluster.stabilize();
    assert.deepEqual(await nodesOf(), ["node-1"]);
  });

  test("rolls one node after the other, and never misses more than one", async () => {
    await cluster.apply(daemonSets, agent);
    await cluster.stabilize();
    cluster.invariants.push(async () => assert.ok((await cluster.readyCount()) >= 2));
    await cluster.edit(daemonSets, "agent", ({ spec }) => void (spec.template.spec!.containers[0]!.image = "agent:v2"));
    await cluster.stabilize();
    assert.deepEqual(new Set((await running()).map(({ spec }) => spec.containers[0]!.image)), new Set(["agent:v2"]));
    assert.deepEqual(await nodesOf(), ["node-1", "node-2", "node-3"]);
  });
});

test("a ReplicationController keeps its replicas by a plain map of labels", async () => {
  await cluster.apply(replicationControllers, { metadata: named("web"), spec: { replicas: 2, selector: { app: "web" }, template: template("web") } });
  await cluster.stabilize();
  assert.equal((await running()).length, 2);
  await cluster.client.delete(pods, (await running())[0]!.metadata.name!, "default", { gracePeriodSeconds: 0 });
  await cluster.stabilize();
  const { status } = await cluster.client.get(replicationControllers, "web", "default");
  assert.deepEqual([status!.replicas, status!.readyReplicas, status!.fullyLabeledReplicas], [2, 2, 2]);
});

test("a PodDisruptionBudget tells how many pods may go", async () => {
  await cluster.apply(deployments, { metadata: named("web"), spec: { replicas: 4, selector: { matchLabels: { app: "web" } }, template: template("web") } });
  await cluster.apply(podDisruptionBudgets, { metadata: named("web"), spec: { maxUnavailable: 1, selector: { matchLabels: { app: "web" } } } });
  await cluster.stabilize();
  const budget = async () => (await cluster.client.get(podDisruptionBudgets, "web", "default")).status!;
  assert.deepEqual([(await budget()).expectedPods, (await budget()).currentHealthy, (await budget()).disruptionsAllowed], [4, 4, 1]);
  await cluster.setReady((await running())[0]!, false);
  await cluster.settle();
  assert.equal((await budget()).disruptionsAllowed, 0);
});
