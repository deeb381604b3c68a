import assert from "node:assert/strict";
import { test } from "node:test";
import { decoded, definitionOf } from "./testing.ts";

const container = { name: "a", image: "i" };
const pod = (spec: object = {}, first: object = {}, annotations: object = {}): object => ({ metadata: { name: "x", annotations }, spec: { containers: [{ ...container, ...first }], ...spec } });
const env = (...variables: object[]): object => pod({}, { env: variables });
const ports = (...list: object[]): object => pod({}, { ports: list });
const NO_SELECTOR = "a null labelSelector results in matching no pod";

function warningsFor(kind: string, object: object): string[] {
  return definitionOf(kind).warnings!(decoded(kind, object)).filter((text) => !text.includes("embedded runtime"));
}

const cases: [what: string, object: object, warnings: string[]][] = [
  ["nothing odd", pod({}, { env: [{ name: "A", value: "1" }, { name: "B" }], ports: [{ containerPort: 80 }, { containerPort: 81 }] }), []],
  ["old node labels", pod({ nodeSelector: { "beta.kubernetes.io/os": "linux" } }), ['spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead']],
  [
    "old node labels in affinity",
    pod({ affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: { matchExpressions: [{ key: "beta.kubernetes.io/arch", operator: "Exists" }] } }] } } }),
    ['spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].key: beta.kubernetes.io/arch is deprecated since v1.14; use "kubernetes.io/arch" instead'],
  ],
  [
    "rules about no pods",
    pod({ topologySpreadConstraints: [{ maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule" }], affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: "zone" }] } } }),
    [`spec.topologySpreadConstraints[0].labelSelector: ${NO_SELECTOR}`, `spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: ${NO_SELECTOR}`],
  ],
  ["annotations of old", pod({}, {}, { "scheduler.alpha.kubernetes.io/critical-pod": "" }), ['metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "priorityClassName" field instead']],
  ["a seccomp annotation", pod({}, {}, { "seccomp.security.alpha.kubernetes.io/pod": "unconfined" }), ['metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]: non-functional in v1.27+; use the "seccompProfile" field instead']],
  ["volumes of old", pod({ volumes: [{ name: "v", gitRepo: { repository: "r" } }] }), ["spec.volumes[0].gitRepo: deprecated in v1.11"]],
  ["a file written twice", pod({ volumes: [{ name: "v", configMap: { name: "c", items: [{ key: "a", path: "p" }, { key: "b", path: "p/" }] } }] }), ['volume "v" (ConfigMap "c"): overlapping paths: "p" with "p"']],
  [
    "a file in another's directory",
    pod({ volumes: [{ name: "v", projected: { sources: [{ secret: { name: "s", items: [{ key: "a", path: "p/q" }] } }, { serviceAccountToken: { path: "p" } }] } }] }),
    ['volume "v" (Projected ServiceAccountToken): overlapping paths: "p/q" with "p"'],
  ],
  ["host aliases twice", pod({ hostAliases: [{ ip: "1.2.3.4" }, { ip: "1.2.3.4" }] }), ['spec.hostAliases[1].ip: duplicate ip "1.2.3.4"']],
  ["pull secrets twice, and one without a name", pod({ imagePullSecrets: [{ name: "s" }, { name: "s" }, {}] }), ['spec.imagePullSecrets[1].name: duplicate name "s"', 'spec.imagePullSecrets[2].name: invalid empty name ""']],
  ["parts of bytes", pod({}, { resources: { limits: { memory: "1500m" } } }), ['spec.containers[0].resources.limits[memory]: fractional byte value "1500m" is invalid, must be an integer', 'spec.containers[0].resources.requests[memory]: fractional byte value "1500m" is invalid, must be an integer']],
  ["a variable twice", env({ name: "A", value: "1" }, { name: "A", value: "2" }), ['spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply']],
  ["a variable that builds on itself", env({ name: "A", value: "1" }, { name: "A", value: "$(A)2" }), []],
  ["a port twice", ports({ containerPort: 80 }, { containerPort: 80 }), ["spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]"]],
  ["the same port in two ways", ports({ containerPort: 80, hostPort: 8080 }, { containerPort: 80 }), ["spec.containers[0].ports[1]: overlapping port definition with spec.containers[0].ports[0]"]],
  ["a host's address without a port", ports({ name: "http", containerPort: 80, hostIP: "1.2.3.4" }), ["spec.containers[0].ports[0]: hostIP set without hostPort: {Name:http HostPort:0 ContainerPort:80 Protocol:TCP HostIP:1.2.3.4}"]],
  ["no time to end", pod({ terminationGracePeriodSeconds: -1 }), ["spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1"]],
];
for (const [what, object, warnings] of cases) test(`a pod with ${what}`, () => assert.deepEqual(warningsFor("Pod", object), warnings));

test("templates are warned of with their paths", () => {
  const template = env({ name: "A" }, { name: "A" });
  assert.deepEqual(warningsFor("Deployment", { spec: { template } }), ['spec.template.spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply']);
  assert.deepEqual(warningsFor("CronJob", { spec: { jobTemplate: { spec: { template } } } }), ['spec.jobTemplate.spec.template.spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply']);
});
