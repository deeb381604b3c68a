import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { kubectlSuite, rowsOf } from "../support/kubectl.ts";
import { until } from "../support/wait.ts";
import { ECHO, echoDeployment } from "../support/workloads.ts";

const { kubectl, skip } = await kubectlSuite("kubectl-rollout");

const image = (): Promise<string> => kubectl.ok(["get", "deployment", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}"]);
const settled = (): Promise<string> => kubectl.ok(["rollout", "status", "deployment/web", "--timeout=60s"]);

// One deployment's life, in order.
describe("kubectl scale and rollout", { skip }, () => {
  test("rollout status follows the first rollout to its end", async () => {
    await kubectl.ok(["apply", "-f", "-"], { input: echoDeployment("web", { replicas: 2, strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } }) });
    assert.match(await settled(), /deployment "web" successfully rolled out/);
  });

  test("scale up and down; a wrong current count is refused", async () => {
    assert.equal(await kubectl.ok(["scale", "deployment/web", "--replicas=4"]), "deployment.apps/web scaled");
    await settled();
    assert.equal(rowsOf(await kubectl.ok(["get", "pods", "-l", "app=web"])).length, 4);
    assert.match(await kubectl.fails(["scale", "deployment/web", "--current-replicas=7", "--replicas=1"]), /[Ee]xpected replicas to be 7, was 4/);
    await kubectl.ok(["scale", "deployment/web", "--current-replicas=4", "--replicas=2"]);
    await until("two pods", async () => rowsOf(await kubectl.ok(["get", "pods", "-l", "app=web"])).length === 2);
  });

  test("set image starts a rollout; history lists both, with their causes", async () => {
    await kubectl.ok(["annotate", "deployment/web", "kubernetes.io/change-cause=the first"]);
    await kubectl.ok(["set", "image", "deployment/web", `echo=${ECHO}:v2`]);
    await kubectl.ok(["annotate", "deployment/web", "kubernetes.io/change-cause=to v2", "--overwrite"]);
    await settled();
    const history = rowsOf((await kubectl.ok(["rollout", "history", "deployment/web"])).replace(/^.*\n/, ""));
    assert.deepEqual(history.filter((row) => row["REVISION"] !== ""), [
      { REVISION: "1", "CHANGE-CAUSE": "the first" },
      { REVISION: "2", "CHANGE-CAUSE": "to v2" },
    ]);
    assert.match(await kubectl.ok(["rollout", "history", "deployment/web", "--revision=1"]), new RegExp(`Image:\\s+${ECHO}:v1`));
    const replicaSets = rowsOf(await kubectl.ok(["get", "rs", "-l", "app=web"]));
    assert.deepEqual(new Set(replicaSets.map((row) => row["DESIRED"])), new Set(["0", "2"]));
  });

  test("undo goes back, --to-revision to any", async () => {
    assert.match(await kubectl.ok(["rollout", "undo", "deployment/web"]), /rolled back/);
    await settled();
    assert.equal(await image(), `${ECHO}:v1`);
    await kubectl.ok(["rollout", "undo", "deployment/web", "--to-revision=2"]);
    await settled();
    assert.equal(await image(), `${ECHO}:v2`);
    assert.match(await kubectl.fails(["rollout", "undo", "deployment/web", "--to-revision=99"]), /unable to find specified revision 99/);
  });

  test("restart replaces every pod", async () => {
    const names = async (): Promise<string> => kubectl.ok(["get", "pods", "-l", "app=web", "--field-selector=status.phase=Running", "-o", "name"]);
    const before = (await names()).split("\n");
    await kubectl.ok(["rollout", "restart", "deployment/web"]);
    await settled();
    await until("the old pods to go", async () => {
      const now = await names();
      return before.every((name) => !now.includes(name));
    });
  });

  test("pause holds changes back, resume rolls them out", async () => {
    await kubectl.ok(["rollout", "pause", "deployment/web"]);
    await kubectl.ok(["set", "image", "deployment/web", `echo=${ECHO}:v1`]);
    await kubectl.ok(["set", "env", "deployment/web", "GREETING=hello"]);
    assert.match(await kubectl.fails(["rollout", "undo", "deployment/web"]), /cannot rollback a paused deployment/);
    const pods = await kubectl.json(["get", "pods", "-l", "app=web"]);
    assert.ok(pods.items.every((pod: { spec: { containers: { image: string }[] } }) => pod.spec.containers[0]!.image === `${ECHO}:v2`));
    await kubectl.ok(["rollout", "resume", "deployment/web"]);
    await settled();
    assert.equal(await image(), `${ECHO}:v1`);
  });

  test("a bad image stalls, the old pods stay ready, the deadline is reported, undo recovers", async () => {
    await kubectl.ok(["patch", "deployment", "web", "-p", '{"spec":{"progressDeadlineSeconds":5}}']);
    await kubectl.ok(["set", "image", "deployment/web", `echo=${ECHO}:nope`]);
    const pulling = await until("the pull to fail", async () => {
      const rows = rowsOf(await kubectl.ok(["get", "pods", "-l", "app=web"]));
      return rows.some((row) => /ErrImagePull|ImagePullBackOff/.test(row["STATUS"]!)) && rows;
    });
    assert.equal(pulling.filter((row) => row["READY"] === "1/1").length, 2, "both old pods are ready");
    assert.match(await kubectl.fails(["rollout", "status", "deployment/web", "--timeout=40s"]), /exceeded its progress deadline/);
    await kubectl.ok(["rollout", "undo", "deployment/web"]);
    await settled();
    assert.equal(rowsOf(await kubectl.ok(["get", "pods", "-l", "app=web"])).filter((row) => row["READY"] === "1/1").length, 2);
  });

  test("Recreate stops the old before it starts the new", async () => {
    await kubectl.ok(["apply", "-f", "-"], { input: echoDeployment("re", { strategy: { type: "Recreate" } }) });
    await kubectl.ok(["rollout", "status", "deployment/re", "--timeout=60s"]);
    const before = await kubectl.json(["get", "pods", "-l", "app=re"]);
    await kubectl.ok(["set", "image", "deployment/re", `echo=${ECHO}:v2`]);
    await kubectl.ok(["rollout", "status", "deployment/re", "--timeout=60s"]);
    const after = await kubectl.json(["get", "pods", "-l", "app=re"]);
    const name = before.items[0].metadata.name;
    const isOld = (pod: { metadata: { name: string } }): boolean => pod.metadata.name === name;
    // The old pod may still be listed for a moment, but nothing of it runs.
    for (const old of after.items.filter(isOld)) assert.match(old.status.phase, /^(Succeeded|Failed)$/);
    const fresh = after.items.filter((pod: { metadata: { name: string } }) => !isOld(pod));
    assert.deepEqual(fresh.map((pod: { spec: { containers: { image: string }[] } }) => pod.spec.containers[0]!.image), [`${ECHO}:v2`]);
    await kubectl.ok(["wait", "--for=delete", `pod/${name}`, "--timeout=30s"]);
  });
});
