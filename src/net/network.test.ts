import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { systemClock } from "#lib/clock.ts";
import { silentLogger } from "#lib/log.ts";
import { seededRng } from "#lib/random.ts";
import { startNetwork, type EnvironmentOptions, type NetworkOptions, type NetworkPod, type PodNetwork } from "./network.ts";
import { startHttpProxy } from "./proxy/http-proxy.ts";
import { TEST_RANGES, tableOf } from "./testing.ts";

let socketDir: string;
let network: PodNetwork;
let cleanup: (() => unknown)[];

function start(more: Partial<NetworkOptions> = {}): Promise<PodNetwork> {
  return startNetwork({
    socketDir,
    node: process.execPath,
    nodeNetwork: (name) => (name === "one" ? { ip: "172.30.0.3", podCIDR: "10.244.1.0/24" } : undefined),
    controlPlaneIP: "172.30.0.2",
    ranges: TEST_RANGES,
    domain: "cluster.local",
    nameserver: "10.96.0.10",
    hostDirectories: [socketDir],
    clock: systemClock,
    random: seededRng(1),
    ...more,
  });
}

const pod = (uid: string, more: Partial<NetworkPod> = {}): NetworkPod => ({ uid, namespace: "shop", name: `pod-${uid}`, nodeName: "one", hostname: `pod-${uid}`, serviceAccountName: "default", labels: {}, ...more });

beforeEach(async () => {
  socketDir = mkdtempSync(join(tmpdir(), "tp-"));
  cleanup = [];
  network = await start();
});
afterEach(async () => {
  for (const one of cleanup.reverse()) await one();
  await network.close();
  rmSync(socketDir, { recursive: true, force: true });
});

