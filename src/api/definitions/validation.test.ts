/** Validation errors, word for word as upstream's API server gives them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { creating, decoded, definitionOf, updating, updatingStatus } from "./testing.ts";

type Json = Record<string, unknown>;

const container = { name: "a", image: "i" };
const pod = (spec: object, first: object = {}): object => ({ spec: { containers: [{ ...container, ...first }], ...spec } });
const template = { metadata: { labels: { app: "x" } }, spec: { containers: [container] } };
const deployment = (spec: object): object => ({ spec: { selector: { matchLabels: { app: "x" } }, template, ...spec } });
const service = (spec: object): object => ({ spec: { clusterIP: "10.96.0.5", clusterIPs: ["10.96.0.5"], ports: [{ port: 80 }], ...spec } });
const claim = (spec: object): object => ({ spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, ...spec } });

const CONTAINER = "spec.containers[0]";
const LABEL = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

const creations: [kind: string, object: object, errors: string[]][] = [
  // Pods
  ["Pod", pod({}), []],
  ["Pod", { metadata: { name: "X" }, ...pod({}) }, [`metadata.name: Invalid value: "X": ${SUBDOMAIN}`]],
  ["Pod", {}, ["spec.containers: Required value"]],
  ["Pod", pod({}, { name: "A" }), [`${CONTAINER}.name: Invalid value: "A": ${LABEL}`]],
  ["Pod", pod({}, { image: "" }), [`${CONTAINER}.image: Required value`]],
  ["Pod", pod({}, { image: " i" }), [`${CONTAINER}.image: Invalid value: " i": must not have leading or trailing whitespace`]],
  ["Pod", { spec: { containers: [container, container] } }, [`spec.containers[1].name: Duplicate value: "a"`]],
  ["Pod", pod({ restartPolicy: "Sometimes" }), [`spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"`]],
  ["Pod", pod({}, { imagePullPolicy: "Often" }), [`${CONTAINER}.imagePullPolicy: Unsupported value: "Often": supported values: "Always", "IfNotPresent", "Never"`]],
  ["Pod", pod({}, { ports: [{ containerPort: 0 }] }), [`${CONTAINER}.ports[0].containerPort: Required value`]],
  ["Pod", pod({}, { ports: [{ containerPort: 70000 }] }), [`${CONTAINER}.ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive`]],
  ["Pod", pod({}, { ports: [{ containerPort: 80, name: "h" }, { containerPort: 81, name: "h" }] }), [`${CONTAINER}.ports[1].name: Duplicate value: "h"`]],
  ["Pod", pod({}, { ports: [{ containerPort: 80, protocol: "ICMP" }] }), [`${CONTAINER}.ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"`]],
  ["Pod", pod({}, { ports: [{ containerPort: 80, hostPort: 80 }, { containerPort: 81, hostPort: 80 }] }), [`${CONTAINER}.ports[1].hostPort: Duplicate value: "TCP//80"`]],
  ["Pod", pod({}, { env: [{ name: "" }] }), [`${CONTAINER}.env[0].name: Required value`]],
  ["Pod", pod({}, { env: [{ name: "A", value: "x", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }] }), [`${CONTAINER}.env[0].valueFrom: Invalid value: "": may not be specified when \`value\` is not empty`]],
  [
    "Pod",
    pod({}, { env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "spec.foo" } } }] }),
    [`${CONTAINER}.env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.foo": error converting fieldPath: field label not supported: spec.foo`],
  ],
  [
    "Pod",
    pod({}, { env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "metadata.labels" } } }] }),
    [
      `${CONTAINER}.env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "metadata.labels": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"`,
    ],
  ],
  ["Pod", pod({}, { env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } }] }), []],
  ["Pod", pod({}, { env: [{ name: "A", valueFrom: { configMapKeyRef: { name: "c", key: "" } } }] }), [`${CONTAINER}.env[0].valueFrom.configMapKeyRef.key: Required value`]],
  ["Pod", pod({}, { envFrom: [{}] }), [`${CONTAINER}.envFrom: Invalid value: "": must specify one of: \`configMapRef\` or \`secretRef\``]],
  ["Pod", pod({}, { volumeMounts: [{ name: "d", mountPath: "/d" }] }), [`${CONTAINER}.volumeMounts[0].name: Not found: "d"`]],
  [
    "Pod",
    pod({ volumes: [{ name: "d" }] }, { volumeMounts: [{ name: "d", mountPath: "/d" }, { name: "d", mountPath: "/d", subPath: "../x" }] }),
    [`${CONTAINER}.volumeMounts[1].mountPath: Invalid value: "/d": must be unique`, `${CONTAINER}.volumeMounts.subPath: Invalid value: "../x": must not contain '..'`],
  ],
  ["Pod", pod({ volumes: [{ name: "d", emptyDir: {}, configMap: { name: "c" } }] }), ["spec.volumes[0].configMap: Forbidden: may not specify more than 1 volume type"]],
  ["Pod", pod({ volumes: [{ name: "d", secret: {} }] }), ["spec.volumes[0].secret.secretName: Required value"]],
  ["Pod", pod({ volumes: [{ name: "d" }, { name: "d" }] }), [`spec.volumes[1].name: Duplicate value: "d"`]],
  [
    "Pod",
    pod({ volumes: [{ name: "d", configMap: { name: "c", defaultMode: 511999, items: [{ key: "k", path: "/abs" }] } }] }),
    [
      "spec.volumes[0].configMap.defaultMode: Invalid value: 511999: must be a number between 0 and 0777 (octal), both inclusive",
      `spec.volumes[0].configMap.items[0].path: Invalid value: "/abs": must be a relative path`,
    ],
  ],
  ["Pod", pod({}, { resources: { requests: { cpu: "2" }, limits: { cpu: "1" } } }), [`${CONTAINER}.resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1`]],
  [
    "Pod",
    pod({}, { resources: { requests: { gpu: "1" } } }),
    [
      `${CONTAINER}.resources.requests[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified`,
      `${CONTAINER}.resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for containers`,
    ],
  ],
  ["Pod", pod({}, { resources: { requests: { "nvidia.com/gpu": "1" } } }), [`${CONTAINER}.resources.limits: Required value: Limit must be set for non overcommitable resources`]],
  ["Pod", pod({}, { resources: { requests: { memory: "-1" } } }), [`${CONTAINER}.resources.requests[memory]: Invalid value: "-1": must be greater than or equal to 0`]],
  ["Pod", pod({}, { livenessProbe: {} }), [`${CONTAINER}.livenessProbe: Required value: must specify a handler type`]],
  ["Pod", pod({}, { livenessProbe: { exec: { command: ["x"] }, tcpSocket: { port: 1 } } }), [`${CONTAINER}.livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type`]],
  ["Pod", pod({}, { livenessProbe: { httpGet: { port: 0 }, successThreshold: 2 } }), [`${CONTAINER}.livenessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive`, `${CONTAINER}.livenessProbe.successThreshold: Invalid value: 2: must be 1`]],
  ["Pod", pod({}, { readinessProbe: { exec: {}, periodSeconds: -1 } }), [`${CONTAINER}.readinessProbe.exec.command: Required value`, `${CONTAINER}.readinessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0`]],
  ["Pod", pod({ initContainers: [{ ...container, name: "b", livenessProbe: { tcpSocket: { port: 1 } } }] }), ["spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always"]],
  ["Pod", pod({ initContainers: [container] }), [`spec.initContainers[0].name: Duplicate value: "a"`]],
  ["Pod", pod({ initContainers: [{ ...container, name: "b", restartPolicy: "Always", livenessProbe: { tcpSocket: { port: 1 } } }] }), []],
  ["Pod", pod({ tolerations: [{ key: "a", operator: "Exists", value: "b" }] }), [`spec.tolerations[0].operator: Invalid value: "b": value must be empty when \`operator\` is 'Exists'`]],
  ["Pod", pod({ tolerations: [{ effect: "NoSchedule" }] }), [`spec.tolerations[0].operator: Invalid value: "": operator must be Exists when \`key\` is empty, which means "match all values and all keys"`]],
  ["Pod", pod({ nodeSelector: { "a b": "c" } }), [`spec.nodeSelector: Invalid value: "a b": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`]],
  [
    "Pod",
    pod({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: "a", operator: "In" }] }] } } } }),
    ["spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'"],
  ],
  ["Pod", pod({ topologySpreadConstraints: [{ maxSkew: 0, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule" }] }), ["spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero"]],
  ["Pod", pod({ dnsPolicy: "None" }), ["spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"]],
  ["Pod", pod({ activeDeadlineSeconds: 0 }), ["spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"]],
  ["Pod", pod({ hostname: "a.b" }), [`spec.hostname: Invalid value: "a.b": must not contain dots`]],

  // Workloads
  ["Deployment", deployment({}), []],
  ["Deployment", { spec: { template } }, ["spec.selector: Required value", 'spec.template.metadata.labels: Invalid value: {"app":"x"}: `selector` does not match template `labels`']],
  ["Deployment", deployment({ selector: {} }), ["spec.selector: Invalid value: {}: empty selector is invalid for deployment"]],
  ["Deployment", deployment({ selector: { matchLabels: { app: "y" } } }), ['spec.template.metadata.labels: Invalid value: {"app":"x"}: `selector` does not match template `labels`']],
  ["Deployment", deployment({ replicas: -1 }), ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"]],
  ["Deployment", deployment({ strategy: { type: "Recreate", rollingUpdate: {} } }), ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"]],
  ["Deployment", deployment({ strategy: { type: "Blue" } }), ['spec.strategy: Unsupported value: {"type":"Blue"}: supported values: "Recreate", "RollingUpdate"']],
  ["Deployment", deployment({ strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: "0%" } } }), ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0']],
  ["Deployment", deployment({ strategy: { rollingUpdate: { maxUnavailable: "101%" } } }), ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%']],
  ["Deployment", deployment({ progressDeadlineSeconds: 10, minReadySeconds: 10 }), ["spec.progressDeadlineSeconds: Invalid value: 10: must be greater than minReadySeconds"]],
  ["Deployment", deployment({ template: { ...template, spec: { restartPolicy: "Never", containers: [container] } } }), ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"']],
  ["Deployment", deployment({ template: { metadata: { labels: { app: "x" } } } }), ["spec.template.spec.containers: Required value"]],
  ["ReplicaSet", deployment({ selector: {} }), ["spec.selector: Invalid value: {}: empty selector is invalid for deployment"]],
  ["StatefulSet", deployment({ podManagementPolicy: "Any" }), ["spec.podManagementPolicy: Invalid value: \"Any\": must be 'OrderedReady' or 'Parallel'"]],
  ["StatefulSet", deployment({ updateStrategy: { type: "OnDelete", rollingUpdate: { partition: 1 } } }), ["spec.updateStrategy.rollingUpdate: Invalid value: {\"partition\":1}: only allowed for updateStrategy 'RollingUpdate'"]],
  ["ControllerRevision", { revision: -1 }, ["data: Required value: data is mandatory", "revision: Invalid value: -1: must be greater than or equal to 0"]],

  // Services and endpoints
  ["Service", service({}), []],
  ["Service", { metadata: { name: "1x" }, ...service({}) }, [`metadata.name: Invalid value: "1x": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')`]],
  ["Service", service({ ports: [] }), ["spec.ports: Required value"]],
  ["Service", service({ clusterIP: "None", clusterIPs: ["None"], ports: [] }), []],
  ["Service", service({ type: "Magic" }), ['spec.type: Unsupported value: "Magic": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"']],
  ["Service", service({ ports: [{ port: 80 }, { port: 81 }] }), ["spec.ports[0].name: Required value", "spec.ports[1].name: Required value"]],
  ["Service", service({ ports: [{ port: 80, name: "a" }, { port: 80, name: "b" }] }), ['spec.ports[1]: Duplicate value: {"port":80,"protocol":"TCP"}']],
  ["Service", service({ ports: [{ port: 0 }] }), ["spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive", "spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive"]],
  ["Service", service({ ports: [{ port: 80, nodePort: 30000 }] }), ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"]],
  ["Service", service({ type: "NodePort", clusterIP: "None", clusterIPs: ["None"] }), ["spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"]],
  ["Service", service({ clusterIP: "x", clusterIPs: ["x"] }), ['spec.clusterIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']],
  ["Service", service({ clusterIP: "10.96.0.6" }), ['spec.clusterIPs: Invalid value: ["10.96.0.5"]: first value must match `clusterIP`']],
  ["Service", { spec: { type: "ExternalName" } }, ["spec.externalName: Required value"]],
  ["Service", service({ sessionAffinity: "Cookie" }), ['spec.sessionAffinity: Unsupported value: "Cookie": supported values: "ClientIP", "None"']],
  ["Service", service({ sessionAffinity: "ClientIP", sessionAffinityConfig: { clientIP: { timeoutSeconds: 0 } } }), ["spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 0: must be greater than 0 and less than 86400"]],
  ["Service", service({ externalTrafficPolicy: "Local" }), ['spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services']],
  ["Service", service({ externalIPs: ["127.0.0.1"] }), ['spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)']],
  ["Endpoints", { subsets: [{ ports: [{ port: 80 }] }] }, ["subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`"]],
  ["EndpointSlice", { addressType: "IPv9", endpoints: [] }, ['addressType: Unsupported value: "IPv9": supported values: "FQDN", "IPv4", "IPv6"']],
  ["EndpointSlice", { addressType: "IPv4", endpoints: [{ addresses: [] }] }, ["endpoints[0].addresses: Required value: must contain at least 1 address"]],
  ["EndpointSlice", { addressType: "IPv4", endpoints: [{ addresses: ["::2"] }] }, ['endpoints[0].addresses[0]: Invalid value: "::2": must be an IPv4 address']],

  // Configuration and storage
  ["ConfigMap", { data: { "a b": "" } }, [`data[a b]: Invalid value: "a b": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')`]],
  ["ConfigMap", { data: { a: "" }, binaryData: { a: "" } }, ['data[a]: Invalid value: "a": duplicate of key present in binaryData']],
  ["ConfigMap", { data: { constructor: "", toString: "" }, binaryData: { valueOf: "" } }, []],
  ["ConfigMap", { data: { a: "x".repeat(1024 * 1024 + 1) } }, ["[]: Too long: may not be more than 1048576 bytes"]],
  ["Secret", { type: "kubernetes.io/tls", data: { "tls.crt": "" } }, ["data[tls.key]: Required value"]],
  ["Secret", { type: "kubernetes.io/basic-auth" }, ["data[username]: Required value", "data[password]: Required value"]],
  ["Namespace", { metadata: { name: "A" } }, [`metadata.name: Invalid value: "A": ${LABEL}`]],
  ["PersistentVolumeClaim", claim({}), []],
  ["PersistentVolumeClaim", {}, ["spec.accessModes: Required value: at least 1 access mode is required", "spec.resources[storage]: Required value"]],
  ["PersistentVolumeClaim", claim({ resources: { requests: { storage: "0" } } }), ['spec.resources[storage]: Invalid value: "0": must be greater than zero']],
  ["PersistentVolumeClaim", claim({ accessModes: ["RWO"] }), ['spec.accessModes: Unsupported value: "RWO": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"']],
  ["PersistentVolume", { spec: { accessModes: ["ReadWriteOnce"] } }, ["spec.capacity: Required value", 'spec.capacity: Unsupported value: {}: supported values: "storage"', "spec: Required value: must specify a volume type"]],
  ["PersistentVolume", { spec: { accessModes: ["ReadWriteOnce"], capacity: { storage: "1Gi" }, local: { path: "/d" } } }, ["spec.nodeAffinity: Required value: Local volume requires node affinity"]],
  ["StorageClass", { reclaimPolicy: "Recycle" }, ["provisioner: Required value", 'reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"']],
  ["Node", { spec: { taints: [{ key: "a", effect: "Never" }] } }, ['metadata.taints[0].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"']],
  ["Event", { involvedObject: { kind: "Pod", namespace: "other" } }, ['involvedObject.namespace: Invalid value: "other": does not match event.namespace']],
  ["Lease", { spec: { leaseDurationSeconds: 0 } }, ["spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0"]],
];
for (const [kind, object, errors] of creations) {
  test(`creating ${kind} ${JSON.stringify(object).slice(0, 150)}`, () => assert.deepEqual(creating(kind, object), errors));
}

const POD_UPDATE =
  "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n";

const updates: [kind: string, old: object, object: object, errors: string[]][] = [
  ["Pod", pod({}), pod({ tolerations: [{ operator: "Exists" }], activeDeadlineSeconds: 5 }, { image: "j", imagePullPolicy: "Always" }), []],
  ["Pod", pod({}), pod({ hostname: "h" }), [`${POD_UPDATE}+ spec.hostname: "h"`]],
  ["Pod", pod({ nodeName: "a" }), pod({ nodeName: "b" }), [`${POD_UPDATE}- spec.nodeName: "a"\n+ spec.nodeName: "b"`]],
  ["Pod", pod({}), { spec: { containers: [container, { ...container, name: "b" }] } }, ["spec.containers: Forbidden: pod updates may not add or remove containers"]],
  ["Pod", pod({ activeDeadlineSeconds: 5 }), pod({ activeDeadlineSeconds: 6 }), ["spec.activeDeadlineSeconds: Invalid value: 6: must be less than or equal to previous value"]],
  ["Pod", pod({ activeDeadlineSeconds: 5 }), pod({}), ["spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value"]],
  ["Pod", pod({ tolerations: [{ key: "a", operator: "Exists" }] }), pod({}), ["spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"]],
  ["Pod", pod({}), pod({ schedulingGates: [{ name: "g" }] }), ["spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'g'"]],
  ["Deployment", deployment({}), deployment({ replicas: 3, strategy: { type: "Recreate" } }), []],
  [
    "Deployment",
    deployment({}),
    deployment({ selector: { matchLabels: { app: "y" } } }),
    ['spec.template.metadata.labels: Invalid value: {"app":"x"}: `selector` does not match template `labels`', 'spec.selector: Invalid value: {"matchLabels":{"app":"y"}}: field is immutable'],
  ],
  ["StatefulSet", deployment({ serviceName: "a" }), deployment({ serviceName: "a", replicas: 3 }), []],
  [
    "StatefulSet",
    deployment({ serviceName: "a" }),
    deployment({ serviceName: "b" }),
    ["spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"],
  ],
  ["Service", service({}), service({ clusterIP: "10.96.0.6", clusterIPs: ["10.96.0.6"] }), ['spec.clusterIPs[0]: Invalid value: ["10.96.0.6"]: may not change once set']],
  ["Service", service({}), { spec: { type: "ExternalName", externalName: "a" } }, []],
  ["ConfigMap", { immutable: true, data: { a: "1" } }, { immutable: true, data: { a: "2" } }, ["data: Forbidden: field is immutable when `immutable` is set"]],
  ["ConfigMap", { immutable: true }, {}, ["immutable: Forbidden: field is immutable when `immutable` is set"]],
  ["Secret", { type: "a" }, { type: "b" }, ['type: Invalid value: "b": field is immutable']],
  ["PersistentVolumeClaim", claim({}), claim({ volumeName: "v", storageClassName: "standard" }), []],
  [
    "PersistentVolumeClaim",
    claim({}),
    claim({ accessModes: ["ReadWriteMany"] }),
    ['spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n- spec.accessModes[0]: "ReadWriteOnce"\n+ spec.accessModes[0]: "ReadWriteMany"'],
  ],
  ["PersistentVolumeClaim", { ...claim({}), status: { phase: "Bound" } }, { ...claim({ resources: { requests: { storage: "2Gi" } } }), status: { phase: "Bound" } }, []],
  ["StorageClass", { provisioner: "a" }, { provisioner: "b" }, ["provisioner: Forbidden: updates to provisioner are forbidden."]],
  ["Node", { spec: { podCIDRs: ["10.244.0.0/24"] } }, { spec: { podCIDRs: ["10.244.1.0/24"] } }, ['spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid']],
  ["EndpointSlice", { addressType: "IPv4", endpoints: [] }, { addressType: "IPv6", endpoints: [] }, ['addressType: Invalid value: "IPv6": field is immutable']],
];
for (const [kind, old, object, errors] of updates) {
  test(`updating ${kind} to ${JSON.stringify(object).slice(0, 150)}`, () => assert.deepEqual(updating(kind, old, object), errors));
}

test("a container that ended for good stays ended", () => {
  const withState = (state: Json): object => ({ ...pod({ restartPolicy: "Never" }), status: { containerStatuses: [{ name: "a", state }] } });
  assert.deepEqual(updatingStatus("Pod", withState({ terminated: { exitCode: 0 } }), withState({ running: {} })), [
    "status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state",
  ]);
});

test("a Service that needs node ports no more loses them", () => {
  const { prepareForUpdate } = definitionOf("Service");
  const old = decoded("Service", service({ type: "NodePort", ports: [{ port: 80, nodePort: 30080 }] }));
  const next = decoded("Service", service({ type: "ClusterIP", externalTrafficPolicy: "Cluster", ports: [{ port: 80, nodePort: 30080 }] }));
  prepareForUpdate!(next, old);
  const { spec } = next as unknown as { spec: Json };
  assert.deepEqual(spec["ports"], [{ port: 80, protocol: "TCP", targetPort: 80 }]);
  assert.equal(spec["externalTrafficPolicy"], undefined);
});
