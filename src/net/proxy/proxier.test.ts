import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { systemClock } from "#lib/clock.ts";
import type { HttpRequest, HttpResponse } from "#lib/http.ts";
import { silentLogger } from "#lib/log.ts";
import { seededRng } from "#lib/random.ts";
import type { KubeObject, Service, WatchEvent } from "#api/types.ts";
import { Client } from "#client/client.ts";
import { Informers } from "#client/informer.ts";
import { startNetwork, type PodNetwork } from "../network.ts";
import { TEST_RANGES } from "../testing.ts";
import { loadBalancerIngress, startProxier, type Proxier } from "./proxier.ts";
import { planListeners } from "./listeners.ts";

/** As much of an API server as the proxier sees: lists, watches, and patches of status. */
class Objects {
  readonly #lists = new Map<string, Map<string, KubeObject>>();
  readonly #history: { plural: string; event: WatchEvent }[] = [];
  readonly #watchers = new Set<() => void>();
  readonly patches: { url: string; body: unknown }[] = [];
  #version = 1;

  put(plural: string, object: { metadata: { name: string; namespace?: string } }): void {
    const whole = { apiVersion: "v1", kind: "", ...object, metadata: { ...object.metadata, uid: object.metadata.name, resourceVersion: String(++this.#version) } } as KubeObject;
    this.#of(plural).set(object.metadata.name, whole);
    this.#tell(plural, { type: "MODIFIED", object: whole });
  }

  remove(plural: string, name: string): void {
    const object = this.#of(plural).get(name)!;
    this.#of(plural).delete(name);
    this.#tell(plural, { type: "DELETED", object: { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#version) } } });
  }

  #tell(plural: string, event: WatchEvent): void {
    this.#history.push({ plural, event });
    for (const wake of this.#watchers) wake();
  }

  readonly handle = async (request: HttpRequest): Promise<HttpResponse> => {
    const url = new URL(request.url, "http://server");
    if (request.method === "PATCH") {
      this.patches.push({ url: url.pathname, body: JSON.parse(String(request.body)) });
      return { status: 200, headers: {}, body: "{}" };
    }
    const plural = url.pathname.split("/").at(-1)!;
    if (url.searchParams.has("watch")) return { status: 200, headers: {}, body: this.#watch(plural, Number(url.searchParams.get("resourceVersion")), request.signal!) };
    const list = { apiVersion: "v1", kind: "List", metadata: { resourceVersion: String(this.#version) }, items: [...this.#of(plural).values()] };
    return { status: 200, headers: {}, body: JSON.stringify(list) };
  };

  /** From a version on, so that nothing is lost between a list and its watch. */
  async *#watch(plural: string, version: number, signal: AbortSignal): AsyncGenerator<string> {
    let wake = (): void => undefined;
    const wakeUp = (): void => wake();
    this.#watchers.add(wakeUp);
    signal.addEventListener("abort", wakeUp);
    for (let next = 0; !signal.aborted; ) {
      const change = this.#history[next];
      if (!change) await new Promise<void>((resolve) => (wake = resolve));
      else {
        next++;
        if (change.plural === plural && Number(change.event.object.metadata.resourceVersion) > version) yield `${JSON.stringify(change.event)}\n`;
      }
    }
    this.#watchers.delete(wakeUp);
  }

  #of(plural: string): Map<string, KubeObject> {
    let list = this.#lists.get(plural);
    if (!list) this.#lists.set(plural, (list = new Map()));
    return list;
  }
}

const endpointSlice = (service: string, ...ips: string[]) => ({
  metadata: { name: `${service}-1`, namespace: "shop", labels: { "kubernetes.io/service-name": service } },
  addressType: "IPv4",
  endpoints: ips.map((ip) => ({ addresses: [ip], conditions: { ready: true }, nodeName: "one" })),
  ports: [{ name: "http", port: 8080, protocol: "TCP" }],
});

const serviceOf = (name: string, spec: Partial<Service["spec"]>) => ({
  metadata: { name, namespace: "shop" },
  spec: { clusterIP: "10.96.0.20", type: "NodePort", ports: [{ name: "http", port: 80, protocol: "TCP" }], ...spec },
});

let socketDir: string;
let network: PodNetwork;
let objects: Objects;
let informers: Informers;
let proxier: Proxier | undefined;
let events: string[];
let servers: net.Server[];

beforeEach(async () => {
  socketDir = mkdtempSync(join(tmpdir(), "tp-"));
  servers = [];
  events = [];
  network = await startNetwork({
    socketDir, node: process.execPath, nodeNetwork: () => undefined, controlPlaneIP: "172.30.0.2", ranges: TEST_RANGES, domain: "cluster.local",
    nameserver: "10.96.0.10", hostDirectories: [], clock: systemClock, random: seededRng(1),
  });
  objects = new Objects();
});
afterEach(async () => {
  await proxier?.stop();
  await informers.stop();
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  await network.close();
  rmSync(socketDir, { recursive: true, force: true });
});

async function start(loadBalancerPorts: [number, number][] = []): Promise<void> {
  const client = new Client(objects.handle);
  informers = new Informers(client, { clock: systemClock, log: silentLogger });
  proxier = startProxier({
    client, informers, network, clock: systemClock, random: seededRng(1), log: silentLogger, ranges: TEST_RANGES, hosts: {}, nodeIP: "172.30.0.2", gatewayIP: "172.30.0.1",
    listenAddress: "127.0.0.1", loadBalancerPorts: new Map(loadBalancerPorts),
    recorder: { event: (object, type, reason, message) => void events.push(`${(object as KubeObject).metadata.name} ${type} ${reason}: ${message}`), flush: async () => undefined },
  });
  await proxier.started;
}

/** A pod's server without the agent: it takes no preamble. */
async function serve(ip: string, answer: string): Promise<void> {
  const server = net.createServer((socket) => socket.end(answer));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(join(socketDir, `${ip}_8080.raw`), resolve));
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What a port answers, or the error's code. */
function ask(port: number): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    net.connect(port, "127.0.0.1").on("data", (chunk) => (text += String(chunk))).on("end", () => resolve(text)).on("error", (error: NodeJS.ErrnoException) => resolve(error.code!));
  });
}

async function until<T>(probe: () => T | Promise<T>, wanted: (value: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const value = await probe();
    if (wanted(value)) return value;
    if (tries > 500) assert.fail(`still ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe("proxier", { timeout: 20_000 }, () => {
  test("a NodePort serves its Service's endpoints as they come and go, and closes with it", async () => {
    const nodePort = await freePort();
    await serve("10.244.1.5", "five");
    await serve("10.244.1.6", "six");
    objects.put("services", serviceOf("web", { ports: [{ name: "http", port: 80, nodePort, protocol: "TCP" }] }));
    await start();
    assert.equal(await until(() => ask(nodePort), (answer) => answer !== "ECONNREFUSED"), "ECONNRESET", "no endpoints yet");
    objects.put("endpointslices", endpointSlice("web", "10.244.1.5"));
    await until(() => ask(nodePort), (answer) => answer === "five");
    objects.put("endpointslices", endpointSlice("web", "10.244.1.6"));
    await until(() => ask(nodePort), (answer) => answer === "six");
    assert.equal(network.publisher.index.serviceByIP("10.96.0.20")?.name, "web");
    objects.remove("services", "web");
    await until(() => ask(nodePort), (answer) => answer === "ECONNREFUSED");
    assert.equal(network.publisher.index.serviceByIP("10.96.0.20"), undefined);
    assert.deepEqual(events, []);
  });

  test("a load balancer gets its mapped port, says so, and has its status", async () => {
    const hostPort = await freePort();
    await serve("10.244.1.5", "five");
    objects.put("services", serviceOf("gateway", { type: "LoadBalancer" }));
    objects.put("endpointslices", endpointSlice("gateway", "10.244.1.5"));
    await start([[80, hostPort]]);
    await until(() => ask(hostPort), (answer) => answer === "five");
    await until(() => objects.patches.length, (count) => count > 0);
    assert.deepEqual(objects.patches[0], {
      url: "/api/v1/namespaces/shop/services/gateway/status",
      body: { status: { loadBalancer: { ingress: [{ ip: "127.0.0.1", ipMode: "Proxy", ports: [{ port: 80, protocol: "TCP" }] }] } } },
    });
    assert.deepEqual(events, [`gateway Normal PortMapped: port 80 is served at 127.0.0.1:${hostPort}`]);
  });

  test("a port that another program has is an Event, not silence", async () => {
    const other = net.createServer();
    servers.push(other);
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port: nodePort } = other.address() as net.AddressInfo;
    objects.put("services", serviceOf("web", { ports: [{ name: "http", port: 80, nodePort, protocol: "TCP" }] }));
    await start();
    await until(() => events, (all) => all.length > 0);
    assert.deepEqual(events, [`web Warning PortUnavailable: port 80 is not served at 127.0.0.1:${nodePort}: another program uses the port; will try again`]);
  });
});

describe("planListeners", () => {
  const planned = (...services: ReturnType<typeof serviceOf>[]) => {
    const { listeners, refusals } = planListeners(services as unknown as Service[], new Map([[80, 8080]]));
    return { listeners: listeners.map(({ service, hostPort, kind }) => `${service} ${kind} ${hostPort}`), refusals: refusals.map(({ service, reason }) => `${service} ${reason}`) };
  };
  const aged = (service: ReturnType<typeof serviceOf>, creationTimestamp: string) => ({ ...service, metadata: { ...service.metadata, creationTimestamp } });

  test("the older Service keeps a port that two want", () => {
    const young = aged(serviceOf("a", { type: "LoadBalancer" }), "2026-01-02T00:00:00Z");
    const old = aged(serviceOf("b", { type: "LoadBalancer" }), "2026-01-01T00:00:00Z");
    assert.deepEqual(planned(young, old), { listeners: ["shop/b LoadBalancer 8080"], refusals: ["shop/a PortInUse"] });
  });

  test("what isn't served is refused by name", () => {
    assert.deepEqual(
      planned(
        serviceOf("a", { type: "ClusterIP", externalIPs: ["192.0.2.1"] }),
        serviceOf("b", { ports: [{ port: 53, nodePort: 30053, protocol: "UDP" }] }),
        serviceOf("c", { type: "LoadBalancer", loadBalancerClass: "example.org/lb", ports: [{ port: 80, nodePort: 30080 }] }),
      ),
      { listeners: ["shop/c NodePort 30080"], refusals: ["shop/a ExternalIPsUnsupported", "shop/b ProtocolUnsupported", "shop/c LoadBalancerClassUnsupported"] },
    );
  });
});

describe("loadBalancerIngress", () => {
  const service = serviceOf("gateway", { type: "LoadBalancer" }) as unknown as Service;
  const listeners = [80, 443].map((port) => ({ hostPort: port, servicePort: port, service: "shop/gateway", portName: "", kind: "LoadBalancer" as const }));
  const ports = (bound: [number, string | undefined][]) => loadBalancerIngress(service, listeners, new Map(bound), "127.0.0.1")?.[0]?.ports;

  test("pending until every port was tried, partly there with the error by the port, pending when none could be bound", () => {
    assert.equal(ports([[80, undefined]]), undefined);
    assert.deepEqual(ports([[80, undefined], [443, undefined]]), [{ port: 80, protocol: "TCP" }, { port: 443, protocol: "TCP" }]);
    assert.deepEqual(ports([[80, undefined], [443, "EACCES"]]), [{ port: 80, protocol: "TCP" }, { port: 443, protocol: "TCP", error: "EACCES" }]);
    assert.equal(ports([[80, "EACCES"], [443, "EACCES"]]), undefined);
  });
});
