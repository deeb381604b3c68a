import assert from "node:assert/strict";
import { test } from "node:test";
import type { Container, Pod, Service } from "#api/types.ts";
import type { PodFacts } from "./downward.ts";
import { containerArguments, containerEnvironment, type Configuration } from "./environment.ts";
import { expand } from "./expansion.ts";
import { qosClass } from "./qos.ts";
import { serviceEnvironment } from "./service-environment.ts";

const facts: PodFacts = { podIP: "10.244.1.5", hostIP: "172.30.0.3", nodeName: "node", allocatable: { cpuMillis: 4000, memoryBytes: 2 ** 33, ephemeralStorageBytes: 2 ** 35 } };

const configuration: Configuration = {
  configMap: (name) => (name === "settings" ? { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: { color: "blue", "a=b": "odd" } } : undefined),
  secret: (name) => (name === "password" ? { apiVersion: "v1", kind: "Secret", metadata: { name }, data: { word: Buffer.from("swordfish").toString("base64") } } : undefined),
};

function podWith(container: Partial<Container>): { pod: Pod; container: Container } {
  const full = { name: "main", image: "x", ...container } as Container;
  const pod: Pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web-1", namespace: "shop", uid: "u-1", labels: { app: "web", tier: "front" }, annotations: { note: "hi" } },
    spec: { containers: [full], serviceAccountName: "robot" },
  };
  return { pod, container: full };
}

function envOf(container: Partial<Container>, base: Record<string, string> = {}) {
  const { pod, container: full } = podWith(container);
  return containerEnvironment(pod, full, base, configuration, facts);
}

test("references are filled in, unknown ones stay, $$ is a dollar", () => {
  const env: Record<string, string> = { A: "1", B: "$(A)" };
  const lookup = (name: string): string | undefined => env[name];
  const cases: [string, string][] = [
    ["$(A)", "1"],
    ["x$(A)y$(A)", "x1y1"],
    ["$(B)", "$(A)"],
    ["$(C)", "$(C)"],
    ["$$(A)", "$(A)"],
    ["$$$(A)", "$1"],
    ["$A ${A} $(A", "$A ${A} $(A"],
    ["$", "$"],
  ];
  for (const [text, expected] of cases) assert.equal(expand(text, lookup), expected, text);
});

