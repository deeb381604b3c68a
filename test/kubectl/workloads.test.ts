import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { kubectlSuite } from "../support/kubectl.ts";
import { until } from "../support/wait.ts";
import { ECHO, echoDeployment } from "../support/workloads.ts";

const { kubectl, skip } = await kubectlSuite("kubectl-workloads");
const IMAGE = `--image=${ECHO}:v1`;
const one = (kind: string, name: string, path: string): Promise<string> => kubectl.ok(["get", kind, name, "-o", `jsonpath={${path}}`]);

describe("kubectl on Jobs and CronJobs", { skip }, () => {
  test("a Job runs, succeeds, and shows its output", async () => {
    await kubectl.ok(["create", "job", "greet", IMAGE, "--", "node", "-e", "console.log('hello')"]);
    await kubectl.ok(["wait", "job/greet", "--for=condition=complete", "--timeout=30s"]);
    assert.equal(await kubectl.ok(["logs", "job/greet"]), "hello");
    assert.match(await kubectl.ok(["get", "job", "greet"]), /greet +Complete +1\/1/);
    assert.match(await kubectl.ok(["describe", "job", "greet"]), /Pods Statuses: +0 Active \(0 Ready\) \/ 1 Succeeded \/ 0 Failed[^]*SuccessfulCreate[^]*Completed/);
  });

  test("a Job that fails too often says why", async () => {
    const job = {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "broken" },
      spec: { backoffLimit: 0, template: { spec: { restartPolicy: "Never", containers: [{ name: "main", image: `${ECHO}:v1`, command: ["node", "-e", "process.exit(3)"] }] } } },
    };
    await kubectl.ok(["apply", "-f", "-"], { input: job });
    await kubectl.ok(["wait", "job/broken", "--for=condition=failed", "--timeout=30s"]);
    assert.equal(await one("job", "broken", ".status.conditions[?(@.type=='Failed')].reason"), "BackoffLimitExceeded");
    assert.equal(await kubectl.ok(["get", "pods", "-l", "job-name=broken", "-o", "jsonpath={.items[0].status.containerStatuses[0].state.terminated.exitCode}"]), "3");
  });

  test("an Indexed Job gives every pod its number", async () => {
    const job = {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "parts" },
      spec: {
        completions: 3,
        parallelism: 3,
        completionMode: "Indexed",
        template: { spec: { restartPolicy: "Never", containers: [{ name: "main", image: `${ECHO}:v1`, command: ["node", "-e", "console.log('part ' + process.env.JOB_COMPLETION_INDEX)"] }] } },
      },
    };
    await kubectl.ok(["apply", "-f", "-"], { input: job });
    await kubectl.ok(["wait", "job/parts", "--for=condition=complete", "--timeout=60s"]);
    assert.equal(await one("job", "parts", ".status.completedIndexes"), "0-2");
    const output = await kubectl.ok(["logs", "-l", "job-name=parts"]);
    assert.deepEqual(output.split("\n").sort(), ["part 0", "part 1", "part 2"]);
  });

  test("a CronJob's Job is started by hand", async () => {
    await kubectl.ok(["create", "cronjob", "nightly", IMAGE, "--schedule=0 3 * * *", "--", "node", "-e", "console.log('by hand')"]);
    await kubectl.ok(["create", "job", "now", "--from=cronjob/nightly"]);
    await kubectl.ok(["wait", "job/now", "--for=condition=complete", "--timeout=30s"]);
    assert.equal(await kubectl.ok(["logs", "job/now"]), "by hand");
    assert.match(await kubectl.ok(["get", "cronjob"]), /nightly +0 3 \* \* \* +<none> +False/);
  });

  test("deleting a Job deletes its pods", async () => {
    await kubectl.ok(["delete", "job", "parts"]);
    await until("no pods", async () => (await kubectl.ok(["get", "pods", "-l", "job-name=parts", "-o", "name"])) === "");
  });
});

describe("kubectl on DaemonSets and budgets", { skip }, () => {
  after(() => kubectl.run(["uncordon", "tidepool-worker2"]));

  test("a DaemonSet runs on both workers, rolls and goes back", async () => {
    const agent = (version: string) => ({
      apiVersion: "apps/v1",
      kind: "DaemonSet",
      metadata: { name: "agent" },
      spec: {
        selector: { matchLabels: { app: "agent" } },
        template: { metadata: { labels: { app: "agent" } }, spec: { terminationGracePeriodSeconds: 1, containers: [{ name: "echo", image: `${ECHO}:${version}` }] } },
      },
    });
    await kubectl.ok(["apply", "-f", "-"], { input: agent("v1") });
    assert.match(await kubectl.ok(["rollout", "status", "ds/agent", "--timeout=60s"]), /successfully rolled out/);
    assert.deepEqual((await kubectl.ok(["get", "pods", "-l", "app=agent", "-o", "jsonpath={.items[*].spec.nodeName}"])).split(" ").sort(), ["tidepool-worker", "tidepool-worker2"]);
    await kubectl.ok(["apply", "-f", "-"], { input: agent("v2") });
    await kubectl.ok(["rollout", "status", "ds/agent", "--timeout=60s"]);
    assert.match(await kubectl.ok(["rollout", "history", "ds/agent"]), /1 [^]*2 /);
    await kubectl.ok(["rollout", "undo", "ds/agent"]);
    await kubectl.ok(["rollout", "status", "ds/agent", "--timeout=60s"]);
    assert.equal(await one("ds", "agent", ".spec.template.spec.containers[0].image"), `${ECHO}:v1`);
  });

  test("drain moves pods as fast as their budget allows, and leaves daemons", async () => {
    await kubectl.ok(["apply", "-f", "-"], { input: [echoDeployment("web", { replicas: 3 })] });
    await kubectl.ok(["rollout", "status", "deployment/web", "--timeout=60s"]);
    await kubectl.ok(["create", "pdb", "web", "--selector=app=web", "--min-available=2"]);
    await kubectl.ok(["wait", "pdb/web", "--for=jsonpath={.status.disruptionsAllowed}=1", "--timeout=30s"]);
    const output = await kubectl.ok(["drain", "tidepool-worker2", "--ignore-daemonsets", "--pod-selector=app in (web)", "--timeout=90s"], { timeoutMs: 100_000 });
    assert.match(output, /node\/tidepool-worker2 drained/);
    await kubectl.ok(["rollout", "status", "deployment/web", "--timeout=60s"]);
    const nodes = (await kubectl.ok(["get", "pods", "-l", "app=web", "-o", "jsonpath={.items[*].spec.nodeName}"])).split(" ");
    assert.deepEqual(new Set(nodes), new Set(["tidepool-worker"]));
    await kubectl.ok(["uncordon", "tidepool-worker2"]);
  });

  test("an eviction that would break a budget is refused", async () => {
    await kubectl.ok(["delete", "pdb", "web"]);
    await kubectl.ok(["create", "pdb", "web", "--selector=app=web", "--min-available=3"]);
    await kubectl.ok(["wait", "pdb/web", "--for=jsonpath={.status.currentHealthy}=3", "--timeout=30s"]);
    const output = await kubectl.fails(["drain", "tidepool-worker", "--ignore-daemonsets", "--pod-selector=app in (web)", "--timeout=3s"]);
    assert.match(output, /Cannot evict pod as it would violate the pod's disruption budget/);
    await kubectl.ok(["uncordon", "tidepool-worker"]);
  });
});
