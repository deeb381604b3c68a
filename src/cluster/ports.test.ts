import assert from "node:assert/strict";
import { createServer, type Server } from "node:net";
import { after, before, test } from "node:test";
import { choosePorts, Refusal } from "./ports.ts";

let occupant: Server;
let occupied: number;

before(async () => {
  occupant = createServer();
  await new Promise<void>((resolve) => occupant.listen(0, "127.0.0.1", resolve));
  occupied = (occupant.address() as { port: number }).port;
});

after(() => occupant.close());

test("port 0 is any free port", async () => {
  const ports = await choosePorts({ api: 0, registry: 0, http: 0, https: 0 });
  for (const port of Object.values(ports)) assert.ok(port > 0);
});

test("a port that is taken is refused with its use and the flag that changes it", async () => {
  await assert.rejects(choosePorts({ api: occupied, registry: 0, http: 0, https: 0 }), (error: unknown) => {
    assert.ok(error instanceof Refusal);
    assert.match(error.message, new RegExp(`No port for the API server: 127\\.0\\.0\\.1:${occupied} is in use`));
    assert.match(error.message, /--api-port N/);
    return true;
  });
});
