/** The documents, and a real kubectl reading them from a server that has nothing else. */
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { definitions } from "../definitions/index.ts";
import { aggregatedDiscovery } from "../discovery.ts";
import { apiVersionOf } from "../resources.ts";
import { openApiV2, openApiV3, openApiV3Index } from "./index.ts";

type Json = Record<string, unknown>;
interface Operation {
  operationId: string;
  parameters?: { name: string; in: string }[];
  "x-kubernetes-action": string;
  "x-kubernetes-group-version-kind": Json;
}

const v3 = (groupVersion: string) => openApiV3(definitions, groupVersion) as { paths: Record<string, Record<string, Operation>>; components: { schemas: Record<string, Json> } };

const groupVersions = [...new Set(definitions.map(apiVersionOf))];

test("every reference leads somewhere", () => {
  for (const [document, prefix, schemas] of [
    [openApiV2(definitions), "#/definitions/", (openApiV2(definitions) as { definitions: object }).definitions] as const,
    ...groupVersions.map((groupVersion) => [v3(groupVersion), "#/components/schemas/", v3(groupVersion).components.schemas] as const),
  ]) {
    for (const [, target] of JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)) {
      assert.ok(target!.startsWith(prefix), target);
      assert.ok(target!.slice(prefix.length) in schemas, target);
    }
  }
});

test("operation ids are unique, and placeholders in paths are parameters", () => {
  const ids = new Set<string>();
  for (const [path, item] of groupVersions.flatMap((groupVersion) => Object.entries(v3(groupVersion).paths))) {
    const { parameters = [], ...operations } = item as unknown as { parameters?: { name: string }[] } & Record<string, Operation>;
    for (const [, name] of path.matchAll(/\{(\w+)\}/g)) assert.ok((parameters as { name: string }[]).some((parameter) => parameter.name === name), path);
    for (const [verb, { operationId }] of Object.entries(operations)) {
      assert.ok(!ids.has(`${operationId} ${verb}`), operationId);
      ids.add(`${operationId} ${verb}`);
    }
  }
});

test("writes say that they validate fields, as kubectl asks before it leaves validation to the server", () => {
  const item = v3("apps/v1").paths["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]!;
  const { patch, put } = item;
  assert.ok(patch!.parameters!.some(({ name }) => name === "fieldValidation"));
  assert.ok(put!.parameters!.some(({ name }) => name === "fieldValidation"));
  assert.equal(patch!["x-kubernetes-action"], "patch");
  assert.deepEqual(patch!["x-kubernetes-group-version-kind"], { group: "apps", version: "v1", kind: "Deployment" });
});

test("fields carry what clients patch by", () => {
  const { schemas } = v3("v1").components;
  const { properties } = schemas["io.k8s.api.core.v1.PodSpec"] as { properties: Record<string, Json> };
  const { description, ...containers } = properties["containers"]!;
  assert.match(description as string, /List of containers belonging to the pod/);
  assert.deepEqual(containers, {
    type: "array",
    items: { $ref: "#/components/schemas/io.k8s.api.core.v1.Container" },
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name"],
    "x-kubernetes-patch-merge-key": "name",
    "x-kubernetes-patch-strategy": "merge",
  });
  assert.deepEqual(schemas["io.k8s.api.core.v1.Pod"]!["x-kubernetes-group-version-kind"], [{ group: "", version: "v1", kind: "Pod" }]);
});

test("every field has a description", () => {
  for (const groupVersion of groupVersions) {
    for (const [name, schema] of Object.entries(v3(groupVersion).components.schemas)) {
      if (name.endsWith("List")) continue;
      for (const [field, property] of Object.entries((schema["properties"] ?? {}) as Record<string, Json>)) assert.ok(property["description"], `${name}.${field}`);
    }
  }
});

test("the index names a document for each group and version", () => {
  const { paths } = openApiV3Index(definitions);
  assert.deepEqual(paths["api/v1"], { serverRelativeURL: "/openapi/v3/api/v1" });
  assert.deepEqual(paths["apis/apps/v1"], { serverRelativeURL: "/openapi/v3/apis/apps/v1" });
});

const kubectlMissing = ((): string | false => {
  try {
    execFileSync("kubectl", ["version", "--client"], { stdio: "ignore" });
    return false;
  } catch {
    return "kubectl is not installed";
  }
})();

describe("kubectl", { skip: kubectlMissing }, () => {
  const home = mkdtempSync(join(tmpdir(), "tidepool-kubectl-"));
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url!, "http://localhost");
    const answer = documentAt(pathname);
    const aggregated = pathname === "/api" || pathname === "/apis";
    response.writeHead(answer ? 200 : 404, { "content-type": aggregated ? "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList" : "application/json" });
    response.end(JSON.stringify(answer ?? {}));
  });

  function documentAt(path: string): object | undefined {
    if (path === "/api" || path === "/apis") return aggregatedDiscovery(definitions, path === "/api" ? "api" : "apis");
    if (path === "/openapi/v3") return openApiV3Index(definitions);
    if (path.startsWith("/openapi/v3/")) return openApiV3(definitions, path.replace(/^\/openapi\/v3\/apis?\//, ""));
    return undefined;
  }

  before(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
  after(() => {
    server.closeAllConnections();
    server.close();
    rmSync(home, { recursive: true });
  });

  async function kubectl(...args: string[]): Promise<string> {
    const { port } = server.address() as AddressInfo;
    const { stdout } = await promisify(execFile)("kubectl", [`--server=http://127.0.0.1:${port}`, `--cache-dir=${home}`, ...args], { env: { ...process.env, HOME: home, KUBECONFIG: "" } });
    return stdout;
  }

  test("explains a field with everything below it", async () => {
    const text = await kubectl("explain", "pods.spec.containers", "--recursive");
    assert.match(text, /FIELD: containers <\[\]Container>/);
    assert.match(text, /^ {2}image\t<string>$/m);
    assert.match(text, /^ {2}name\t<string> -required-$/m);
    assert.match(text, /^ {6}configMapKeyRef\t<ConfigMapKeySelector>$/m);
    assert.match(text, /^ {4}limits\t<map\[string\]Quantity>$/m);
  });

  test("explains enumerations", async () => {
    assert.match(await kubectl("explain", "deployment.spec.strategy.type"), /ENUM:\n {4}Recreate\n {4}RollingUpdate/);
  });

  test("lists the resources", async () => {
    const text = await kubectl("api-resources", "-o", "wide", "--no-headers");
    // Of a kind in several versions, the preferred one.
    assert.equal(text.trim().split("\n").length, new Set(definitions.map(({ group, kind }) => `${group} ${kind}`)).size);
    assert.match(text, /^deployments +deploy +apps\/v1 +true +Deployment +create,delete,deletecollection,get,list,patch,update,watch +all/m);
  });
});
