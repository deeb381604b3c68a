import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { kubectlSuite, temporaryFile } from "../support/kubectl.ts";
import { which } from "../support/which.ts";
import { configMap, echoDeployment, service } from "../support/workloads.ts";

const { kubectl, skip } = await kubectlSuite("kubectl-apply");

describe("kubectl apply", { skip }, () => {
  test("creates, then finds nothing to change, then configures", async () => {
    const first = configMap("a", { colour: "blue", size: "7" });
    assert.equal(await kubectl.ok(["apply", "-f", "-"], { input: first }), "configmap/a created");
    assert.equal(await kubectl.ok(["apply", "-f", "-"], { input: first }), "configmap/a unchanged");
    assert.equal(await kubectl.ok(["apply", "-f", "-"], { input: configMap("a", { colour: "green", size: "7" }) }), "configmap/a configured");
    assert.deepEqual((await kubectl.json(["get", "configmap", "a"])).data, { colour: "green", size: "7" });
  });

  test("removes a field that was applied before, and leaves what others wrote", async () => {
    await kubectl.ok(["apply", "-f", "-"], { input: configMap("b", { mine: "1", gone: "2" }) });
    await kubectl.ok(["patch", "configmap", "b", "--type=merge", "-p", '{"data":{"theirs":"3"}}']);
    await kubectl.ok(["apply", "-f", "-"], { input: configMap("b", { mine: "1" }) });
    assert.deepEqual((await kubectl.json(["get", "configmap", "b"])).data, { mine: "1", theirs: "3" });
  });

  test("merges a list by its key: an environment variable removed, another kept", async () => {
    await kubectl.ok(["apply", "-f", "-"], { input: echoDeployment("web", { env: { A: "1", B: "2" } }) });
    await kubectl.ok(["set", "env", "deployment/web", "C=3"]);
    await kubectl.ok(["apply", "-f", "-"], { input: echoDeployment("web", { env: { A: "1" } }) });
    const { spec } = await kubectl.json(["get", "deployment", "web"]);
    assert.deepEqual(spec.template.spec.containers[0].env, [
      { name: "A", value: "1" },
      { name: "C", value: "3" },
    ]);
  });

  test("keeps a Service's IP and node port over an apply that names neither", async () => {
    await kubectl.ok(["apply", "-f", "-"], { input: service("keeps", { type: "NodePort" }) });
    const before = await kubectl.json(["get", "service", "keeps"]);
    await kubectl.ok(["apply", "-f", "-"], { input: service("keeps", { type: "NodePort", sessionAffinity: "None" }) });
    const after = await kubectl.json(["get", "service", "keeps"]);
    assert.equal(after.spec.clusterIP, before.spec.clusterIP);
    assert.equal(after.spec.ports[0].nodePort, before.spec.ports[0].nodePort);
  });

  test("a file of several documents, in YAML", async () => {
    const file = temporaryFile("all.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: y1}\ndata: {k: 'on'}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: y2}\nstringData: {password: hunter2}\n");
    assert.equal(await kubectl.ok(["apply", "-f", file]), "configmap/y1 created\nsecret/y2 created");
    assert.equal(await kubectl.ok(["get", "secret", "y2", "-o", "jsonpath={.data.password}"]), Buffer.from("hunter2").toString("base64"));
    assert.match(await kubectl.ok(["delete", "-f", file]), /^configmap "y1" deleted.*\nsecret "y2" deleted/);
  });

  test("a List, as get -o yaml prints it", async () => {
    const list = { apiVersion: "v1", kind: "List", items: [configMap("l1", { a: "1" }), configMap("l2", { a: "2" })] };
    assert.equal(await kubectl.ok(["apply", "-f", "-"], { input: list }), "configmap/l1 created\nconfigmap/l2 created");
    const printed = await kubectl.ok(["get", "configmap", "l1", "l2", "-o", "yaml"]);
    assert.match(await kubectl.ok(["apply", "-f", "-"], { input: printed }), /^configmap\/l1 (configured|unchanged)\nconfigmap\/l2 (configured|unchanged)$/);
  });

  test("--dry-run=server validates and defaults, and stores nothing", async () => {
    const dry = await kubectl.json(["apply", "--dry-run=server", "-f", "-"], { input: echoDeployment("dry") });
    assert.equal(dry.spec.strategy.type, "RollingUpdate");
    assert.match(await kubectl.fails(["get", "deployment", "dry"]), /not found/);
    assert.match(await kubectl.fails(["apply", "--dry-run=server", "-f", "-"], { input: echoDeployment("dry", { replicas: -1 }) }), /spec\.replicas: Invalid value: -1: must be greater than or equal to 0/);
  });

  test("diff shows what an apply would change", { skip: which("diff") ? false : "there is no diff program" }, async () => {
    await kubectl.ok(["apply", "-f", "-"], { input: configMap("d", { colour: "blue" }) });
    const { code, stdout } = await kubectl.run(["diff", "-f", "-"], { input: configMap("d", { colour: "red" }) });
    assert.equal(code, 1, "a difference is exit code 1");
    assert.match(stdout, /^-  colour: blue$/m);
    assert.match(stdout, /^\+  colour: red$/m);
    assert.equal((await kubectl.run(["diff", "-f", "-"], { input: configMap("d", { colour: "blue" }) })).code, 0);
  });

  test("a field that does not exist is refused by name", async () => {
    const wrong = { ...(echoDeployment("wrong") as { spec: object }), spec: { replicaz: 3 } };
    assert.match(await kubectl.fails(["apply", "-f", "-"], { input: wrong }), /unknown field "spec\.replicaz"|replicaz/);
  });
});
