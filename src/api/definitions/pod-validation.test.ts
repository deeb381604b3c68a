/** Pods: what may not be asked for, changed or reported, in upstream's words. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "../types.ts";
import { withEphemeralContainers } from "./ephemeral-container-validation.ts";
import { withResources } from "./pod-resize-validation.ts";
import { creating, decoded, definitionOf, updating, updatingStatus } from "./testing.ts";

const container = { name: "a", image: "i" };
const pod = (spec: object = {}, first: object = {}): object => ({ spec: { containers: [{ ...container, ...first }], ...spec } });
const annotated = (annotations: object, spec: object = {}): object => ({ metadata: { name: "x", annotations }, ...pod(spec) });
const mount = (volume: object, more: object, first: object = {}): object => pod({ volumes: [{ name: "v", ...volume }] }, { volumeMounts: [{ name: "v", mountPath: "/v", ...more }], ...first });
const secure = (securityContext: object, spec: object = {}): object => pod({ securityContext, ...spec });
const spread = (...more: object[]): object => pod({ topologySpreadConstraints: more.map((each) => ({ maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule", labelSelector: { matchLabels: { app: "a" } }, ...each })) });
const near = (term: object): object => pod({ affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: "zone", ...term }] } } });
const FIRST = "spec.containers[0]";
const NEAR = "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]";
const SYSCTL = "must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";

const creations: [object: object, errors: string[]][] = [
  [annotated({ "kubernetes.io/config.mirror": "m" }), ['metadata.annotations[kubernetes.io/config.mirror]: Invalid value: "m": must set spec.nodeName if mirror pod annotation is set']],
  [annotated({ "controller.kubernetes.io/pod-deletion-cost": "-7" }), []],
  [annotated({ "controller.kubernetes.io/pod-deletion-cost": "+7" }), ['metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "+7": must be a 32bit integer']],
  [pod({ ephemeralContainers: [{ name: "d", image: "i" }] }), ["spec.ephemeralContainers: Forbidden: cannot be set on create"]],
  [pod({ schedulingGates: [{ name: "g" }], nodeName: "n" }), ["spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared"]],
  // Security
  [secure({ sysctls: [{ name: "net.ipv4.ip_forward", value: "1" }] }), []],
  [secure({ sysctls: [{ name: "_x", value: "1" }, { name: "kernel.sem", value: "1" }, { name: "kernel.sem", value: "1" }] }), [`spec.securityContext.sysctls[0].name: Invalid value: "_x": ${SYSCTL}`, 'spec.securityContext.sysctls[2].name: Duplicate value: "kernel.sem"']],
  [secure({ sysctls: [{ name: "net/core/x", value: "1" }] }, { hostNetwork: true }), ["spec.securityContext.sysctls[0].name: Invalid value: \"net/core/x\": may not be specified when 'hostNetwork' is true"]],
  [secure({ seccompProfile: { type: "Localhost" } }), ["spec.securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost"]],
  [secure({ seccompProfile: { type: "Localhost", localhostProfile: "/p" } }), ['spec.securityContext.seccompProfile.localhostProfile: Invalid value: "/p": must be a relative path']],
  [secure({ seccompProfile: { type: "Some" } }), ['spec.securityContext.seccompProfile.type: Unsupported value: "Some": supported values: "Localhost", "RuntimeDefault", "Unconfined"']],
  [secure({ appArmorProfile: { type: "Unconfined", localhostProfile: "p" } }), ['spec.securityContext.appArmorProfile.localhostProfile: Invalid value: "p": can only be set when AppArmor type is Localhost']],
  [secure({ supplementalGroupsPolicy: "Some", seLinuxChangePolicy: "Some" }), ['spec.securityContext.supplementalGroupsPolicy: Unsupported value: "Some": supported values: "Merge", "Strict"', 'spec.securityContext.seLinuxChangePolicy: Unsupported value: "Some": supported values: "MountOption", "Recursive"']],
  [pod({}, { securityContext: { procMount: "Unmasked" } }), [`${FIRST}.securityContext.procMount: Invalid value: "Unmasked": \`hostUsers\` must be false to use \`Unmasked\``]],
  [pod({ hostUsers: false, hostPID: true }), ["spec.HostPID: Forbidden: when `pod.Spec.HostUsers` is false"]],
  [pod({ os: { name: "plan9" } }), ['spec.os: Unsupported value: "plan9": supported values: "linux", "windows"']],
  [pod({ os: { name: "linux" } }, { securityContext: { windowsOptions: {} } }), [`${FIRST}.securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod`]],
  [pod({ os: { name: "windows" }, hostPID: true, securityContext: { runAsUser: 1 } }), ["spec.hostPID: Forbidden: cannot be set for a windows pod", "spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod"]],
  // Resources
  [pod({}, { resources: { claims: [{ name: "gpu" }] } }), [`${FIRST}.resources.claims[0]: Not found: "gpu": must be one of the names in pod.spec.resourceClaims which is empty`]],
  [pod({ resourceClaims: [{ name: "gpu", resourceClaimName: "g" }] }, { resources: { claims: [{ name: "gpu" }, { name: "gpu" }] } }), [`${FIRST}.resources.claims[1]: Duplicate value: "gpu"`]],
  [pod({ resourceClaims: [{ name: "gpu" }] }), ['spec.resourceClaims[0]: Invalid value: {"name":"gpu"}: must specify one of: `resourceClaimName`, `resourceClaimTemplateName`']],
  [pod({ resources: { requests: { cpu: "1" } } }, { resources: { requests: { cpu: "1500m" } } }), ['spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 1500m']],
  [pod({ resources: { limits: { memory: "1Gi" }, requests: { memory: "1Gi" } } }, { resources: { limits: { memory: "2Gi" }, requests: { memory: "1Gi" } } }), ['spec.resources.containers[0][memory].limits: Invalid value: "2Gi": must be less than or equal to pod limits of 1Gi']],
  [pod({ overhead: { cpu: "-1" } }), ['spec.overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0']],
  // Containers
  [pod({}, { resizePolicy: [{ resourceName: "disk", restartPolicy: "Some" }] }), [`${FIRST}.resizePolicy: Unsupported value: "disk": supported values: "cpu", "memory"`, `${FIRST}.resizePolicy: Unsupported value: "Some": supported values: "NotRequired", "RestartContainer"`]],
  [pod({ restartPolicy: "Never" }, { resizePolicy: [{ resourceName: "cpu", restartPolicy: "RestartContainer" }] }), [`${FIRST}.resizePolicy: Invalid value: "RestartContainer": must be 'NotRequired' when \`restartPolicy\` is 'Never'`]],
  [pod({}, { restartPolicyRules: [{ action: "Restart" }] }), [`${FIRST}.restartPolicy: Required value: must specify restartPolicy when restart rules are used`]],
  [pod({}, { restartPolicy: "Never", restartPolicyRules: [{ action: "Stop", exitCodes: { operator: "Is", values: [1] } }] }), [`${FIRST}.restartPolicyRules[0].action: Unsupported value: "Stop": supported values: "Restart", "RestartAllContainers"`, `${FIRST}.restartPolicyRules[0].exitCodes.operator: Unsupported value: "Is": supported values: "In", "NotIn"`]],
  [mount({ image: { reference: "i" } }, { subPath: "s" }), [`${FIRST}.volumeMounts[0].subPath: Invalid value: "s": not allowed in image volume sources`]],
  [mount({}, { recursiveReadOnly: "Enabled" }), [`${FIRST}.volumeMounts.recursiveReadOnly: Forbidden: may only be specified when readOnly is true`]],
  [mount({ nfs: { server: "", path: "p" } }, {}, { volumeMounts: [] }), ["spec.volumes[0].nfs.server: Required value", 'spec.volumes[0].nfs.path: Invalid value: "p": must be an absolute path']],
  // Where it runs
  [spread({}, {}), ['spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value: "{zone, DoNotSchedule}"']],
  [spread({ nodeAffinityPolicy: "Some", matchLabelKeys: ["app", "_"] }), ['spec.topologySpreadConstraints[0].nodeAffinityPolicy: Unsupported value: "Some": supported values: "Honor", "Ignore"', `spec.topologySpreadConstraints[0].matchLabelKeys[1]: Invalid value: "_": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`, 'spec.topologySpreadConstraints[0].matchLabelKeys[0]: Invalid value: "app": exists in both matchLabelKeys and labelSelector']],
  [near({ matchLabelKeys: ["a"] }), [`${NEAR}.matchLabelKeys: Forbidden: must not be specified when labelSelector is not set`]],
  [near({ labelSelector: {}, matchLabelKeys: ["a"], mismatchLabelKeys: ["a"] }), [`${NEAR}.matchLabelKeys[0]: Invalid value: "a": exists in both matchLabelKeys and mismatchLabelKeys`]],
  [pod({ dnsConfig: { searches: [".", "_tcp.example.com.", "A"] } }), ["spec.dnsConfig.searches[2]: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')"]],
];
for (const [object, errors] of creations) test(`creating ${JSON.stringify(object)}`, () => assert.deepEqual(creating("Pod", object), errors));

const TERMS = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms";
const gated = (...terms: object[]): object => pod({ schedulingGates: [{ name: "g" }], affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } } });
const exists = (key: string): object => ({ key, operator: "Exists" });
const updates: [old: object, object: object, errors: string[]][] = [
  [pod({ schedulingGates: [{ name: "g" }] }), pod({ nodeSelector: { a: "b" } }), []],
  [pod({ schedulingGates: [{ name: "g" }], nodeSelector: { a: "b" } }), pod({ nodeSelector: { a: "c" } }), ['spec.nodeSelector: Invalid value: {"a":"c"}: only additions to spec.nodeSelector are allowed (no mutations or deletions)']],
  [pod({ schedulingGates: [{ name: "g" }] }), gated({ matchExpressions: [exists("a")] }), []],
  [gated({ matchExpressions: [exists("a")] }), gated({ matchExpressions: [exists("a"), exists("b")] }), []],
  [gated({ matchExpressions: [exists("a")] }), gated({ matchExpressions: [exists("b")] }), [`${TERMS}[0]: Invalid value: {"matchExpressions":[{"key":"b","operator":"Exists"}]}: only additions are allowed (no mutations or deletions)`]],
  [gated({ matchExpressions: [exists("a")] }), gated({ matchExpressions: [exists("a")] }, { matchExpressions: [exists("b")] }), [`${TERMS}: Invalid value: [{"matchExpressions":[{"key":"a","operator":"Exists"}]},{"matchExpressions":[{"key":"b","operator":"Exists"}]}]: no additions/deletions to non-empty NodeSelectorTerms list are allowed`]],
  [annotated({ "kubernetes.io/config.mirror": "m" }, { nodeName: "n" }), pod({ nodeName: "n" }), ["metadata.annotations[kubernetes.io/config.mirror]: Forbidden: may not remove or update mirror pod annotation"]],
];
for (const [old, object, errors] of updates) test(`updating ${JSON.stringify(old)} to ${JSON.stringify(object)}`, () => assert.deepEqual(updating("Pod", old, object), errors));

const status = (value: object): object => ({ ...pod(), status: value });
const statuses: [value: object, errors: string[]][] = [
  [{ conditions: [{ type: "_x", status: "True" }] }, ["metadata.conditions[0].Type: Invalid value: \"_x\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"]],
  [{ podIPs: [{ ip: "10.0.0.1" }, { ip: "10.0.0.2" }] }, ['status.podIPs: Invalid value: [{"ip":"10.0.0.1"},{"ip":"10.0.0.2"}]: may specify no more than one IP for each IP family']],
  [{ podIPs: [{ ip: "10.0.0.1" }, { ip: "fd00::1" }] }, []],
  [{ hostIP: "1.2.3.4", hostIPs: [{ ip: "1.2.3.5" }] }, ['status.hostIPs[0].ip: Invalid value: "1.2.3.5": must be equal to `hostIP`']],
  [{ resourceClaimStatuses: [{ name: "c" }] }, ['status.resourceClaimStatuses[0].name: Invalid value: "c": must match the name of an entry in `spec.resourceClaims`']],
];
for (const [value, errors] of statuses) test(`the status ${JSON.stringify(value)}`, () => assert.deepEqual(updatingStatus("Pod", pod(), status(value)), errors));

/** The errors of a change through a subresource. */
function changing(subresource: string, old: object, asked: object): string[] {
  const { parts, validate } = definitionOf("Pod");
  const before = decoded("Pod", old);
  const after = decoded("Pod", parts![subresource]!.change(before, decoded("Pod", asked)));
  return [...validate!(after, before), ...parts![subresource]!.validateUpdate(after, before)].map(({ field, message }) => `${field}: ${message}`);
}

