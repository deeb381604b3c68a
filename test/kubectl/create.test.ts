import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { kubectlSuite, temporaryFile } from "../support/kubectl.ts";
import { configMap, echoPod } from "../support/workloads.ts";

const { kubectl, skip } = await kubectlSuite("kubectl-create");

describe("kubectl create, run, expose", { skip }, () => {
  test("a deployment", async () => {
    assert.equal(await kubectl.ok(["create", "deployment", "web", "--image=localhost:5002/test/echo:v1", "--replicas=2", "--port=8080"]), "deployment.apps/web created");
    await kubectl.ok(["rollout", "status", "deployment/web", "--timeout=60s"]);
    const { spec } = await kubectl.json(["get", "deployment", "web"]);
    assert.equal(spec.replicas, 2);
    assert.deepEqual(spec.template.metadata.labels, { app: "web" });
    assert.equal(spec.template.spec.containers[0].ports[0].containerPort, 8080);
  });

  test("a configmap from literals and a file", async () => {
    const file = temporaryFile("app.properties", "mode=fast\n");
    await kubectl.ok(["create", "configmap", "settings", "--from-literal=colour=blue", `--from-file=${file}`]);
    assert.deepEqual((await kubectl.json(["get", "configmap", "settings"])).data, { colour: "blue", "app.properties": "mode=fast\n" });
  });

  test("secrets: generic, with the value in base64", async () => {
    await kubectl.ok(["create", "secret", "generic", "password", "--from-literal=value=s3cret"]);
    const { type, data } = await kubectl.json(["get", "secret", "password"]);
    assert.equal(type, "Opaque");
    assert.deepEqual(data, { value: Buffer.from("s3cret").toString("base64") });
  });

  test("a service account and a namespace, which comes with a default account and the cluster's certificate", async () => {
    await kubectl.ok(["create", "serviceaccount", "robot"]);
    assert.equal(await kubectl.ok(["get", "sa", "robot", "-o", "name"]), "serviceaccount/robot");
    await kubectl.ok(["create", "namespace", "kubectl-create-2"]);
    await kubectl.ok(["wait", "--for=create", "serviceaccount/default", "-n", "kubectl-create-2", "--timeout=20s"]);
    await kubectl.ok(["wait", "--for=create", "configmap/kube-root-ca.crt", "-n", "kubectl-create-2", "--timeout=20s"]);
    await kubectl.ok(["delete", "namespace", "kubectl-create-2", "--timeout=30s"]);
  });

  test("services of each type", async () => {
    await kubectl.ok(["create", "service", "clusterip", "inner", "--tcp=80:8080"]);
    await kubectl.ok(["create", "service", "nodeport", "outer", "--tcp=80:8080"]);
    await kubectl.ok(["create", "service", "clusterip", "headless", "--clusterip=None", "--tcp=80:8080"]);
    const inner = await kubectl.json(["get", "service", "inner"]);
    assert.match(inner.spec.clusterIP, /^10\.(9[6-9]|10\d|11[01])\./);
    const outer = await kubectl.json(["get", "service", "outer"]);
    const { nodePort } = outer.spec.ports[0];
    assert.ok(nodePort >= 30000 && nodePort <= 32767, `node port ${nodePort}`);
    assert.equal((await kubectl.json(["get", "service", "headless"])).spec.clusterIP, "None");
  });

  test("run makes a pod, expose a service for a deployment", async () => {
    await kubectl.ok(["run", "once", "--image=localhost:5002/test/echo:v1", "--restart=Never", "--command", "--", "node", "-e", "console.log('done')"]);
    await kubectl.ok(["wait", "pod/once", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=30s"]);
    assert.equal(await kubectl.ok(["logs", "once"]), "done");
    await kubectl.ok(["expose", "deployment", "web", "--port=80", "--target-port=8080"]);
    assert.deepEqual((await kubectl.json(["get", "service", "web"])).spec.selector, { app: "web" });
  });

  test("run --rm -i gives the program standard input and takes its output", async () => {
    const output = await kubectl.ok(
      ["run", "pipe", "--rm", "-i", "--quiet", "--restart=Never", "--image=localhost:5002/test/echo:v1", "--command", "--", "node", "-e", "process.stdin.on('data', (d) => process.stdout.write(String(d).toUpperCase()))"],
      { input: "hello\n" },
    );
    assert.match(output, /HELLO/);
  });

  test("create -f with generateName", async () => {
    const { metadata, ...pod } = echoPod("x") as { metadata: object };
    const created = await kubectl.ok(["create", "-f", "-", "-o", "name"], { input: { ...pod, metadata: { ...metadata, name: undefined, generateName: "batch-" } } });
    assert.match(created, /^pod\/batch-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  });

  test("what exists already is a conflict, and a bad name is refused", async () => {
    await kubectl.ok(["create", "-f", "-"], { input: configMap("twice", {}) });
    assert.match(await kubectl.fails(["create", "-f", "-"], { input: configMap("twice", {}) }), /Error from server \(AlreadyExists\): .*configmaps "twice" already exists/);
    assert.match(await kubectl.fails(["create", "configmap", "Not_A_Name"]), /metadata\.name: Invalid value: "Not_A_Name": a lowercase RFC 1123 subdomain/);
    assert.match(await kubectl.fails(["create", "-n", "nowhere", "configmap", "x"]), /namespaces "nowhere" not found/);
  });

  test("--dry-run=client -o yaml prints a manifest", async () => {
    assert.match(await kubectl.ok(["create", "deployment", "draft", "--image=x", "--dry-run=client", "-o", "yaml"]), /kind: Deployment/);
  });
});
