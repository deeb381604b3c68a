import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { kubectlSuite, rowsOf } from "../support/kubectl.ts";
import { until } from "../support/wait.ts";
import { echoDeployment, echoPod } from "../support/workloads.ts";

const { kubectl, skip } = await kubectlSuite("kubectl-wait");

describe("kubectl wait and events", { skip }, () => {
  before(() => kubectl.ok(["apply", "-f", "-"], { input: [echoDeployment("web"), echoPod("late", { env: { READY_AFTER_MS: "1500" } })] }));

  test("for a condition that comes later", async () => {
    assert.equal(await kubectl.ok(["wait", "pod/late", "--for=condition=Ready", "--timeout=30s"]), "pod/late condition met");
    assert.equal(await kubectl.ok(["wait", "deployment/web", "--for=condition=Available", "--timeout=30s"]), "deployment.apps/web condition met");
  });

  test("for a value", async () => {
    await kubectl.ok(["wait", "deployment/web", "--for=jsonpath={.status.readyReplicas}=1", "--timeout=30s"]);
  });

  test("for a deletion", async () => {
    const waiting = kubectl.start(["wait", "pod/late", "--for=delete", "--timeout=30s"]);
    await kubectl.ok(["delete", "pod", "late", "--wait=false"]);
    assert.equal((await waiting.finished).code, 0, waiting.output());
  });

  test("and says when the time is up", async () => {
    assert.match(await kubectl.fails(["wait", "deployment/web", "--for=condition=Unlikely", "--timeout=1s"]), /timed out waiting for the condition/);
  });

  test("events: as a table, for one object, by type, and as they come", async () => {
    const rows = await until("the events", async () => {
      const found = rowsOf(await kubectl.ok(["events"]));
      return found.some(({ REASON }) => REASON === "Started") && found;
    });
    assert.deepEqual(Object.keys(rows[0]!), ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]);
    assert.match(await kubectl.ok(["events", "--for=deployment/web"]), /ScalingReplicaSet/);
    assert.match(await kubectl.ok(["events", "--types=Warning"]), /^(No events found.*|LAST SEEN[^]*)?$/);
    const watch = kubectl.start(["events", "-w"]);
    await kubectl.ok(["scale", "deployment/web", "--replicas=2"]);
    await until("the new event", () => / to 2/.test(watch.output()));
  });

  test("an unschedulable pod says why", async () => {
    await kubectl.ok(["apply", "-f", "-"], { input: echoPod("huge", { container: { resources: { requests: { cpu: "1000" } } } }) });
    await until("the event", async () => /FailedScheduling.*0\/3 nodes are available: .*Insufficient cpu/.test(await kubectl.ok(["events", "--for=pod/huge"])));
    assert.match(await kubectl.ok(["get", "pod", "huge"]), /Pending/);
    await kubectl.ok(["delete", "pod", "huge"]);
  });
});
