import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { request as httpsRequest, type RequestOptions } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, type Duplex } from "node:stream";
import { text as readText } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { WebSocket } from "ws";
import { FakeClock, systemClock } from "#lib/clock.ts";
import { silentLogger } from "#lib/log.ts";
import type { ExecResult, ExecStreams, KubeletApi } from "#api/kubelet.ts";
import { ensurePki, type Pki } from "./pki/pki.ts";
import { serve, type Served } from "./server.ts";
import { controlFrame, dataFrame, FLAG_FIN, HeaderReader, HeaderWriter, readFrames, TYPE, words } from "./streaming/spdy/frames.ts";
import { DICTIONARY } from "./streaming/spdy/dictionary.ts";
import { pod, startTestServer, type TestServer } from "./testing.ts";

const PODS = "/api/v1/namespaces/default/pods";

let directory: string;
let pki: Pki;
let server: TestServer;
let served: Served;

/** What the kubelet was asked, and its part of the conversation. */
const kubelet: KubeletApi & { commands: string[][] } = {
  commands: [],
  logs: (_pod, options) => Promise.resolve((async function* () {
    yield Buffer.from(`${options.container} ${options.tailLines ?? "all"}\n`);
    yield Buffer.from("last\n");
  })()),
  async exec(_pod, _container, command, _tty, streams, signal): Promise<ExecResult> {
    kubelet.commands.push(command);
    if (command[0] === "missing") return { exitCode: 127, error: "no such file" };
    if (command[0] === "wait") {
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      kubelet.commands.push(["aborted"]);
      return { exitCode: 137 };
    }
    return echo(streams, Number(command[1] ?? 0));
  },
  attach: (_pod, _container, _tty, streams) => echo(streams, 0),
  portForward(_pod, port): Promise<Duplex> {
    if (port === 81) return Promise.reject(new Error("connection refused"));
    const stream = new PassThrough();
    return Promise.resolve(stream);
  },
};

async function echo(streams: ExecStreams, exitCode: number): Promise<ExecResult> {
  const input = streams.stdin ? await readText(streams.stdin) : "";
  streams.stdout?.write(`out:${input}`);
  streams.stderr?.write("err");
  return { exitCode };
}

before(async () => {
  directory = mkdtempSync(join(tmpdir(), "pki-"));
  pki = await ensurePki({ directory, clock: systemClock, nodeNames: ["node-1"] });
  server = await startTestServer({ policy: true, nodeConnector: (name) => (name === "node-1" ? kubelet : undefined) });
  await server.create(PODS, pod("web", "node-1"));
  await server.create(PODS, pod("waiting"));
  served = await serve(server.api, { ...pki.serving, clientCa: pki.ca, host: "127.0.0.1", port: 0, log: silentLogger });
});
after(async () => {
  await server.close();
  await served.close();
  rmSync(directory, { recursive: true });
});

interface WireAnswer {
  status: number;
  headers: Record<string, unknown>;
  body: string;
}

