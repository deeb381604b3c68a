import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { createServer, type Server } from "node:https";
import { connect } from "node:net";
import { PassThrough } from "node:stream";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { systemClock } from "#lib/clock.ts";
import type { KubeletApi } from "#api/kubelet.ts";
import { ensurePki, type Pki } from "../pki/pki.ts";
import { pod, startTestServer, type TestServer } from "../testing.ts";
import { systemUser } from "../user.ts";

const VERSION = "/apis/metrics.example.com/v1";
const RESOURCES = [
  { name: "readings", singularName: "reading", namespaced: true, kind: "Reading", verbs: ["get", "list"], shortNames: ["rd"] },
  { name: "readings/status", singularName: "", namespaced: true, kind: "Reading", verbs: ["get"] },
];

/** What the server behind saw last. */
interface Seen {
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
  client: string;
}

let directory: string;
let pki: Pki;
let backend: Server;
let seen: Seen;
let healthy: boolean;
let server: TestServer;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), "tidepool-aggregator-"));
  pki = await ensurePki({ directory, clock: systemClock, nodeNames: [], servers: { backend: ["metrics.default.svc"] } });
  backend = createServer({ ...pki.servers["backend"]!, ca: pki.frontProxy.ca, requestCert: true, rejectUnauthorized: true }, (request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const { CN } = (request.socket as TLSSocket).getPeerCertificate().subject;
      seen = { url: request.url!, headers: request.headers, body, client: String(CN) };
      response.writeHead(healthy ? 200 : 500, { "content-type": "application/json" });
      response.end(JSON.stringify(request.url === VERSION ? { kind: "APIResourceList", groupVersion: "metrics.example.com/v1", resources: RESOURCES } : { kind: "ReadingList", items: [] }));
    });
  });
  await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve));
});
after(async () => {
  await new Promise((resolve) => backend.close(resolve));
  rmSync(directory, { recursive: true });
});

beforeEach(async () => {
  healthy = true;
  const { port } = backend.address() as { port: number };
  const kubelet = { portForward: () => Promise.resolve(connect(port, "127.0.0.1")) } as unknown as KubeletApi;
  server = await startTestServer({ nodeConnector: () => kubelet, proxyClientCertificate: pki.frontProxy.client });
  await server.create("/api/v1/namespaces/default/services", { metadata: { name: "metrics" }, spec: { ports: [{ port: 443, targetPort: 8443 }] } });
  await server.create("/api/v1/namespaces/default/pods", pod("metrics-1", "node-1"));
});
afterEach(() => server.close());

const endpoints = {
  metadata: { name: "metrics-1", labels: { "kubernetes.io/service-name": "metrics" } },
  addressType: "IPv4",
  endpoints: [{ addresses: ["10.244.1.5"], conditions: { ready: true }, targetRef: { kind: "Pod", name: "metrics-1", namespace: "default" } }],
  ports: [{ name: "", port: 8443, protocol: "TCP" }],
};

const apiService = (spec: object = {}) => ({
  metadata: { name: "v1.metrics.example.com" },
  spec: { group: "metrics.example.com", version: "v1", groupPriorityMinimum: 100, versionPriority: 100, caBundle: Buffer.from(pki.ca).toString("base64"), service: { namespace: "default", name: "metrics" }, ...spec },
});

const register = (spec: object = {}) => server.create("/apis/apiregistration.k8s.io/v1/apiservices", apiService(spec));

/** Waits for what the look-around writes, stepping its clock. */
async function condition(reason: string): Promise<{ status: string; message: string }> {
  const watch = await server.watch("/apis/apiregistration.k8s.io/v1/apiservices?watch=1&fieldSelector=metadata.name=v1.metrics.example.com");
  try {
    await server.clock.advance(10_000);
    for (;;) {
      const event = await watch.next();
      const found = (event!.object as { status?: { conditions?: { status: string; reason: string; message: string }[] } }).status?.conditions?.[0];
      if (found?.reason === reason) return found;
    }
  } finally {
    watch.stop();
  }
}

