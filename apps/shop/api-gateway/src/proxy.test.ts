// Certificates need it first.
import "reflect-metadata";
import assert from "node:assert/strict";
import { KeyObject } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { X509CertificateGenerator } from "@peculiar/x509";
import { startService } from "@shop/common/service.ts";
import { apiGateway } from "./service.ts";

const closers: (() => Promise<void>)[] = [];
after(() => Promise.all(closers.map((close) => close())));

async function backend(listener: RequestListener): Promise<{ origin: string; server: Server }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(() => resolve()));
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

const NOBODY = "http://127.0.0.1:1";

async function gateway(origins: { orders?: string; users?: string; frontend?: string; version?: string } = {}): Promise<string> {
  const running = await startService("api-gateway", apiGateway, {
    env: {
      HOST: "127.0.0.1",
      PORT: "0",
      DRAIN_MS: "0",
      HOSTNAME: "gateway-1",
      SERVICE_VERSION: origins.version ?? "v1",
      ORDERS_URL: origins.orders ?? NOBODY,
      INVENTORY_URL: NOBODY,
      USERS_URL: origins.users ?? NOBODY,
      FRONTEND_URL: origins.frontend ?? NOBODY,
    },
    out: { write: () => true },
  });
  closers.push(() => running.stop());
  return running.url;
}

const post = { method: "POST", headers: { "content-type": "application/json" }, body: "{}" };

test("a request goes on as it came, and the answer names the backend's pod and the gateway's", async () => {
  const { origin } = await backend((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => response.writeHead(418, { "x-pod": "order-1", "x-service": "order-service", "x-service-version": "v2", "x-mine": "kept" }).end(JSON.stringify({ url: request.url, method: request.method, body, headers: request.headers })));
  });
  const url = await gateway({ orders: origin });
  const response = await fetch(`${url}/api/orders?limit=1`, { method: "POST", body: "not json", headers: { "content-type": "text/odd", "x-request-id": "r-9", "x-gateway-request-key": "forged", "idempotency-key": "k" } });
  assert.deepEqual(["x-pod", "x-service", "x-service-version", "x-gateway-pod", "x-mine", "x-request-id"].map((name) => response.headers.get(name)), ["order-1", "order-service", "v2", "gateway-1", "kept", "r-9"]);
  assert.equal(response.status, 418);
  const seen = (await response.json()) as { url: string; method: string; body: string; headers: Record<string, string> };
  assert.deepEqual([seen.url, seen.method, seen.body, seen.headers["content-type"], seen.headers["idempotency-key"]], ["/api/orders?limit=1", "POST", "not json", "text/odd", "k"]);
  assert.equal(seen.headers["x-forwarded-for"], "127.0.0.1");
  assert.match(seen.headers.traceparent!, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  assert.notEqual(seen.headers["x-gateway-request-key"], "forged");
});

test("an order is sent again with the same request key when its pod dies under it", async () => {
  const keys: (string | undefined)[] = [];
  const { origin } = await backend((request, response) => {
    keys.push(request.headers["x-gateway-request-key"] as string | undefined);
    if (keys.length === 1) request.socket.destroy();
    else response.writeHead(201).end("{}");
  });
  const url = await gateway({ orders: origin });
  assert.equal((await fetch(`${url}/api/orders`, post)).status, 201);
  assert.equal(keys.length, 2);
  assert.ok(keys[0]);
  assert.equal(keys[0], keys[1]);
});

test("what is not safe to repeat is not repeated: 502", async () => {
  let count = 0;
  const { origin } = await backend((request) => {
    count++;
    request.socket.destroy();
  });
  const url = await gateway({ users: origin });
  const response = await fetch(`${url}/api/users`, post);
  assert.deepEqual([response.status, ((await response.json()) as { error: { code: string } }).error.code, count], [502, "bad_gateway", 1]);
});

test("a service without pods is a 503 with Retry-After", async () => {
  const url = await gateway();
  const response = await fetch(`${url}/api/orders`, post);
  assert.deepEqual([response.status, response.headers.get("retry-after"), response.headers.get("x-pod")], [503, "1", "gateway-1"]);
  assert.equal(((await response.json()) as { error: { code: string } }).error.code, "service_unavailable");
});

