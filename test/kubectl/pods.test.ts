import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { kubectlSuite, rowsOf } from "../support/kubectl.ts";
import { until } from "../support/wait.ts";
import { ECHO, echoDeployment, echoPod } from "../support/workloads.ts";

const { kubectl, skip } = await kubectlSuite("kubectl-pods");

const IMAGE = `${ECHO}:v1`;

describe("kubectl with what may change of a pod that runs", { skip }, () => {
  before(async () => {
    await kubectl.ok(["apply", "-f", "-"], { input: echoPod("web") });
    await kubectl.ok(["wait", "--for=condition=Ready", "pod/web", "--timeout=60s"]);
  });

  test("debug adds an ephemeral container, which runs beside the others", async () => {
    await kubectl.ok(["debug", "pod/web", `--image=${IMAGE}`, "-c", "look", "--", "node", "-e", "console.log('at', process.env.HOSTNAME); setTimeout(() => {}, 1e6)"]);
    await until("the debugger", async () => (await kubectl.ok(["logs", "web", "-c", "look"]).catch(() => "")) === "at web");
    assert.equal(await kubectl.ok(["exec", "web", "-c", "look", "--", "node", "-e", "console.log('in it')"]), "in it");
    assert.match(await kubectl.ok(["describe", "pod", "web"]), /^Ephemeral Containers:\n {2}look:\n(?: {4}.*\n)*? {4}State: +Running$/m);
    assert.equal(await kubectl.ok(["get", "pod", "web", "-o", "jsonpath={.status.containerStatuses[*].restartCount} {.status.conditions[?(@.type=='Ready')].status}"]), "0 True");
  });

  test("debug makes a copy of a pod", async () => {
    await kubectl.ok(["debug", "pod/web", `--image=${IMAGE}`, "--copy-to=web-copy", "--share-processes=false", "-c", "look", "--", "node", "-e", "1"]);
    const { spec } = await kubectl.json(["get", "pod", "web-copy"]);
    assert.deepEqual(spec.containers.map(({ name }: { name: string }) => name), ["echo", "look"]);
    await kubectl.ok(["delete", "pod", "web-copy", "--now"]);
  });

  test("debug says that it can't join the processes of another container", async () => {
    const { stderr } = await kubectl.run(["debug", "pod/web", `--image=${IMAGE}`, "--target=echo", "-c", "joined", "--", "node", "-e", "1"]);
    assert.match(stderr, /Warning: spec\.ephemeralContainers\[1\]\.targetContainerName: not supported by the embedded runtime; ignored/);
    assert.match(await kubectl.fails(["debug", "pod/web", `--image=${IMAGE}`, "--target=nope", "-c", "lost", "--", "node"]), /targetContainerName/);
  });

  test("resize is refused by name", async () => {
    const patch = JSON.stringify({ spec: { containers: [{ name: "echo", resources: { limits: { memory: "256Mi" } } }] } });
    assert.match(await kubectl.fails(["patch", "pod", "web", "--subresource=resize", "-p", patch]), /spec: Forbidden: Pod running on node without support for resize/);
    assert.match(await kubectl.fails(["patch", "pod", "web", "-p", patch]), /pod updates may not change fields other than/);
  });

  test("set image starts its container anew", async () => {
    await kubectl.ok(["set", "image", "pod/web", `echo=${ECHO}:v2`]);
    await until("the new container", async () => (await kubectl.ok(["get", "pod", "web", "-o", "jsonpath={.status.containerStatuses[0].image} {.status.containerStatuses[0].ready}"])) === `${ECHO}:v2 true`);
    assert.equal(rowsOf(await kubectl.ok(["get", "pod", "web"]))[0]!["READY"], "1/1");
  });

  test("a deadline ends it", async () => {
    await kubectl.ok(["apply", "-f", "-"], { input: echoPod("brief", { script: "setTimeout(() => {}, 1e6)", spec: { activeDeadlineSeconds: 1, terminationGracePeriodSeconds: 1 } }) });
    await kubectl.ok(["wait", "--for=jsonpath={.status.phase}=Failed", "pod/brief", "--timeout=30s"]);
    assert.equal(await kubectl.ok(["get", "pod", "brief", "-o", "jsonpath={.status.reason}"]), "DeadlineExceeded");
  });
});