const debugged = (...ephemeralContainers: object[]): object => pod({ ephemeralContainers });
const debugging: [old: object, asked: object, errors: string[]][] = [
  [pod(), debugged({ name: "d", image: "i", targetContainerName: "a" }), []],
  [pod(), debugged({ name: "a", image: "i" }), ['spec.ephemeralContainers[0].name: Duplicate value: "a"']],
  [pod(), debugged({ name: "d", image: " i", targetContainerName: "b" }), ['spec.ephemeralContainers[0].image: Invalid value: " i": must not have leading or trailing whitespace', 'spec.ephemeralContainers[0].targetContainerName: Not found: "b"']],
  [pod(), debugged({ name: "d", image: "i", ports: [{ containerPort: 80 }], lifecycle: {} }), ["spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container"]],
  [debugged({ name: "d", image: "i" }), pod(), ['spec.ephemeralContainers: Forbidden: existing ephemeral containers "d" may not be removed\n']],
  [debugged({ name: "d", image: "i" }), debugged({ name: "d", image: "j" }), ['spec.ephemeralContainers: Forbidden: existing ephemeral containers "d" may not be changed\n- spec.ephemeralContainers.image: "i"\n+ spec.ephemeralContainers.image: "j"']],
];
for (const [old, asked, errors] of debugging) test(`debugging with ${JSON.stringify(asked)}`, () => assert.deepEqual(changing("ephemeralcontainers", old, asked), errors));

