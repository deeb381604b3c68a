import assert from "node:assert/strict";
import { test } from "node:test";
import { humanDuration } from "./columns.ts";
import { definitions } from "./index.ts";
import { ago, rowOf } from "./testing.ts";

const durations: [seconds: number, text: string][] = [
  [-2, "<invalid>"],
  [-1, "0s"],
  [0, "0s"],
  [119, "119s"],
  [120, "2m"],
  [190, "3m10s"],
  [599, "9m59s"],
  [600, "10m"],
  [179 * 60, "179m"],
  [180 * 60, "3h"],
  [181 * 60, "3h1m"],
  [8 * 3600, "8h"],
  [47 * 3600, "47h"],
  [49 * 3600, "2d1h"],
  [8 * 86400, "8d"],
  [729 * 86400, "729d"],
  [731 * 86400, "2y1d"],
  [9 * 365 * 86400, "9y"],
];
for (const [seconds, text] of durations) test(`${seconds} s is ${text}`, () => assert.equal(humanDuration(seconds * 1000), text));

const running = (name: string, more: object = {}): object => ({ name, ready: true, restartCount: 0, image: "", imageID: "", state: { running: { startedAt: ago(80) } }, ...more });
const waiting = (name: string, reason: string, more: object = {}): object => ({ name, ready: false, restartCount: 0, image: "", imageID: "", state: { waiting: { reason } }, ...more });
const ended = (name: string, terminated: object, more: object = {}): object => ({ name, ready: false, restartCount: 0, image: "", imageID: "", state: { terminated }, ...more });