test("an answer that breaks off reaches the client as broken, not as whole", async () => {
  const { origin } = await backend((_request, response) => {
    response.writeHead(200);
    response.write("half");
    setImmediate(() => response.destroy());
  });
  const url = await gateway({ frontend: origin });
  await assert.rejects(fetch(`${url}/`).then((response) => response.text()));
});

test("bodies of unknown or large size are streamed", async () => {
  const { origin } = await backend((request, response) => {
    let size = 0;
    request.on("data", (chunk: Buffer) => (size += chunk.length));
    request.on("end", () => response.end(String(size)));
  });
  const url = await gateway({ users: origin });
  const large = await fetch(`${url}/api/users`, { ...post, body: "x".repeat(300_000) });
  assert.equal(await large.text(), "300000");
  const chunked = await new Promise<string>((resolve, reject) => {
    const request = httpRequest(`${url}/api/users`, { method: "POST" }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => resolve(text));
    });
    request.on("error", reject);
    request.write("a".repeat(1_000));
    request.end("b");
  });
  assert.equal(chunked, "1001");
});

test("when the client leaves, the backend's request ends too", async () => {
  let began: () => void = () => {};
  let ended: () => void = () => {};
  const beginning = new Promise<void>((resolve) => (began = resolve));
  const ending = new Promise<void>((resolve) => (ended = resolve));
  const { origin } = await backend((_request, response) => {
    response.on("close", () => ended());
    began();
  });
  const url = await gateway({ orders: origin });
  const leaving = new AbortController();
  const left = assert.rejects(fetch(`${url}/api/orders`, { signal: leaving.signal }));
  await beginning;
  leaving.abort();
  await left;
  await ending;
});

test("only the API is reachable, not what services say to each other", async () => {
  const seen: string[] = [];
  const { origin } = await backend((request, response) => {
    seen.push(request.url!);
    response.writeHead(404).end();
  });
  const url = await gateway({ frontend: origin });
  assert.equal((await fetch(`${url}/api/reservations`, post)).status, 404);
  assert.equal((await fetch(`${url}/api/inventory`)).status, 404);
  assert.deepEqual(seen, []);
  await fetch(`${url}/charges`, post);
  assert.deepEqual(seen, ["/charges"], "everything outside /api is the frontend's, which knows no charges");
});

test("with a certificate the gateway speaks HTTPS too, and tells the backend so", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "gateway-tls-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({ name: "CN=localhost", keys, signingAlgorithm: { name: "ECDSA", hash: "SHA-256" } });
  writeFileSync(join(directory, "tls.crt"), certificate.toString("pem"));
  writeFileSync(join(directory, "tls.key"), KeyObject.from(keys.privateKey).export({ type: "pkcs8", format: "pem" }));
  const { origin } = await backend((request, response) => response.end(request.headers["x-forwarded-proto"]));

  let found: (port: number) => void = () => {};
  const port = new Promise<number>((resolve) => (found = resolve));
  const running = await startService("api-gateway", apiGateway, {
    env: {
      HOST: "127.0.0.1",
      PORT: "0",
      HTTPS_PORT: "0",
      DRAIN_MS: "0",
      ORDERS_URL: NOBODY,
      INVENTORY_URL: NOBODY,
      USERS_URL: NOBODY,
      FRONTEND_URL: origin,
      TLS_CERT_FILE: join(directory, "tls.crt"),
      TLS_KEY_FILE: join(directory, "tls.key"),
    },
    out: {
      write: (text: string) => {
        const line = text.split("\n").find((candidate) => candidate.includes("HTTPS is on"));
        if (line !== undefined) found((JSON.parse(line) as { port: number }).port);
      },
    },
  });
  const answer = await new Promise<string>((resolve, reject) => {
    port.then((number) =>
      httpsRequest({ host: "127.0.0.1", port: number, ca: certificate.toString("pem"), servername: "localhost", checkServerIdentity: () => undefined, agent: false }, (response) => {
        response.on("data", (chunk: Buffer) => resolve(chunk.toString()));
      })
        .on("error", reject)
        .end(),
      reject,
    );
  });
  assert.equal(answer, "https");
  await running.stop();
});

test("v2 tells how long the backend took", async () => {
  const { origin } = await backend((_request, response) => response.end());
  assert.match((await fetch(`${await gateway({ frontend: origin, version: "v2" })}/`)).headers.get("server-timing")!, /^upstream;dur=\d+$/);
  assert.equal((await fetch(`${await gateway({ frontend: origin })}/`)).headers.get("server-timing"), null);
});
