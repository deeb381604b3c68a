import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ClusterApi, isReady } from "./support/api.ts";
import { sharedCluster } from "./support/cluster.ts";
import { until } from "./support/wait.ts";
import { configMap, echoPod, ECHO } from "./support/workloads.ts";

const cluster = await sharedCluster();
const api = new ClusterApi(cluster.kubeconfig);
const namespace = await api.ownNamespace("pods");

const IDLE = "setInterval(() => {}, 1000)";

async function logs(name: string, container?: string): Promise<string> {
  return api.core.readNamespacedPodLog({ namespace, name, ...(container === undefined ? {} : { container }) });
}

async function finished(name: string): Promise<string> {
  return until(`pod ${name} to finish`, async () => {
    const phase = (await api.core.readNamespacedPod({ namespace, name })).status?.phase;
    return phase === "Succeeded" || phase === "Failed" ? phase : undefined;
  });
}

async function statusOf(name: string): Promise<{ restarts: number; reason: string | undefined; lastExit: number | undefined; lastReason: string | undefined }> {
  const status = (await api.core.readNamespacedPod({ namespace, name })).status?.containerStatuses?.[0];
  return {
    restarts: status?.restartCount ?? 0,
    reason: status?.state?.waiting?.reason,
    lastExit: status?.lastState?.terminated?.exitCode,
    lastReason: status?.lastState?.terminated?.reason,
  };
}