const pods: [what: string, pod: { spec?: object; status: object; deletionTimestamp?: string }, row: object][] = [
  ["waits for a node", { status: { phase: "Pending" } }, { Ready: "0/1", Status: "Pending", Restarts: "0", Age: "90s", IP: "<none>", Node: "<none>", "Nominated Node": "<none>", "Readiness Gates": "<none>" }],
  [
    "waits behind a gate",
    { status: { phase: "Pending", conditions: [{ type: "PodScheduled", status: "False", reason: "SchedulingGated" }] } },
    { Status: "SchedulingGated" },
  ],
  [
    "runs",
    { spec: { nodeName: "tidepool-worker" }, status: { phase: "Running", podIP: "10.244.1.5", podIPs: [{ ip: "10.244.1.5" }], containerStatuses: [running("a")] } },
    { Ready: "1/1", Status: "Running", IP: "10.244.1.5", Node: "tidepool-worker" },
  ],
  [
    "has restarted",
    { status: { phase: "Running", containerStatuses: [running("a", { restartCount: 2, lastState: { terminated: { exitCode: 1, finishedAt: ago(300) } } })] } },
    { Restarts: "2 (5m ago)" },
  ],
  [
    "crashes",
    { status: { phase: "Running", containerStatuses: [waiting("a", "CrashLoopBackOff", { restartCount: 3, lastState: { terminated: { exitCode: 1, finishedAt: ago(10) } } })] } },
    { Ready: "0/1", Status: "CrashLoopBackOff", Restarts: "3 (10s ago)" },
  ],
  ["is created", { status: { phase: "Pending", containerStatuses: [waiting("a", "ContainerCreating")] } }, { Status: "ContainerCreating" }],
  ["has completed", { status: { phase: "Succeeded", containerStatuses: [ended("a", { exitCode: 0, reason: "Completed" })] } }, { Ready: "0/1", Status: "Completed" }],
  ["failed without a reason", { status: { phase: "Failed", containerStatuses: [ended("a", { exitCode: 3 })] } }, { Status: "ExitCode:3" }],
  ["was killed", { status: { phase: "Failed", containerStatuses: [ended("a", { exitCode: 137, signal: 9 })] } }, { Status: "Signal:9" }],
  [
    "has one container done and one ready",
    {
      spec: { containers: [{ name: "a" }, { name: "b" }] },
      status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }], containerStatuses: [ended("a", { exitCode: 0, reason: "Completed" }), running("b")] },
    },
    { Ready: "1/2", Status: "Running" },
  ],
  [
    "has one container done and isn't ready",
    { spec: { containers: [{ name: "a" }, { name: "b" }] }, status: { phase: "Running", containerStatuses: [ended("a", { exitCode: 0, reason: "Completed" }), running("b")] } },
    { Status: "NotReady" },
  ],
  [
    "runs its init containers",
    {
      spec: { initContainers: [{ name: "i" }, { name: "j" }] },
      status: { phase: "Pending", initContainerStatuses: [ended("i", { exitCode: 0 }), running("j")], containerStatuses: [waiting("a", "PodInitializing")] },
    },
    { Status: "Init:1/2" },
  ],
  [
    "has an init container that crashes",
    { spec: { initContainers: [{ name: "i" }] }, status: { phase: "Pending", initContainerStatuses: [waiting("i", "CrashLoopBackOff", { restartCount: 4 })] } },
    { Status: "Init:CrashLoopBackOff", Restarts: "4" },
  ],
  [
    "has an init container that failed",
    { spec: { initContainers: [{ name: "i" }] }, status: { phase: "Failed", initContainerStatuses: [ended("i", { exitCode: 1 })] } },
    { Status: "Init:ExitCode:1" },
  ],
  [
    "has a sidecar",
    {
      spec: { initContainers: [{ name: "s", restartPolicy: "Always" }] },
      status: { phase: "Running", conditions: [{ type: "Initialized", status: "True" }], initContainerStatuses: [running("s", { started: true, restartCount: 1 })], containerStatuses: [running("a")] },
    },
    { Ready: "2/2", Status: "Running", Restarts: "1" },
  ],
  ["is going", { deletionTimestamp: ago(1), status: { phase: "Running", containerStatuses: [running("a")] } }, { Ready: "1/1", Status: "Terminating" }],
  ["is going and has ended", { deletionTimestamp: ago(1), status: { phase: "Succeeded", containerStatuses: [ended("a", { exitCode: 0, reason: "Completed" })] } }, { Status: "Completed" }],
  ["is lost with its node", { deletionTimestamp: ago(1), status: { phase: "Running", reason: "NodeLost", containerStatuses: [running("a")] } }, { Status: "Unknown" }],
  ["was evicted", { status: { phase: "Failed", reason: "Evicted" } }, { Status: "Evicted" }],
  [
    "has readiness gates",
    { spec: { readinessGates: [{ conditionType: "a/b" }, { conditionType: "c/d" }] }, status: { phase: "Running", conditions: [{ type: "a/b", status: "True" }] } },
    { "Readiness Gates": "1/2" },
  ],
];
for (const [what, { spec = {}, status, deletionTimestamp }, expected] of pods) {
  test(`a pod that ${what}`, () => {
    const metadata = { name: "x", creationTimestamp: ago(90), ...(deletionTimestamp ? { deletionTimestamp } : {}) };
    const shown = rowOf("Pod", { metadata, spec: { containers: [{ name: "a" }], ...spec }, status });
    assert.deepEqual({ ...shown, ...expected }, shown);
  });
}

