import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { test, type TestContext } from "node:test";
import { systemClock } from "#lib/clock.ts";
import { silentLogger } from "#lib/log.ts";
import { isAlive } from "#lib/process.ts";
import { seededRng } from "#lib/random.ts";
import { ensureSchemas } from "#api/openapi/index.ts";
import { configMaps, events, leases, nodes, pods, secrets, serviceAccounts } from "#api/resources.ts";
import type { Container, Pod, PodSpec } from "#api/types.ts";
import { bootstrap, createApiServer, systemUser } from "#apiserver/index.ts";
import { Client } from "#client/client.ts";
import { Informers } from "#client/informer.ts";
import type { PulledImage } from "#registry/client.ts";
import { memoryDriver, openStore } from "#store/index.ts";
import { startKubelet, type Kubelet } from "./kubelet.ts";
import type { KubeletNetwork } from "./kubelet-context.ts";
import type { ImageService } from "./image-puller.ts";
import { ProcessRuntime } from "./process-runtime.ts";
import { eventually, temporaryDirectory } from "./testing.ts";

/** A pod network in which every pod listens on the machine's own loopback. */
function loopbackNetwork(binDir: string): KubeletNetwork {
  let next = 2;
  const addresses = new Map<string, string>();
  return {
    binDir,
    setup: ({ uid, ip }) => {
      if (!addresses.has(uid)) addresses.set(uid, ip ?? `10.244.1.${next++}`);
      return Promise.resolve({ ip: addresses.get(uid)! });
    },
    environment: (_uid, { mounts }) => ({ TIDEPOOL_MOUNTS: JSON.stringify(mounts) }),
    teardown: (uid) => Promise.resolve(void addresses.delete(uid)),
    dial: (_ip, port) =>
      new Promise<Socket>((resolve, reject) => {
        const socket = connect({ host: "127.0.0.1", port });
        socket.once("connect", () => resolve(socket)).once("error", reject);
      }),
  };
}

/** Images that are directories: `shell:v1` has nothing in it, `broken:*` can't be pulled. */
function directoryImages(directory: string): ImageService {
  const rootfs = join(directory, "rootfs");
  mkdirSync(rootfs);
  const image: PulledImage = {
    reference: "shell:v1",
    repoDigest: "shell@sha256:abc",
    configDigest: "sha256:def",
    manifestDigest: "sha256:abc",
    rootfs,
    config: { architecture: "amd64", os: "linux", config: { Env: ["FROM_IMAGE=yes"], WorkingDir: "/" } },
    sizeBytes: 1,
  };
  return {
    local: () => Promise.resolve(undefined),
    pull: (name) => (name.startsWith("broken") ? Promise.reject(new Error(`failed to resolve reference "${name}": not found`)) : Promise.resolve(image)),
  };
}

interface World {
  client: Client;
  kubelet: Kubelet;
  directory: string;
  /** Ends the kubelet as `kill -9` would, and starts another. */
  crash(): Promise<void>;
  run(name: string, container: Partial<Container>, spec?: Partial<PodSpec>): Promise<Pod>;
  pod(name: string): Promise<Pod | undefined>;
  until(name: string, what: string, condition: (pod: Pod) => unknown): Promise<Pod>;
  eventsOf(name: string): Promise<string[]>;
}

