/** Clients that others wrote, against the server on the wire: kubectl where it is installed, @kubernetes/client-node. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, get, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text as readText } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import * as k8s from "@kubernetes/client-node";
import { systemClock } from "#lib/clock.ts";
import { silentLogger } from "#lib/log.ts";
import type { ExecResult, KubeletApi } from "#api/kubelet.ts";
import { kubeconfig } from "./pki/kubeconfig.ts";
import { ensurePki } from "./pki/pki.ts";
import { serve, type Served } from "./server.ts";
import { pod, startTestServer, type TestServer } from "./testing.ts";

const PODS = "/api/v1/namespaces/default/pods";

let directory: string;
let server: TestServer;
let served: Served;
let web: Server;
let config: string;

/** Runs real commands, and is its own little web server behind every port. */
const kubelet: KubeletApi = {
  logs: (_pod, { tailLines = 3 }) => Promise.resolve((async function* () {
    for (let i = 1; i <= tailLines; i++) yield Buffer.from(`line ${i}\n`);
  })()),
  exec(_pod, _container, [command = "", ...args], _tty, streams): Promise<ExecResult> {
    const child = spawn(command, args);
    streams.stdin?.pipe(child.stdin);
    if (!streams.stdin) child.stdin.end();
    if (streams.stdout) child.stdout.pipe(streams.stdout, { end: false });
    if (streams.stderr) child.stderr.pipe(streams.stderr, { end: false });
    return new Promise((resolve) => child.on("close", (code) => resolve({ exitCode: code ?? 137 })));
  },
  attach: () => Promise.resolve({ exitCode: 0 }),
  portForward: () => Promise.resolve(connect((web.address() as AddressInfo).port, "127.0.0.1")),
};

before(async () => {
  directory = mkdtempSync(join(tmpdir(), "clients-"));
  const pki = await ensurePki({ directory: join(directory, "pki"), clock: systemClock, nodeNames: [] });
  server = await startTestServer({ policy: true, clock: systemClock, nodeConnector: () => kubelet });
  served = await serve(server.api, { ...pki.serving, clientCa: pki.ca, host: "127.0.0.1", port: 0, log: silentLogger });
  config = join(directory, "kubeconfig");
  writeFileSync(config, kubeconfig({ server: served.url, ca: pki.ca, client: pki.admin }));
  web = createServer((request, response) => response.end(`pod says ${request.url}`));
  await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
  await server.create(PODS, pod("web", "node-1", { labels: { app: "web" } }));
  const running = { phase: "Running", containerStatuses: [{ name: "app", ready: true, restartCount: 0, image: "app:1", imageID: "" }] };
  await server.request(`PATCH ${PODS}/web/status`, { status: running }, { "content-type": "application/merge-patch+json" });
});
after(async () => {
  // Where no test was asked for, nothing was started.
  await server?.close();
  await served?.close();
  web?.close();
  if (directory) rmSync(directory, { recursive: true });
});

