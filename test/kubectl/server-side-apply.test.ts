import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { kubectlSuite, temporaryFile } from "../support/kubectl.ts";
import { which } from "../support/which.ts";
import { configMap, echoDeployment } from "../support/workloads.ts";

const { kubectl, skip } = await kubectlSuite("kubectl-server-side-apply");

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

const apply = (input: object, ...more: string[]): Promise<string> => kubectl.ok(["apply", "--server-side", ...more, "-f", "-"], { input });
const data = async (name: string): Promise<Record<string, string>> => (await kubectl.json(["get", "configmap", name])).data;

interface Owner {
  manager: string;
  operation: string;
  subresource?: string;
  fieldsV1: Record<string, Record<string, object>>;
}

const ownersOf = async (resource: string): Promise<Owner[]> => (await kubectl.json(["get", resource, "--show-managed-fields"])).metadata.managedFields;
const namesOf = async (resource: string): Promise<string[]> =>
  (await ownersOf(resource)).map(({ manager, operation, subresource }) => [manager, operation, subresource].filter(Boolean).join(" "));

describe("kubectl apply --server-side", { skip }, () => {
  test("creates, finds nothing to change, changes, and removes what isn't applied any more", async () => {
    assert.equal(await apply(configMap("a", { colour: "blue", size: "7" })), "configmap/a serverside-applied");
    const { resourceVersion } = (await kubectl.json(["get", "configmap", "a"])).metadata;
    assert.equal(await apply(configMap("a", { colour: "blue", size: "7" })), "configmap/a serverside-applied");
    assert.equal((await kubectl.json(["get", "configmap", "a"])).metadata.resourceVersion, resourceVersion);
    await apply(configMap("a", { colour: "green" }));
    assert.deepEqual(await data("a"), { colour: "green" });
    assert.deepEqual(await namesOf("configmap/a"), ["kubectl Apply"]);
  });

  test("get hides the managed fields unless it is to show them", async () => {
    await apply(configMap("hidden", { a: "1" }));
    assert.equal((await kubectl.json(["get", "configmap", "hidden"])).metadata.managedFields, undefined);
    const [{ manager, operation, fieldsV1 } = {} as Owner] = await ownersOf("configmap/hidden");
    assert.deepEqual({ manager, operation, fieldsV1 }, { manager: "kubectl", operation: "Apply", fieldsV1: { "f:data": { "f:a": {} } } });
    assert.match(await kubectl.ok(["get", "configmap", "hidden", "--show-managed-fields", "-o", "yaml"]), /^ {2}managedFields:\n {2}- apiVersion: v1\n {4}fieldsType: FieldsV1\n {4}fieldsV1:\n {6}f:data:\n {8}f:a: \{\}\n {4}manager: kubectl\n {4}operation: Apply\n/m);
  });

  test("two managers share an object; each removes its own", async () => {
    await apply(configMap("shared", { mine: "1", ours: "1" }), "--field-manager=one");
    await apply(configMap("shared", { theirs: "1", ours: "1" }), "--field-manager=two");
    assert.deepEqual(await data("shared"), { mine: "1", ours: "1", theirs: "1" });
    await apply(configMap("shared", {}), "--field-manager=one");
    assert.deepEqual(await data("shared"), { ours: "1", theirs: "1" });
  });

  test("a conflict names the manager and the field, and --force-conflicts takes it", async () => {
    await apply(configMap("contested", { colour: "blue", size: "7" }), "--field-manager=one");
    const refusal = await kubectl.fails(["apply", "--server-side", "--field-manager=two", "-f", "-"], { input: configMap("contested", { colour: "red", size: "8" }) });
    assert.match(refusal, /^error: Apply failed with 2 conflicts: conflicts with "one":\n- \.data\.colour\n- \.data\.size\nPlease review the fields above--they currently have other managers/);
    assert.deepEqual(await data("contested"), { colour: "blue", size: "7" });
    await apply(configMap("contested", { colour: "red" }), "--field-manager=two", "--force-conflicts");
    assert.deepEqual(await data("contested"), { colour: "red", size: "7" });
    const refusedBack = await kubectl.fails(["apply", "--server-side", "--field-manager=one", "-f", "-"], { input: configMap("contested", { colour: "blue" }) });
    assert.match(refusedBack, /conflict with "two": \.data\.colour/);
  });

  test("what kubectl set, scaled and labelled has owners of its own", async () => {
    await apply(echoDeployment("web", { env: { A: "1" } }));
    await kubectl.ok(["scale", "deployment", "web", "--replicas=0"]);
    await kubectl.ok(["label", "deployment", "web", "tier=front"]);
    const owners = (await namesOf("deployment/web")).filter((name) => name.startsWith("kubectl"));
    assert.deepEqual(owners, ["kubectl Apply", "kubectl Update scale", "kubectl-label Update"]);
    const refusal = await kubectl.fails(["apply", "--server-side", "-f", "-"], { input: echoDeployment("web", { env: { A: "1" }, replicas: 1 }) });
    assert.match(refusal, /conflict with "kubectl" with subresource "scale" using apps\/v1: \.spec\.replicas/);
    await apply(echoDeployment("web", { env: { B: "2" }, replicas: 0 }));
    const { spec, metadata } = await kubectl.json(["get", "deployment", "web"]);
    assert.deepEqual(spec.template.spec.containers[0].env, [{ name: "B", value: "2" }]);
    assert.deepEqual([spec.replicas, metadata.labels.tier], [0, "front"]);
  });

  test("takes over what was applied from the client's side", async () => {
    await kubectl.ok(["apply", "-f", "-"], { input: configMap("upgraded", { colour: "blue", size: "7" }) });
    assert.deepEqual(await namesOf("configmap/upgraded"), ["kubectl-client-side-apply Update"]);
    await apply(configMap("upgraded", { colour: "green" }));
    assert.deepEqual(await data("upgraded"), { colour: "green" });
    // The annotation for who goes back has a manager of its own.
    assert.deepEqual((await namesOf("configmap/upgraded")).sort(), ["kubectl Apply", "kubectl-last-applied Apply"]);
    const { annotations } = (await kubectl.json(["get", "configmap", "upgraded"])).metadata;
    assert.deepEqual(JSON.parse(annotations[LAST_APPLIED]).data, { colour: "green" });
  });

  test("and client-side apply goes on where the server's side left off", async () => {
    await kubectl.ok(["apply", "-f", "-"], { input: configMap("back", { colour: "blue" }) });
    await apply(configMap("back", { colour: "green", size: "7" }));
    await kubectl.ok(["apply", "-f", "-"], { input: configMap("back", { colour: "red" }) });
    assert.deepEqual(await data("back"), { colour: "red" });
  });

  test("edit-last-applied edits what was applied, and applies it not", async () => {
    await kubectl.ok(["apply", "-f", "-"], { input: configMap("edited", { colour: "blue" }) });
    const editor = temporaryFile("editor.sh", '#!/bin/sh\nsed -i.bak s/blue/green/ "$1"\n', 0o700);
    assert.equal(await kubectl.ok(["apply", "edit-last-applied", "configmap/edited"], { env: { KUBE_EDITOR: editor } }), "configmap/edited edited");
    assert.deepEqual(await data("edited"), { colour: "blue" });
    const last = JSON.parse(await kubectl.ok(["apply", "view-last-applied", "configmap/edited", "-o", "json"]));
    assert.deepEqual(last.data, { colour: "green" });
  });

  test("--dry-run=server stores nothing, and diff shows what it would", { skip: which("diff") ? false : "there is no diff program" }, async () => {
    const dry = await kubectl.json(["apply", "--server-side", "--dry-run=server", "-f", "-"], { input: configMap("dry", { a: "1" }) });
    assert.deepEqual(dry.data, { a: "1" });
    assert.match(await kubectl.fails(["get", "configmap", "dry"]), /not found/);
    await apply(configMap("dry", { a: "1" }));
    const { code, stdout } = await kubectl.run(["diff", "--server-side", "-f", "-"], { input: configMap("dry", { a: "2" }) });
    assert.equal(code, 1, "a difference is exit code 1");
    assert.match(stdout, /^-  a: "1"\n\+  a: "2"$/m);
    assert.deepEqual(await data("dry"), { a: "1" });
  });

  test("refuses fields that don't exist, by name", async () => {
    assert.match(await kubectl.fails(["apply", "--server-side", "-f", "-"], { input: { ...configMap("wrong", {}), colour: "red" } }), /unknown field "colour"|\.colour: field not declared in schema/);
  });

  test("changes a status by --subresource", async () => {
    await apply(echoDeployment("paused", { replicas: 0 }));
    const status = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "paused" }, status: { conditions: [{ type: "example.com/Checked", status: "True" }] } };
    await kubectl.ok(["apply", "--server-side", "--subresource=status", "--field-manager=checker", "-f", "-"], { input: status });
    assert.ok((await namesOf("deployment/paused")).includes("checker Apply status"));
    const { conditions } = (await kubectl.json(["get", "deployment", "paused"])).status;
    assert.equal(conditions.find(({ type }: { type: string }) => type === "example.com/Checked").status, "True");
  });
});
