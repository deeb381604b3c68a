import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseAllDocuments } from "yaml";
import type { KubeObject, Pod } from "#api/types.ts";
import { configMaps, namespaces, secrets } from "#api/resources.ts";
import { Client } from "#client/client.ts";
import { deployShop, isStuck, podTrouble, readKustomization } from "./shop.ts";
import { repositoryRoot } from "./version.ts";

const BASE = join(repositoryRoot, "kustomize/shop/base");

function kubectlKustomize(directory: string): KubeObject[] | undefined {
  try {
    return parseAllDocuments(execFileSync("kubectl", ["kustomize", directory], { encoding: "utf8" })).map((document) => document.toJS() as KubeObject);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

test("the shop's objects are those that kubectl kustomize prints", (context) => {
  const expected = kubectlKustomize(BASE);
  if (!expected) return context.skip("kubectl is not on the PATH");
  const byName = (objects: KubeObject[]): KubeObject[] => objects.sort((a, b) => `${a.kind}/${a.metadata.name}`.localeCompare(`${b.kind}/${b.metadata.name}`));
  assert.deepEqual(byName(readKustomization(BASE)), byName(expected));
});

test("a kustomization with more than is understood is refused by name", () => {
  const directory = mkdtempSync(join(tmpdir(), "tidepool-kustomization-"));
  try {
    writeFileSync(join(directory, "kustomization.yaml"), "kind: Kustomization\nresources: []\nnamePrefix: x-\nlabels:\n- pairs: {a: b}\n  includeSelectors: true\n");
    assert.throws(() => readKustomization(directory), /namePrefix, labels\.includeSelectors can't be used here/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("objects that exist already are left as they are, and a finished deployment is not done again", async () => {
  const created: string[] = [];
  let deployed = false;
  const client = new Client(({ method, body }) => {
    const answer = (status: number, value: object) => Promise.resolve({ status, headers: {}, body: JSON.stringify(value) });
    if (method === "GET") return deployed ? answer(200, { metadata: { annotations: { "tidepool.dev/deployed": "true" } } }) : answer(404, { reason: "NotFound", code: 404 });
    if (method === "PATCH") {
      deployed = true;
      return answer(200, {});
    }
    const { kind, metadata } = JSON.parse(body as string) as KubeObject;
    created.push(`${kind}/${metadata.name}`);
    return kind === "ConfigMap" ? answer(409, { reason: "AlreadyExists", code: 409 }) : answer(201, {});
  });
  const objects = [
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings", namespace: "shop" } },
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } },
  ];
  const resources = [configMaps, namespaces, secrets];
  await deployShop(client, resources, objects, { cert: "C", key: "K" });
  assert.deepEqual(created, ["Namespace/shop", "ConfigMap/settings", "Secret/api-gateway-tls"]);
  await deployShop(client, resources, objects, { cert: "C", key: "K" });
  assert.equal(created.length, 3);
  await assert.rejects(deployShop(new Client(() => Promise.resolve({ status: 404, headers: {}, body: "{}" })), [namespaces], [{ apiVersion: "batch/v1", kind: "Job", metadata: { name: "j" } }], { cert: "", key: "" }), /batch\/v1 Job j, which this API server doesn't serve/);
});

test("a pod that waiting alone won't bring up is told of while one waits", () => {
  const waiting = (reason: string): Pod => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "postgres-0" },
    spec: { containers: [] },
    status: { phase: "Pending", containerStatuses: [{ name: "postgres", image: "", imageID: "", ready: false, restartCount: 0, state: { waiting: { reason, message: "back-off 10s" } } }] },
  });
  for (const reason of ["CrashLoopBackOff", "ImagePullBackOff", "CreateContainerConfigError"]) assert.equal(isStuck(waiting(reason)), true, reason);
  for (const reason of ["ContainerCreating", "PodInitializing"]) assert.equal(isStuck(waiting(reason)), false, reason);
  assert.equal(podTrouble(waiting("CrashLoopBackOff")), "postgres-0: container postgres is waiting: CrashLoopBackOff: back-off 10s");
});
