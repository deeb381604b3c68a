import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { seededRng } from "#lib/random.ts";
import { parseCidr } from "./ip.ts";
import { AffinityMemory, route, usableEndpoints, type RouteContext, type Target } from "./route.ts";
import { TableIndex, type Endpoint, type ServiceEntry, type Table } from "./table.ts";

const endpoint = (ip: string, node: string, state: Endpoint["state"] = "ready"): Endpoint => ({ ip, port: 8080, node, state });
const A = endpoint("10.244.1.5", "one");
const B = endpoint("10.244.2.6", "two");
const C = endpoint("10.244.2.7", "two");
const GOING = endpoint("10.244.1.9", "one", "terminating");

function entry(name: string, clusterIP: string, endpoints: Endpoint[], more: Partial<ServiceEntry> = {}): ServiceEntry {
  return { namespace: "shop", name, clusterIP, addresses: [], ports: [{ name: "http", protocol: "TCP", port: 80, nodePort: 30000 + Number(clusterIP.split(".")[3]), endpoints }], ...more };
}

const services = [
  entry("web", "10.96.0.1", [A, B, C, GOING]),
  entry("draining", "10.96.0.2", [GOING]),
  entry("empty", "10.96.0.3", []),
  entry("local", "10.96.0.4", [A, B], { internalLocal: true, externalLocal: true }),
  entry("sticky", "10.96.0.5", [A, B, C], { affinitySeconds: 10 }),
  entry("host", "10.96.0.6", [{ ip: "172.30.0.2", port: 6443, state: "ready" }]),
  entry("away", "10.96.0.7", [{ ip: "192.0.2.1", port: 443, state: "ready" }]),
  { ...entry("udp", "10.96.0.8", [A]), ports: [{ name: "dns", protocol: "UDP", port: 53, endpoints: [A] }] },
];
const table = new TableIndex({
  services: Object.fromEntries(services.map((service) => [`shop/${service.name}`, service])),
  hosts: { "172.30.0.2:6443": { host: "127.0.0.1", port: 16443 } },
  nodes: { one: "172.30.0.2", two: "172.30.0.3" },
} satisfies Table);

function context(more: Partial<RouteContext> = {}): RouteContext {
  return {
    ranges: { pods: parseCidr("10.244.0.0/16"), services: parseCidr("10.96.0.0/12"), nodes: parseCidr("172.30.0.0/24") },
    source: { ip: "10.244.1.100", node: "one" },
    random: seededRng(1),
    nowMs: 0,
    affinity: new AffinityMemory(),
    ...more,
  };
}

const names = (targets: Target[]): string[] => targets.map((target) => (target.kind === "host" ? `${target.host}:${target.hostPort}` : `${target.ip}:${target.port}`));

describe("route", () => {
  const cases: { name: string; to: [string, number]; targets: string[] }[] = [
    { name: "a pod is itself", to: ["10.244.3.3", 99], targets: ["10.244.3.3:99"] },
    { name: "an outside address too", to: ["192.0.2.9", 443], targets: ["192.0.2.9:443"] },
    { name: "a Service leads to its ready endpoints", to: ["10.96.0.1", 80], targets: ["10.244.1.5:8080", "10.244.2.6:8080", "10.244.2.7:8080"] },
    { name: "with none ready, to those that still serve", to: ["10.96.0.2", 80], targets: ["10.244.1.9:8080"] },
    { name: "without endpoints it refuses", to: ["10.96.0.3", 80], targets: [] },
    { name: "another port of it refuses", to: ["10.96.0.1", 81], targets: [] },
    { name: "an unknown Service address refuses", to: ["10.96.9.9", 80], targets: [] },
    { name: "a UDP port refuses connections", to: ["10.96.0.8", 53], targets: [] },
    { name: "internalTrafficPolicy Local stays on the client's node", to: ["10.96.0.4", 80], targets: ["10.244.1.5:8080"] },
    { name: "an endpoint on a node's address is this machine's", to: ["10.96.0.6", 80], targets: ["127.0.0.1:16443"] },
    { name: "an endpoint outside is outside", to: ["10.96.0.7", 80], targets: ["192.0.2.1:443"] },
    { name: "a node's known port is this machine's", to: ["172.30.0.2", 6443], targets: ["127.0.0.1:16443"] },
    { name: "a node port leads to the Service from any node", to: ["172.30.0.3", 30001], targets: ["10.244.1.5:8080", "10.244.2.6:8080", "10.244.2.7:8080"] },
    { name: "externalTrafficPolicy Local stays on the node that was asked", to: ["172.30.0.3", 30004], targets: ["10.244.2.6:8080"] },
    { name: "a node's other ports refuse", to: ["172.30.0.2", 22], targets: [] },
    { name: "a node that isn't there refuses", to: ["172.30.0.77", 30001], targets: [] },
  ];
  for (const { name, to, targets } of cases) {
    test(name, () => assert.deepEqual(names(route(table, ...to, context())).sort(), targets));
  }

  test("each endpoint is first equally often, and all others follow", () => {
    const shared = context();
    const counts = new Map<string, number>();
    for (let i = 0; i < 3000; i++) {
      const ordered = names(route(table, "10.96.0.1", 80, shared));
      assert.equal(new Set(ordered).size, 3);
      counts.set(ordered[0]!, (counts.get(ordered[0]!) ?? 0) + 1);
    }
    for (const count of counts.values()) assert.ok(count > 900 && count < 1100, `${count} of 3000`);
  });
});

test("usableEndpoints: a node's terminating endpoints serve when it has none ready, whatever other nodes have", () => {
  assert.deepEqual(usableEndpoints([GOING, B], "one"), [GOING]);
  assert.deepEqual(usableEndpoints([GOING, A, B], "one"), [A]);
  assert.deepEqual(usableEndpoints([B], "one"), []);
});

describe("session affinity", () => {
  const first = (more: Partial<RouteContext>): string => names(route(table, "10.96.0.5", 80, context(more)))[0]!;

  test("one client reaches one endpoint, from each of its processes; clients spread", () => {
    const chosen = first({});
    for (let i = 0; i < 20; i++) assert.equal(first({ random: seededRng(i), affinity: new AffinityMemory() }), chosen);
    const spread = new Set(Array.from({ length: 30 }, (_, i) => first({ source: { ip: `10.244.1.${i}`, node: "one" } })));
    assert.equal(spread.size, 3);
  });

  test("a client keeps its endpoint while it lasts, though better ones appear, and leaves it when it goes or time is up", () => {
    const memory = new AffinityMemory();
    const [only, all] = [[B], [A, B, C]];
    const key = ["a", "b", "c", "d", "e"].find((candidate) => new AffinityMemory().order(candidate, all, 10_000, 0)[0] !== B)!;
    const natural = new AffinityMemory().order(key, all, 10_000, 0)[0];
    assert.equal(memory.order(key, only, 10_000, 0)[0], B);
    assert.equal(memory.order(key, all, 10_000, 9_999)[0], B);
    assert.equal(memory.order(key, all, 10_000, 19_998)[0], B, "the time counts from the last connection");
    assert.equal(memory.order(key, all, 10_000, 30_000)[0], natural);
    assert.notEqual(memory.order(key, all.filter((candidate) => candidate !== natural), 10_000, 30_001)[0], natural);
  });
});
