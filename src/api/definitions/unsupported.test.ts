import assert from "node:assert/strict";
import { test } from "node:test";
import type { Service } from "../types.ts";
import { unsupportedInPodSpec, unsupportedInService } from "./unsupported.ts";

const IGNORED = "not supported by the embedded runtime; ignored on this cluster";
const REFUSED = "not supported by the embedded runtime; pods that ask for it do not start on this cluster";

const cases: [spec: object, warnings: string[]][] = [
  [{}, []],
  [{ hostPID: true, hostIPC: false, runtimeClassName: "gvisor" }, [`spec.hostPID: ${REFUSED}`, `spec.runtimeClassName: ${REFUSED}`]],
  [{ securityContext: { runAsNonRoot: true, fsGroup: 1 } }, [`spec.securityContext (runAsNonRoot, fsGroup): ${IGNORED}`]],
  [{ securityContext: {} }, []],
  [
    { containers: [{ name: "a", securityContext: { privileged: false, allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } } }] },
    [`spec.containers[0].securityContext (allowPrivilegeEscalation, capabilities): ${IGNORED}`],
  ],
  [{ volumes: [{ name: "a", emptyDir: {} }, { name: "b", nfs: { server: "s", path: "/" } }] }, [`spec.volumes[1].nfs: ${REFUSED}`]],
  [{ containers: [{ name: "a", livenessProbe: { grpc: { port: 1 } } }] }, [`spec.containers[0].livenessProbe.grpc: ${REFUSED}`]],
  [{ initContainers: [{ name: "a", resources: { limits: { "nvidia.com/gpu": "1", cpu: "1" } } }] }, [`spec.initContainers[0].resources.limits[nvidia.com/gpu]: ${REFUSED}`, `spec.initContainers[0].resources.limits[cpu]: ${IGNORED}`]],
  [{ containers: [{ name: "a", ports: [{ containerPort: 80 }, { containerPort: 81, hostPort: 81 }] }] }, [`spec.containers[0].ports[1].hostPort: ${REFUSED}`]],
  [{ volumes: [{ name: "a", emptyDir: { medium: "Memory", sizeLimit: "1Gi" } }] }, [`spec.volumes[0].emptyDir.medium: ${IGNORED}`, `spec.volumes[0].emptyDir.sizeLimit: ${IGNORED}`]],
  [{ activeDeadlineSeconds: 5, priorityClassName: "high", priority: 5, preemptionPolicy: "Never" }, []],
  [
    { ephemeralContainers: [{ name: "a", targetContainerName: "main", securityContext: { capabilities: { add: ["SYS_PTRACE"] } } }] },
    [`spec.ephemeralContainers[0].targetContainerName: ${IGNORED}`, `spec.ephemeralContainers[0].securityContext (capabilities): ${IGNORED}`],
  ],
  [{ initContainers: [{ name: "a", restartPolicy: "Always" }], containers: [{ name: "b", restartPolicy: "Never" }] }, [`spec.containers[0].restartPolicy: ${IGNORED}`]],
  [{ schedulerName: "default-scheduler" }, []],
  [{ schedulerName: "mine" }, [`spec.schedulerName: ${REFUSED}`]],
];
for (const [spec, warnings] of cases) {
  test(`a pod with ${JSON.stringify(spec)}`, () => {
    assert.deepEqual(unsupportedInPodSpec({ containers: [], ...spec }, "spec"), warnings);
  });
}

test("a Service with what the network lacks", () => {
  const service = { spec: { ports: [{ port: 53, protocol: "UDP" }], externalIPs: ["1.2.3.4"] } } as Service;
  assert.deepEqual(unsupportedInService(service), [`spec.ports.protocol: ${IGNORED}`, `spec.externalIPs: ${IGNORED}`]);
});
