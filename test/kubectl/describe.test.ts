import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { kubectlSuite } from "../support/kubectl.ts";
import { until } from "../support/wait.ts";
import { configMap, echoDeployment, service } from "../support/workloads.ts";

const { kubectl, skip } = await kubectlSuite("kubectl-describe");

describe("kubectl describe", { skip }, () => {
  before(async () => {
    await kubectl.ok(["apply", "-f", "-"], { input: [echoDeployment("web", { env: { GREETING: "hello" } }), service("web"), configMap("settings", { colour: "blue" })] });
    await kubectl.ok(["rollout", "status", "deployment/web", "--timeout=60s"]);
  });

  test("a pod: node, IP, containers, conditions, events", async () => {
    const text = await until("the events", async () => {
      const printed = await kubectl.ok(["describe", "pod", "-l", "app=web"]);
      return printed.includes("Started") && printed;
    });
    assert.match(text, /^Name: +web-/);
    assert.match(text, /^Namespace: +kubectl-describe$/m);
    assert.match(text, /^Node: +tidepool-worker2?\/172\.30\.0\.[34]$/m);
    assert.match(text, /^Status: +Running$/m);
    assert.match(text, /^IP: +10\.244\./m);
    assert.match(text, /^Controlled By: +ReplicaSet\/web-/m);
    assert.match(text, /^ +Image: +localhost:5002\/test\/echo:v1$/m);
    assert.match(text, /^ +Image ID: +\S+@?sha256:[0-9a-f]{64}$/m);
    assert.match(text, /^ +Container ID: +\S+:\/\/\S+$/m);
    assert.match(text, /^ +Readiness: +http-get http:\/\/:8080\/readyz/m);
    assert.match(text, /^ +GREETING: +hello$/m);
    assert.match(text, /^ +Ready +True/m);
    for (const reason of ["Scheduled", "Pulled", "Created", "Started"]) assert.match(text, new RegExp(`^ +Normal +${reason} `, "m"));
  });

  test("a deployment: replicas, strategy, old and new ReplicaSets, events", async () => {
    const text = await kubectl.ok(["describe", "deployment", "web"]);
    assert.match(text, /^Replicas: +1 desired \| 1 updated \| 1 total \| 1 available \| 0 unavailable$/m);
    assert.match(text, /^StrategyType: +RollingUpdate$/m);
    assert.match(text, /^RollingUpdateStrategy: +25% max unavailable, 25% max surge$/m);
    assert.match(text, /^NewReplicaSet: +web-\w+ \(1\/1 replicas created\)$/m);
    assert.match(text, /ScalingReplicaSet .* Scaled up replica set web-\w+ (from 0 )?to 1/);
  });

  test("a service: IPs, ports, endpoints", async () => {
    const text = await kubectl.ok(["describe", "service", "web"]);
    assert.match(text, /^Selector: +app=web$/m);
    assert.match(text, /^Type: +ClusterIP$/m);
    assert.match(text, /^IP: +10\.\d+\.\d+\.\d+$/m);
    assert.match(text, /^Port: +http +80\/TCP$/m);
    assert.match(text, /^TargetPort: +8080\/TCP$/m);
    assert.match(text, /^Endpoints: +10\.244\.\d+\.\d+:8080$/m);
  });

  test("a node: taints, conditions, capacity, pods", async () => {
    const text = await kubectl.ok(["describe", "node", "tidepool-control-plane"]);
    assert.match(text, /^Roles: +control-plane$/m);
    assert.match(text, /^Taints: +node-role\.kubernetes\.io\/control-plane:NoSchedule$/m);
    assert.match(text, /^ +Ready +True/m);
    assert.match(text, /^ +InternalIP: +172\.30\.0\.2$/m);
    assert.match(text, /^Capacity:\n(?: .*\n)* +cpu: +\d+/m);
    assert.match(text, /^PodCIDR: +10\.244\.0\.0\/24$/m);
    assert.match(text, /^Non-terminated Pods: /m);
  });

  for (const [kind, name] of [["configmap", "settings"], ["replicaset", ""], ["namespace", "kubectl-describe"], ["serviceaccount", "default"], ["endpointslice", ""]] as const) {
    test(`a ${kind}`, async () => {
      assert.match(await kubectl.ok(["describe", kind, ...(name === "" ? [] : [name])]), /^Name: /);
    });
  }

  test("what is not there is said", async () => {
    assert.match(await kubectl.fails(["describe", "pod", "nobody"]), /pods "nobody" not found/);
  });
});
