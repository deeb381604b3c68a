import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { definitions } from "../definitions/index.ts";
import { generate } from "./generate.ts";
import { modelOfClass } from "./models.ts";
import { patchMeta, schemaOf } from "./schema.ts";

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

test("types are named as in the OpenAPI documents", () => {
  const names: [className: string, model: string | undefined][] = [
    ["V1Pod", "io.k8s.api.core.v1.Pod"],
    ["V1ObjectMeta", "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"],
    ["CoreV1Event", "io.k8s.api.core.v1.Event"],
    ["DiscoveryV1EndpointPort", "io.k8s.api.discovery.v1.EndpointPort"],
    ["V1RollingUpdateDeployment", "io.k8s.api.apps.v1.RollingUpdateDeployment"],
    ["AuthenticationV1TokenRequest", "io.k8s.api.authentication.v1.TokenRequest"],
    ["V1Scale", "io.k8s.api.autoscaling.v1.Scale"],
    ["V1ScaleIOVolumeSource", "io.k8s.api.core.v1.ScaleIOVolumeSource"],
    ["V1beta1Foo", "io.k8s.api.core.v1beta1.Foo"],
    ["VersionInfo", undefined],
  ];
  for (const [className, model] of names) assert.equal(modelOfClass(className), model);
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