let seed = 100;
async function world(t: TestContext): Promise<World> {
  const directory = temporaryDirectory();
  ensureSchemas();
  const clock = systemClock;
  const api = createApiServer({
    store: openStore({ driver: memoryDriver() }),
    clock,
    rng: seededRng(seed++),
    log: silentLogger,
    nodeConnector: () => undefined,
    serviceAccountKey: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey,
  });
  const handler = api.handlerFor(systemUser("system:apiserver"));
  await bootstrap(handler, { address: "172.30.0.2", port: 6443 });
  const client = new Client(handler);
  await client.create(serviceAccounts, { metadata: { name: "default", namespace: "default" } });
  const network = loopbackNetwork(join(process.execPath, ".."));
  const images = directoryImages(directory);
  const podsDirectory = join(directory, "pods");
  mkdirSync(podsDirectory);

  let runtime: ProcessRuntime;
  let informers: Informers;
  async function start(): Promise<Kubelet> {
    runtime = new ProcessRuntime({ podsDirectory, clock, rng: seededRng(seed++), log: silentLogger, parallelStarts: 2 });
    informers = new Informers(client, { clock, log: silentLogger });
    return startKubelet({
      nodeName: "node",
      nodeIP: "172.30.0.3",
      podCIDR: "10.244.1.0/24",
      capacity: { cpuMillis: 2000, memoryBytes: 2 ** 32, ephemeralStorageBytes: 2 ** 34, pods: 110 },
      kubeletVersion: "v1.36.0",
      client,
      informers,
      clock,
      rng: seededRng(seed++),
      log: silentLogger,
      runtime,
      images,
      network,
      podsDirectory,
      compileCacheDirectory: join(directory, "cache"),
      extraEnvironment: { EXTRA: "extra" },
    });
  }
  const it: World = {
    client,
    kubelet: await start(),
    directory,
    async crash() {
      await it.kubelet.stop({ killPods: false });
      await informers.stop();
      await runtime.close();
      it.kubelet = await start();
    },
    run: (name, container, spec = {}) =>
      client.create(pods, {
        metadata: { name, namespace: "default", labels: { app: name } },
        spec: { nodeName: "node", terminationGracePeriodSeconds: 5, automountServiceAccountToken: false, ...spec, containers: [{ name: "main", image: "shell:v1", ...container }] },
      }),
    pod: (name) => client.find(pods, name, "default"),
    until: (name, what, condition) =>
      eventually(async () => {
        const pod = await it.pod(name);
        return pod && condition(pod) ? pod : undefined;
      }, `pod ${name}: ${what}`),
    eventsOf: async (name) =>
      (await client.list(events, { namespace: "default" })).items.filter(({ involvedObject }) => involvedObject.name === name).map(({ reason, message }) => `${reason}: ${message}`),
  };
  t.after(async () => {
    await it.kubelet.stop({ killPods: true, withinMs: 0 });
    await informers.stop();
    await runtime.close();
    await api.close();
  });
  return it;
}

const condition = (pod: Pod, type: string): string | undefined => pod.status?.conditions?.find((other) => other.type === type)?.status;
const isReady = (pod: Pod): boolean => condition(pod, "Ready") === "True";
const status = (pod: Pod) => pod.status!.containerStatuses![0]!;
const waitingReason = (pod: Pod): string | undefined => pod.status?.containerStatuses?.[0]?.state?.waiting?.reason;
const noSignal = new AbortController().signal;
const logOptions = { container: "main", follow: false, previous: false, timestamps: false };
const logs = async (it: World, name: string, options: Partial<typeof logOptions> = {}): Promise<string> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await it.kubelet.api.logs({ namespace: "default", name }, { ...logOptions, ...options }, noSignal)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};

test("a kubelet registers its node with a lease", async (t) => {
  const it = await world(t);
  const node = await it.client.get(nodes, "node");
  assert.equal(node.status!.conditions!.find(({ type }) => type === "Ready")!.status, "True");
  assert.equal(node.status!.capacity!["cpu"], "2");
  assert.equal(node.metadata.labels!["kubernetes.io/hostname"], "node");
  assert.equal((await it.client.get(leases, "node", "kube-node-lease")).spec.holderIdentity, "node");
});

test("a pod runs, becomes ready, and its status says so", async (t) => {
  const it = await world(t);
  await it.run("web", { command: ["sh", "-c", "echo $GREETING $FROM_IMAGE $EXTRA $HOSTNAME $KUBERNETES_SERVICE_HOST; sleep 60"], env: [{ name: "GREETING", value: "hi" }] });
  const pod = await it.until("web", "ready", isReady);
  assert.equal(pod.status!.phase, "Running");
  assert.equal(pod.status!.podIP, "10.244.1.2");
  assert.equal(pod.status!.hostIP, "172.30.0.3");
  assert.equal(status(pod).imageID, "shell@sha256:abc");
  assert.match(status(pod).containerID!, /^tidepool:\/\/[0-9a-f]{64}$/);
  assert.equal(await eventually(() => logs(it, "web"), "the log"), "hi yes extra web 10.96.0.1\n");
  await eventually(async () => (await it.eventsOf("web")).length >= 4, "events");
  assert.deepEqual((await it.eventsOf("web")).map((line) => line.split(":")[0]), ["Pulling", "Pulled", "Created", "Started"]);
});

