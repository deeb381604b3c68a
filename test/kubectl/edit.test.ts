import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { kubectlSuite, temporaryFile } from "../support/kubectl.ts";
import { configMap, echoDeployment } from "../support/workloads.ts";

const { kubectl, skip } = await kubectlSuite("kubectl-edit");

describe("kubectl edit, patch, label, annotate, replace, set", { skip }, () => {
  before(() => kubectl.ok(["apply", "-f", "-"], { input: [configMap("settings", { colour: "blue" }), echoDeployment("web", { env: { A: "1" } })] }));
  const data = async (): Promise<Record<string, string>> => (await kubectl.json(["get", "configmap", "settings"])).data;

  test("edit saves what the editor wrote", async () => {
    const editor = temporaryFile("editor.sh", '#!/bin/sh\nsed -i.bak s/blue/green/ "$1"\n', 0o700);
    assert.equal(await kubectl.ok(["edit", "configmap", "settings"], { env: { KUBE_EDITOR: editor } }), "configmap/settings edited");
    assert.deepEqual(await data(), { colour: "green" });
  });

  test("edit without a change says so", async () => {
    assert.match((await kubectl.run(["edit", "configmap", "settings"], { env: { KUBE_EDITOR: "true" } })).stderr, /Edit cancelled, no changes made/);
  });

  test("patch: merge sets and, with null, removes", async () => {
    await kubectl.ok(["patch", "configmap", "settings", "--type=merge", "-p", '{"data":{"a":"1","b":"2"}}']);
    await kubectl.ok(["patch", "configmap", "settings", "--type=merge", "-p", '{"data":{"a":null}}']);
    assert.deepEqual(await data(), { colour: "green", b: "2" });
  });

  test("patch: JSON patch tests, adds, removes; a failed test changes nothing", async () => {
    const patch = (operations: object[]): string[] => ["patch", "configmap", "settings", "--type=json", "-p", JSON.stringify(operations)];
    await kubectl.ok(patch([{ op: "test", path: "/data/b", value: "2" }, { op: "remove", path: "/data/b" }, { op: "add", path: "/metadata/annotations", value: {} }, { op: "add", path: "/metadata/annotations/example.com~1note", value: "3" }]));
    assert.deepEqual(await data(), { colour: "green" });
    assert.deepEqual((await kubectl.json(["get", "configmap", "settings"])).metadata.annotations, { "example.com/note": "3" });
    await kubectl.fails(patch([{ op: "test", path: "/data/colour", value: "red" }, { op: "remove", path: "/data/colour" }]));
    assert.deepEqual(await data(), { colour: "green" });
  });

  test("patch: strategic merge finds a container by its name", async () => {
    await kubectl.ok(["patch", "deployment", "web", "-p", JSON.stringify({ spec: { template: { spec: { containers: [{ name: "echo", env: [{ name: "B", value: "2" }] }] } } } })]);
    const [container] = (await kubectl.json(["get", "deployment", "web"])).spec.template.spec.containers;
    assert.equal(container.image, "localhost:5002/test/echo:v1");
    assert.deepEqual(new Set(container.env.map((e: { name: string }) => e.name)), new Set(["A", "B"]));
    await kubectl.ok(["patch", "deployment", "web", "-p", JSON.stringify({ spec: { template: { spec: { containers: [{ name: "echo", env: [{ name: "A", $patch: "delete" }] }] } } } })]);
    assert.deepEqual((await kubectl.json(["get", "deployment", "web"])).spec.template.spec.containers[0].env, [{ name: "B", value: "2" }]);
  });

  test("patch without a change says so; --subresource=scale", async () => {
    assert.match(await kubectl.ok(["patch", "configmap", "settings", "--type=merge", "-p", '{"data":{"colour":"green"}}']), /patched \(no change\)/);
    await kubectl.ok(["patch", "deployment", "web", "--subresource=scale", "--type=merge", "-p", '{"spec":{"replicas":0}}']);
    assert.equal((await kubectl.json(["get", "deployment", "web"])).spec.replicas, 0);
  });

  test("label adds, refuses to overwrite, overwrites when told, removes", async () => {
    assert.equal(await kubectl.ok(["label", "configmap", "settings", "tier=front"]), "configmap/settings labeled");
    assert.match(await kubectl.fails(["label", "configmap", "settings", "tier=back"]), /already has a value/);
    await kubectl.ok(["label", "configmap", "settings", "tier=back", "--overwrite"]);
    assert.equal(await kubectl.ok(["get", "configmap", "-l", "tier=back", "-o", "name"]), "configmap/settings");
    assert.equal(await kubectl.ok(["label", "configmap", "settings", "tier-"]), "configmap/settings unlabeled");
    assert.match(await kubectl.fails(["label", "configmap", "settings", "tier=not a label"]), /[Ii]nvalid/);
  });

  test("annotate adds and removes", async () => {
    await kubectl.ok(["annotate", "configmap", "settings", "note=for the reader"]);
    assert.equal((await kubectl.json(["get", "configmap", "settings"])).metadata.annotations.note, "for the reader");
    await kubectl.ok(["annotate", "configmap", "settings", "note-"]);
    assert.equal((await kubectl.json(["get", "configmap", "settings"])).metadata.annotations?.note, undefined);
  });

  test("replace writes the whole object; an old resourceVersion is a conflict", async () => {
    const old = await kubectl.json(["get", "configmap", "settings"]);
    assert.equal(await kubectl.ok(["replace", "-f", "-"], { input: { ...old, data: { only: "this" } } }), "configmap/settings replaced");
    assert.deepEqual(await data(), { only: "this" });
    assert.match(await kubectl.fails(["replace", "-f", "-"], { input: { ...old, data: { late: "1" } } }), /Error from server \(Conflict\): .*the object has been modified/);
    await kubectl.ok(["replace", "--force", "-f", "-"], { input: configMap("settings", { again: "1" }) });
    assert.deepEqual(await data(), { again: "1" });
  });

  test("set image, env, resources, serviceaccount", async () => {
    await kubectl.ok(["set", "image", "deployment/web", "echo=localhost:5002/test/echo:v2"]);
    await kubectl.ok(["set", "env", "deployment/web", "B-", "D=4"]);
    await kubectl.ok(["set", "resources", "deployment/web", "--limits=memory=256Mi", "--requests=cpu=10m"]);
    await kubectl.ok(["set", "serviceaccount", "deployment/web", "default"]);
    const { spec } = (await kubectl.json(["get", "deployment", "web"])).spec.template;
    assert.equal(spec.containers[0].image, "localhost:5002/test/echo:v2");
    assert.deepEqual(spec.containers[0].env, [{ name: "D", value: "4" }]);
    assert.deepEqual(spec.containers[0].resources, { limits: { memory: "256Mi" }, requests: { cpu: "10m" } });
    assert.equal(spec.serviceAccountName, "default");
  });

  test("an immutable field can't be changed", async () => {
    assert.match(
      await kubectl.fails(["patch", "deployment", "web", "--type=merge", "-p", '{"spec":{"selector":{"matchLabels":{"app":"other"}}}}']),
      /spec\.selector: Invalid value: .*field is immutable/,
    );
  });
});
