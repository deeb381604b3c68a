import assert from "node:assert/strict";
import { createServer, type Server } from "node:net";
import { after, before, test } from "node:test";
import { choosePorts } from "./ports.ts";
import { Refusal } from "./refusal.ts";

let occupant: Server;
let occupied: number;

before(async () => {
  occupant = createServer();
  await new Promise<void>((resolve) => occupant.listen(0, "127.0.0.1", resolve));
  occupied = (occupant.address() as { port: number }).port;
});

after(() => occupant.close());

test("port 0 is any free port", async () => {
  const { ports, passedOver } = await choosePorts({ api: 0, registry: 0, http: 0, https: 0 });
  for (const port of Object.values(ports)) assert.ok(port > 0);
  assert.equal(new Set(Object.values(ports)).size, 4);
  assert.deepEqual(passedOver, {});
});

test("a port that is taken is refused with its use and the flag that changes it", async () => {
  await assert.rejects(choosePorts({ api: occupied, registry: 0, http: 0, https: 0 }), (error: unknown) => {
    assert.ok(error instanceof Refusal);
    assert.match(error.message, new RegExp(`No port for the API server: 127\\.0\\.0\\.1:${occupied} is in use`));
    assert.match(error.message, /--api-port N/);
    return true;
  });
});

test("one port for two uses is refused", async () => {
  const { ports } = await choosePorts({ api: 0, registry: 0, http: 0, https: 0 });
  await assert.rejects(choosePorts({ api: 0, registry: 0, http: ports.http, https: ports.http }), new Refusal(
    `No port for the shop (HTTPS): 127.0.0.1:${ports.http} is in use.\n--http-port is the same. Free it, or choose another port with --https-port N (0 = any free one).`,
  ));
});
