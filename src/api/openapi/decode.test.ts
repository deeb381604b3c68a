import assert from "node:assert/strict";
import { test } from "node:test";
import { prune } from "./decode.ts";

const POD = "io.k8s.api.core.v1.Pod";
const DEPLOYMENT = "io.k8s.api.apps.v1.Deployment";
const SECRET = "io.k8s.api.core.v1.Secret";
const EVENT = "io.k8s.api.core.v1.Event";

const pod = (spec: object): object => ({ apiVersion: "v1", kind: "Pod", metadata: { name: "x" }, spec });
const container = { name: "a" };

test("unknown fields go, and are told with their paths", () => {
  const object = pod({ foo: 1, containers: [container, { ...container, imagee: "i", resources: { limits: { cpu: "1" }, x: {} } }] });
  const paths = ["spec.foo", "spec.containers[1].imagee", "spec.containers[1].resources.x"];
  assert.deepEqual(prune(POD, object), paths);
  assert.deepEqual(object, pod({ containers: [container, { ...container, resources: { limits: { cpu: "1" } } }] }));
});

test("names are told apart by case, and those that every object inherits are unknown too", () => {
  assert.deepEqual(prune(POD, pod({ Containers: [], constructor: {}, containers: [] })), ["spec.Containers", "spec.constructor"]);
});

test("nulls count as absent; in lists and maps they are Go's zero values", () => {
  const object = { ...pod({ nodeName: null, containers: [{ ...container, args: [null] }] }), metadata: { creationTimestamp: null, labels: { a: null } }, status: null };
  prune(POD, object);
  assert.deepEqual(object, { apiVersion: "v1", kind: "Pod", metadata: { labels: { a: "" } }, spec: { containers: [{ ...container, args: [""] }] } });
});

test("required fields without a value are Go's zero values, except what Go holds by pointer", () => {
  const deployment = { apiVersion: "apps/v1", kind: "Deployment", metadata: {}, spec: {} };
  prune(DEPLOYMENT, deployment);
  assert.deepEqual(deployment.spec, { template: {} });
  const object = pod({ containers: [{ livenessProbe: { httpGet: {} } }] });
  prune(POD, object);
  assert.deepEqual(object, { ...pod({ containers: [{ name: "", livenessProbe: { httpGet: { port: 0 } } }] }) });
});

test("quantities become canonical, whether they were text or numbers", () => {
  const object = pod({ containers: [{ ...container, resources: { limits: { cpu: 0.5, memory: "1024Mi" } } }], volumes: [{ name: "v", emptyDir: { sizeLimit: "2000M" } }] });
  prune(POD, object);
  assert.deepEqual(object, pod({ containers: [{ ...container, resources: { limits: { cpu: "500m", memory: "1Gi" } } }], volumes: [{ name: "v", emptyDir: { sizeLimit: "2G" } }] }));
});

test("free-form fields are left alone", () => {
  const object = { metadata: { managedFields: [{ fieldsV1: { "f:spec": { x: null } } }] }, data: { spec: { any: [1, null] } }, revision: 1 };
  const before = structuredClone(object);
  assert.deepEqual(prune("io.k8s.api.apps.v1.ControllerRevision", object), []);
  assert.deepEqual(object, before);
});

const mismatches: [model: string, object: object, message: string][] = [
  [DEPLOYMENT, { spec: { replicas: "3" } }, "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"],
  [DEPLOYMENT, { spec: { replicas: 1.5 } }, "json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32"],
  [DEPLOYMENT, { spec: { replicas: 3000000000 } }, "json: cannot unmarshal number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32"],
  [DEPLOYMENT, { spec: { strategy: { type: true } } }, "json: cannot unmarshal bool into Go struct field DeploymentStrategy.spec.strategy.type of type v1.DeploymentStrategyType"],
  [DEPLOYMENT, { spec: { strategy: { rollingUpdate: { maxSurge: {} } } } }, "json: cannot unmarshal object into Go struct field RollingUpdateDeployment.spec.strategy.rollingUpdate.maxSurge of type int32"],
  [POD, { spec: { containers: {} } }, "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container"],
  [POD, { spec: { containers: ["a"] } }, "json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type v1.Container"],
  [POD, { spec: { containers: [{ env: [{ name: "A", value: 1 }] }] } }, "json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string"],
  [POD, { spec: "x" }, "json: cannot unmarshal string into Go struct field Pod.spec of type v1.PodSpec"],
  [POD, { spec: { hostNetwork: "yes" } }, "json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool"],
  [POD, { metadata: { labels: { a: 1 } } }, "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string"],
  [POD, { metadata: { labels: [] } }, "json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type map[string]string"],
  [POD, { spec: { containers: [{ resources: { limits: [] } }] } }, "json: cannot unmarshal array into Go struct field ResourceRequirements.spec.containers.resources.limits of type v1.ResourceList"],
  [POD, { spec: { containers: [{ resources: { limits: { cpu: "much" } } }] } }, "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
  [SECRET, { data: { a: "%" } }, "illegal base64 data at input byte 0"],
  [SECRET, { data: { a: "YQ" } }, "illegal base64 data at input byte 0"],
  [EVENT, { lastTimestamp: "yesterday" }, 'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"'],
];
for (const [model, object, message] of mismatches) {
  test(`refuses ${JSON.stringify(object)}`, () => {
    const kind = model.slice(model.lastIndexOf(".") + 1);
    const apiVersion = model === DEPLOYMENT ? "apps/v1" : "v1";
    assert.throws(() => prune(model, { apiVersion, kind, ...object }), { code: 400, message: `${kind} in version "v1" cannot be handled as a ${kind}: ${message}` });
  });
}