/** A process of a pod, as the kubelet starts it; resolves with its first line. */
async function runInPod(uid: string, source: string, options: EnvironmentOptions = { mounts: [] }): Promise<string> {
  const file = join(socketDir, `${uid}-${cleanup.length}.cjs`);
  writeFileSync(file, source);
  const child = spawn("node", [file], { env: { ...network.environment(uid, options), PATH: `${network.binDir}:/usr/bin:/bin` }, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.on("close", resolve));
  cleanup.push(() => {
    child.kill("SIGKILL");
    return ended;
  });
  return new Promise((resolve, reject) => {
    child.stdout.once("data", (data: Buffer) => resolve(data.toString().trim()));
    child.on("close", () => reject(new Error("the program ended without a word")));
  });
}

async function readAll(socket: net.Socket): Promise<string> {
  socket.end();
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  return text;
}

describe("addresses", () => {
  test("setup is idempotent, and survives a restart of the control plane", async () => {
    const { ip } = await network.setup(pod("a"));
    assert.deepEqual(await network.setup(pod("a")), { ip });
    await network.close();
    network = await start();
    assert.equal(network.ipOf("a"), ip);
    assert.deepEqual(await network.setup(pod("a")), { ip });
    assert.notEqual((await network.setup(pod("b"))).ip, ip);
  });

  test("a running pod whose file was lost keeps its address", async () => {
    assert.deepEqual(await network.setup(pod("a", { ip: "10.244.1.2" })), { ip: "10.244.1.2" });
    assert.equal((await network.setup(pod("b"))).ip, "10.244.1.3");
  });

  test("teardown takes back the address and every socket; retain does so for all who aren't kept", async () => {
    const { ip } = await network.setup(pod("a"));
    await network.setup(pod("b"));
    assert.equal(await runInPod("a", `require("net").createServer().listen(80, () => console.log("up"))`), "up");
    assert.ok(existsSync(join(socketDir, `${ip}_80`)));
    await network.retain(["b"]);
    assert.deepEqual(readdirSync(socketDir).filter((file) => file.startsWith(ip)), []);
    assert.equal(network.ipOf("a"), undefined);
    assert.throws(() => network.environment("a", { mounts: [] }), { message: "pod a has no network" });
    assert.ok(network.ipOf("b"));
  });

  test("what can't be had is refused by name", async () => {
    await assert.rejects(network.setup(pod("a", { nodeName: "moon" })), { message: "no network for node moon" });
    await assert.rejects(network.setup(pod("a", { dnsPolicy: "None" })), { message: /^dnsPolicy None is not supported/ });
    await assert.rejects(network.setup(pod("a", { dnsConfig: { nameservers: ["1.1.1.1"] } })), { message: /^dnsConfig.nameservers is not supported/ });
  });

  test("a pod on the host's network has the node's address", async () => {
    assert.deepEqual(await network.setup(pod("a", { hostNetwork: true })), { ip: "172.30.0.3" });
    const port = await runInPod("a", `require("net").createServer((s) => s.end("real")).listen(0, "127.0.0.1", function () { console.log(this.address().port) })`);
    assert.equal(await readAll(net.connect(Number(port), "127.0.0.1")), "real");
  });
});

describe("environment", () => {
  test("the agent comes first, the pod's own options stay, and programs learn where they are", async () => {
    const { ip } = await network.setup(pod("a"));
    const environment = network.environment("a", { mounts: [{ path: "/x", hostPath: "/y" }], nodeOptions: "--max-old-space-size=64" });
    assert.match(environment["NODE_OPTIONS"]!, /^--require \S+agent-[0-9a-f]{12}\.cjs --max-old-space-size=64$/);
    assert.equal(environment["TIDEPOOL_POD_IP"], ip);
    assert.equal(environment["TIDEPOOL_SOCKET_DIR"], socketDir);
    assert.equal(environment["TIDEPOOL_MOUNTS"], '[{"path":"/x","hostPath":"/y"}]');
    assert.equal(environment["http_proxy"], undefined);
  });

  test("with the image's root, volumes are found by relative paths and the image's files by absolute ones", async () => {
    const root = join(socketDir, "image");
    mkdirSync(join(root, "tidepool-app", "config"), { recursive: true });
    mkdirSync(join(root, "etc"));
    mkdirSync(join(socketDir, "volume"));
    writeFileSync(join(root, "tidepool-app", "asset"), "from the image");
    writeFileSync(join(socketDir, "volume", "key"), "from the volume");
    await network.setup(pod("a"));
    const mounts = [{ path: "/tidepool-app/config", hostPath: join(socketDir, "volume") }];
    const rules = JSON.parse(network.environment("a", { mounts, root })["TIDEPOOL_MOUNTS"]!) as { path: string }[];
    assert.deepEqual(rules.map(({ path }) => path), ["/tidepool-app/config", join(root, "tidepool-app/config"), "/tidepool-app"], "the host's own /etc is left alone");
    const read = `const fs = require("fs"); process.chdir("/tidepool-app");
      console.log([fs.readFileSync("config/key"), fs.readFileSync("asset"), fs.readFileSync("/tidepool-app/asset"), fs.readFileSync("/tidepool-app/config/key")].join());`;
    assert.equal(await runInPod("a", read, { mounts, root }), "from the volume,from the image,from the image,from the volume");
  });

  test("the node on the pod's PATH is the given one, with the agent", async () => {
    await network.setup(pod("a", { hostname: "web-7", hostAliases: [{ ip: "192.0.2.7", hostnames: ["Legacy"] }] }));
    network.publisher.publish(tableOf({}));
    assert.equal(
      await runInPod("a", `require("dns").lookup("legacy", (e, ip) => console.log(require("os").hostname(), process.version, ip))`),
      `web-7 ${process.version} 192.0.2.7`,
    );
  });

  test("the directory is its user's alone, and not one that somebody else prepared", async () => {
    assert.equal(lstatSync(socketDir).mode & 0o777, 0o700);
    const file = join(socketDir, "file");
    writeFileSync(file, "");
    await assert.rejects(start({ socketDir: file }), /EEXIST|is not a directory of this user's/);
  });
});

describe("dial", () => {
  test("reaches pods by address, Services by ClusterIP, loopback servers when asked, native servers by their raw socket", async () => {
    const { ip } = await network.setup(pod("a"));
    await runInPod(
      "a",
      `const net = require("net");
       net.createServer((s) => s.end("all " + s.remoteAddress)).listen(80, "0.0.0.0", () => net.createServer((s) => s.end("own " + s.remoteAddress)).listen(81, "127.0.0.1", () => console.log("up")));`,
    );
    network.publisher.publish(tableOf({ web: { clusterIP: "10.96.0.20", port: 8080, endpoints: ["10.244.1.99:80", `${ip}:80`] } }));
    const native = net.createServer((socket) => socket.end("raw")).listen(join(socketDir, `${ip}_5432.raw`));
    cleanup.push(() => native.close());
    assert.equal(await readAll(await network.dial(ip, 80)), "all 172.30.0.2");
    assert.equal(await readAll(await network.dial("10.96.0.20", 8080, { source: "172.30.0.3" })), "all 172.30.0.3");
    assert.equal(await readAll(await network.dial(ip, 81, { loopback: true })), "own 127.0.0.1");
    assert.equal(await readAll(await network.dial(ip, 5432)), "raw");
    await assert.rejects(network.dial(ip, 81), { code: "ECONNREFUSED", message: `connect ECONNREFUSED ${ip}:81` });
    await assert.rejects(network.dial("10.96.0.20", 81), { code: "ECONNREFUSED", message: "connect ECONNREFUSED 10.96.0.20:81" });
    await assert.rejects(network.dial(ip, 80, { signal: AbortSignal.abort(new Error("enough")) }), { message: "enough" });
  });

  test("a burst beyond the backlog waits, as on a network, and is served", async () => {
    const { ip } = await network.setup(pod("a"));
    // The server's first answers take long enough for its backlog of 4 to fill.
    await runInPod("a", `require("net").createServer((s) => { const until = Date.now() + 5; while (Date.now() < until); s.end("x"); }).listen({ port: 80, backlog: 4 }, () => console.log("up"));`);
    const answers = await Promise.all(Array.from({ length: 40 }, async () => readAll(await network.dial(ip, 80))));
    assert.deepEqual(new Set(answers), new Set(["x"]));
  });
});

describe("HTTP proxy", () => {
  test("serves pods by their own names and loopback: absolute URLs and CONNECT; and nobody else", async () => {
    const { ip } = await network.setup(pod("a"));
    await runInPod(
      "a",
      `require("http").createServer((req, res) => { let t = ""; req.on("data", (c) => (t += c)).on("end", () => { res.writeHead(201, { "x-seen": req.headers.host + (req.headers["proxy-authorization"] ?? "") }); res.end(req.method + req.url + t); }); })
         .listen(80, () => require("net").createServer((s) => s.pipe(s)).listen(7, "127.0.0.1", () => console.log("up")));`,
    );
    network.publisher.publish(tableOf({ web: { clusterIP: "10.96.0.20", port: 80, endpoints: [`${ip}:80`] } }));
    const proxy = await startHttpProxy({ dialFrom: (...args) => network.dialFrom(...args), authenticate: (...args) => network.isProxyUser(...args), log: silentLogger });
    cleanup.push(() => proxy.close());
    await network.close();
    network = await start({ proxyPort: () => proxy.port });
    network.publisher.publish(tableOf({ web: { clusterIP: "10.96.0.20", port: 80, endpoints: [`${ip}:80`] } }));
    const url = new URL(network.environment("a", { mounts: [] })["http_proxy"]!);
    assert.equal(url.port, String(proxy.port));
    // The pods' environments outlive the control plane that wrote them.
    const credentials = { "proxy-authorization": `Basic ${Buffer.from(`${url.username}:${url.password}`).toString("base64")}` };

    const ask = (path: string, headers: Record<string, string>, body = ""): Promise<{ status: number; seen: unknown; text: string }> =>
      new Promise((resolve, reject) => {
        const request = http.request({ host: "127.0.0.1", port: proxy.port, path, method: body ? "POST" : "GET", headers: { host: "web", ...headers } }, (response) => {
          let text = "";
          response.on("data", (chunk) => (text += chunk)).on("end", () => resolve({ status: response.statusCode!, seen: response.headers["x-seen"], text }));
        });
        request.on("error", reject).end(body);
      });
    const proxied = await ask("http://web/path?q=1", credentials, "body");
    assert.deepEqual(proxied, { status: 201, seen: "web", text: "POST/path?q=1body" });
    assert.equal((await ask("http://web/", {})).status, 407);
    assert.equal((await ask("/", credentials)).status, 400);
    assert.deepEqual(await ask("http://nobody/", credentials), { status: 502, seen: undefined, text: "tidepool: getaddrinfo ENOTFOUND nobody\n" });

    const tunnel = (to: string, headers: Record<string, string>): Promise<[number, net.Socket]> =>
      new Promise((resolve, reject) => {
        http.request({ host: "127.0.0.1", port: proxy.port, method: "CONNECT", path: to, headers }).on("connect", (response, socket) => resolve([response.statusCode!, socket])).on("error", reject).end();
      });
    const [status, socket] = await tunnel("localhost:7", credentials);
    assert.equal(status, 200);
    socket.write("through");
    assert.equal(await readAll(socket), "through");
    for (const [to, headers, expected] of [["localhost:8", credentials, 502], ["localhost:7", {}, 407], ["localhost", credentials, 400]] as const) {
      const [refused, end] = await tunnel(to, headers);
      end.destroy();
      assert.equal(refused, expected, to);
    }
  });
});