test("a killed process is restarted, with its last state and its previous log", async (t) => {
  const it = await world(t);
  await it.run("web", { command: ["sh", "-c", "echo run $$$$; exec sleep 60"] });
  await it.until("web", "ready", isReady);
  await eventually(() => logs(it, "web"), "the log");
  const pid = Number((await logs(it, "web")).split(" ")[1]);
  process.kill(pid, "SIGKILL");
  const pod = await it.until("web", "restarted", (now) => isReady(now) && status(now).restartCount === 1);
  assert.equal(status(pod).lastState!.terminated!.exitCode, 137);
  assert.equal(status(pod).lastState!.terminated!.reason, "Error");
  assert.equal(await logs(it, "web", { previous: true }), `run ${pid}\n`);
});

test("a container that keeps failing is in CrashLoopBackOff", async (t) => {
  const it = await world(t);
  const { metadata } = await it.run("bad", { command: ["sh", "-c", "exit 7"] });
  const pod = await it.until("bad", "backing off", (now) => waitingReason(now) === "CrashLoopBackOff");
  assert.equal(status(pod).state!.waiting!.message, `back-off 10s restarting failed container=main pod=bad_default(${metadata.uid})`);
  assert.equal(status(pod).lastState!.terminated!.exitCode, 7);
  assert.equal(pod.status!.phase, "Running");
  await eventually(async () => (await it.eventsOf("bad")).some((line) => line === `BackOff: Back-off restarting failed container main in pod bad_default(${metadata.uid})`), "the event");
});

test("restartPolicy Never and OnFailure end pods in a final phase", async (t) => {
  const it = await world(t);
  await it.run("done", { command: ["true"] }, { restartPolicy: "OnFailure" });
  await it.run("failed", { command: ["false"] }, { restartPolicy: "Never" });
  const done = await it.until("done", "success", (pod) => pod.status?.phase === "Succeeded");
  assert.equal(status(done).state!.terminated!.reason, "Completed");
  assert.equal(done.status!.conditions!.find(({ type }) => type === "Ready")!.reason, "PodCompleted");
  const failed = await it.until("failed", "failure", (pod) => pod.status?.phase === "Failed");
  assert.equal(status(failed).state!.terminated!.exitCode, 1);
});

test("init containers run first and in order; a failing one is retried", async (t) => {
  const it = await world(t);
  const shared = { volumes: [{ name: "shared", emptyDir: {} }] };
  const mount = { volumeMounts: [{ name: "shared", mountPath: "/shared" }] };
  // There is no agent in this test, so a script finds the mount by its variable.
  const dir = `DIR=$(node -p 'JSON.parse(process.env.TIDEPOOL_MOUNTS).find(m => m.path === "/shared").hostPath')`;
  await it.run("web", { command: ["sh", "-c", `${dir}; cat $DIR/log; sleep 60`], ...mount }, {
    ...shared,
    initContainers: [
      { name: "one", image: "shell:v1", command: ["sh", "-c", `${dir}; echo one >> $DIR/log; [ $(wc -l < $DIR/log) -ge 2 ]`], ...mount },
      { name: "two", image: "shell:v1", command: ["sh", "-c", `${dir}; echo two >> $DIR/log`], ...mount },
    ],
  });
  const pod = await it.until("web", "ready", isReady);
  assert.equal(await eventually(() => logs(it, "web"), "the log"), "one\none\ntwo\n");
  assert.equal(pod.status!.initContainerStatuses![0]!.restartCount, 1);
  assert.equal(condition(pod, "Initialized"), "True");
});