describe("an APIService behind a Service", () => {
  beforeEach(() => server.create("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", endpoints));

  test("gets its requests, told by whom they are made and by a certificate that this server is the one who says so", async () => {
    await register();
    const user = { name: "jane", uid: "7", groups: ["system:masters", "dev"], extra: { Team: ["a", "b"] } };
    const answer = await server.request(`POST ${VERSION}/namespaces/default/readings?x=1`, { kind: "Reading" }, { "x-remote-user": "mallory", authorization: "Bearer secret", "content-type": "application/json" }, user);
    assert.deepEqual([answer.status, answer.body.kind], [200, "ReadingList"]);
    assert.equal(seen.url, `${VERSION}/namespaces/default/readings?x=1`);
    assert.equal(seen.body, '{"kind":"Reading"}');
    assert.equal(seen.client, "front-proxy-client");
    assert.deepEqual([seen.headers["x-remote-user"], seen.headers["x-remote-uid"], seen.headers["x-remote-group"], seen.headers["x-remote-extra-team"]], ["jane", "7", "system:masters, dev", "a, b"]);
    assert.equal(seen.headers.authorization, undefined);
  });

  test("is only passed what its caller may do", async () => {
    await register();
    const { status } = await server.request(`GET ${VERSION}/readings`, undefined, {}, { name: "nobody", groups: [] });
    assert.equal(status, 403);
  });

  test("appears in every form of discovery once it answers", async () => {
    await register();
    assert.deepEqual(await condition("Passed").then(({ status, message }) => [status, message]), ["True", "all checks passed"]);
    const groups = (await server.request("GET /apis")).body.groups as { name: string }[];
    assert.ok(groups.some(({ name }) => name === "metrics.example.com"));
    assert.equal((await server.request("GET /apis/metrics.example.com")).body.preferredVersion.version, "v1");
    assert.deepEqual((await server.request(`GET ${VERSION}`)).body.resources, RESOURCES);
    const { items } = (await server.request("GET /apis", undefined, { accept: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList" })).body;
    const [version] = (items as { metadata: { name: string }; versions: { resources: object[] }[] }[]).find(({ metadata }) => metadata.name === "metrics.example.com")!.versions;
    assert.deepEqual(version!.resources, [
      {
        resource: "readings",
        responseKind: { group: "metrics.example.com", version: "v1", kind: "Reading" },
        scope: "Namespaced",
        singularResource: "reading",
        verbs: ["get", "list"],
        shortNames: ["rd"],
        subresources: [{ subresource: "status", responseKind: { group: "metrics.example.com", version: "v1", kind: "Reading" }, verbs: ["get"] }],
      },
    ]);
    assert.ok("apis/metrics.example.com/v1" in (await server.request("GET /openapi/v3")).body.paths);
    await server.request("GET /openapi/v3/apis/metrics.example.com/v1");
    assert.equal(seen.url, "/openapi/v3/apis/metrics.example.com/v1");
  });

  test("leaves discovery when it fails, but for a sign that nobody knows what it serves; and with its APIService", async () => {
    await register();
    await condition("Passed");
    healthy = false;
    assert.match((await condition("FailedDiscoveryCheck")).message, /bad status from \/apis\/metrics\.example\.com\/v1: 500/);
    assert.equal((await server.request("GET /apis/metrics.example.com")).status, 404);
    const { items } = (await server.request("GET /apis", undefined, { accept: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList" })).body;
    const { versions } = (items as { metadata: { name: string }; versions: object[] }[]).find(({ metadata }) => metadata.name === "metrics.example.com")!;
    assert.deepEqual(versions, [{ version: "v1", resources: [], freshness: "Stale" }]);
    assert.equal("apis/metrics.example.com/v1" in (await server.request("GET /openapi/v3")).body.paths, false);
    await server.request("DELETE /apis/apiregistration.k8s.io/v1/apiservices/v1.metrics.example.com");
    assert.equal((await server.request(`GET ${VERSION}/readings`)).status, 404);
  });

  test("is not believed without the right certificate", async () => {
    await register({ caBundle: Buffer.from(pki.frontProxy.ca).toString("base64") });
    const { status, body } = await server.request(`GET ${VERSION}/readings`);
    assert.equal(status, 503);
    assert.match(body.message, /APIService v1\.metrics\.example\.com, which can't be reached: .*certificate/);
  });
});

test("a connection by upgrade says that it is not passed on", async () => {
  await register();
  const socket = new PassThrough();
  await server.api.upgrade({ request: { method: "GET", url: `${VERSION}/namespaces/default/readings/a/exec`, headers: {} }, socket, head: Buffer.alloc(0) }, systemUser("admin"));
  assert.match(String(socket.read()), /^HTTP\/1\.1 400 [^]*connections by upgrade are not passed on to servers behind APIServices: reach default\/metrics by kubectl port-forward/);
});

test("an APIService says what is missing", async () => {
  await register({ service: { namespace: "default", name: "nothing" } });
  assert.equal((await condition("ServiceNotFound")).message, 'service/nothing in "default" is not present');
  await server.request("DELETE /apis/apiregistration.k8s.io/v1/apiservices/v1.metrics.example.com");
  await register({ service: { namespace: "default", name: "metrics", port: 9 } });
  assert.equal((await condition("ServicePortError")).message, 'service/metrics in "default" is not listening on port 9');
  await server.request("DELETE /apis/apiregistration.k8s.io/v1/apiservices/v1.metrics.example.com");
  await register();
  assert.equal((await condition("MissingEndpoints")).message, 'endpoints for service/metrics in "default" have no addresses with port name ""');
});
