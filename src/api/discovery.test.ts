import assert from "node:assert/strict";
import { test } from "node:test";
import { definitions } from "./definitions/index.ts";
import { aggregatedDiscovery, apiGroup, apiGroupList, apiResourceList, apiVersions } from "./discovery.ts";

interface ResourceList {
  groupVersion: string;
  resources: { name: string; singularName: string; kind: string; namespaced: boolean; verbs: string[]; shortNames?: string[]; group?: string; version?: string }[];
}

test("the core API says its versions and address", () => {
  assert.deepEqual(apiVersions("127.0.0.1:6443"), {
    kind: "APIVersions",
    versions: ["v1"],
    serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: "127.0.0.1:6443" }],
  });
});

test("groups are listed once, without core", () => {
  const { groups } = apiGroupList(definitions) as { groups: { name: string }[] };
  const names = groups.map(({ name }) => name);
  assert.deepEqual(names.filter((name) => ["", "apps", "storage.k8s.io"].includes(name)), ["apps", "storage.k8s.io"]);
  assert.equal(new Set(names).size, names.length);
  assert.deepEqual(apiGroup(definitions, "apps"), {
    kind: "APIGroup",
    apiVersion: "v1",
    name: "apps",
    versions: [{ groupVersion: "apps/v1", version: "v1" }],
    preferredVersion: { groupVersion: "apps/v1", version: "v1" },
  });
  assert.equal(apiGroup(definitions, "nothing"), undefined);
});

test("resources are listed with their subresources", () => {
  const { resources } = apiResourceList(definitions, "v1") as ResourceList;
  const named = (name: string): object | undefined => resources.find((resource) => resource.name === name);
  assert.deepEqual(named("pods"), {
    name: "pods",
    singularName: "pod",
    namespaced: true,
    kind: "Pod",
    verbs: ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
    shortNames: ["po"],
    categories: ["all"],
  });
  assert.deepEqual(named("pods/eviction"), { name: "pods/eviction", singularName: "", namespaced: true, group: "policy", version: "v1", kind: "Eviction", verbs: ["create"] });
  assert.deepEqual(named("pods/exec"), { name: "pods/exec", singularName: "", namespaced: true, kind: "PodExecOptions", verbs: ["create", "get"] });
  assert.deepEqual(named("namespaces/finalize"), { name: "namespaces/finalize", singularName: "", namespaced: false, kind: "Namespace", verbs: ["update"] });
  assert.equal(apiResourceList(definitions, "nothing/v1"), undefined);
});

test("scale belongs to autoscaling wherever it is", () => {
  const { resources } = apiResourceList(definitions, "apps/v1") as ResourceList;
  assert.deepEqual(resources.filter(({ kind }) => kind === "Scale").map(({ name, group, version }) => `${name} ${group}/${version}`), [
    "deployments/scale autoscaling/v1",
    "replicasets/scale autoscaling/v1",
    "statefulsets/scale autoscaling/v1",
  ]);
});

test("aggregated discovery says the same at once", () => {
  for (const [root, version] of [["api", "v2"], ["apis", "v2beta1"]] as const) {
    const { apiVersion, items } = aggregatedDiscovery(definitions, root, version) as {
      apiVersion: string;
      items: { metadata: { name: string }; versions: { version: string; resources: { resource: string; verbs: string[]; subresources?: { subresource: string }[] }[] }[] }[];
    };
    assert.equal(apiVersion, `apidiscovery.k8s.io/${version}`);
    for (const { metadata: { name: group }, versions } of items) {
      for (const served of versions) {
        const flat = served.resources.flatMap(({ resource, subresources = [] }) => [resource, ...subresources.map(({ subresource }) => `${resource}/${subresource}`)]);
        const { resources } = apiResourceList(definitions, group === "" ? served.version : `${group}/${served.version}`) as ResourceList;
        assert.deepEqual(flat.sort(), resources.map(({ name }) => name).sort());
      }
    }
  }
});