test("a pod that is active for longer than its deadline is stopped and has failed", async (t) => {
  const it = await world(t);
  await it.run("late", { command: ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.02; done"] }, { activeDeadlineSeconds: 1 });
  await it.run("stuck", { image: "broken:v1" }, { activeDeadlineSeconds: 1 });
  for (const name of ["late", "stuck"]) {
    const { status } = await it.until(name, "its end", (now) => now.status?.phase === "Failed");
    assert.equal(status!.reason, "DeadlineExceeded");
    assert.equal(status!.message, "Pod was active on the node longer than the specified deadline");
  }
  assert.equal(status((await it.pod("late"))!).state!.terminated!.exitCode, 0);
  assert.ok((await it.eventsOf("late")).some((line) => line.startsWith("DeadlineExceeded: ")));
});

test("another image takes another container at once, whatever the restart policy; an image that couldn't be pulled is let go", async (t) => {
  const it = await world(t);
  const setImage = (name: string, image: string) => it.client.patch(pods, { name, namespace: "default" }, "strategic", { spec: { containers: [{ name: "main", image }] } });
  await it.run("web", { command: ["sleep", "60"] }, { restartPolicy: "Never" });
  await it.run("bad", { command: ["sleep", "60"], image: "broken:v1" });
  await it.until("web", "ready", isReady);
  await it.until("bad", "waiting", waitingReason);
  await setImage("web", "shell:v2");
  await setImage("bad", "shell:v1");
  const web = await it.until("web", "the second container", (now) => isReady(now) && status(now).restartCount === 1);
  assert.equal(status(web).image, "shell:v2");
  assert.ok((await it.eventsOf("web")).includes("Killing: Container main definition changed, will be restarted"));
  assert.equal(status(await it.until("bad", "ready", isReady)).restartCount, 0);
});

test("an ephemeral container joins a running pod, runs once and outlives a restart of the kubelet in its status", async (t) => {
  const it = await world(t);
  const debug = (name: string, container: object): Promise<Pod> =>
    it.client.patch(pods, { name: "web", namespace: "default", subresource: "ephemeralcontainers" }, "strategic", { spec: { ephemeralContainers: [{ name, image: "shell:v1", ...container }] } });
  const stateOf = (pod: Pod, name: string) => pod.status?.ephemeralContainerStatuses?.find((other) => other.name === name)?.state;
  await it.run("web", { command: ["sleep", "60"] });
  await it.until("web", "ready", isReady);
  await debug("look", { command: ["sh", "-c", "echo $COLOR in $HOSTNAME; exit 3"], env: [{ name: "COLOR", value: "blue" }] });
  const pod = await it.until("web", "the debugger's end", (now) => stateOf(now, "look")?.terminated);
  assert.equal(stateOf(pod, "look")!.terminated!.exitCode, 3);
  assert.equal(await logs(it, "web", { container: "look" }), "blue in web\n");
  assert.ok(isReady(pod));
  assert.equal(status(pod).restartCount, 0);
  assert.ok((await it.eventsOf("web")).includes("Started: Started container look"));

  await debug("stay", { command: ["sleep", "60"] });
  await it.until("web", "the second", (now) => stateOf(now, "stay")?.running);
  await it.crash();
  await debug("late", { command: ["true"] });
  const after = await it.until("web", "the third", (now) => stateOf(now, "late")?.terminated);
  assert.equal(stateOf(after, "look")!.terminated!.exitCode, 3);
  assert.ok(stateOf(after, "stay")!.running);
  await it.client.delete(pods, "web", "default");
  await eventually(async () => (await it.pod("web")) === undefined, "the pod's end");
});

test("a deleted pod gets its signal, its grace and its end, and leaves nothing", async (t) => {
  const it = await world(t);
  const marker = join(it.directory, "marker");
  const { metadata } = await it.run("web", {
    command: ["sh", "-c", `trap 'echo bye >> ${marker}; exit 0' TERM; while :; do sleep 0.02; done`],
    lifecycle: { preStop: { exec: { command: ["sh", "-c", `echo pre >> ${marker}`] } } },
  });
  await it.until("web", "ready", isReady);
  await it.client.delete(pods, "web", "default");
  await eventually(async () => (await it.pod("web")) === undefined, "the pod's end");
  assert.equal(readFileSync(marker, "utf8"), "pre\nbye\n");
  await eventually(() => !existsSync(join(it.directory, "pods", metadata.uid!)), "an empty directory");
});

test("a pod without anything to stop is still seen terminating by clients that look twice", async (t) => {
  const it = await world(t);
  await it.run("web", {}, { containers: [{ name: "main", image: "broken:v1" }] });
  await it.until("web", "waiting", waitingReason);
  const beganMs = performance.now();
  await it.client.delete(pods, "web", "default");
  await eventually(async () => (await it.pod("web")) === undefined, "the pod's end");
  assert.ok(performance.now() - beganMs > 250);
});

/** A port that was free a moment ago: the spec must name it before the pod's server can have it. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

test("probes: not ready until the server listens, unready when it fails, restarted when it stays so", async (t) => {
  const it = await world(t);
  const script = `
    let failing = false;
    require("http").createServer((request, response) => {
      if (request.url === "/fail") failing = true;
      response.writeHead(failing && request.url !== "/fail" ? 500 : 200).end(request.headers["user-agent"]);
    }).listen(process.env.PORT, "127.0.0.1");`;
  const port = await freePort();
  await it.run("web", {
    command: ["node", "-e", script],
    env: [{ name: "PORT", value: String(port) }],
    ports: [{ name: "http", containerPort: port }],
    readinessProbe: { httpGet: { path: "/ready", port: "http" }, periodSeconds: 1, failureThreshold: 1 },
    livenessProbe: { httpGet: { path: "/live", port: "http" }, periodSeconds: 1, failureThreshold: 2 },
  });
  const pod = await it.until("web", "ready", isReady);
  assert.equal(status(pod).restartCount, 0);
  const connection = (await it.kubelet.api.portForward({ namespace: "default", name: "web" }, port)) as Socket;
  connection.write("GET /fail HTTP/1.0\r\n\r\n");
  assert.match(await text(connection), /200 OK/);
  await it.until("web", "unready", (now) => !isReady(now));
  await it.until("web", "restarted and ready", (now) => isReady(now) && status(now).restartCount === 1);
  const said = await it.eventsOf("web");
  assert.ok(said.includes("Unhealthy: Liveness probe failed: HTTP probe failed with statuscode: 500"), said.join("\n"));
  assert.ok(said.includes("Killing: Container main failed liveness probe, will be restarted"), said.join("\n"));
  await assert.rejects(it.kubelet.api.portForward({ namespace: "default", name: "web" }, 1), /connect: connection refused/);
});

test("an image that can't be pulled: ErrImagePull, then ImagePullBackOff", async (t) => {
  const it = await world(t);
  await it.run("bad", { image: "broken:v1" });
  await it.until("bad", "ErrImagePull", (pod) => waitingReason(pod) === "ErrImagePull");
  const pod = await it.until("bad", "ImagePullBackOff", (now) => waitingReason(now) === "ImagePullBackOff");
  assert.equal(pod.status!.phase, "Pending");
  assert.match(status(pod).state!.waiting!.message!, /^Back-off pulling image "broken:v1": ErrImagePull: failed to resolve/);
  await assert.rejects(logs(it, "bad"), /container "main" in pod "bad" is waiting to start: trying and failing to pull image/);
});

test("a missing ConfigMap holds the container back until it is there", async (t) => {
  const it = await world(t);
  await it.run("web", { command: ["sh", "-c", "echo $COLOR; sleep 60"], envFrom: [{ configMapRef: { name: "settings" } }] });
  const pod = await it.until("web", "the error", (now) => waitingReason(now) === "CreateContainerConfigError");
  assert.equal(status(pod).state!.waiting!.message, 'configmap "settings" not found');
  await it.client.create(configMaps, { metadata: { name: "settings", namespace: "default" }, data: { COLOR: "blue" } });
  await it.until("web", "ready", isReady);
  assert.equal(await eventually(() => logs(it, "web"), "the log"), "blue\n");
});

test("mounted ConfigMaps and Secrets follow their objects; secrets are the owner's alone", async (t) => {
  const it = await world(t);
  await it.client.create(configMaps, { metadata: { name: "settings", namespace: "default" }, data: { color: "blue" } });
  await it.client.create(secrets, { metadata: { name: "password", namespace: "default" }, stringData: { word: "swordfish" } });
  const { metadata } = await it.run(
    "web",
    { command: ["sleep", "60"], volumeMounts: [{ name: "settings", mountPath: "/etc/settings" }, { name: "password", mountPath: "/etc/password" }] },
    { volumes: [{ name: "settings", configMap: { name: "settings" } }, { name: "password", secret: { secretName: "password" } }] },
  );
  await it.until("web", "ready", isReady);
  const volume = (name: string): string => join(it.directory, "pods", metadata.uid!, "volumes", name);
  assert.equal(readFileSync(join(volume("settings"), "color"), "utf8"), "blue");
  const cat = async (path: string): Promise<string> => {
    const stdout = new PassThrough();
    const [, seen] = await Promise.all([
      it.kubelet.api.exec({ namespace: "default", name: "web" }, "main", ["cat", path], false, { stdout }, noSignal).finally(() => stdout.end()),
      text(stdout),
    ]);
    return seen;
  };
  assert.equal(await cat("/etc/password/word"), "swordfish");
  await it.client.patch(configMaps, { name: "settings", namespace: "default" }, "merge", { data: { color: "red", size: "big" } });
  await eventually(() => readFileSync(join(volume("settings"), "color"), "utf8") === "red", "the new value");
  assert.equal(await cat("/etc/settings/size"), "big");
});

test("mounted labels follow the pod's", async (t) => {
  const it = await world(t);
  const items = [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }];
  const { metadata } = await it.run("web", { command: ["sleep", "60"], volumeMounts: [{ name: "info", mountPath: "/info" }] }, { volumes: [{ name: "info", downwardAPI: { items } }] });
  await it.until("web", "ready", isReady);
  await it.client.patch(pods, { name: "web", namespace: "default" }, "merge", { metadata: { labels: { tier: "front" } } });
  const labels = join(it.directory, "pods", metadata.uid!, "volumes/info/labels");
  await eventually(() => readFileSync(labels, "utf8").includes('tier="front"'), "the new label");
});

test("a missing volume source is a FailedMount event, and an unsupported one says so", async (t) => {
  const it = await world(t);
  await it.run("web", { command: ["sleep", "60"] }, { volumes: [{ name: "settings", configMap: { name: "absent" } }] });
  await eventually(async () => (await it.eventsOf("web")).includes('FailedMount: MountVolume.SetUp failed for volume "settings" : configmap "absent" not found'), "the event");
  await it.run("odd", { command: ["sleep", "60"] }, { volumes: [{ name: "share", nfs: { server: "nas", path: "/" } }] });
  await eventually(async () => (await it.eventsOf("odd")).some((line) => line.includes("volume type nfs is not supported by this node")), "the refusal");
});

test("a projected service account token is a token for this pod", async (t) => {
  const it = await world(t);
  const { metadata } = await it.run("web", { command: ["sleep", "60"] }, {
    volumes: [{ name: "token", projected: { sources: [{ serviceAccountToken: { path: "token", expirationSeconds: 3600, audience: "vault" } }] } }],
  });
  await it.until("web", "ready", isReady);
  const token = readFileSync(join(it.directory, "pods", metadata.uid!, "volumes", "token", "token"), "utf8");
  const claims = JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString()) as { aud: string[]; "kubernetes.io": { pod: { name: string } } };
  assert.deepEqual(claims.aud, ["vault"]);
  assert.equal(claims["kubernetes.io"].pod.name, "web");
});

test("a crashed kubelet's successor adopts running pods without a restart and without unreadiness", async (t) => {
  const it = await world(t);
  await it.run("web", { command: ["sh", "-c", "echo $$$$; exec sleep 60"], readinessProbe: { exec: { command: ["true"] }, periodSeconds: 60 } });
  const before = await it.until("web", "ready", isReady);
  await it.run("doomed", { command: ["sh", "-c", "echo $$$$; exec sleep 60"] });
  await it.until("doomed", "ready", isReady);
  const doomed = Number(await eventually(() => logs(it, "doomed"), "the pid"));
  await it.run("orphan", { command: ["sh", "-c", "echo $$$$; exec sleep 60"] });
  await it.until("orphan", "ready", isReady);
  const orphan = Number(await eventually(() => logs(it, "orphan"), "the pid"));
  const stop = it.kubelet.stop({ killPods: false });
  await stop;
  process.kill(doomed, "SIGKILL");
  await it.client.delete(pods, "orphan", "default", { gracePeriodSeconds: 0 });
  await it.crash();

  const after = await it.until("doomed", "restarted", (pod) => isReady(pod) && status(pod).restartCount === 1);
  assert.equal(status(after).lastState!.terminated!.reason, "ContainerStatusUnknown");
  const same = (await it.pod("web"))!;
  assert.equal(status(same).containerID, status(before).containerID);
  assert.deepEqual(same.status!.conditions, before.status!.conditions);
  assert.equal(same.status!.podIP, before.status!.podIP);
  await eventually(() => !isAlive({ pid: orphan, startTime: "" }) && !existsSync(`/proc/${orphan}`), "the orphan's end");
});

test("stopping with its pods ends every process within the bound", async (t) => {
  const it = await world(t);
  await it.run("stubborn", { command: ["sh", "-c", "trap '' TERM; echo $$$$; while :; do sleep 0.05; done"] });
  await it.until("stubborn", "ready", isReady);
  const pid = Number(await eventually(() => logs(it, "stubborn"), "the pid"));
  await it.kubelet.stop({ killPods: true, withinMs: 200 });
  assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
  assert.equal(isReady((await it.pod("stubborn"))!), false, "nobody finds it ready before the next kubelet does");
});

test("a sidecar starts before the pod's own containers and ends after them", async (t) => {
  const it = await world(t);
  const marker = join(it.directory, "marker");
  const sidecar = { name: "sidecar", image: "shell:v1", restartPolicy: "Always", command: ["sh", "-c", `echo side starts >> ${marker}; trap 'echo side ends >> ${marker}; exit 0' TERM; while :; do sleep 0.02; done`] };
  await it.run("job", { command: ["sh", "-c", `until grep -q starts ${marker}; do sleep 0.02; done; echo main >> ${marker}`] }, { initContainers: [sidecar], restartPolicy: "OnFailure" });
  const pod = await it.until("job", "success", ({ status: now }) => now?.phase === "Succeeded");
  assert.equal(readFileSync(marker, "utf8"), "side starts\nmain\nside ends\n");
  assert.equal(pod.status!.initContainerStatuses![0]!.state!.terminated!.exitCode, 0);
});

test("a container whose postStart hook fails is stopped and started again", async (t) => {
  const it = await world(t);
  await it.run("web", { command: ["sleep", "60"], lifecycle: { postStart: { exec: { command: ["false"] } } } });
  await it.until("web", "restarted", (now) => (now.status?.containerStatuses?.[0]?.restartCount ?? 0) > 0);
  assert.ok((await it.eventsOf("web")).includes("FailedPostStartHook: PostStartHook failed"));
});

test("a pod waits for its namesake to be gone", async (t) => {
  const it = await world(t);
  const marker = join(it.directory, "marker");
  const command = ["sh", "-c", `echo up >> ${marker}; trap 'sleep 0.3; echo down >> ${marker}; exit 0' TERM; while :; do sleep 0.02; done`];
  await it.run("db", { command });
  await it.until("db", "ready", isReady);
  await eventually(() => existsSync(marker), "the first one's start");
  await it.client.delete(pods, "db", "default", { gracePeriodSeconds: 0 });
  const { metadata } = await it.run("db", { command });
  await it.until("db", "ready", (pod) => pod.metadata.uid === metadata.uid && isReady(pod));
  await eventually(() => readFileSync(marker, "utf8") === "up\ndown\nup\n", "one after the other");
});

test("what this node can't do is refused by name", async (t) => {
  const it = await world(t);
  await it.run("grpc", { command: ["sleep", "60"], livenessProbe: { grpc: { port: 9090 } } });
  const pod = await it.until("grpc", "the refusal", (now) => waitingReason(now) === "CreateContainerConfigError");
  assert.match(status(pod).state!.waiting!.message!, /spec\.containers\[0\]\.livenessProbe\.grpc is not supported by this node/);
});

test("attach carries a container's input and output", async (t) => {
  const it = await world(t);
  await it.run("shell", { command: ["sh", "-c", "read line; echo got $line; sleep 0.3; exit 5"], stdin: true, stdinOnce: true }, { restartPolicy: "Never" });
  await it.until("shell", "running", isReady);
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const seen = text(stdout);
  const attached = it.kubelet.api.attach({ namespace: "default", name: "shell" }, "main", false, { stdin, stdout }, noSignal).finally(() => stdout.end());
  stdin.write("hello\n");
  assert.equal((await attached).exitCode, 0, "attaching succeeded; the status has how the container ended");
  assert.equal(await seen, "got hello\n");
});
