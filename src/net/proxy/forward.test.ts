import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { forward } from "./forward.ts";

/** A TCP client, a forwarder, and a server on a Unix socket: each pair of ends, once all are connected. */
interface Chain {
  client: net.Socket;
  server: net.Socket;
  closed: Promise<void>;
}

let directory: string;
let front: net.Server;
let back: net.Server;
const waiting: { server: (socket: net.Socket) => void; closed: () => void }[] = [];

before(async () => {
  directory = mkdtempSync(join(tmpdir(), "tp-"));
  back = net.createServer({ allowHalfOpen: true }, (socket) => waiting[0]!.server(socket)).listen(join(directory, "s"));
  front = net.createServer({ allowHalfOpen: true }, (client) => {
    const upstream = net.connect({ path: join(directory, "s"), allowHalfOpen: true }, () => forward(client, upstream, waiting.shift()!.closed));
  }).listen(0, "127.0.0.1");
  await Promise.all([once(front, "listening"), once(back, "listening")]);
});
after(async () => {
  await Promise.all([front, back].map((server) => new Promise((resolve) => server.close(resolve))));
  rmSync(directory, { recursive: true });
});

async function chain(): Promise<Chain> {
  const server = Promise.withResolvers<net.Socket>();
  const closed = Promise.withResolvers<void>();
  waiting.push({ server: server.resolve, closed: closed.resolve });
  const client = net.connect({ port: (front.address() as net.AddressInfo).port, host: "127.0.0.1", allowHalfOpen: true });
  return { client, server: await server.promise, closed: closed.promise };
}

async function text(socket: net.Socket): Promise<string> {
  let all = "";
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) all += String(chunk);
  return all;
}

describe("forward", { timeout: 20_000 }, () => {
  test("one direction's end leaves the other open, whichever side ends first", async () => {
    for (const first of ["client", "server"] as const) {
      const { closed, ...ends } = await chain();
      const [a, b] = first === "client" ? [ends.client, ends.server] : [ends.server, ends.client];
      a.end("question");
      assert.equal(await text(b), "question");
      b.end("late answer");
      assert.equal(await text(a), "late answer");
      await closed;
    }
  });

  test("a failing side fails the other: no truncated answer passes for a whole one", async () => {
    const { client, server, closed } = await chain();
    const failed = once(client, "error") as Promise<[NodeJS.ErrnoException]>;
    server.write("half of the ans");
    await once(client, "data");
    // As when the pod's process is killed while data is still on its way to it.
    client.write(Buffer.alloc(8 * 1024 * 1024));
    await once(server, "readable");
    server.destroy();
    const [error] = await failed;
    assert.ok(["ECONNRESET", "EPIPE"].includes(error.code!), error.code);
    await closed;
    const other = await chain();
    other.client.resetAndDestroy();
    await text(other.server);
    other.server.end();
    await other.closed;
  });

  test("nothing is lost or held in memory when one side reads slowly", async () => {
    const { client, server, closed } = await chain();
    const total = 64 * 1024 * 1024;
    const block = Buffer.alloc(1024 * 1024, 1);
    let sent = 0;
    const write = (): void => {
      while (sent < total) {
        sent += block.length;
        if (!client.write(block)) return void client.once("drain", write);
      }
      client.end();
    };
    write();
    // The server doesn't read: what is under way is what sockets and streams hold.
    await new Promise((resolve) => setImmediate(resolve));
    for (let last = -1; last !== sent; await new Promise((resolve) => setTimeout(resolve, 20))) last = sent;
    assert.ok(sent < 16 * 1024 * 1024, `${sent} bytes were taken from a client whose server reads nothing`);
    let received = 0;
    for await (const chunk of server) received += (chunk as Buffer).length;
    assert.equal(received, total);
    server.end();
    client.resume();
    await closed;
  });
});
