import assert from "node:assert/strict";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import { systemClock } from "./clock.ts";
import { ApiError } from "./errors.ts";
import { JsonClient, refusalOf } from "./http-client.ts";
import { newTrace, withTrace } from "./trace.ts";

const servers: Server[] = [];
after(() => {
  for (const server of servers) server.closeAllConnections();
  for (const server of servers) server.close();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
const soon = (ms: number): number => Date.now() + ms;
const isUnavailable = (error: unknown): boolean => error instanceof ApiError && error.status === 503 && error.retryAfterS === 1;

test("a call carries the trace and brings the answer", async () => {
  const origin = await serve((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => response.end(JSON.stringify({ body, headers: request.headers })));
  });
  const client = new JsonClient("echo", origin, systemClock);
  const trace = newTrace();
  const reply = await withTrace(trace, () => client.call("POST", "/x", { a: 1 }, soon(2_000)));
  const echo = reply.body as { body: string; headers: Record<string, string> };
  assert.deepEqual([reply.status, echo.body, echo.headers["x-request-id"]], [200, '{"a":1}', trace.requestId]);
  assert.match(echo.headers.traceparent!, new RegExp(`^00-${trace.traceId}-${trace.spanId}-01$`));
  client.close();
});

test("broken connections and 5xx are tried again, 4xx are answers", async () => {
  let count = 0;
  const origin = await serve((request, response) => {
    count++;
    if (count === 1) request.socket.destroy();
    else if (count === 2) response.writeHead(503).end();
    else response.writeHead(409).end(JSON.stringify({ error: { code: "out_of_stock", message: "none" }, request_id: "r" }));
  });
  const client = new JsonClient("flaky", origin, systemClock);
  const reply = await client.call("POST", "/", {}, soon(5_000));
  assert.deepEqual([count, refusalOf(reply).code, refusalOf(reply).status], [3, "out_of_stock", 409]);
  client.close();
});

test("replicas are used in turn, and one that is gone is passed over", async () => {
  const first = await serve((_request, response) => response.end('"first"'));
  const second = await serve((_request, response) => response.end('"second"'));
  const client = new JsonClient("pair", `${first},${second}`, systemClock);
  const answers = [];
  for (let index = 0; index < 4; index++) answers.push((await client.call("GET", "/", undefined, soon(2_000))).body);
  assert.deepEqual(answers, ["first", "second", "first", "second"]);
  servers[servers.length - 1]!.closeAllConnections();
  await new Promise((resolve) => servers[servers.length - 1]!.close(resolve));
  for (let index = 0; index < 3; index++) assert.equal((await client.call("GET", "/", undefined, soon(2_000))).body, "first");
  client.close();
});

test("no answer by the deadline is a 503", async () => {
  const silent = new JsonClient("silent", await serve(() => {}), systemClock, 30);
  await assert.rejects(silent.call("GET", "/", undefined, soon(100)), isUnavailable);
  silent.close();
  const nobody = new JsonClient("nobody", "http://127.0.0.1:1", systemClock);
  await assert.rejects(nobody.call("GET", "/", undefined, soon(100)), isUnavailable);
  nobody.close();
});

test("an answer that breaks off is no answer", async () => {
  const origin = await serve((_request, response) => {
    response.writeHead(200, { "content-length": 100 });
    response.write('{"half":');
    setImmediate(() => response.destroy());
  });
  const client = new JsonClient("half", origin, systemClock);
  await assert.rejects(client.call("GET", "/", undefined, soon(100)), isUnavailable);
  client.close();
});