function http1(path: string, options: RequestOptions = {}, body?: string): Promise<WireAnswer> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(`${served.url}${path}`, { ca: pki.ca, ...pki.admin, agent: false, ...options }, (response) => {
      readText(response).then((text) => resolve({ status: response.statusCode!, headers: response.headers, body: text }), reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}

describe("the wire", () => {
  it("speaks HTTP/1.1 and HTTP/2 on one port", async () => {
    const answer = await http1(`${PODS}/web`);
    assert.deepEqual([answer.status, JSON.parse(answer.body).metadata.name], [200, "web"]);
    const session = connectHttp2(served.url, { ca: pki.ca, ...pki.admin });
    const stream = session.request({ ":path": `${PODS}/web` });
    assert.equal(JSON.parse(await readText(stream)).metadata.name, "web");
    session.close();
  });

  it("knows clients by their certificate, and strangers not at all", async () => {
    const review = await http1("/apis/authentication.k8s.io/v1/selfsubjectreviews", { method: "POST" }, "{}");
    const { extra, ...userInfo } = JSON.parse(review.body).status.userInfo;
    assert.deepEqual(userInfo, { username: "kubernetes-admin", groups: ["kubeadm:cluster-admins", "system:authenticated"] });
    assert.match(extra["authentication.kubernetes.io/credential-id"][0], /^X509SHA256=[0-9a-f]{64}$/);
    const node = await http1(`${PODS}/web`, { method: "PUT", ...pki.nodes["node-1"] }, "{}");
    assert.match(JSON.parse(node.body).message, /User "system:node:node-1" cannot update/);
    const anonymous = { key: undefined, cert: undefined };
    assert.equal((await http1(PODS, anonymous)).status, 403);
    assert.equal((await http1("/readyz", anonymous)).body, "ok");
    const foreignDirectory = join(directory, "foreign");
    const foreign = await ensurePki({ directory: foreignDirectory, clock: systemClock, nodeNames: [] });
    assert.equal((await http1(PODS, foreign.admin)).status, 401, "signed by another authority");
  });

  it("streams watches and ends them when the client goes", async () => {
    const session = connectHttp2(served.url, { ca: pki.ca, ...pki.admin });
    const stream = session.request({ ":path": "/api/v1/namespaces/default/configmaps?watch=1" });
    await new Promise((resolve) => stream.once("response", resolve));
    await server.create("/api/v1/namespaces/default/configmaps", { metadata: { name: "streamed" } });
    const chunk = await new Promise<Buffer>((resolve) => stream.once("data", resolve));
    assert.equal(JSON.parse(chunk.toString()).object.metadata.name, "streamed");
    stream.close();
    session.close();
  });

  it("refuses bodies that are too large, and a port that is taken", async () => {
    assert.equal((await http1(PODS, { method: "POST" }, "x".repeat(4 * 1024 * 1024)).catch(() => ({ status: 413 }))).status, 413);
    await assert.rejects(serve(server.api, { ...pki.serving, clientCa: pki.ca, host: "127.0.0.1", port: served.port, log: silentLogger }), { code: "EADDRINUSE" });
  });

  it("gives logs of the only container, or of the one named", async () => {
    assert.equal((await http1(`${PODS}/web/log?tailLines=5`)).body, "app 5\nlast\n");
    assert.match((await http1(`${PODS}/web/log?container=nope`)).body, /container nope is not valid for pod web/);
    assert.equal((await http1(`${PODS}/waiting/log`)).body, "");
    assert.match((await http1(`${PODS}/web/log?tailLines=-1`)).body, /tailLines: Invalid value: -1: must be greater than or equal to 0/);
  });
});

describe("exec over WebSockets", () => {
  const connect = (path: string, protocols: string[]): WebSocket =>
    new WebSocket(`${served.url.replace("https", "wss")}${path}`, protocols, { ca: pki.ca, ...pki.admin });

  /** All that comes on each channel until the server closes. */
  function conversation(ws: WebSocket, begin: (ws: WebSocket) => void = () => {}): Promise<string[]> {
    return new Promise((resolve, reject) => {
      const channels: string[] = [];
      ws.on("open", () => begin(ws));
      ws.on("message", (data: Buffer) => (channels[data[0]!] = (channels[data[0]!] ?? "") + data.subarray(1).toString()));
      ws.on("close", () => resolve(channels));
      ws.on("error", reject);
      ws.on("unexpected-response", (_, response) => {
        readText(response).then((text) => reject(new Error(`${response.statusCode} ${text}`)), reject);
      });
    });
  }

  it("carries input, both outputs and the exit code", async () => {
    const channels = await conversation(connect(`${PODS}/web/exec?command=echo&command=3&stdin=1&stdout=1&stderr=1`, ["v5.channel.k8s.io"]), (ws) => {
      ws.send(Buffer.from("\0hello"));
      ws.send(Buffer.from([255, 0]));
    });
    assert.deepEqual([channels[1], channels[2]], ["out:hello", "err"]);
    assert.deepEqual(JSON.parse(channels[3]!), {
      metadata: {},
      status: "Failure",
      message: "command terminated with non-zero exit code: exit status 3",
      reason: "NonZeroExitCode",
      details: { causes: [{ reason: "ExitCode", message: "3" }] },
    });
    assert.deepEqual(kubelet.commands.at(-1), ["echo", "3"]);
  });

  it("says Success, or why the command could not run", async () => {
    const good = await conversation(connect(`${PODS}/web/exec?command=echo&stdout=1`, ["v4.channel.k8s.io"]));
    assert.deepEqual([good[1], JSON.parse(good[3]!).status], ["out:", "Success"]);
    const bad = await conversation(connect(`${PODS}/web/exec?command=missing&stdout=1`, ["v4.channel.k8s.io"]));
    assert.match(JSON.parse(bad[3]!).message, /no such file/);
    const attached = await conversation(connect(`${PODS}/web/attach?stdout=1`, ["v4.channel.k8s.io"]));
    assert.equal(attached[1], "out:");
  });

  it("stops the command when the client goes", async () => {
    const ws = connect(`${PODS}/web/exec?command=wait&stdout=1`, ["v4.channel.k8s.io"]);
    await new Promise((resolve) => ws.once("open", resolve));
    while (kubelet.commands.at(-1)?.[0] !== "wait") await new Promise((resolve) => setImmediate(resolve));
    ws.terminate();
    while (kubelet.commands.at(-1)?.[0] !== "aborted") await new Promise((resolve) => setImmediate(resolve));
  });

  it("refuses in HTTP what can't be done", async () => {
    const refusal = (path: string, protocol = "v4.channel.k8s.io"): Promise<unknown> => conversation(connect(path, [protocol])).catch((error: Error) => error.message);
    assert.match((await refusal(`${PODS}/nobody/exec?command=a&stdout=1`)) as string, /^404 .*pods \\"nobody\\" not found/);
    assert.match((await refusal(`${PODS}/web/exec?command=a&stdout=1&container=b`)) as string, /^400 .*container b is not valid for pod web/);
    assert.match((await refusal(`${PODS}/web/exec?stdout=1`)) as string, /^400 .*you must specify at least 1 command/);
    assert.match((await refusal(`${PODS}/web/exec?command=a`)) as string, /^400 .*you must specify at least 1 of stdin, stdout, stderr/);
    assert.match((await refusal(`${PODS}/waiting/exec?command=a&stdout=1`)) as string, /^400 .*pod waiting does not have a host assigned/);
    assert.match((await refusal(`${PODS}/web/exec?command=a&stdout=1`, "v9.channel.k8s.io")) as string, /^403 .*unable to negotiate protocol/);
  });

  it("forwards ports on channels, with the port first", async () => {
    const channels = await conversation(connect(`${PODS}/web/portforward?ports=80`, ["v4.channel.k8s.io"]), (ws) => {
      ws.send(Buffer.from("\0ping"));
      setImmediate(() => ws.close());
    });
    assert.equal(channels[0]?.slice(0, 2), "P\0");
    const refused = await conversation(connect(`${PODS}/web/portforward?ports=81`, ["v4.channel.k8s.io"]));
    assert.match(refused[1]!.slice(2), /error forwarding port 81 to pod web, uid .*: connection refused/);
  });
});

describe("SPDY", () => {
  it("has the dictionary of its specification", () => assert.equal(DICTIONARY.byteLength, 1423));

  it("reads back the headers it writes, one block after the other, and frames cut anywhere", async () => {
    const [writer, reader] = [new HeaderWriter(), new HeaderReader()];
    for (const port of ["80", "81"]) {
      const headers = new Map([["streamtype", "data"], ["port", port]]);
      assert.deepEqual(await reader.read(await writer.write(headers)), headers);
    }
    const bytes = Buffer.concat([dataFrame(1, Buffer.from("hello")), controlFrame(TYPE.ping, 0, words(1)), dataFrame(3, Buffer.alloc(0), true)]);
    for (const size of [1, 7, 1000]) {
      const frames = [];
      const chunks = (async function* () {
        for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
      })();
      for await (const frame of readFrames(chunks)) frames.push(frame.kind === "data" ? [frame.streamId, frame.payload.toString(), frame.fin] : frame.type);
      assert.deepEqual(frames, [[1, "hello", false], TYPE.ping, [3, "", true]]);
    }
  });

  it("forwards ports over streams, and reports errors on theirs", async () => {
    const socket = await upgradeToSpdy(`${PODS}/web/portforward`, "portforward.k8s.io");
    const writer = new HeaderWriter();
    const open = async (id: number, type: string, port: number, fin = false): Promise<void> => {
      const headers = await writer.write(new Map([["streamtype", type], ["port", String(port)], ["requestid", String(port)]]));
      socket.write(controlFrame(TYPE.synStream, fin ? FLAG_FIN : 0, Buffer.concat([words(id, 0), Buffer.from([0, 0]), headers])));
    };
    await open(1, "error", 80, true);
    await open(3, "data", 80);
    await open(5, "error", 81, true);
    await open(7, "data", 81);
    socket.write(dataFrame(3, Buffer.from("ping"), true));
    socket.write(controlFrame(TYPE.ping, 0, words(9)));
    const received: Record<string, string> = {};
    const finished = new Set<number>();
    for await (const frame of readFrames(socket)) {
      if (frame.kind === "control") {
        if (frame.type === TYPE.ping) received["ping"] = String(frame.payload.readUInt32BE(0));
      } else {
        received[frame.streamId] = (received[frame.streamId] ?? "") + frame.payload.toString();
        if (frame.fin) finished.add(frame.streamId);
      }
      if ([1, 3, 5].every((id) => finished.has(id)) && received["ping"]) break;
    }
    assert.equal(received["3"], "ping");
    assert.match(received["5"]!, /error forwarding port 81 to pod web/);
    assert.equal(received["ping"], "9");
    socket.destroy();
  });

  async function upgradeToSpdy(path: string, protocol: string): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      const headers = { connection: "Upgrade", upgrade: "SPDY/3.1", "x-stream-protocol-version": protocol };
      const request = httpsRequest(`${served.url}${path}`, { method: "POST", headers, ca: pki.ca, ...pki.admin, agent: false });
      request.on("upgrade", (response, socket, head) => {
        assert.equal(response.headers["x-stream-protocol-version"], protocol);
        if (head.byteLength > 0) socket.unshift(head);
        resolve(socket);
      });
      request.on("response", (response) => reject(new Error(`answered ${response.statusCode}`)));
      request.on("error", reject);
      request.end();
    });
  }
});

