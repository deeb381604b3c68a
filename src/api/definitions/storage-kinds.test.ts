/** The kinds of storage.k8s.io, and API services: defaults, validation in upstream's words, columns, warnings. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { created, creating, decoded, definitionOf, rowOf, updating, updatingStatus } from "./testing.ts";

const driver = (spec: object = {}): object => ({ metadata: { name: "csi.example.com" }, spec });
const node = (...drivers: object[]): object => ({ spec: { drivers } });
const onNode = (more: object = {}): object => ({ name: "csi.example.com", nodeID: "n", topologyKeys: ["zone"], ...more });
const attachment = (source: object): object => ({ spec: { attacher: "csi.example.com", nodeName: "n", source } });
const attributes = (more: object = {}): object => ({ driverName: "csi.example.com", parameters: { iops: "100" }, ...more });
const capacity = (more: object = {}): object => ({ storageClassName: "fast", capacity: "1Gi", ...more });
const topology = (...matchLabelExpressions: object[]): object => ({ provisioner: "a/b", allowedTopologies: [{ matchLabelExpressions }] });
const api = (spec: object = {}, name = "v1.example.com"): object => ({ metadata: { name }, spec: { group: "example.com", version: "v1", groupPriorityMinimum: 1000, versionPriority: 15, ...spec } });

const QUALIFIED = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

const ONE_SOURCE = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";

const creations: [kind: string, object: object, errors: string[]][] = [
  ["StorageClass", { provisioner: "example.com/a" }, []],
  ["StorageClass", { provisioner: "" }, ["provisioner: Required value"]],
  ["StorageClass", { provisioner: "a_" }, [`provisioner: Invalid value: "a_": ${QUALIFIED}`]],
  ["StorageClass", { provisioner: "a/b", reclaimPolicy: "Recycle" }, ['reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"']],
  ["StorageClass", { provisioner: "a/b", volumeBindingMode: "Later" }, ['volumeBindingMode: Unsupported value: "Later": supported values: "Immediate", "WaitForFirstConsumer"']],
  ["StorageClass", { provisioner: "a/b", parameters: { "": "x" } }, ['parameters: Invalid value: "": field can not be empty.']],
  ["StorageClass", topology({ key: "zone", values: [] }), ["allowedTopologies[0].matchLabelExpressions[0].values: Required value"]],
  ["StorageClass", topology({ key: "zone", values: ["a", "a"] }), ['allowedTopologies[0].matchLabelExpressions[0].values[1]: Duplicate value: "a"']],
  ["CSIDriver", driver({ fsGroupPolicy: "None", volumeLifecycleModes: ["Ephemeral"], tokenRequests: [{ audience: "a" }] }), []],
  ["CSIDriver", driver({ fsGroupPolicy: "Some" }), ['spec.fsGroupPolicy: Unsupported value: "Some": supported values: "File", "None", "ReadWriteOnceWithFSType"']],
  ["CSIDriver", driver({ volumeLifecycleModes: ["Always"] }), ['spec.volumeLifecycleModes: Unsupported value: "Always": supported values: "Persistent", "Ephemeral"']],
  ["CSIDriver", driver({ tokenRequests: [{ audience: "a" }, { audience: "a" }] }), ['spec.tokenRequests[1].audience: Duplicate value: "a"']],
  ["CSIDriver", driver({ tokenRequests: [{ audience: "a", expirationSeconds: 10 }] }), ["spec.tokenRequests[0].expirationSeconds: Invalid value: 10: may not specify a duration less than 10 minutes"]],
  ["CSINode", node(onNode()), []],
  ["CSINode", node(onNode(), onNode()), ['spec.drivers[1].name: Duplicate value: "csi.example.com"']],
  ["CSINode", node(onNode({ nodeID: "" })), ["spec.drivers[0].nodeID: Required value"]],
  ["CSINode", node(onNode({ topologyKeys: ["zone", "zone"] })), ['spec.drivers[0]: Duplicate value: "zone"']],
  ["CSIStorageCapacity", capacity(), []],
  ["CSIStorageCapacity", capacity({ capacity: "-1" }), ['capacity: Invalid value: "-1": must be greater than or equal to 0']],
  ["VolumeAttachment", attachment({ persistentVolumeName: "pv" }), []],
  ["VolumeAttachment", attachment({ persistentVolumeName: "" }), ["spec.source.persistentVolumeName: Required value: must specify non empty persistentVolumeName"]],
  ["VolumeAttachment", attachment({}), [`spec.source: Required value: ${ONE_SOURCE}`]],
  ["VolumeAttachment", attachment({ persistentVolumeName: "pv", inlineVolumeSpec: {} }), [`spec.source: Forbidden: ${ONE_SOURCE}`]],
  ["VolumeAttributesClass", attributes(), []],
  ["VolumeAttributesClass", attributes({ parameters: {} }), ["parameters: Required value: must contain at least one key/value pair"]],
  ["APIService", api({ service: { namespace: "n", name: "s" } }), []],
  ["APIService", api({ group: "", version: "v1" }, "v1."), []],
  ["APIService", api({ group: "", version: "v2" }, "v2."), ["spec.group: Required value: only v1 may have an empty group and it better be legacy kube"]],
  ["APIService", api({}, "v2.example.com"), ['metadata.name: Invalid value: "v2.example.com": must be `spec.version+"."+spec.group`: "v1.example.com"']],
  ["APIService", api({ groupPriorityMinimum: 0, versionPriority: 1001 }), ["spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000", "spec.versionPriority: Invalid value: 1001: must be positive and less than 1000"]],
  ["APIService", api({ insecureSkipTLSVerify: true }), ["spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify"]],
  ["APIService", api({ service: {} }), ["spec.service.namespace: Required value", "spec.service.name: Required value"]],
];
for (const [kind, object, errors] of creations) {
  test(`creating ${kind} ${JSON.stringify(object).slice(0, 150)}`, () => assert.deepEqual(creating(kind, object), errors));
}

const updates: [kind: string, old: object, object: object, errors: string[]][] = [
  ["StorageClass", { provisioner: "a/b", parameters: { x: "1" } }, { provisioner: "a/b", parameters: { x: "2" } }, ["parameters: Forbidden: updates to parameters are forbidden."]],
  ["StorageClass", { provisioner: "a/b" }, { provisioner: "a/b", allowVolumeExpansion: true }, []],
  ["CSIDriver", driver({ attachRequired: true }), driver({ attachRequired: false }), ["spec.attachedRequired: Invalid value: false: field is immutable"]],
  ["CSIDriver", driver({ podInfoOnMount: true }), driver({ podInfoOnMount: false }), []],
  ["VolumeAttachment", attachment({ persistentVolumeName: "a" }), attachment({ persistentVolumeName: "b" }), ['spec: Invalid value: {"attacher":"csi.example.com","nodeName":"n","source":{"persistentVolumeName":"b"}}: field is immutable']],
  ["VolumeAttributesClass", attributes(), attributes({ parameters: { iops: "1" } }), ["parameters: Forbidden: updates to parameters are forbidden."]],
  ["CSIStorageCapacity", capacity(), capacity({ storageClassName: "slow" }), ['storageClassName: Invalid value: "slow": field is immutable']],
];
for (const [kind, old, object, errors] of updates) {
  test(`updating ${kind} to ${JSON.stringify(object).slice(0, 150)}`, () => assert.deepEqual(updating(kind, old, object), errors));
}

test("an APIService's status has conditions of three values", () => {
  const status = (status: string): object => ({ ...api(), status: { conditions: [{ type: "Available", status }] } });
  assert.deepEqual(updatingStatus("APIService", status("True"), status("Unknown")), []);
  assert.deepEqual(updatingStatus("APIService", status("True"), status("Yes")), ['status.conditions[0].status: Unsupported value: "Yes": supported values: "True", "False", "Unknown"']);
});

test("defaults", () => {
  assert.deepEqual(created("StorageClass", { provisioner: "a/b" }), { metadata: { name: "x" }, provisioner: "a/b", reclaimPolicy: "Delete", volumeBindingMode: "Immediate" });
  assert.deepEqual((created("CSIDriver", { spec: {} }) as { spec: object }).spec, {
    attachRequired: true,
    podInfoOnMount: false,
    storageCapacity: false,
    fsGroupPolicy: "ReadWriteOnceWithFSType",
    volumeLifecycleModes: ["Persistent"],
    requiresRepublish: false,
    seLinuxMount: false,
  });
  const service = (created("APIService", api({ service: { namespace: "n", name: "s" } })) as { spec: { service: object }; status: object });
  assert.deepEqual([service.spec.service, service.status], [{ namespace: "n", name: "s", port: 443 }, {}]);
});

test("the rows of kubectl get -o wide", () => {
  const annotations = { "storageclass.kubernetes.io/is-default-class": "true" };
  assert.deepEqual(rowOf("StorageClass", { metadata: { name: "x", annotations }, provisioner: "a/b", reclaimPolicy: "Delete", volumeBindingMode: "Immediate" }), {
    Name: "x (default)",
    Provisioner: "a/b",
    ReclaimPolicy: "Delete",
    VolumeBindingMode: "Immediate",
    AllowVolumeExpansion: false,
    Age: "<unknown>",
  });
  assert.deepEqual(rowOf("CSIDriver", { spec: { attachRequired: false, tokenRequests: [{ audience: "a" }, { audience: "b" }] } }), {
    Name: "x",
    AttachRequired: false,
    PodInfoOnMount: false,
    StorageCapacity: false,
    TokenRequests: "a,b",
    RequiresRepublish: false,
    Modes: "<none>",
    Age: "90s",
  });
  assert.deepEqual(rowOf("CSINode", node(onNode())), { Name: "x", Drivers: 1, Age: "90s" });
  assert.deepEqual(rowOf("CSIStorageCapacity", capacity()), { Name: "x", StorageClassName: "fast", Capacity: "1Gi" });
  assert.deepEqual(rowOf("VolumeAttachment", { ...attachment({ persistentVolumeName: "pv" }), status: { attached: true } }), { Name: "x", Attacher: "csi.example.com", PV: "pv", Node: "n", Attached: true, Age: "90s" });
  assert.deepEqual(rowOf("VolumeAttributesClass", attributes()), { Name: "x", DriverName: "csi.example.com", Age: "90s" });
  const unavailable = { conditions: [{ type: "Available", status: "False", reason: "MissingEndpoints" }] };
  assert.deepEqual(rowOf("APIService", { ...api({ service: { namespace: "n", name: "s" } }), status: unavailable }), { Name: "v1.example.com", Service: "n/s", Available: "False (MissingEndpoints)", Age: "<unknown>" });
});

test("old names of node labels, and parts of bytes, are warned of", () => {
  const warnings = (kind: string, object: object): string[] => definitionOf(kind).warnings!(decoded(kind, object));
  const key = "failure-domain.beta.kubernetes.io/zone";
  const better = 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead';
  assert.deepEqual(warnings("StorageClass", topology({ key, values: ["a"] })), [`allowedTopologies[0].matchLabelExpressions[0].key: ${better}`]);
  assert.deepEqual(warnings("CSIStorageCapacity", capacity({ nodeTopology: { matchExpressions: [{ key, operator: "Exists" }] } })).slice(0, 1), [`nodeTopology.matchExpressions[0].key: ${key} is ${better}`]);
  const terms = [{ matchExpressions: [{ key, operator: "In", values: ["a"] }] }];
  assert.deepEqual(warnings("PersistentVolume", { spec: { nodeAffinity: { required: { nodeSelectorTerms: terms } } } }), [`spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key: ${key} is ${better}`]);
  assert.deepEqual(warnings("PersistentVolumeClaim", { spec: { resources: { requests: { storage: "100m" } } } }), ['spec.resources.requests[storage]: fractional byte value "100m" is invalid, must be an integer']);
});
