import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { kubectlSuite } from "../support/kubectl.ts";
import { until } from "../support/wait.ts";
import { configMap, echoDeployment, echoPod } from "../support/workloads.ts";

const { kubectl, skip } = await kubectlSuite("kubectl-delete");

const IGNORES_SIGTERM = "process.on('SIGTERM', () => console.log('no')); setInterval(() => {}, 1000)";

describe("kubectl delete", { skip }, () => {
  test("waits until the object is gone", async () => {
    await kubectl.ok(["apply", "-f", "-"], { input: echoPod("web") });
    await kubectl.ok(["wait", "pod/web", "--for=condition=Ready", "--timeout=30s"]);
    assert.match(await kubectl.ok(["delete", "pod", "web"]), /^pod "web" deleted/);
    assert.match(await kubectl.fails(["get", "pod", "web"]), /not found/);
  });

  test("--wait=false returns at once and leaves the pod terminating for its grace period", async () => {
    await kubectl.ok(["apply", "-f", "-"], { input: echoPod("stubborn", { script: IGNORES_SIGTERM, spec: { terminationGracePeriodSeconds: 3 } }) });
    await kubectl.ok(["wait", "pod/stubborn", "--for=condition=Ready", "--timeout=30s"]);
    await kubectl.ok(["delete", "pod", "stubborn", "--wait=false"]);
    assert.match(await kubectl.ok(["get", "pod", "stubborn"]), /Terminating/);
    await kubectl.ok(["wait", "pod/stubborn", "--for=delete", "--timeout=15s"]);
  });

  test("--grace-period=1 shortens it; --force takes the object away at once", async () => {
    const pod = (name: string): object => echoPod(name, { script: IGNORES_SIGTERM, spec: { terminationGracePeriodSeconds: 300 } });
    await kubectl.ok(["apply", "-f", "-"], { input: [pod("one"), pod("two")] });
    await kubectl.ok(["wait", "pod/one", "pod/two", "--for=condition=Ready", "--timeout=30s"]);
    await kubectl.ok(["delete", "pod", "one", "--grace-period=1", "--timeout=15s"]);
    await kubectl.ok(["delete", "pod", "two", "--grace-period=0", "--force", "--timeout=15s"]);
    assert.equal(await kubectl.ok(["get", "pods", "--ignore-not-found", "one", "two"]), "");
  });

  test("the default cascade takes dependants in the background", async () => {
    await kubectl.ok(["apply", "-f", "-"], { input: echoDeployment("tree", { replicas: 2 }) });
    await kubectl.ok(["rollout", "status", "deployment/tree", "--timeout=60s"]);
    await kubectl.ok(["delete", "deployment", "tree"]);
    await until("ReplicaSets and pods to go", async () => (await kubectl.ok(["get", "rs,pods", "-l", "app=tree", "-o", "name"])) === "");
  });

  test("--cascade=foreground deletes the owner last", async () => {
    await kubectl.ok(["apply", "-f", "-"], { input: echoDeployment("front", { replicas: 2 }) });
    await kubectl.ok(["rollout", "status", "deployment/front", "--timeout=60s"]);
    await kubectl.ok(["delete", "deployment", "front", "--cascade=foreground", "--timeout=60s"]);
    assert.equal(await kubectl.ok(["get", "rs,pods", "-l", "app=front", "-o", "name"]), "", "when the owner is gone, so are its dependants");
  });

  test("--cascade=orphan leaves the dependants, without an owner", async () => {
    await kubectl.ok(["apply", "-f", "-"], { input: echoDeployment("lone") });
    await kubectl.ok(["rollout", "status", "deployment/lone", "--timeout=60s"]);
    await kubectl.ok(["delete", "deployment", "lone", "--cascade=orphan"]);
    const { items } = await kubectl.json(["get", "rs", "-l", "app=lone"]);
    assert.equal(items.length, 1);
    assert.deepEqual(items[0].metadata.ownerReferences ?? [], []);
    assert.equal((await kubectl.json(["get", "pods", "-l", "app=lone"])).items.length, 1);
    await kubectl.ok(["delete", "rs", "-l", "app=lone"]);
  });

  test("by label, --all, and several at once", async () => {
    const labelled = (name: string): object => ({ ...configMap(name, {}), metadata: { name, labels: { group: "g" } } });
    await kubectl.ok(["apply", "-f", "-"], { input: [labelled("x"), labelled("y"), configMap("z", {}), configMap("zz", {})] });
    await kubectl.ok(["delete", "configmap", "-l", "group=g"]);
    await kubectl.ok(["delete", "configmap/z", "configmap/zz"]);
    assert.doesNotMatch(await kubectl.ok(["get", "configmap", "-o", "name"]), /configmap\/[xyz]/);
  });

  test("a finalizer holds the object until it is taken off", async () => {
    await kubectl.ok(["apply", "-f", "-"], { input: { ...configMap("held", {}), metadata: { name: "held", finalizers: ["example.com/hold"] } } });
    await kubectl.ok(["delete", "configmap", "held", "--wait=false"]);
    assert.ok((await kubectl.json(["get", "configmap", "held"])).metadata.deletionTimestamp);
    await kubectl.ok(["patch", "configmap", "held", "--type=merge", "-p", '{"metadata":{"finalizers":null}}']);
    await kubectl.ok(["wait", "configmap/held", "--for=delete", "--timeout=5s"]);
  });

  test("a namespace takes everything in it along", async () => {
    await kubectl.ok(["create", "namespace", "kubectl-doomed"]);
    await kubectl.ok(["apply", "-n", "kubectl-doomed", "-f", "-"], { input: [echoDeployment("web"), configMap("c", {})] });
    await kubectl.ok(["delete", "namespace", "kubectl-doomed", "--timeout=60s"]);
    assert.match(await kubectl.ok(["get", "pods,configmaps,deployments", "-n", "kubectl-doomed", "-o", "name"]), /^$/);
  });

  test("what is not there is said; --ignore-not-found does not mind", async () => {
    assert.match(await kubectl.fails(["delete", "pod", "nobody"]), /pods "nobody" not found/);
    await kubectl.ok(["delete", "pod", "nobody", "--ignore-not-found"]);
  });
});
