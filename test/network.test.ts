import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { ClusterApi } from "./support/api.ts";
import { sharedCluster } from "./support/cluster.ts";
import { until } from "./support/wait.ts";
import { echoDeployment, echoPod, service } from "./support/workloads.ts";

const cluster = await sharedCluster();
const api = new ClusterApi(cluster.kubeconfig);
const namespace = await api.ownNamespace("network");
const other = await api.ownNamespace("network-other");

const SERVERS = {
  "tcp-echo": "require('net').createServer((s) => s.pipe(s)).listen(7000)",
  http2: "require('http2').createServer().on('stream', (s) => { s.respond(); s.end('h2') }).listen(7000)",
};

/** In a pod: the answer's JSON. */
const fetchJson = (url: string): string => `return (await fetch(${JSON.stringify(url)}, { signal: AbortSignal.timeout(5000) })).json()`;

interface Echo {
  pod: string;
  from: string;
}

describe("the pod network", () => {
  const call = (body: string): Promise<unknown> => api.evaluate(namespace, "client", body);
  const ask = (url: string): Promise<Echo> => call(fetchJson(url)) as Promise<Echo>;

  before(async () => {
    const headless = { clusterIP: "None", ports: [{ name: "http", port: 8080 }] };
    await api.create(
      namespace,
      echoDeployment("web", { replicas: 2 }),
      service("web"),
      service("web-headless", { ...headless, selector: { app: "web" } }),
      service("web-node", { type: "NodePort", selector: { app: "web" } }),
      service("nobody"),
      echoPod("client"),
      ...Object.entries(SERVERS).flatMap(([name, script]) => [echoPod(name, { script }), service(name, { ports: [{ port: 7000 }] })]),
      echoPod("named", { spec: { hostname: "host-a", subdomain: "web-named" }, labels: { app: "named" } }),
      service("web-named", { ...headless, selector: { app: "named" } }),
    );
    await api.create(other, echoPod("far"), service("far"));
    await api.rolledOut(namespace, "web");
    await Promise.all(["client", "named", ...Object.keys(SERVERS)].map((name) => api.readyPod(namespace, name)));
    await api.readyPod(other, "far");
    await until("both endpoints", async () => (await api.endpoints(namespace, "web")).length === 2);
  });

  for (const name of ["web", "web.network", "web.network.svc", "web.network.svc.cluster.local"]) {
    test(`http://${name} reaches a pod of the Service`, async () => assert.match((await ask(`http://${name}/`)).pod, /^web-/));
  }

  test("a name in another namespace needs that namespace", async () => {
    assert.equal((await ask("http://far.network-other/")).pod, "far");
    await assert.rejects(ask("http://far/"), /ENOTFOUND/);
  });

  test("a Service spreads its connections over its pods", async () => {
    const pods = (await call("const names = new Set(); for (let i = 0; i < 30; i++) names.add((await (await fetch('http://web/', { headers: { connection: 'close' } })).json()).pod); return [...names]")) as string[];
    assert.equal(pods.length, 2);
  });

  test("a ClusterIP and a pod's IP can be called", async () => {
    const { spec } = await api.core.readNamespacedService({ namespace, name: "web" });
    assert.match((await ask(`http://${spec!.clusterIP}/`)).pod, /^web-/);
    for (const pod of await api.pods(namespace, "app=web")) {
      assert.equal((await ask(`http://${pod.status!.podIP}:8080/`)).pod, pod.metadata!.name);
    }
  });

  test("DNS: a Service is its ClusterIP, a headless one its pods, a pod with a subdomain has a name", async () => {
    const lookup = (name: string): Promise<unknown> => call(`return (await require('dns').promises.lookup(${JSON.stringify(name)}, { all: true })).map((a) => a.address).sort()`);
    const { spec } = await api.core.readNamespacedService({ namespace, name: "web" });
    assert.deepEqual(await lookup("web"), [spec!.clusterIP]);
    const ips = (await api.pods(namespace, "app=web")).map((pod) => pod.status!.podIP!).sort();
    assert.deepEqual(await lookup("web-headless"), ips);
    const named = await api.core.readNamespacedPod({ namespace, name: "named" });
    assert.deepEqual(await lookup("host-a.web-named"), [named.status!.podIP]);
    assert.deepEqual(await call("return require('dns').promises.resolve4('web.network.svc.cluster.local')"), [spec!.clusterIP]);
  });

  test("the caller's address is its pod's own", async () => {
    const client = await api.core.readNamespacedPod({ namespace, name: "client" });
    assert.equal((await ask("http://web/")).from.replace("::ffff:", ""), client.status!.podIP);
  });

  test("a pod sees its own name, address and loopback", async () => {
    const pod = await api.core.readNamespacedPod({ namespace, name: "client" });
    assert.equal(await call("return require('os').hostname()"), "client");
    const addresses = (await call("return Object.values(require('os').networkInterfaces()).flat().map((i) => i.address)")) as string[];
    assert.ok(addresses.includes(pod.status!.podIP!), addresses.join(", "));
    assert.equal((await ask("http://localhost:8080/")).pod, "client");
    assert.equal((await ask("http://127.0.0.1:8080/")).pod, "client");
  });

  test("a NodePort is open on the host, and on a node's address from inside", async () => {
    const { spec } = await api.core.readNamespacedService({ namespace, name: "web-node" });
    const { nodePort } = spec!.ports![0]!;
    const answer = await until("the port on the host", async () => (await fetch(`http://127.0.0.1:${nodePort}/`)).json() as Promise<Echo>);
    assert.match(answer.pod, /^web-/);
    assert.match((await ask(`http://172.30.0.3:${nodePort}/`)).pod, /^web-/);
  });

  test("raw TCP and HTTP/2 go through", async () => {
    assert.equal(await call("return new Promise((done, fail) => { const s = require('net').connect(7000, 'tcp-echo', () => s.end('hello')); let text = ''; s.on('data', (d) => text += d).on('end', () => done(text)).on('error', fail) })"), "hello");
    assert.equal(await call("const c = require('http2').connect('http://http2:7000'); const r = c.request({ ':path': '/' }); let text = ''; for await (const d of r) text += d; c.close(); return text"), "h2");
  });

  test("what fails fails as on a real network", async () => {
    const code = (url: string): Promise<unknown> => call(`try { await fetch(${JSON.stringify(url)}); return 'answered' } catch (e) { return e.cause?.code ?? e.cause?.errors?.[0]?.code ?? e.name }`);
    assert.equal(await code("http://no-such-service/"), "ENOTFOUND");
    const [pod] = await api.pods(namespace, "app=web");
    assert.equal(await code(`http://${pod!.status!.podIP}:7999/`), "ECONNREFUSED");
    assert.equal(await code("http://nobody/"), "ECONNREFUSED", "a Service without endpoints");
  });

  test("an unready pod leaves the Service, and comes back", async () => {
    const [first, second] = await api.pods(namespace, "app=web");
    await ask(`http://${first!.status!.podIP}:8080/unready`);
    await until("one endpoint", async () => (await api.endpoints(namespace, "web")).join() === second!.status!.podIP);
    const pods = (await call("const names = []; for (let i = 0; i < 10; i++) names.push((await (await fetch('http://web/', { headers: { connection: 'close' } })).json()).pod); return names")) as string[];
    assert.deepEqual(new Set(pods), new Set([second!.metadata!.name]));
    await api.core.deleteNamespacedPod({ namespace, name: first!.metadata!.name! });
    await until("two endpoints", async () => (await api.endpoints(namespace, "web")).length === 2);
  });

  test("a pod reaches the API server as its service account", async () => {
    const script = `
      const fs = require('fs'), https = require('https'), dir = '/var/run/secrets/kubernetes.io/serviceaccount/';
      const options = { host: process.env.KUBERNETES_SERVICE_HOST, port: process.env.KUBERNETES_SERVICE_PORT, path: '/version', agent: false, ca: fs.readFileSync(dir + 'ca.crt'), headers: { authorization: 'Bearer ' + fs.readFileSync(dir + 'token', 'utf8') } };
      return new Promise((done, fail) => https.get(options, async (r) => { let text = ''; for await (const d of r) text += d; done(JSON.parse(text)) }).on('error', fail))`;
    assert.equal(((await call(script)) as { gitVersion: string }).gitVersion, "v1.36.0");
    assert.equal(await call("return require('fs').readFileSync('/var/run/secrets/kubernetes.io/serviceaccount/namespace', 'utf8')"), namespace);
  });
});