test("variables come from values, fields, resources, ConfigMaps and Secrets, later over earlier", () => {
  const { env, warnings } = envOf(
    {
      resources: { limits: { cpu: "250m" }, requests: { memory: "64Mi" } },
      envFrom: [{ prefix: "CFG_", configMapRef: { name: "settings" } }, { secretRef: { name: "password" } }, { configMapRef: { name: "absent", optional: true } }],
      env: [
        { name: "word", value: "over" },
        { name: "COMBINED", value: "$(word)-$(CFG_color)-$(LATER)" },
        { name: "LATER", value: "later" },
        { name: "NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
        { name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
        { name: "NODE", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
        { name: "ACCOUNT", valueFrom: { fieldRef: { fieldPath: "spec.serviceAccountName" } } },
        { name: "TIER", valueFrom: { fieldRef: { fieldPath: "metadata.labels['tier']" } } },
        { name: "LABELS", valueFrom: { fieldRef: { fieldPath: "metadata.labels" } } },
        { name: "CPU", valueFrom: { resourceFieldRef: { resource: "limits.cpu" } } },
        { name: "CPU_MILLIS", valueFrom: { resourceFieldRef: { resource: "limits.cpu", divisor: "1m" } } },
        { name: "MEMORY", valueFrom: { resourceFieldRef: { resource: "requests.memory", divisor: "1Mi" } } },
        { name: "NODE_MEMORY", valueFrom: { resourceFieldRef: { resource: "limits.memory", divisor: "1Gi" } } },
        { name: "COLOR", valueFrom: { configMapKeyRef: { name: "settings", key: "color" } } },
        { name: "SECRET", valueFrom: { secretKeyRef: { name: "password", key: "word" } } },
        { name: "NONE", valueFrom: { secretKeyRef: { name: "absent", key: "word", optional: true } } },
      ],
    },
    { BASE: "base" },
  );
  assert.deepEqual(env, {
    BASE: "base",
    CFG_color: "blue",
    word: "over",
    COMBINED: "over-blue-$(LATER)",
    LATER: "later",
    NAME: "web-1",
    IP: "10.244.1.5",
    NODE: "node",
    ACCOUNT: "robot",
    TIER: "front",
    LABELS: 'app="web"\ntier="front"',
    CPU: "1",
    CPU_MILLIS: "250",
    MEMORY: "64",
    NODE_MEMORY: "8",
    COLOR: "blue",
    SECRET: "swordfish",
  });
  assert.deepEqual(warnings, ["Keys [CFG_a=b] from the EnvFrom configMap shop/settings were skipped since they are considered invalid environment variable names."]);
});

test("what is missing is said in Kubernetes' words", () => {
  const cases: [Partial<Container>, RegExp][] = [
    [{ envFrom: [{ configMapRef: { name: "absent" } }] }, /^configmap "absent" not found$/],
    [{ envFrom: [{ secretRef: { name: "absent" } }] }, /^secret "absent" not found$/],
    [{ env: [{ name: "A", valueFrom: { configMapKeyRef: { name: "settings", key: "size" } } }] }, /^couldn't find key size in ConfigMap shop\/settings$/],
    [{ env: [{ name: "A", valueFrom: { secretKeyRef: { name: "password", key: "size" } } }] }, /^couldn't find key size in Secret shop\/password$/],
    [{ env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "spec.replicas" } } }] }, /unsupported fieldPath: spec\.replicas/],
  ];
  for (const [container, message] of cases) assert.throws(() => envOf(container), { name: "Error", message });
});

test("command and args stand over the image's", () => {
  const image = { Entrypoint: ["node"], Cmd: ["main.cjs"] };
  const cases: [Pick<Container, "command" | "args">, string[]][] = [
    [{}, ["node", "main.cjs"]],
    [{ args: ["--port", "$(PORT)"] }, ["node", "--port", "80"]],
    [{ command: ["sh"] }, ["sh"]],
    [{ command: ["sh"], args: ["-c", "$(NOPE)"] }, ["sh", "-c", "$(NOPE)"]],
  ];
  for (const [container, expected] of cases) assert.deepEqual(containerArguments(container, image, { PORT: "80" }), expected);
});

function service(namespace: string, name: string, clusterIP: string, ports: { name?: string; port: number; protocol?: string }[]): Service {
  return { apiVersion: "v1", kind: "Service", metadata: { namespace, name }, spec: { clusterIP, ports } };
}

test("Services of the namespace and the API server are in the environment", () => {
  const all = [
    service("default", "kubernetes", "10.96.0.1", [{ name: "https", port: 443 }]),
    service("shop", "user-service", "10.96.0.7", [{ name: "http", port: 80 }, { port: 53, protocol: "UDP" }]),
    service("shop", "headless", "None", [{ port: 1 }]),
    service("other", "hidden", "10.96.0.8", [{ port: 1 }]),
  ];
  assert.deepEqual(serviceEnvironment(all, "shop", true), {
    USER_SERVICE_SERVICE_HOST: "10.96.0.7",
    USER_SERVICE_SERVICE_PORT: "80",
    USER_SERVICE_SERVICE_PORT_HTTP: "80",
    USER_SERVICE_PORT: "tcp://10.96.0.7:80",
    USER_SERVICE_PORT_80_TCP: "tcp://10.96.0.7:80",
    USER_SERVICE_PORT_80_TCP_PROTO: "tcp",
    USER_SERVICE_PORT_80_TCP_PORT: "80",
    USER_SERVICE_PORT_80_TCP_ADDR: "10.96.0.7",
    USER_SERVICE_PORT_53_UDP: "udp://10.96.0.7:53",
    USER_SERVICE_PORT_53_UDP_PROTO: "udp",
    USER_SERVICE_PORT_53_UDP_PORT: "53",
    USER_SERVICE_PORT_53_UDP_ADDR: "10.96.0.7",
    KUBERNETES_SERVICE_HOST: "10.96.0.1",
    KUBERNETES_SERVICE_PORT: "443",
    KUBERNETES_SERVICE_PORT_HTTPS: "443",
    KUBERNETES_PORT: "tcp://10.96.0.1:443",
    KUBERNETES_PORT_443_TCP: "tcp://10.96.0.1:443",
    KUBERNETES_PORT_443_TCP_PROTO: "tcp",
    KUBERNETES_PORT_443_TCP_PORT: "443",
    KUBERNETES_PORT_443_TCP_ADDR: "10.96.0.1",
  });
  assert.deepEqual(Object.keys(serviceEnvironment(all, "shop", false)).every((name) => name.startsWith("KUBERNETES_")), true);
});

test("quality of service follows requests and limits", () => {
  const cases: [Container["resources"], string][] = [
    [undefined, "BestEffort"],
    [{ requests: { cpu: "1" } }, "Burstable"],
    [{ limits: { cpu: "1", memory: "1Gi" } }, "Guaranteed"],
    [{ limits: { cpu: "1000m", memory: "1Gi" }, requests: { cpu: "1", memory: "1024Mi" } }, "Guaranteed"],
    [{ limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "500m" } }, "Burstable"],
    [{ limits: { memory: "1Gi" } }, "Burstable"],
  ];
  for (const [resources, expected] of cases) assert.equal(qosClass(podWith({ resources }).pod), expected, JSON.stringify(resources));
});
