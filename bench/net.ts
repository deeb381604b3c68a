/** What the pod network costs, against the same programs on plain loopback TCP. */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { systemClock } from "#lib/clock.ts";
import { silentLogger } from "#lib/log.ts";
import { dialTargets } from "#net/dial.ts";
import { NodePorts } from "#net/proxy/node-ports.ts";
import { startTestNetwork, tableOf, type Program, type TestNetwork } from "#net/testing.ts";
import { figure, median, type Bench } from "./support/figures.ts";

const SERVER = "10.244.1.5";
const CLIENT = "10.244.2.7";
const ROUNDS = 5;
const REQUESTS = 20_000;
const CONNECTIONS = 2_000;
const CONCURRENCY = 50;
const STARTS = 15;

/** Serves a small answer, and its own CPU time in µs at /cpu. */
const server = (listen: string): string => `
  const http = require("http");
  http.createServer((req, res) => {
    if (req.url === "/cpu") { const { user, system } = process.cpuUsage(); return res.end(String(user + system)); }
    res.setHeader("content-type", "application/json"); res.end('{"ok":true}');
  }).listen(${listen}, function () { console.log(this.address().port); });`;

/** Per line on standard input, one run over "host port count keepAlive"; answers with wall time and CPU time of both ends, in µs. */
const client = `
  const http = require("http"), readline = require("readline");
  const get = (options) => new Promise((resolve, reject) => http.get(options, (res) => { let t = ""; res.on("data", (c) => (t += c)).on("end", () => resolve(t)); }).on("error", reject));
  readline.createInterface({ input: process.stdin }).on("line", async (line) => {
    const [host, port, count, keepAlive] = line.split(" ");
    const agent = new http.Agent({ keepAlive: keepAlive === "true", maxSockets: ${CONCURRENCY} });
    const options = { host, port: Number(port), agent, path: "/" };
    const serverBefore = Number(await get({ ...options, path: "/cpu" }));
    const before = process.cpuUsage(), started = process.hrtime.bigint();
    let left = Number(count);
    await Promise.all(Array.from({ length: ${CONCURRENCY} }, async () => { while (left-- > 0) await get(options); }));
    const { user, system } = process.cpuUsage(before);
    const wall = Number(process.hrtime.bigint() - started) / 1000;
    const serverCpu = Number(await get({ ...options, path: "/cpu" })) - serverBefore;
    agent.destroy();
    console.log([wall, user + system + serverCpu].join(" "));
  });
  console.log("ready");`;

interface Run {
  wallMicros: number;
  cpuMicros: number;
}