describe("kubectl with kinds around pods", { skip }, () => {
  test("warns of what is doubled and what is old", async () => {
    const pod = echoPod("doubled", { spec: { nodeSelector: { "beta.kubernetes.io/os": "linux" } }, container: { env: [{ name: "A", value: "1" }, { name: "A", value: "2" }] } });
    const { stderr } = await kubectl.run(["apply", "--dry-run=server", "-f", "-"], { input: pod });
    assert.match(stderr, /Warning: spec\.nodeSelector\[beta\.kubernetes\.io\/os\]: deprecated since v1\.14; use "kubernetes\.io\/os" instead/);
    assert.match(stderr, /Warning: spec\.containers\[0\]\.env\[1\]: hides previous definition of "A", which may be dropped when using apply/);
  });

  test("autoscale: stored in one version, read in both", async () => {
    await kubectl.ok(["apply", "-f", "-"], { input: echoDeployment("scaled") });
    await kubectl.ok(["autoscale", "deployment", "scaled", "--min=1", "--max=3", "--cpu-percent=50"]);
    const [row] = rowsOf(await kubectl.ok(["get", "hpa", "scaled"]));
    assert.deepEqual([row!["REFERENCE"], row!["MINPODS"], row!["MAXPODS"]], ["Deployment/scaled", "1", "3"]);
    const v2 = await kubectl.json(["get", "horizontalpodautoscalers.v2.autoscaling", "scaled"]);
    assert.deepEqual(v2.spec.metrics, [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } } }]);
    const v1 = await kubectl.json(["get", "horizontalpodautoscalers.v1.autoscaling", "scaled"]);
    assert.equal(v1.spec.targetCPUUtilizationPercentage, 50);
    assert.match(await kubectl.ok(["describe", "hpa", "scaled"]), /resource cpu on pods +\(as a percentage of request\):/);
    await kubectl.ok(["delete", "hpa/scaled", "deployment/scaled"]);
  });

  test("a ReplicationController scales; a PodTemplate and a RuntimeClass are shown", async () => {
    const template = { metadata: { labels: { app: "old" } }, spec: { terminationGracePeriodSeconds: 1, containers: [{ name: "echo", image: IMAGE }] } };
    await kubectl.ok(["apply", "-f", "-"], {
      input: [
        { apiVersion: "v1", kind: "ReplicationController", metadata: { name: "old" }, spec: { replicas: 1, template } },
        { apiVersion: "v1", kind: "PodTemplate", metadata: { name: "shape" }, template },
        { apiVersion: "node.k8s.io/v1", kind: "RuntimeClass", metadata: { name: "kubectl-pods" }, handler: "runsc" },
      ],
    });
    assert.equal(await kubectl.ok(["scale", "rc/old", "--replicas=2"]), "replicationcontroller/old scaled");
    await until("two pods", async () => rowsOf(await kubectl.ok(["get", "rc", "old"]))[0]!["READY"] === "2");
    const [template1] = rowsOf(await kubectl.ok(["get", "podtemplate", "shape"]));
    assert.deepEqual(template1, { NAME: "shape", CONTAINERS: "echo", IMAGES: IMAGE, "POD LABELS": "app=old" });
    assert.equal(rowsOf(await kubectl.ok(["get", "runtimeclass", "kubectl-pods"]))[0]!["HANDLER"], "runsc");
    await kubectl.ok(["delete", "rc/old", "podtemplate/shape", "runtimeclass/kubectl-pods"]);
  });

  test("the answer to a binding by name alone", async () => {
    const binding = { apiVersion: "v1", kind: "Binding", metadata: { name: "nosuch" }, target: { kind: "Node", name: "tidepool-worker" } };
    assert.match(await kubectl.fails(["create", "-f", "-"], { input: binding }), /pods "nosuch" not found/);
  });

  test("explain knows every field", async () => {
    for (const [path, type] of [
      ["job.spec.successPolicy.rules.succeededIndexes", "string"],
      ["cronjob.spec.jobTemplate.spec.podFailurePolicy.rules", "[]PodFailurePolicyRule"],
      ["ds.spec.updateStrategy.rollingUpdate.maxSurge", "IntOrString"],
      ["hpa.spec.behavior.scaleUp.policies", "[]HPAScalingPolicy"],
      ["pdb.status.disruptedPods", "map[string]string"],
      ["pod.spec.ephemeralContainers.targetContainerName", "string"],
    ] as const) {
      assert.match(await kubectl.ok(["explain", path]), new RegExp(`^FIELD: \\S+ <${type.replaceAll(/[[\]]/g, "\\$&")}>`, "m"), path);
    }
  });
});