describe("a pod's containers", () => {
  test("environment from values, fields, config maps and secrets", async () => {
    await api.create(namespace, configMap("env-map", { FROM_MAP: "map", ONE: "1" }), { apiVersion: "v1", kind: "Secret", metadata: { name: "env-secret" }, stringData: { FROM_SECRET: "secret" } });
    await api.create(
      namespace,
      echoPod("env", {
        script: "console.log(JSON.stringify(process.env))",
        spec: { restartPolicy: "Never" },
        container: {
          envFrom: [{ configMapRef: { name: "env-map" } }, { secretRef: { name: "env-secret" }, prefix: "P_" }],
          env: [
            { name: "PLAIN", value: "plain" },
            { name: "COMPOSED", value: "$(PLAIN) and $$(PLAIN)" },
            { name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
            { name: "NODE", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
            { name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
            { name: "KEY", valueFrom: { configMapKeyRef: { name: "env-map", key: "ONE" } } },
            { name: "LIMIT", valueFrom: { resourceFieldRef: { resource: "limits.memory" } } },
          ],
          resources: { limits: { memory: "128Mi" } },
        },
      }),
    );
    assert.equal(await finished("env"), "Succeeded");
    const env = JSON.parse(await logs("env")) as Record<string, string>;
    const pod = await api.core.readNamespacedPod({ namespace, name: "env" });
    const wanted = { FROM_MAP: "map", P_FROM_SECRET: "secret", PLAIN: "plain", COMPOSED: "plain and $(PLAIN)", POD: "env", NODE: pod.spec!.nodeName, IP: pod.status!.podIP, KEY: "1", LIMIT: String(128 << 20) };
    for (const [name, value] of Object.entries(wanted)) assert.equal(env[name], value, name);
  });

  test("volumes: a config map's files follow its changes, a secret's are private, an emptyDir is shared", async () => {
    await api.create(namespace, configMap("files", { "a.txt": "first" }), { apiVersion: "v1", kind: "Secret", metadata: { name: "key" }, stringData: { "key.pem": "private" } });
    const mounts = [
      { name: "files", mountPath: "/etc/files" },
      { name: "key", mountPath: "/etc/key" },
      { name: "shared", mountPath: "/shared" },
    ];
    await api.create(namespace, {
      ...echoPod("volumes"),
      spec: {
        volumes: [{ name: "files", configMap: { name: "files" } }, { name: "key", secret: { secretName: "key", defaultMode: 0o400 } }, { name: "shared", emptyDir: {} }],
        containers: [
          { name: "writer", image: `${ECHO}:v1`, command: ["node", "-e", `require('fs').writeFileSync('/shared/note', 'from the writer'); ${IDLE}`], volumeMounts: mounts },
          { name: "reader", image: `${ECHO}:v1`, command: ["node", "-e", IDLE], volumeMounts: mounts },
        ],
      },
    });
    await api.readyPod(namespace, "volumes");
    const read = (path: string): Promise<unknown> => api.evaluate(namespace, "volumes", `return require('fs').readFileSync(${JSON.stringify(path)}, 'utf8')`, "reader");
    assert.equal(await read("/etc/files/a.txt"), "first");
    assert.equal(await read("/etc/key/key.pem"), "private");
    assert.equal(await api.evaluate(namespace, "volumes", "return require('fs').statSync('/etc/key/key.pem').mode & 0o777", "reader"), 0o400);
    assert.equal(await until("the note", () => read("/shared/note")), "from the writer");
    await api.core.replaceNamespacedConfigMap({ namespace, name: "files", body: { metadata: { name: "files" }, data: { "a.txt": "second" } } });
    await until("the change in the volume", async () => (await read("/etc/files/a.txt")) === "second", { timeoutMs: 90_000, everyMs: 500 });
  });

  test("init containers run to their end, one after the other, before the others", async () => {
    const init = (name: string, script: string): object => ({ name, image: `${ECHO}:v1`, command: ["node", "-e", script], volumeMounts: [{ name: "work", mountPath: "/scratch" }] });
    await api.create(
      namespace,
      echoPod("init", {
        script: "console.log(require('fs').readFileSync('/scratch/log', 'utf8'))",
        container: { volumeMounts: [{ name: "work", mountPath: "/scratch" }] },
        spec: {
          restartPolicy: "Never",
          volumes: [{ name: "work", emptyDir: {} }],
          initContainers: [init("one", "setTimeout(() => require('fs').appendFileSync('/scratch/log', '1'), 200)"), init("two", "require('fs').appendFileSync('/scratch/log', '2')")],
        },
      }),
    );
    assert.equal(await finished("init"), "Succeeded");
    assert.equal((await logs("init")).trim(), "12");
  });

  test("a failing liveness probe restarts the container; a crash does too, with its exit code, and backs off", async () => {
    await api.create(
      namespace,
      echoPod("sick", { container: { livenessProbe: { httpGet: { path: "/readyz", port: 8080 }, periodSeconds: 1, failureThreshold: 1 } } }),
      echoPod("crash", { script: "process.exit(3)" }),
    );
    await api.readyPod(namespace, "sick");
    await api.evaluate(namespace, "sick", "return (await fetch('http://localhost:8080/unready')).status");
    await until("the restart of sick", async () => (await statusOf("sick")).restarts >= 1);
    await api.readyPod(namespace, "sick");
    await until("CrashLoopBackOff", async () => (await statusOf("crash")).reason === "CrashLoopBackOff", { timeoutMs: 60_000 });
    const crash = await statusOf("crash");
    assert.equal(crash.lastExit, 3);
    assert.equal(crash.lastReason, "Error");
    assert.ok(crash.restarts >= 1);
  });

  test("a startup probe holds the other probes back", async () => {
    await api.create(
      namespace,
      echoPod("slow", {
        env: { READY_AFTER_MS: "3000" },
        container: {
          startupProbe: { httpGet: { path: "/readyz", port: "http" }, periodSeconds: 1, failureThreshold: 20 },
          livenessProbe: { httpGet: { path: "/readyz", port: "http" }, periodSeconds: 1, failureThreshold: 1 },
        },
      }),
    );
    await api.readyPod(namespace, "slow");
    assert.equal((await statusOf("slow")).restarts, 0, "liveness did not kill it while it started");
  });

  test("exec and TCP probes", async () => {
    await api.create(
      namespace,
      echoPod("exec-probe", { container: { readinessProbe: { exec: { command: ["node", "-e", "process.exit(require('fs').existsSync('/tmp/ready') ? 0 : 1)"] }, periodSeconds: 1, timeoutSeconds: 5 } } }),
      echoPod("tcp-probe", { container: { readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 } } }),
    );
    await api.readyPod(namespace, "tcp-probe");
    await until("the container to run", async () => (await api.core.readNamespacedPod({ namespace, name: "exec-probe" })).status?.containerStatuses?.[0]?.state?.running !== undefined);
    assert.equal(isReady(await api.core.readNamespacedPod({ namespace, name: "exec-probe" })), false);
    await api.evaluate(namespace, "exec-probe", "require('fs').writeFileSync('/tmp/ready', '')");
    await api.readyPod(namespace, "exec-probe");
  });

  test("preStop runs before SIGTERM, and the grace period bounds both", async () => {
    const script = "process.on('SIGTERM', () => { require('fs').appendFileSync('/scratch/log', 'term '); process.exit(0) }); " + IDLE;
    await api.create(
      namespace,
      echoPod("stopper", {
        spec: { terminationGracePeriodSeconds: 20, volumes: [{ name: "work", persistentVolumeClaim: { claimName: "work" } }] },
        script,
        container: { volumeMounts: [{ name: "work", mountPath: "/scratch" }], lifecycle: { preStop: { exec: { command: ["node", "-e", "require('fs').appendFileSync('/scratch/log', 'prestop ')"] } } } },
      }),
      { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "work" }, spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Mi" } } } },
    );
    await api.readyPod(namespace, "stopper");
    const startedAt = performance.now();
    await api.core.deleteNamespacedPod({ namespace, name: "stopper" });
    await until("the pod to go", async () => (await api.pods(namespace, "app=stopper")).length === 0 && !(await exists("stopper")));
    assert.ok(performance.now() - startedAt < 15_000, "it did not wait for the whole grace period");
    await api.create(namespace, echoPod("after", { script: "console.log(require('fs').readFileSync('/scratch/log', 'utf8'))", spec: { restartPolicy: "Never", volumes: [{ name: "work", persistentVolumeClaim: { claimName: "work" } }] }, container: { volumeMounts: [{ name: "work", mountPath: "/scratch" }] } }));
    await finished("after");
    assert.equal((await logs("after")).trim(), "prestop term");
  });

  test("more memory than the limit: OOMKilled", async () => {
    await api.create(
      namespace,
      echoPod("greedy", { script: "const all = []; setInterval(() => all.push(Buffer.alloc(16 << 20, 1)), 50)", spec: { restartPolicy: "Never" }, container: { resources: { limits: { memory: "150Mi" } } } }),
    );
    assert.equal(await finished("greedy"), "Failed");
    const { state } = (await api.core.readNamespacedPod({ namespace, name: "greedy" })).status!.containerStatuses![0]!;
    assert.equal(state!.terminated!.reason, "OOMKilled");
    assert.equal(state!.terminated!.exitCode, 137);
  });

  test("an image that isn't there is told in the status and in an event", async () => {
    await api.create(namespace, echoPod("lost", { version: "nope" }));
    await until("the reason", async () => /ErrImagePull|ImagePullBackOff/.test((await statusOf("lost")).reason ?? ""));
    await until("the event", async () => {
      const { items } = await api.core.listNamespacedEvent({ namespace, fieldSelector: "involvedObject.name=lost" });
      return items.some(({ reason, message }) => reason === "Failed" && /nope/.test(message ?? ""));
    });
  });

  test("an image pinned by its digest", async () => {
    const [status] = (await api.core.readNamespacedPod({ namespace, name: "tcp-probe" })).status!.containerStatuses!;
    const digest = /sha256:[0-9a-f]{64}/.exec(status!.imageID)![0];
    await api.create(namespace, echoPod("pinned", { container: { image: `${ECHO}@${digest}` } }));
    await api.readyPod(namespace, "pinned");
  });

  test("what is not supported is warned of by name, never taken in silence", async () => {
    const body = echoPod("privileged", { container: { securityContext: { privileged: true } } });
    const { headers } = await api.core.createNamespacedPodWithHttpInfo({ namespace, body });
    assert.match(headers["warning"] ?? "", /^299 .*spec\.containers\[0\]\.securityContext.*privileged/);
  });
});

async function exists(name: string): Promise<boolean> {
  return api.core.readNamespacedPod({ namespace, name }).then(
    () => true,
    () => false,
  );
}