const template = { spec: { containers: [{ name: "a", image: "i:1" }, { name: "b", image: "j:2" }] } };
const rows: [kind: string, object: object, row: object][] = [
  [
    "Deployment",
    { spec: { replicas: 3, selector: { matchLabels: { app: "x" }, matchExpressions: [{ key: "tier", operator: "In", values: ["b", "a"] }] }, template }, status: { readyReplicas: 1, updatedReplicas: 2 } },
    { Name: "x", Ready: "1/3", "Up-to-date": 2, Available: 0, Age: "90s", Containers: "a,b", Images: "i:1,j:2", Selector: "app=x,tier in (a,b)" },
  ],
  ["ReplicaSet", { spec: { replicas: 3, selector: { matchLabels: { app: "x" } }, template }, status: { replicas: 2 } }, { Name: "x", Desired: 3, Current: 2, Ready: 0, Age: "90s", Containers: "a,b", Images: "i:1,j:2", Selector: "app=x" }],
  ["StatefulSet", { spec: { replicas: 1, template } }, { Name: "x", Ready: "0/1", Age: "90s", Containers: "a,b", Images: "i:1,j:2" }],
  [
    "ControllerRevision",
    { revision: 2, metadata: { name: "x", ownerReferences: [{ apiVersion: "apps/v1", kind: "StatefulSet", name: "web", uid: "", controller: true }] } },
    { Name: "x", Controller: "statefulset.apps/web", Revision: 2, Age: "<unknown>" },
  ],
  [
    "Service",
    { spec: { type: "NodePort", clusterIP: "10.96.0.7", clusterIPs: ["10.96.0.7"], ports: [{ port: 80, nodePort: 30080, protocol: "TCP" }, { port: 53, protocol: "UDP" }], selector: { b: "2", a: "1" } } },
    { Name: "x", Type: "NodePort", "Cluster-IP": "10.96.0.7", "External-IP": "<none>", "Port(s)": "80:30080/TCP,53/UDP", Age: "90s", Selector: "a=1,b=2" },
  ],
  ["Service", { spec: { type: "LoadBalancer", clusterIP: "10.96.0.7" } }, { Name: "x", Type: "LoadBalancer", "Cluster-IP": "10.96.0.7", "External-IP": "<pending>", "Port(s)": "<none>", Age: "90s", Selector: "<none>" }],
  [
    "Service",
    { spec: { type: "LoadBalancer", clusterIP: "10.96.0.7", externalIPs: ["1.2.3.4"] }, status: { loadBalancer: { ingress: [{ ip: "127.0.0.1" }] } } },
    { Name: "x", Type: "LoadBalancer", "Cluster-IP": "10.96.0.7", "External-IP": "127.0.0.1,1.2.3.4", "Port(s)": "<none>", Age: "90s", Selector: "<none>" },
  ],
  ["Service", { spec: { type: "ExternalName", externalName: "example.com" } }, { Name: "x", Type: "ExternalName", "Cluster-IP": "<none>", "External-IP": "example.com", "Port(s)": "<none>", Age: "90s", Selector: "<none>" }],
  ["Endpoints", {}, { Name: "x", Endpoints: "<none>", Age: "90s" }],
  [
    "Endpoints",
    { subsets: [{ addresses: ["1", "2", "3", "4", "5"].map((ip) => ({ ip })), ports: [{ port: 80 }] }] },
    { Name: "x", Endpoints: "1:80,2:80,3:80 + 2 more...", Age: "90s" },
  ],
  ["EndpointSlice", { addressType: "IPv4", endpoints: [{ addresses: ["10.0.0.1"] }], ports: [{ name: "http", port: 80 }, { name: "any" }] }, { Name: "x", AddressType: "IPv4", Ports: "80,any", Endpoints: "10.0.0.1", Age: "90s" }],
  ["EndpointSlice", { addressType: "IPv4" }, { Name: "x", AddressType: "IPv4", Ports: "<unset>", Endpoints: "<unset>", Age: "90s" }],
  ["ConfigMap", { data: { a: "" }, binaryData: { b: "" } }, { Name: "x", Data: 2, Age: "90s" }],
  ["Secret", { type: "Opaque", data: { a: "" } }, { Name: "x", Type: "Opaque", Data: 1, Age: "90s" }],
  ["ServiceAccount", {}, { Name: "x", Secrets: 0, Age: "90s" }],
  ["Namespace", { status: { phase: "Active" } }, { Name: "x", Status: "Active", Age: "90s" }],
  [
    "Node",
    {
      metadata: { name: "x", labels: { "node-role.kubernetes.io/control-plane": "", "kubernetes.io/role": "edge" } },
      spec: { unschedulable: true },
      status: {
        conditions: [{ type: "Ready", status: "True" }],
        addresses: [{ type: "InternalIP", address: "172.30.0.2" }],
        nodeInfo: { kubeletVersion: "v1.36.0", osImage: "Tidepool", kernelVersion: "6", containerRuntimeVersion: "tidepool://1" },
      },
    },
    {
      Name: "x",
      Status: "Ready,SchedulingDisabled",
      Roles: "control-plane,edge",
      Age: "<unknown>",
      Version: "v1.36.0",
      "Internal-IP": "172.30.0.2",
      "External-IP": "<none>",
      "OS-Image": "Tidepool",
      "Kernel-Version": "6",
      "Container-Runtime": "tidepool://1",
    },
  ],
  [
    "Event",
    {
      involvedObject: { kind: "Pod", name: "web", fieldPath: "spec.containers{web}" },
      type: "Normal",
      reason: "Pulled",
      message: " Pulled \n",
      source: { component: "kubelet", host: "n1" },
      firstTimestamp: ago(60),
      lastTimestamp: ago(30),
      count: 2,
    },
    { "Last Seen": "30s", Type: "Normal", Reason: "Pulled", Object: "pod/web", Subobject: "spec.containers{web}", Source: "kubelet, n1", Message: "Pulled", "First Seen": "60s", Count: 2, Name: "x" },
  ],
  [
    "Event",
    { involvedObject: { kind: "Node" }, eventTime: ago(20), reportingComponent: "scheduler", series: { count: 5, lastObservedTime: ago(10) } },
    { "Last Seen": "10s", Type: "", Reason: "", Object: "node", Subobject: "", Source: "scheduler", Message: "", "First Seen": "20s", Count: 5, Name: "x" },
  ],
  [
    "PersistentVolume",
    { spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteMany", "ReadWriteOnce"], persistentVolumeReclaimPolicy: "Delete", claimRef: { namespace: "shop", name: "data" }, storageClassName: "standard", volumeMode: "Filesystem" }, status: { phase: "Bound" } },
    { Name: "x", Capacity: "1Gi", "Access Modes": "RWO,RWX", "Reclaim Policy": "Delete", Status: "Bound", Claim: "shop/data", StorageClass: "standard", VolumeAttributesClass: "<unset>", Reason: "", Age: "90s", VolumeMode: "Filesystem" },
  ],
  [
    "PersistentVolumeClaim",
    { spec: { volumeName: "v", storageClassName: "standard", volumeMode: "Filesystem" }, status: { phase: "Bound", capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOncePod"] } },
    { Name: "x", Status: "Bound", Volume: "v", Capacity: "1Gi", "Access Modes": "RWOP", StorageClass: "standard", VolumeAttributesClass: "<unset>", Age: "90s", VolumeMode: "Filesystem" },
  ],
  [
    "StorageClass",
    { metadata: { name: "x", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } }, provisioner: "p", reclaimPolicy: "Delete", volumeBindingMode: "Immediate" },
    { Name: "x (default)", Provisioner: "p", ReclaimPolicy: "Delete", VolumeBindingMode: "Immediate", AllowVolumeExpansion: false, Age: "<unknown>" },
  ],
  ["Lease", { spec: { holderIdentity: "me" } }, { Name: "x", Holder: "me", Age: "90s" }],
];
for (const [kind, object, expected] of rows) {
  test(`the row of ${kind} ${JSON.stringify(object).slice(0, 60)}`, () => assert.deepEqual(rowOf(kind, object), expected));
}

test("the wide columns are exactly upstream's", () => {
  const wide = definitions.map(({ kind, columns }) => [kind, (columns ?? []).filter(({ priority }) => priority).map(({ name }) => name)] as const);
  assert.deepEqual(Object.fromEntries(wide.filter(([, names]) => names.length > 0)), {
    Event: ["Subobject", "Source", "First Seen", "Count", "Name"],
    Node: ["Internal-IP", "External-IP", "OS-Image", "Kernel-Version", "Container-Runtime"],
    PersistentVolumeClaim: ["VolumeMode"],
    PersistentVolume: ["VolumeMode"],
    Pod: ["IP", "Node", "Nominated Node", "Readiness Gates"],
    Service: ["Selector"],
    ReplicationController: ["Containers", "Images", "Selector"],
    CustomResourceDefinition: ["Group", "Kind", "ShortNames", "Established"],
    DaemonSet: ["Containers", "Images", "Selector"],
    Deployment: ["Containers", "Images", "Selector"],
    ReplicaSet: ["Containers", "Images", "Selector"],
    StatefulSet: ["Containers", "Images"],
    CronJob: ["Containers", "Images", "Selector"],
    Job: ["Containers", "Images", "Selector"],
    ClusterRoleBinding: ["Users", "Groups", "ServiceAccounts"],
    RoleBinding: ["Users", "Groups", "ServiceAccounts"],
  });
});
