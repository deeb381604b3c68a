/** The agent's other duties: DNS, mounts, children, names, and staying out of the way. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startTestNetwork, tableOf, type TestNetwork } from "../testing.ts";

const SERVER = "10.244.1.5";
const POD = "10.244.2.7";

let network: TestNetwork;
let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "tp-mounts-"));
  const table = tableOf({
    web: { clusterIP: "10.96.0.20", port: 80, endpoints: [`${SERVER}:8080`] },
    db: { port: 5432, endpoints: ["10.244.1.8:5432", "10.244.1.9:5432"], addresses: [{ ip: "10.244.1.8", hostname: "db-0" }, { ip: "10.244.1.9", hostname: "db-1" }] },
    alias: { externalName: "web.shop.svc.cluster.local" },
    away: { externalName: "localhost.invalid" },
  });
  network = await startTestNetwork(table);
});
after(async () => {
  await network.close();
  await rm(directory, { recursive: true, force: true });
});

describe("agent", { timeout: 60_000 }, () => {
  test("dns: lookups by the search path, records, reverse names and errors", async () => {
    const output = await network.output(
      POD,
      `import dns, { promises as promised } from "node:dns";
       import { promisify } from "node:util";
       const failure = (promise) => promise.then((v) => v, (e) => e.code + " " + e.syscall + " " + e.hostname);
       const results = [
         await promisify(dns.lookup)("web"),
         await promised.lookup("db.shop.svc.cluster.local.", { all: true }),
         await promised.lookup("db-1.db"),
         await promised.lookup("alias"),
         await promised.lookup("web-1"),
         await promised.lookup("10-244-9-9.shop.pod"),
         await failure(promised.lookup("nobody")),
         await failure(promised.lookup("nobody.svc.cluster.local")),
         await failure(promised.lookup("web", { family: 6 })),
         await failure(promised.resolve4("web")).then((text) => String(text).split(" ")[1]),
         await promised.resolve4("web.shop.svc.cluster.local", { ttl: true }),
         (await promised.resolveSrv("_http._tcp.db.shop.svc.cluster.local")).map((r) => r.name + ":" + r.port),
         await promised.resolveCname("alias.shop.svc.cluster.local"),
         await failure(promised.resolve6("web.shop.svc.cluster.local")),
         await failure(promised.resolve("gone.shop.svc.cluster.local", "A")),
         await promised.reverse("10.96.0.20"),
         await promised.reverse("10.244.1.9"),
         await promised.resolvePtr("20.0.96.10.in-addr.arpa"),
         await promised.lookupService("10.96.0.20", 80),
         dns.getServers(),
       ];
       console.log(JSON.stringify(results));`,
      { esm: true },
    );
    assert.deepEqual(JSON.parse(output), [
      { address: "10.96.0.20", family: 4 },
      [{ address: "10.244.1.8", family: 4 }, { address: "10.244.1.9", family: 4 }],
      { address: "10.244.1.9", family: 4 },
      { address: "10.96.0.20", family: 4 },
      { address: POD, family: 4 },
      { address: "10.244.9.9", family: 4 },
      "ENOTFOUND getaddrinfo nobody",
      "ENOTFOUND getaddrinfo nobody.svc.cluster.local",
      "ENOTFOUND getaddrinfo web",
      "queryA",
      [{ address: "10.96.0.20", ttl: 30 }],
      ["db-0.db.shop.svc.cluster.local:5432", "db-1.db.shop.svc.cluster.local:5432"],
      ["web.shop.svc.cluster.local"],
      "ENODATA queryAaaa web.shop.svc.cluster.local",
      "ENOTFOUND queryA gone.shop.svc.cluster.local",
      ["web.shop.svc.cluster.local"],
      ["db-1.db.shop.svc.cluster.local"],
      ["web.shop.svc.cluster.local"],
      { hostname: "web.shop.svc.cluster.local", service: "http" },
      ["10.96.0.10"],
    ]);
  });

  test("the endpoint table is pushed: a program sees a Service that appears, and its last table outlives the control plane", async () => {
    const server = await network.run("10.244.1.30", `require("net").createServer((s) => s.end("hi")).listen(80, () => console.log("up"));`);
    await server.line();
    const client = await network.run(
      POD,
      `const net = require("net");
       process.stdin.on("data", () => net.connect(80, "late").on("data", (d) => console.log(String(d))).on("error", (e) => console.log(e.code)));
       console.log("ready");`,
    );
    await client.line();
    client.child.stdin!.write("1");
    assert.equal(await client.line(), "ENOTFOUND");
    const before = tableOf({ web: { clusterIP: "10.96.0.20", port: 80 } });
    network.publisher.publish(tableOf({ late: { clusterIP: "10.96.0.60", port: 80, endpoints: ["10.244.1.30:80"] } }));
    let answer = "";
    for (let tries = 0; tries < 100 && answer !== "hi"; tries++) {
      client.child.stdin!.write("2");
      answer = await client.line();
    }
    assert.equal(answer, "hi");
    await network.publisher.close();
    client.child.stdin!.write("3");
    assert.equal(await client.line(), "hi");
    // The control plane is back, with news: the agent connects again by itself.
    await network.publisher.listen(network.socketDir);
    network.publisher.publish(before);
    for (let tries = 0; tries < 2000 && answer === "hi"; tries++) {
      client.child.stdin!.write("4");
      answer = await client.line();
    }
    assert.equal(answer, "ENOTFOUND");
    client.child.kill();
    server.child.kill();
    network.publisher.publish(tableOf({ web: { clusterIP: "10.96.0.20", port: 80, endpoints: [`${SERVER}:8080`] } }));
  });

  test("mounts: every way to read and write goes to the volume, and answers speak of the container's paths", async () => {
    const volume = join(directory, "config");
    await mkdir(join(volume, "..data"), { recursive: true });
    await writeFile(join(volume, "..data", "key"), "value");
    await symlink("..data/key", join(volume, "key"));
    const output = await network.output(
      POD,
      `import fs, { readFileSync } from "node:fs";
       import { readFile, readdir, realpath } from "node:fs/promises";
       import { pathToFileURL } from "node:url";
       import { createRequire } from "node:module";
       const read = async (stream) => { let t = ""; for await (const c of stream) t += c; return t; };
       const failure = (run) => { try { return run(); } catch (e) { return e.message; } };
       fs.mkdirSync("/etc/web/sub");
       fs.writeFileSync(pathToFileURL("/etc/web/sub/new"), "written");
       fs.writeFileSync("/etc/web/mod.cjs", "module.exports = 42");
       await new Promise((r) => fs.createWriteStream("/etc/web/sub/stream").end("streamed", r));
       fs.renameSync("/etc/web/sub/new", "/etc/web/sub/renamed");
       fs.writeFileSync("/tmp/scratch", "1");
       console.log(JSON.stringify([
         readFileSync("/etc/web/key", "utf8"), await readFile("/etc/web/../web/key", "utf8"), await read(fs.createReadStream("/etc/web/sub/stream")),
         await new Promise((r) => fs.readFile("/etc/web/sub/renamed", "utf8", (e, t) => r(t))), (await readdir("/etc/web/sub")).sort(),
         await realpath("/etc/web/key"), fs.realpathSync.native("/etc/web/key"), fs.existsSync("/etc/webx"), fs.existsSync("/etc/web/"),
         failure(() => readFileSync("/etc/web/none")), await readFile("/etc/web/none").catch((e) => e.path), createRequire(import.meta.url)("/etc/web/mod.cjs"),
         fs.existsSync(import.meta.filename), fs.readdirSync("/tmp"), fs.readFileSync("relative.txt", "utf8"),
       ]));`,
      { esm: true, mounts: [{ path: "/etc/web", hostPath: volume }, { path: "/tmp", hostPath: join(directory, "tmp") }], cwd: await workDirectory() },
    );
    assert.deepEqual(JSON.parse(output), [
      "value", "value", "streamed", "written", ["renamed", "stream"], "/etc/web/..data/key", "/etc/web/..data/key", false, true,
      "ENOENT: no such file or directory, open '/etc/web/none'", "/etc/web/none", 42, true, ["scratch"], "beside the program",
    ]);
  });

  /** A working directory in the host's /tmp, though the container mounts its own there. */
  async function workDirectory(): Promise<string> {
    await mkdir(join(directory, "tmp"), { recursive: true });
    const work = join(network.socketDir, "app");
    await mkdir(work, { recursive: true });
    await writeFile(join(work, "relative.txt"), "beside the program");
    return work;
  }

  test("children and workers stay in the pod whatever environment they are given", async () => {
    const program = `
      const cp = require("child_process"), { Worker } = require("worker_threads");
      const show = "console.log(require('os').hostname(), process.env.EXTRA, process.env.http_proxy)";
      const out = (child) => new Promise((resolve) => { let t = ""; child.stdout.on("data", (c) => (t += c)).on("end", () => resolve(t.trim())); });
      (async () => {
        const node = process.execPath;
        const results = [
          await out(cp.spawn(node, ["-e", show], { env: { EXTRA: "1" } })),
          await out(cp.spawn(node, ["-e", show], { env: { EXTRA: "2", NODE_OPTIONS: "--max-old-space-size=64" } })),
          cp.execFileSync(node, ["-e", show], { env: {} }).toString().trim(),
          cp.spawnSync(node, ["-e", show]).stdout.toString().trim(),
          cp.execSync("echo $http_proxy").toString().trim(),
          await new Promise((resolve) => new Worker("require('worker_threads').parentPort.postMessage(require('os').hostname())", { eval: true, env: { A: "1" } }).on("message", resolve)),
          await new Promise((resolve) => new Worker("require('worker_threads').parentPort.postMessage(require('os').hostname())", { eval: true }).on("message", resolve)),
          process.env.http_proxy ?? "unset",
        ];
        console.log(JSON.stringify(results));
      })();`;
    const proxy = "http://uid:x@127.0.0.1:9";
    assert.deepEqual(JSON.parse(await network.output(POD, program, { env: { TIDEPOOL_PROXY: proxy, http_proxy: proxy } })), [
      "web-1 1 undefined", "web-1 2 undefined", "web-1 undefined undefined", "web-1 undefined undefined", proxy, "web-1", "web-1", "unset",
    ]);
  });

  test("a cluster's workers share one port", async () => {
    const server = await network.run(
      SERVER,
      `const cluster = require("cluster"), http = require("http");
       if (cluster.isPrimary) { let up = 0; cluster.on("listening", () => ++up === 2 && console.log("up")); cluster.fork(); cluster.fork(); }
       else http.createServer((req, res) => { res.setHeader("connection", "close"); res.end(process.pid + " " + req.socket.remoteAddress); }).listen(8080);`,
    );
    await server.line();
    const output = await network.output(POD, `(async () => { const seen = new Set(), from = new Set(); for (let i = 0; i < 6; i++) { const [pid, ip] = (await (await fetch("http://${SERVER}:8080")).text()).split(" "); seen.add(pid); from.add(ip); } console.log(seen.size, [...from].join()); })();`);
    assert.equal(output, `2 ::ffff:${POD}`);
    server.child.kill();
  });

  test("os and UDP: the pod's own names, and UDP inside the cluster refused by name", async () => {
    const output = await network.output(
      POD,
      `const os = require("os"), dgram = require("dgram");
       const send = (host) => new Promise((resolve) => { const s = dgram.createSocket("udp4"); s.send("x", 53, host, (e) => { s.close(); resolve(e?.message); }); });
       (async () => {
         const bound = await new Promise((resolve) => dgram.createSocket("udp4").on("error", (e) => resolve(e.code)).bind(5353));
         console.log(JSON.stringify([os.hostname(), os.networkInterfaces().eth0[0].address, await send("10.96.0.10"), await send("web"), bound]));
       })();`,
    );
    const refused = (to: string): string => `send EPROTONOSUPPORT: tidepool: the pod network carries no UDP (to ${to})`;
    assert.deepEqual(JSON.parse(output), ["web-1", POD, refused("10.96.0.10"), refused("10.96.0.20"), "EPROTONOSUPPORT"]);
  });

  test("without a pod, with a broken one, or loaded twice, programs run as ever", () => {
    const run = (env: Record<string, string>, ...args: string[]) =>
      spawnSync(process.execPath, [...args, "-e", "console.log(require('os').hostname())"], { env: { PATH: process.env.PATH, ...env }, encoding: "utf8" });
    const plain = run({}, "--require", network.agent);
    assert.equal(plain.status, 0);
    assert.equal(plain.stderr, "");
    const broken = run({ TIDEPOOL_AGENT: "/none.json" }, "--require", network.agent);
    assert.equal(broken.stdout, plain.stdout);
    assert.match(broken.stderr, /^tidepool: this process is not on the pod network: ENOENT/);
    const twice = run({ NODE_OPTIONS: `--require ${network.agent}` }, "--require", network.agent);
    assert.equal(twice.stdout, plain.stdout);
  });

  test("what a pod can't have is refused by name", async () => {
    const output = await network.output(
      POD,
      `const net = require("net"), tls = require("tls");
       const failure = (run) => { try { run(); return "nothing"; } catch (e) { return e.code + ": " + e.message; } };
       console.log(JSON.stringify([
         failure(() => net.createServer().listen({ port: 80, reusePort: true })),
         failure(() => net.createServer({ pauseOnConnect: true }).listen(80)),
         failure(() => new tls.TLSSocket().connect(80, "10.244.1.5")),
       ]));`,
    );
    const refusal = (what: string): string => `ERR_TIDEPOOL_UNSUPPORTED: tidepool: ${what}`;
    assert.deepEqual(JSON.parse(output), [
      refusal("reusePort isn't available in a pod"),
      refusal("pauseOnConnect isn't available in a pod"),
      refusal("a TLSSocket of its own can't connect inside the cluster; use tls.connect"),
    ]);
  });

  test("this machine's loopback is no pod's, by whatever name, except on the host's network", async () => {
    const real = net.createServer((socket) => socket.end("real")).listen(0, "127.0.0.1");
    await once(real, "listening");
    const { port } = real.address() as net.AddressInfo;
    const output = await network.output(
      POD,
      `const net = require("net"), dns = require("dns");
       // The resolver's answers, as a name server outside the cluster would give them.
       const lookups = { "loop.example.org": "127.0.0.1" };
       const original = dns.lookup;
       dns.lookup = (host, options, callback) => lookups[host] ? process.nextTick(callback, null, options.all ? [{ address: lookups[host], family: 4 }] : lookups[host], 4) : original(host, options, callback);
       const attempt = (host, port, more) => new Promise((resolve) => net.connect({ host, port, ...more }).on("data", (d) => resolve(String(d))).on("error", (e) => resolve(e.message)));
       (async () => console.log(JSON.stringify([
         await attempt("127.0.0.1", ${port}), await attempt("loop.example.org", ${port}),
         await attempt("mine.example.org", ${port}, { lookup: (host, options, callback) => callback(null, "127.0.0.1", 4) }),
       ])))();`,
    );
    assert.deepEqual(JSON.parse(output), Array(3).fill(`connect ECONNREFUSED 127.0.0.1:${port}`));
    const outside = await network.output(POD, `require("net").connect(${port}, "127.0.0.1").on("data", (d) => console.log(String(d)));`, { config: { hostNetwork: true } });
    assert.equal(outside, "real");
    await new Promise((resolve) => real.close(resolve));
  });

  test("a program's own lookup leads into the cluster too, for TCP and for TLS", async () => {
    const server = await network.run("10.244.1.40", `require("net").createServer((s) => s.end("found " + s.remoteAddress)).listen(80, () => console.log("up"));`);
    await server.line();
    const output = await network.output(
      POD,
      `const net = require("net"), tls = require("tls"), http = require("http");
       const lookup = (host, options, callback) => setImmediate(() => options.all ? callback(null, [{ address: "10.244.1.40", family: 4 }]) : callback(null, "10.244.1.40", 4));
       const plain = new Promise((resolve) => net.connect({ host: "my.name", port: 80, lookup }).on("data", (d) => resolve(String(d))).on("error", (e) => resolve(e.message)));
       const secure = new Promise((resolve) => tls.connect({ host: "my.name", port: 81, lookup }).on("error", (e) => resolve(e.message)));
       (async () => console.log(JSON.stringify([await plain, await secure])))();`,
    );
    assert.deepEqual(JSON.parse(output), [`found ::ffff:${POD}`, "connect ECONNREFUSED 10.244.1.40:81"]);
    server.child.kill();
  });

  test("a program that uses no network ends as soon as it is done", async () => {
    const { end } = await network.run(POD, `require("dns").lookup("web", () => console.log("done"));`);
    assert.deepEqual(await end, { code: 0, signal: null, stdout: "done\n", stderr: "" });
  });
});