describe("the PKI", () => {
  it("keeps its secrets to the owner, and is the same the second time", async () => {
    for (const file of ["ca.key", "apiserver.key", "admin.key", "sa.key"]) assert.equal(statSync(join(directory, file)).mode & 0o777, 0o600, file);
    const again = await ensurePki({ directory, clock: systemClock, nodeNames: ["node-1"] });
    assert.deepEqual([again.ca, again.serving, again.admin, again.nodes], [pki.ca, pki.serving, pki.admin, pki.nodes]);
    assert.deepEqual(again.serviceAccountKey.export({ format: "jwk" }), pki.serviceAccountKey.export({ format: "jwk" }));
  });

  it("issues what others can read", () => {
    const certificate = new X509Certificate(pki.serving.cert);
    assert.equal(certificate.subject, "CN=kube-apiserver");
    assert.ok(certificate.checkHost("kubernetes.default.svc.cluster.local"));
    assert.ok(certificate.checkIP("10.96.0.1") && certificate.checkIP("172.30.0.2") && certificate.checkIP("127.0.0.1"));
    assert.ok(certificate.checkIssued(new X509Certificate(pki.ca)));
    assert.equal(new X509Certificate(pki.nodes["node-1"]!.cert).subject, "O=system:nodes\nCN=system:node:node-1");
    assert.equal(new X509Certificate(pki.ca).ca, true);
  });

  it("renews what nears its end, and what lacks a name, under the same authority", async () => {
    const clock = new FakeClock(systemClock.now() + 320 * 24 * 60 * 60_000);
    const renewed = await ensurePki({ directory, clock, nodeNames: ["node-1"] });
    assert.equal(renewed.ca, pki.ca);
    assert.notEqual(renewed.serving.cert, pki.serving.cert);
    assert.ok(new X509Certificate(renewed.admin.cert).checkIssued(new X509Certificate(pki.ca)));
    const named = await ensurePki({ directory, clock, nodeNames: [], extraServerNames: ["tidepool.local"] });
    assert.ok(new X509Certificate(named.serving.cert).checkHost("tidepool.local"));
    assert.equal(readFileSync(join(directory, "apiserver.crt"), "utf8"), named.serving.cert);
  });
});
