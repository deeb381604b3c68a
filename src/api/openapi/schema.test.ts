import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { definitions } from "../definitions/index.ts";
import { generate } from "./generate.ts";
import { ModelNames, rootOrder } from "./models.ts";
import { models, patchMeta, schemaOf } from "./schema.ts";

const DEPLOYMENT = "io.k8s.api.apps.v1.Deployment";
const POD = "io.k8s.api.core.v1.Pod";
const SERVICE = "io.k8s.api.core.v1.Service";

const cases: [model: string, path: string, meta: object][] = [
  [DEPLOYMENT, "metadata.labels", { strategy: "merge" }],
  [DEPLOYMENT, "metadata.finalizers", { strategy: "merge" }],
  [DEPLOYMENT, "metadata.ownerReferences", { strategy: "merge", mergeKey: "uid" }],
  [DEPLOYMENT, "spec.strategy", { strategy: "merge", retainKeys: true }],
  [DEPLOYMENT, "spec.template.spec.containers", { strategy: "merge", mergeKey: "name" }],
  [DEPLOYMENT, "spec.template.spec.containers.ports", { strategy: "merge", mergeKey: "containerPort" }],
  [DEPLOYMENT, "spec.template.spec.containers.args", { strategy: "replace" }],
  [DEPLOYMENT, "spec.template.spec.volumes", { strategy: "merge", mergeKey: "name", retainKeys: true }],
  [DEPLOYMENT, "spec.template.spec.tolerations", { strategy: "replace" }],
  [DEPLOYMENT, "spec.template.spec.topologySpreadConstraints", { strategy: "merge", mergeKey: "topologyKey" }],
  [DEPLOYMENT, "status.conditions", { strategy: "merge", mergeKey: "type" }],
  [POD, "spec.containers.resources.limits", { strategy: "merge" }],
  [POD, "spec.containers.resources.claims", { strategy: "replace" }],
  [POD, "status.podIPs", { strategy: "merge", mergeKey: "ip" }],
  [POD, "status.hostIPs", { strategy: "merge", mergeKey: "ip" }],
  [POD, "status.containerStatuses", { strategy: "replace" }],
  [POD, "spec.nodeName", { strategy: "merge" }],
  [POD, "spec.nothing", { strategy: "replace" }],
  [SERVICE, "spec.ports", { strategy: "merge", mergeKey: "port" }],
];
for (const [model, path, meta] of cases) test(`a patch of ${path}`, () => assert.deepEqual(patchMeta(model, path.split(".")), meta));

test("types are named as in the OpenAPI documents: by the package of whom they belong to", () => {
  const classes = new Set(["V1Pod", "V1PodSpec", "V1ObjectMeta", "CoreV1EndpointPort", "V1EndpointSlice", "DiscoveryV1EndpointPort", "V1Endpoint", "V2Metric"]);
  const roots = ["io.k8s.api.discovery.v1.EndpointSlice", "io.k8s.api.core.v1.Pod", "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"].sort(rootOrder);
  const names = new ModelNames(classes, roots);
  const [meta, pod, slice] = roots as [string, string, string];
  assert.equal(names.classOf(slice), "V1EndpointSlice");
  assert.equal(names.refer("V1PodSpec", pod), "io.k8s.api.core.v1.PodSpec");
  assert.equal(names.refer("V1PodSpec", slice), "io.k8s.api.core.v1.PodSpec", "whoever refers to it later");
  assert.equal(names.refer("V1ObjectMeta", slice), meta);
  assert.equal(names.refer("V1Endpoint", slice), "io.k8s.api.discovery.v1.Endpoint");
  assert.equal(names.refer("DiscoveryV1EndpointPort", slice), "io.k8s.api.discovery.v1.EndpointPort");
  assert.equal(names.refer("CoreV1EndpointPort", pod), "io.k8s.api.core.v1.EndpointPort");
  assert.equal(names.refer("V2Metric", slice), "io.k8s.api.discovery.v2.Metric");
  assert.equal(names.refer("V1Nothing", pod), undefined);
  assert.throws(() => names.refer("V1Endpoint", "io.k8s.api.apps.v1.Deployment"), /io.k8s.api.apps.v1.Deployment refers to io.k8s.api.discovery.v1.Endpoint of another group/);
});

test("types that several groups share are core's or the API machinery's", () => {
  for (const model of ["io.k8s.api.core.v1.PodTemplateSpec", "io.k8s.api.core.v1.TopologySelectorTerm", "io.k8s.apimachinery.pkg.apis.meta.v1.Condition"]) assert.ok(models()[model], model);
});

test("every definition has a schema, and list-map keys are fields of the items", () => {
  for (const { model } of definitions) assert.ok(schemaOf(model).properties!["metadata"], model);
  const { items, listKeys } = schemaOf("io.k8s.api.core.v1.Container").properties!["ports"]!;
  assert.deepEqual(listKeys, ["containerPort", "protocol"]);
  for (const key of listKeys ?? []) assert.ok(schemaOf(items!.ref!).properties![key]);
});

test("generating twice gives the same bytes", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "tidepool-schemas-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const contents = ["one", "two"].map((name) => {
    generate(join(folder, name));
    return ["schemas.json", "descriptions.json"].map((file) => readFileSync(join(folder, name, file), "utf8"));
  });
  assert.deepEqual(contents[0], contents[1]);
});