const sized = (resources: object, more: object = {}): object => ({ ...pod({}, { resources }), ...more });
const resizes: [old: object, asked: object, errors: string[]][] = [
  [sized({ requests: { cpu: "1" } }), sized({ requests: { cpu: "2" }, limits: { cpu: "3" } }), []],
  [sized({ requests: { cpu: "1", memory: "1Gi" } }), sized({ requests: { cpu: "2" } }), ["spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed"]],
  [sized({}), sized({ requests: { cpu: "2" } }), ['spec: Invalid value: "BestEffort": Pod QOS Class may not change as a result of resizing']],
  [sized({ requests: { cpu: "1" } }), sized({ requests: { cpu: "1", "ephemeral-storage": "1Gi" } }), ["spec: Forbidden: only cpu and memory resources are mutable"]],
  [sized({ requests: { cpu: "1" } }, { status: { containerStatuses: [{ name: "a", state: { running: {} } }] } }), sized({ requests: { cpu: "2" } }), ["spec: Forbidden: Pod running on node without support for resize"]],
  [{ ...annotated({ "kubernetes.io/config.mirror": "m" }, { nodeName: "n" }) }, pod(), [": Forbidden: static pods cannot be resized"]],
];
for (const [old, asked, errors] of resizes) test(`resizing to ${JSON.stringify(asked)}`, () => assert.deepEqual(changing("resize", old, asked), errors));

test("a subresource changes its part alone", () => {
  const old = decoded("Pod", pod({ nodeName: "n" })) as Pod;
  const asked = decoded("Pod", { metadata: { name: "x", labels: { a: "b" } }, ...pod({ ephemeralContainers: [{ name: "d", image: "i" }] }, { image: "j", resources: { limits: { cpu: "1" } } }) }) as Pod;
  const { ephemeralContainers } = asked.spec;
  assert.deepEqual(withEphemeralContainers(old, asked), { ...old, spec: { ...old.spec, ephemeralContainers } });
  assert.deepEqual(withResources(old, asked), { ...old, spec: { ...old.spec, containers: [{ ...old.spec.containers[0], resources: { limits: { cpu: "1" }, requests: { cpu: "1" } } }] } });
});