const hasKubectl = ((): boolean => {
  try {
    execFileSync("kubectl", ["version", "--client"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

describe("kubectl", { skip: hasKubectl ? false : "kubectl is not installed" }, () => {
  const environment = (): NodeJS.ProcessEnv => ({ ...process.env, KUBECONFIG: config, HOME: directory });

  /** What kubectl prints to both outputs, and how it ended. */
  async function kubectl(line: string, input?: string, env: NodeJS.ProcessEnv = {}): Promise<{ output: string; code: number }> {
    const child = spawn("kubectl", line.split(" "), { env: { ...environment(), ...env } });
    child.stdin.end(input ?? "");
    const ended = new Promise<number>((resolve) => child.on("close", (code) => resolve(code ?? -1)));
    const [stdout, stderr] = await Promise.all([readText(child.stdout), readText(child.stderr)]);
    return { output: stdout + stderr, code: await ended };
  }

  const deployment = (image: string, env: object[]): string =>
    JSON.stringify({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "shop" },
      spec: {
        selector: { matchLabels: { app: "shop" } },
        template: { metadata: { labels: { app: "shop" } }, spec: { containers: [{ name: "shop", image, env }] } },
      },
    });

  it("applies, and applies again what changed", async () => {
    const [a, b] = [{ name: "A", value: "1" }, { name: "B", value: "2" }];
    assert.match((await kubectl("apply -f -", deployment("shop:1", [a, b]))).output, /deployment.apps\/shop created/);
    assert.match((await kubectl("apply -f -", deployment("shop:1", [a, b]))).output, /deployment.apps\/shop unchanged/);
    await kubectl("set env deployment/shop C=3");
    assert.match((await kubectl("apply -f -", deployment("shop:2", [b]))).output, /deployment.apps\/shop configured/);
    const { output } = await kubectl("get deployment shop -o jsonpath={.spec.template.spec.containers[0].env[*].name}:{.spec.template.spec.containers[0].image}");
    assert.equal(output, "B C:shop:2", "A was taken away, C was someone else's");
  });

  it("edits, scales, patches, labels and waits", async () => {
    const edited = await kubectl("edit deployment shop", "", { KUBE_EDITOR: "sed -i s/shop:2/shop:3/" });
    assert.match(edited.output, /deployment.apps\/shop edited/);
    assert.match((await kubectl("scale deployment shop --replicas=4")).output, /scaled/);
    assert.match((await kubectl('patch deployment shop -p {"spec":{"paused":true}}')).output, /patched/);
    assert.match((await kubectl("label deployment shop tier=front")).output, /labeled/);
    assert.match((await kubectl("wait deployment shop --for=jsonpath={.spec.replicas}=4 --timeout=5s")).output, /condition met/);
    assert.match((await kubectl("get deployment shop -L tier")).output, /NAME +READY +UP-TO-DATE +AVAILABLE +AGE +TIER\nshop +0\/4 +0 +0 +\d+s +front\n/);
  });

  it("creates by flags, dry or not, and deletes", async () => {
    assert.match((await kubectl("create configmap flags --from-literal=a=1 --dry-run=server -o jsonpath={.metadata.uid}")).output, /^[0-9a-f-]{36}$/);
    assert.match((await kubectl("create configmap flags --from-literal=a=1")).output, /configmap\/flags created/);
    assert.match((await kubectl("create deployment flags --image=a:1 --replicas=0")).output, /deployment.apps\/flags created/);
    assert.match((await kubectl("create configmap flags")).output, /configmaps "flags" already exists/);
    assert.match((await kubectl("delete configmap/flags deployment/flags")).output, /configmap "flags" deleted/);
    assert.match((await kubectl("get configmap flags")).output, /Error from server \(NotFound\): configmaps "flags" not found/);
  });

  it("explains, discovers, and asks who it is", async () => {
    assert.match((await kubectl("explain pod.spec.containers.image")).output, /FIELD: image <string>/);
    assert.match((await kubectl("api-resources --api-group=apps")).output, /deployments +deploy +apps\/v1 +true +Deployment/);
    assert.match((await kubectl("auth whoami")).output, /Username +kubernetes-admin/);
    assert.match((await kubectl("auth can-i delete pods")).output, /^yes/);
    assert.match((await kubectl("auth can-i delete pods --as=jane")).output, /^no/);
    assert.match((await kubectl("auth can-i --list")).output, /\*\.\* +\[\] +\[\] +\[\*\]/);
    assert.match((await kubectl("describe pod web")).output, /Name: +web/);
  });

  it("refuses unknown fields before the server does what was not meant", async () => {
    const { output, code } = await kubectl("create -f -", '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"dat":{}}');
    assert.match(output, /strict decoding error: unknown field "dat"/);
    assert.equal(code, 1);
  });

  it("reads logs, and runs commands with their input, outputs and exit code", async () => {
    assert.equal((await kubectl("logs web --tail=2")).output, "line 1\nline 2\n");
    for (const webSockets of ["true", "false"]) {
      const { output, code } = await kubectl("exec -i web -- sh -c cat;echo\tproblem>&2;exit\t3", "hello\n", { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: webSockets });
      assert.deepEqual([output.includes("hello\n"), output.includes("problem\n"), code], [true, true, 3], `websockets ${webSockets}: ${output}`);
    }
  });

  it("forwards ports", async () => {
    for (const webSockets of ["true", "false"]) {
      const child = spawn("kubectl", ["port-forward", "pod/web", ":80"], { env: { ...environment(), KUBECTL_PORT_FORWARD_WEBSOCKETS: webSockets } });
      let port = "";
      for await (const line of createInterface({ input: child.stdout })) {
        port = /127\.0\.0\.1:(\d+) ->/.exec(line)?.[1] ?? "";
        if (port !== "") break;
      }
      const fetchText = (path: string): Promise<string> =>
        new Promise((resolve, reject) => get(`http://127.0.0.1:${port}${path}`, { agent: false }, (response) => readText(response).then(resolve, reject)).on("error", reject));
      assert.deepEqual(await Promise.all([fetchText("/a"), fetchText("/b")]), ["pod says /a", "pod says /b"]);
      child.kill();
    }
  });

  it("reaches pods and Services through the server", async () => {
    await server.create("/api/v1/namespaces/default/services", { metadata: { name: "web" }, spec: { ports: [{ name: "http", port: 80 }] } });
    assert.match((await kubectl("get --raw /api/v1/namespaces/default/services/web:http/proxy/x")).output, /no endpoints available for service \\?"web\\?"/);
    await server.create("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", {
      metadata: { name: "web-1", labels: { "kubernetes.io/service-name": "web" } },
      addressType: "IPv4",
      endpoints: [{ addresses: ["10.244.1.2"], conditions: { ready: true }, targetRef: { kind: "Pod", name: "web", namespace: "default" } }],
      ports: [{ name: "http", port: 8080, protocol: "TCP" }],
    });
    assert.equal((await kubectl("get --raw /api/v1/namespaces/default/services/web:http/proxy/x?y=1")).output, "pod says /x?y=1");
    assert.equal((await kubectl("get --raw /api/v1/namespaces/default/pods/web:8080/proxy/")).output, "pod says /");
  });

  it("watches", async () => {
    const child = spawn("kubectl", ["get", "configmaps", "-w", "-o", "name"], { env: environment() });
    const seen: string[] = [];
    const lines = createInterface({ input: child.stdout });
    await server.create("/api/v1/namespaces/default/configmaps", { metadata: { name: "before" } });
    for await (const line of lines) {
      seen.push(line);
      if (line === "configmap/before") await server.create("/api/v1/namespaces/default/configmaps", { metadata: { name: "during" } });
      if (line === "configmap/during") break;
    }
    child.kill();
    assert.ok(seen.includes("configmap/before"));
  });
});

describe("@kubernetes/client-node", () => {
  function loaded(): k8s.KubeConfig {
    const kubeConfig = new k8s.KubeConfig();
    kubeConfig.loadFromFile(config);
    return kubeConfig;
  }

  it("creates, lists, patches and deletes", async () => {
    const core = loaded().makeApiClient(k8s.CoreV1Api);
    await core.createNamespacedConfigMap({ namespace: "default", body: { metadata: { name: "typed" }, data: { a: "1" } } });
    const { items } = await core.listNamespacedConfigMap({ namespace: "default", fieldSelector: "metadata.name=typed" });
    assert.deepEqual([items.length, items[0]?.data], [1, { a: "1" }]);
    assert.ok(items[0]?.metadata?.creationTimestamp instanceof Date);
    const patched = await core.patchNamespacedConfigMap({ namespace: "default", name: "typed", body: [{ op: "add", path: "/data/b", value: "2" }] });
    assert.deepEqual(patched.data, { a: "1", b: "2" });
    await core.deleteNamespacedConfigMap({ namespace: "default", name: "typed" });
    await assert.rejects(core.readNamespacedConfigMap({ namespace: "default", name: "typed" }), { code: 404 });
  });

  it("keeps an informer", async () => {
    const kubeConfig = loaded();
    const core = kubeConfig.makeApiClient(k8s.CoreV1Api);
    const informer = k8s.makeInformer(kubeConfig, "/api/v1/namespaces/default/secrets", () => core.listNamespacedSecret({ namespace: "default" }));
    const seen: string[] = [];
    const deleted = new Promise<void>((resolve) => informer.on("delete", (secret) => (seen.push(`delete ${secret.metadata?.name}`), resolve())));
    informer.on("add", (secret) => void seen.push(`add ${secret.metadata?.name}`));
    informer.on("update", (secret) => void seen.push(`update ${secret.metadata?.name}`));
    await informer.start();
    await core.createNamespacedSecret({ namespace: "default", body: { metadata: { name: "s" }, stringData: { a: "b" } } });
    await core.patchNamespacedSecret({ namespace: "default", name: "s", body: [{ op: "add", path: "/metadata/labels", value: { x: "y" } }] });
    await core.deleteNamespacedSecret({ namespace: "default", name: "s" });
    await deleted;
    await informer.stop();
    assert.deepEqual(seen, ["add s", "update s", "delete s"]);
  });

  it("runs commands", async () => {
    const exec = new k8s.Exec(loaded());
    const { PassThrough } = await import("node:stream");
    const output = new PassThrough();
    const status = await new Promise<k8s.V1Status>((resolve, reject) => {
      exec.exec("default", "web", "app", ["sh", "-c", "echo hi; exit 2"], output, null, null, false, resolve).catch(reject);
    });
    output.end();
    assert.deepEqual([await readText(output), status.details?.causes?.[0]?.message], ["hi\n", "2"]);
  });
});
