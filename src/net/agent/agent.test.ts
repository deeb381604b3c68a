/** The agent inside real Node processes: servers and clients of every kind that programs use. */
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { startTestNetwork, tableOf, type TestNetwork } from "../testing.ts";

const SERVER = "10.244.1.5";
const OTHER = "10.244.1.6";
const CLIENT = "10.244.2.7";

/** Node versions that pods may run on: the pinned one, and the system's where it is another. */
const nodes = [process.execPath, ...["/usr/bin/node", "/usr/local/bin/node"].filter((file) => existsSync(file)).slice(0, 1)];

/** A self-signed pair, for programs to serve TLS with. */
async function certificate(): Promise<{ key: string; cert: string }> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const cert = await x509.X509CertificateGenerator.createSelfSigned({ name: "CN=web", keys, signingAlgorithm: algorithm });
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  return { key: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`, cert: cert.toString("pem") };
}

let network: TestNetwork;
let pair: { key: string; cert: string };
before(async () => {
  pair = await certificate();
  network = await startTestNetwork(
    tableOf({
      web: { clusterIP: "10.96.0.20", port: 80, endpoints: [`${SERVER}:8080`] },
      empty: { clusterIP: "10.96.0.21", port: 80 },
      dead: { clusterIP: "10.96.0.22", port: 80, endpoints: ["10.244.9.1:8080", "10.244.9.2:8080", `${SERVER}:8080`] },
    }),
  );
});
after(() => network.close());

for (const node of nodes) {
  describe(`on ${node === process.execPath ? process.version : node}`, { timeout: 60_000 }, () => {
    test("http, fetch and raw TCP reach a Service by name, and both ends know each other's addresses", async () => {
      const server = await network.run(
        SERVER,
        `const http = require("http");
         const server = http.createServer((req, res) => {
           let body = "";
           req.on("data", (chunk) => (body += chunk)).on("end", () => res.end(JSON.stringify({
             path: req.url, body, remote: req.socket.remoteAddress, family: req.socket.remoteFamily, local: req.socket.localAddress + "|" + req.socket.localPort })));
         });
         server.listen(8080, "0.0.0.0", () => console.log(JSON.stringify(server.address())));`,
        { node },
      );
      assert.deepEqual(JSON.parse(await server.line()), { address: "0.0.0.0", family: "IPv4", port: 8080 });
      const output = await network.output(
        CLIENT,
        `import http from "node:http";
         import net from "node:net";
         import { once } from "node:events";
         const agent = new http.Agent({ keepAlive: true });
         const get = (path) => new Promise((resolve, reject) => http.get("http://web" + path, { agent }, (res) => {
           let body = ""; res.on("data", (c) => (body += c)).on("end", () => resolve(JSON.parse(body))); }).on("error", reject));
         const first = await get("/1"), second = await get("/2");
         agent.destroy();
         const posted = await (await fetch("http://web.shop.svc.cluster.local/3", { method: "POST", body: "x".repeat(200000) })).json();
         const socket = net.connect(80, "web.shop");
         await once(socket, "connect");
         socket.write("GET /4 HTTP/1.0\\r\\n\\r\\n");
         let raw = ""; for await (const chunk of socket) raw += chunk;
         console.log(JSON.stringify({ first, second, posted: posted.body.length, raw: raw.split("\\r\\n")[0],
           remote: socket.remoteAddress, port: socket.remotePort }));`,
        { esm: true, node },
      );
      const { first, second, posted, raw, remote, port } = JSON.parse(output);
      assert.deepEqual(first, { path: "/1", body: "", remote: CLIENT, family: "IPv4", local: `${SERVER}|8080` });
      assert.equal(second.path, "/2");
      assert.equal(posted, 200000);
      assert.equal(raw, "HTTP/1.1 200 OK");
      assert.deepEqual([remote, port], ["10.96.0.20", 80]);
      server.child.kill();
      await server.end;
    });

    test("a port that nobody listens on refuses as on a network", async () => {
      const output = await network.output(
        CLIENT,
        `const net = require("net");
         const attempt = (port, host) => new Promise((resolve) => net.connect(port, host).on("error", ({ message, code, syscall, address, port, errno }) =>
           resolve({ message, code, syscall, address, port, errno: errno === -require("os").constants.errno[code] })));
         (async () => {
           for (const [host, port] of [["10.244.1.9", 80], ["empty", 80], ["10.96.0.21", 81], ["127.0.0.1", 9], ["172.30.0.3", 30000]]) console.log(JSON.stringify(await attempt(port, host)));
         })();`,
        { node },
      );
      const errors = output.split("\n").map((line) => JSON.parse(line));
      const refused = (address: string, port: number) => ({ message: `connect ECONNREFUSED ${address}:${port}`, code: "ECONNREFUSED", syscall: "connect", address, port, errno: true });
      assert.deepEqual(errors, [refused("10.244.1.9", 80), refused("10.96.0.21", 80), refused("10.96.0.21", 81), refused("127.0.0.1", 9), refused("172.30.0.3", 30000)]);
    });

    test("a connection to a Service passes over endpoints whose process is gone, and loses nothing written meanwhile", async () => {
      const server = await network.run(SERVER, `require("net").createServer((s) => s.pipe(s)).listen(8080, () => console.log("up"));`, { node });
      await server.line();
      // One endpoint that was killed and left its socket behind, one that never listened.
      const killed = await network.run("10.244.9.1", `require("net").createServer().listen(8080, () => console.log("up"));`, { node });
      await killed.line();
      killed.child.kill("SIGKILL");
      await killed.end;
      const output = await network.output(
        CLIENT,
        `const net = require("net");
         (async () => {
           const seen = new Set();
           for (let i = 0; i < 20; i++) {
             const socket = net.connect(80, "dead");
             socket.write("a" + i);
             socket.end("b");
             let text = ""; for await (const chunk of socket) text += chunk;
             seen.add(text === "a" + i + "b");
           }
           console.log([...seen]);
         })();`,
        { node },
      );
      assert.equal(output, "[ true ]");
      server.child.kill();
      await server.end;
    });

    test("TLS, https and HTTP/2", async () => {
      const server = await network.run(
        SERVER,
        `const { key, cert } = ${JSON.stringify(pair)};
         const https = require("https"), http2 = require("http2");
         https.createServer({ key, cert }, (req, res) => res.end("secure for " + req.socket.remoteAddress)).listen(8443, () => {
           http2.createSecureServer({ key, cert }, (req, res) => res.end("h2 " + req.stream.session.alpnProtocol)).listen(8444, () => {
             http2.createServer((req, res) => res.end("h2c")).listen(8445, () => console.log("up"));
           });
         });`,
        { node },
      );
      await server.line();
      const output = await network.output(
        CLIENT,
        `process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0"; process.removeAllListeners("warning"); process.on("warning", () => {});
         const https = require("https"), http2 = require("http2"), tls = require("tls");
         const h2 = (url) => new Promise((resolve, reject) => {
           const session = http2.connect(url).on("error", reject);
           let text = ""; session.request({ ":path": "/" }).on("data", (c) => (text += c)).on("end", () => { session.close(); resolve(text); }).on("error", reject);
         });
         (async () => {
           const refused = await new Promise((resolve) => tls.connect(9, "${SERVER}").on("error", (e) => resolve(e.message)));
           const viaHttps = await new Promise((resolve, reject) => https.get("https://${SERVER}:8443/", (res) => { let t = ""; res.on("data", (c) => (t += c)).on("end", () => resolve(t)); }).on("error", reject));
           const viaFetch = await (await fetch("https://${SERVER}:8443/")).text();
           const raw = await new Promise((resolve, reject) => { const s = tls.connect({ host: "${SERVER}", port: 8443, servername: "web" }, () => { s.end("GET / HTTP/1.0\\r\\n\\r\\n"); }).on("error", reject); let t = ""; s.on("data", (c) => (t += c)).on("end", () => resolve(t.split("\\r\\n\\r\\n")[1] + " " + s.remoteAddress)); });
           console.log(JSON.stringify([refused, viaHttps, viaFetch, raw, await h2("https://${SERVER}:8444"), await h2("http://${SERVER}:8445")]));
         })();`,
        { node },
      );
      const text = `secure for ::ffff:${CLIENT}`;
      assert.deepEqual(JSON.parse(output), [`connect ECONNREFUSED ${SERVER}:9`, text, text, `${text} ${SERVER}`, "h2 h2", "h2c"]);
      server.child.kill();
      await server.end;
    });

    test("fastify, undici, ws and pg speak through it", async () => {
      const server = await network.run(
        SERVER,
        `const fastify = require("fastify")(), { WebSocketServer } = require("ws"), net = require("net");
         fastify.get("/hello", (req) => ({ ip: req.ip }));
         const ws = new WebSocketServer({ server: fastify.server });
         ws.on("connection", (socket) => socket.on("message", (data) => socket.send("echo " + data)));
         // Enough PostgreSQL to let a client in and answer one query.
         const message = (type, body) => { const head = Buffer.alloc(5); head.write(type); head.writeInt32BE(body.length + 4, 1); return Buffer.concat([head, body]); };
         const ready = message("Z", Buffer.from("I"));
         net.createServer((socket) => {
           let started = false;
           socket.on("data", (data) => {
             if (!started) { started = true; socket.write(Buffer.concat([message("R", Buffer.alloc(4)), ready])); return; }
             if (data[0] === 0x51) socket.write(Buffer.concat([message("C", Buffer.from("SELECT 0\\0")), ready]));
           }).on("error", () => {});
         }).listen(5432, () => fastify.listen({ port: 8080, host: "0.0.0.0" }).then(console.log));`,
        { node },
      );
      assert.equal(await server.line(), "http://127.0.0.1:8080");
      const output = await network.output(
        CLIENT,
        `const { Client } = require("pg"), WebSocket = require("ws");
         (async () => {
           const results = [];
           results.push((await (await fetch("http://web/hello")).json()).ip);
           ${node === process.execPath ? `results.push((await (await require("undici").request("http://web/hello")).body.json()).ip);` : `results.push("${CLIENT}");`}
           const ws = new WebSocket("ws://web/");
           await new Promise((resolve, reject) => ws.on("open", resolve).on("error", reject));
           ws.send("hi");
           results.push(await new Promise((resolve) => ws.on("message", (data) => resolve(String(data)))));
           ws.close();
           const client = new Client({ host: "${SERVER}", port: 5432, user: "u", database: "d" });
           await client.connect();
           results.push((await client.query("SELECT")).command);
           await client.end();
           console.log(JSON.stringify(results));
         })();`,
        { node },
      );
      assert.deepEqual(JSON.parse(output), [CLIENT, CLIENT, "echo hi", "SELECT"]);
      server.child.kill();
      await server.end;
    });

    test("a pod's loopback is its own: shared by its processes, closed to other pods and to the host", async () => {
      const server = await network.run(
        SERVER,
        `const net = require("net");
         net.createServer((s) => s.end(s.remoteAddress + ">" + s.localAddress)).listen(9000, "127.0.0.1", () => net.createServer((s) => s.end("all")).listen(9001, () => console.log("up")));`,
        { node },
      );
      await server.line();
      const program = `const net = require("net");
        const read = (host, port) => new Promise((resolve) => { let t = ""; net.connect(port, host).on("data", (c) => (t += c)).on("end", () => resolve(t)).on("error", (e) => resolve(e.code)); });
        (async () => console.log(JSON.stringify([await read("localhost", 9000), await read("127.0.0.1", 9001), await read("::1", 9001), await read("${SERVER}", 9000), await read("${SERVER}", 9001)])))();`;
      assert.deepEqual(JSON.parse(await network.output(SERVER, program, { node })), ["127.0.0.1>127.0.0.1", "all", "all", "ECONNREFUSED", "all"]);
      assert.deepEqual(JSON.parse(await network.output(OTHER, program, { node })), ["ECONNREFUSED", "ECONNREFUSED", "ECONNREFUSED", "ECONNREFUSED", "all"]);
      server.child.kill();
      await server.end;
    });

    test("listen: any port, ports in use, ports left by the dead, ports of others, ports closed", async () => {
      const killed = await network.run(SERVER, `require("net").createServer().listen(7000, () => console.log("up"));`, { node });
      await killed.line();
      killed.child.kill("SIGKILL");
      await killed.end;
      const other = await network.run(SERVER, `require("net").createServer().listen(7001, () => console.log("up"));`, { node });
      await other.line();
      const output = await network.output(
        SERVER,
        `const net = require("net");
         const listen = (...args) => new Promise((resolve) => { const s = net.createServer(); s.on("error", (e) => resolve({ error: e.message, code: e.code })).listen(...args, () => resolve(s)); });
         (async () => {
           const any = net.createServer().listen(0);
           const port = any.address().port;
           const results = { any: port >= 32768 && port < 61000 };
           any.close();
           const dead = await listen(7000);
           results.dead = dead.address?.().port;
           results.inUse = await listen(7001);
           results.inUseHere = await listen({ port: 7000, host: "127.0.0.1" });
           dead.close();
           const again = await listen("7000");
           results.again = again.address?.().family;
           again.close();
           results.foreign = await listen(80, "10.244.1.99");
           results.closed = again.address();
           try { net.createServer().listen(70000); } catch (e) { results.invalid = e.code; }
           console.log(JSON.stringify(results));
         })();`,
        { node },
      );
      assert.deepEqual(JSON.parse(output), {
        any: true,
        dead: 7000,
        inUse: { error: "listen EADDRINUSE: address already in use :::7001", code: "EADDRINUSE" },
        inUseHere: { error: "listen EADDRINUSE: address already in use 127.0.0.1:7000", code: "EADDRINUSE" },
        again: "IPv6",
        foreign: { error: "listen EADDRNOTAVAIL: address not available 10.244.1.99:80", code: "EADDRNOTAVAIL" },
        closed: null,
        invalid: "ERR_SOCKET_BAD_PORT",
      });
      other.child.kill();
      await other.end;
    });
  });
}