const bench: Bench = async () => {
  const pods = await startTestNetwork(tableOf({ web: { clusterIP: "10.96.0.20", port: 80, endpoints: [`${SERVER}:8080`] } }));
  try {
    const plain = { NODE_OPTIONS: "", TIDEPOOL_AGENT: "" };
    const [podServer, podClient, tcpServer, tcpClient] = await Promise.all([
      pods.run(SERVER, server("8080")),
      pods.run(CLIENT, client),
      pods.run(SERVER, server('0, "127.0.0.1"'), { env: plain }),
      pods.run(CLIENT, client, { env: plain }),
    ]);
    await Promise.all([podServer.line(), podClient.line(), tcpClient.line()]);
    const tcpPort = Number(await tcpServer.line());
    const nodePort = await openNodePort(pods);

    const virtual: Run[] = [];
    const loopback: Run[] = [];
    const forwarded: Run[] = [];
    const virtualConnections: Run[] = [];
    const loopbackConnections: Run[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      const runs: [Run[], Program, string][] = [
        [virtual, podClient, `web 80 ${REQUESTS} true`],
        [loopback, tcpClient, `127.0.0.1 ${tcpPort} ${REQUESTS} true`],
        [forwarded, tcpClient, `127.0.0.1 ${nodePort.port} ${REQUESTS} true`],
        [virtualConnections, podClient, `web 80 ${CONNECTIONS} false`],
        [loopbackConnections, tcpClient, `127.0.0.1 ${tcpPort} ${CONNECTIONS} false`],
      ];
      for (const [into, program, line] of runs) {
        const forwardBefore = process.cpuUsage();
        program.child.stdin!.write(`${line}\n`);
        const [wallMicros, cpuMicros] = (await program.line()).split(" ").map(Number) as [number, number];
        const { user, system } = process.cpuUsage(forwardBefore);
        // The first round warms up the programs' compilers.
        if (round > 0) into.push({ wallMicros, cpuMicros: cpuMicros + (into === forwarded ? user + system : 0) });
      }
    }
    await nodePort.close();
    const starts = startTimes(pods.agent, pods.socketDir);
    const cpu = (runs: Run[], count: number): number => median(runs.map(({ cpuMicros }) => cpuMicros / count));
    const rate = (runs: Run[], count: number): number => median(runs.map(({ wallMicros }) => (count * 1e6) / wallMicros));
    return {
      name: "net",
      baseline: "the same programs on plain loopback TCP",
      figures: [
        figure({ name: "CPU per request", value: cpu(virtual, REQUESTS), unit: "µs", baseline: cpu(loopback, REQUESTS), aim: { ratioAtMost: 0.93 } }),
        figure({ name: "Requests", value: rate(virtual, REQUESTS), unit: "/s", baseline: rate(loopback, REQUESTS), aim: { ratioAtLeast: 1 } }),
        figure({ name: "CPU per connection with one request", value: cpu(virtualConnections, CONNECTIONS), unit: "µs", baseline: cpu(loopbackConnections, CONNECTIONS), aim: { ratioAtMost: 1 } }),
        figure({ name: "CPU per request through a NodePort", value: cpu(forwarded, REQUESTS), unit: "µs", baseline: cpu(loopback, REQUESTS) }),
        figure({ name: "Start of an http program", value: starts.withAgent, unit: "ms", baseline: starts.without }),
      ],
    };
  } finally {
    await pods.close();
  }
};

/** One real port in front of the server, as the daemon has it. */
async function openNodePort(pods: TestNetwork): Promise<{ port: number; close(): Promise<void> }> {
  const probe = net.createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as net.AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  const bound = Promise.withResolvers<void>();
  const nodePorts = new NodePorts({
    address: "127.0.0.1",
    connect: () =>
      dialTargets([{ kind: "pod", ip: SERVER, port: 8080 }], {
        socketDir: pods.socketDir,
        clock: systemClock,
        source: { ip: "172.30.0.2", port: 40000 },
        wanted: { ip: SERVER, port: 8080 },
      }),
    onBound: (_listener, error) => (error ? bound.reject(error) : bound.resolve()),
    clock: systemClock,
    log: silentLogger,
  });
  nodePorts.reconcile([{ hostPort: port, service: "shop/web", portName: "http", servicePort: 80, kind: "NodePort" }]);
  await bound.promise;
  return { port, close: () => nodePorts.close() };
}

/** Wall time of a program that loads http and https, with and without the agent, in turn. */
function startTimes(agent: string, socketDir: string): { withAgent: number; without: number } {
  const run = (env: Record<string, string>): number => {
    const started = process.hrtime.bigint();
    spawnSync(process.execPath, ["-e", "require('http');require('https')"], { env: { PATH: process.env["PATH"], ...env } });
    return Number(process.hrtime.bigint() - started) / 1e6;
  };
  const times = Array.from({ length: STARTS }, () => ({
    withAgent: run({ NODE_OPTIONS: `--require ${agent}`, TIDEPOOL_AGENT: `${socketDir}/pod-0.json`, TIDEPOOL_MOUNTS: '[{"path":"/etc/web","hostPath":"/none"}]' }),
    without: run({}),
  }));
  return { withAgent: median(times.map((time) => time.withAgent)), without: median(times.map((time) => time.without)) };
}

export default bench;
