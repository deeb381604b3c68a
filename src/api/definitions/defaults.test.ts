import assert from "node:assert/strict";
import { test } from "node:test";
import { created } from "./testing.ts";

const podSpec = { restartPolicy: "Always", terminationGracePeriodSeconds: 30, dnsPolicy: "ClusterFirst", securityContext: {}, schedulerName: "default-scheduler" };
const container = { resources: {}, terminationMessagePath: "/dev/termination-log", terminationMessagePolicy: "File" };

const cases: [what: string, kind: string, object: object, stored: object][] = [
  [
    "a small pod",
    "Pod",
    { spec: { containers: [{ name: "a", image: "nginx" }] }, status: { phase: "Running", podIP: "1.2.3.4" } },
    {
      metadata: { name: "x" },
      spec: { containers: [{ name: "a", image: "nginx", ...container, imagePullPolicy: "Always" }], ...podSpec, enableServiceLinks: true },
      status: { phase: "Pending", qosClass: "BestEffort" },
    },
  ],
  [
    "a pod with everything that has defaults",
    "Pod",
    {
      spec: {
        serviceAccountName: "web",
        containers: [
          {
            name: "a",
            image: "localhost:5002/shop/web:v1",
            ports: [{ containerPort: 80 }],
            env: [{ name: "N", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }, { name: "M", valueFrom: { resourceFieldRef: { resource: "limits.memory" } } }],
            resources: { limits: { cpu: 1, memory: "1024Mi" } },
            livenessProbe: { httpGet: { port: 80 } },
            readinessProbe: { grpc: { port: 80 }, periodSeconds: 3 },
            lifecycle: { preStop: { httpGet: { port: 80, path: "/stop" } } },
          },
        ],
        volumes: [
          { name: "e" },
          { name: "c", configMap: { name: "c" } },
          { name: "s", secret: { secretName: "s", defaultMode: 0o400 } },
          { name: "h", hostPath: { path: "/" } },
          { name: "d", downwardAPI: { items: [{ path: "l", fieldRef: { fieldPath: "metadata.labels" } }] } },
          { name: "p", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } },
        ],
      },
    },
    {
      metadata: { name: "x" },
      spec: {
        ...podSpec,
        serviceAccountName: "web",
        serviceAccount: "web",
        enableServiceLinks: true,
        containers: [
          {
            ...container,
            name: "a",
            image: "localhost:5002/shop/web:v1",
            imagePullPolicy: "IfNotPresent",
            ports: [{ containerPort: 80, protocol: "TCP" }],
            env: [
              { name: "N", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "metadata.name" } } },
              { name: "M", valueFrom: { resourceFieldRef: { resource: "limits.memory", divisor: "0" } } },
            ],
            resources: { limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "1", memory: "1Gi" } },
            livenessProbe: { httpGet: { port: 80, path: "/", scheme: "HTTP" }, timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 },
            readinessProbe: { grpc: { port: 80, service: "" }, timeoutSeconds: 1, periodSeconds: 3, successThreshold: 1, failureThreshold: 3 },
            lifecycle: { preStop: { httpGet: { port: 80, path: "/stop", scheme: "HTTP" } } },
          },
        ],
        volumes: [
          { name: "e", emptyDir: {} },
          { name: "c", configMap: { name: "c", defaultMode: 420 } },
          { name: "s", secret: { secretName: "s", defaultMode: 256 } },
          { name: "h", hostPath: { path: "/", type: "" } },
          { name: "d", downwardAPI: { defaultMode: 420, items: [{ path: "l", fieldRef: { apiVersion: "v1", fieldPath: "metadata.labels" } }] } },
          { name: "p", projected: { defaultMode: 420, sources: [{ serviceAccountToken: { path: "token", expirationSeconds: 3600 } }] } },
        ],
      },
      status: { phase: "Pending", qosClass: "Guaranteed" },
    },
  ],
  [
    "a Deployment",
    "Deployment",
    { spec: { selector: { matchLabels: { a: "b" } }, template: { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "a", image: "i@sha256:0" }] } } } },
    {
      metadata: { name: "x" },
      spec: {
        replicas: 1,
        selector: { matchLabels: { a: "b" } },
        strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "25%", maxSurge: "25%" } },
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: 600,
        template: { metadata: { labels: { a: "b" } }, spec: { ...podSpec, containers: [{ ...container, name: "a", image: "i@sha256:0", imagePullPolicy: "IfNotPresent" }] } },
      },
      status: {},
    },
  ],
  [
    "a Deployment that recreates",
    "Deployment",
    { spec: { replicas: 0, strategy: { type: "Recreate" }, selector: {}, template: { spec: { containers: [] } } } },
    {
      metadata: { name: "x" },
      spec: { replicas: 0, strategy: { type: "Recreate" }, revisionHistoryLimit: 10, progressDeadlineSeconds: 600, selector: {}, template: { spec: { containers: [], ...podSpec } } },
      status: {},
    },
  ],
  [
    "a StatefulSet",
    "StatefulSet",
    { spec: { serviceName: "pg", selector: {}, template: { spec: { containers: [] } }, volumeClaimTemplates: [{ metadata: { name: "data" }, spec: { accessModes: ["ReadWriteOnce"] } }] } },
    {
      metadata: { name: "x" },
      spec: {
        serviceName: "pg",
        selector: {},
        replicas: 1,
        podManagementPolicy: "OrderedReady",
        updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
        persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
        revisionHistoryLimit: 10,
        template: { spec: { containers: [], ...podSpec } },
        volumeClaimTemplates: [
          { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "data" }, spec: { accessModes: ["ReadWriteOnce"], volumeMode: "Filesystem" }, status: { phase: "Pending" } },
        ],
      },
      status: { replicas: 0, availableReplicas: 0 },
    },
  ],
  [
    "a Service",
    "Service",
    { spec: { ports: [{ port: 80 }] } },
    {
      metadata: { name: "x" },
      spec: { type: "ClusterIP", sessionAffinity: "None", internalTrafficPolicy: "Cluster", ports: [{ port: 80, protocol: "TCP", targetPort: 80 }] },
      status: { loadBalancer: {} },
    },
  ],
  [
    "a load balancer with sticky sessions",
    "Service",
    { spec: { type: "LoadBalancer", sessionAffinity: "ClientIP", ports: [{ port: 80, targetPort: "http" }] } },
    {
      metadata: { name: "x" },
      spec: {
        type: "LoadBalancer",
        sessionAffinity: "ClientIP",
        sessionAffinityConfig: { clientIP: { timeoutSeconds: 10800 } },
        externalTrafficPolicy: "Cluster",
        internalTrafficPolicy: "Cluster",
        allocateLoadBalancerNodePorts: true,
        ports: [{ port: 80, protocol: "TCP", targetPort: "http" }],
      },
      status: { loadBalancer: {} },
    },
  ],
  ["a Secret's stringData", "Secret", { stringData: { a: "b" }, data: { a: "YQ==", c: "Yw==" } }, { metadata: { name: "x" }, type: "Opaque", data: { a: "Yg==", c: "Yw==" } }],
  ["a Namespace", "Namespace", {}, { metadata: { name: "x", labels: { "kubernetes.io/metadata.name": "x" } }, spec: { finalizers: ["kubernetes"] }, status: { phase: "Active" } }],
  ["a claim", "PersistentVolumeClaim", { spec: {}, status: { phase: "Bound" } }, { metadata: { name: "x" }, spec: { volumeMode: "Filesystem" }, status: { phase: "Pending" } }],
  ["a volume", "PersistentVolume", { spec: {} }, { metadata: { name: "x" }, spec: { persistentVolumeReclaimPolicy: "Retain", volumeMode: "Filesystem" }, status: { phase: "Pending" } }],
  ["a StorageClass", "StorageClass", { provisioner: "p" }, { metadata: { name: "x" }, provisioner: "p", reclaimPolicy: "Delete", volumeBindingMode: "Immediate" }],
  [
    "an EndpointSlice",
    "EndpointSlice",
    { addressType: "IPv4", endpoints: [], ports: [{ port: 80 }] },
    { metadata: { name: "x" }, addressType: "IPv4", endpoints: [], ports: [{ port: 80, name: "", protocol: "TCP" }] },
  ],
];
for (const [what, kind, object, stored] of cases) test(`the defaults of ${what}`, () => assert.deepEqual(created(kind, object), stored));

test("a pod's quality of service follows from its requests and limits", () => {
  const qos = (...resources: object[]): unknown =>
    (created("Pod", { spec: { containers: resources.map((each, i) => ({ name: `c${i}`, image: "i", resources: each })) } }) as { status: { qosClass: string } }).status.qosClass;
  assert.equal(qos({}), "BestEffort");
  assert.equal(qos({ requests: { cpu: "0" } }), "BestEffort");
  assert.equal(qos({ requests: { cpu: "1m" } }), "Burstable");
  assert.equal(qos({ limits: { cpu: "1", memory: "1Gi" } }), "Guaranteed");
  assert.equal(qos({ limits: { cpu: "1", memory: "1Gi" } }, {}), "Burstable");
  assert.equal(qos({ limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "500m" } }), "Burstable");
});
