import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { EndpointSlice, Node, Service } from "#api/types.ts";
import { parseCidr } from "./ip.ts";
import { planService, planTable, tablePlanner } from "./plan.ts";
import { diffTables, emptyTable, TableIndex } from "./table.ts";

const nodeRange = parseCidr("172.30.0.0/24");

function service(name: string, spec: Partial<Service["spec"]>): Service {
  return { apiVersion: "v1", kind: "Service", metadata: { name, namespace: "shop" }, spec: { clusterIP: "10.96.0.20", ports: [{ name: "http", port: 80, protocol: "TCP" }], ...spec } };
}

type Condition = { ready?: boolean; serving?: boolean; terminating?: boolean };

function slice(name: string, of: string, endpoints: [ip: string, conditions: Condition, more?: object][], ports: object[] = [{ name: "http", port: 8080, protocol: "TCP" }]): EndpointSlice {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name, namespace: "shop", labels: { "kubernetes.io/service-name": of } },
    addressType: "IPv4",
    endpoints: endpoints.map(([ip, conditions, more]) => ({ addresses: [ip], conditions, nodeName: "tidepool-worker", ...more })),
    ports,
  };
}

describe("planService", () => {
  const cases: { name: string; conditions: Condition; state: string | undefined }[] = [
    { name: "ready", conditions: { ready: true, serving: true, terminating: false }, state: "ready" },
    { name: "unknown is ready", conditions: {}, state: "ready" },
    { name: "not ready", conditions: { ready: false, serving: false, terminating: false }, state: undefined },
    { name: "shutting down but serving", conditions: { ready: false, serving: true, terminating: true }, state: "terminating" },
    { name: "shutting down and not serving", conditions: { ready: false, serving: false, terminating: true }, state: undefined },
  ];
  for (const { name, conditions, state } of cases) {
    test(`an endpoint's state: ${name}`, () => {
      const entry = planService(service("web", {}), [slice("web-1", "web", [["10.244.1.5", conditions]])]);
      assert.equal(entry.ports[0]!.endpoints[0]?.state, state);
      assert.equal(entry.addresses.length, state === "ready" ? 1 : 0);
    });
  }

  test("ports are matched by name, and each endpoint counts once though it stands in two slices", () => {
    const spec = { ports: [{ name: "http", port: 80 }, { name: "metrics", port: 9090, nodePort: 30090 }] } as Partial<Service["spec"]>;
    const ports = [{ name: "http", port: 8080 }, { name: "metrics", port: 9100 }];
    const entry = planService(service("web", spec), [
      slice("b", "web", [["10.244.1.5", { ready: true }]], ports),
      slice("a", "web", [["10.244.1.5", { ready: false, serving: true, terminating: true }], ["10.244.1.6", { ready: true }]], ports),
    ]);
    assert.deepEqual(
      entry.ports.map(({ name, nodePort, endpoints }) => [name, nodePort, endpoints.map(({ ip, port, state }) => `${ip}:${port} ${state}`)]),
      [
        ["http", undefined, ["10.244.1.5:8080 ready", "10.244.1.6:8080 ready"]],
        ["metrics", 30090, ["10.244.1.5:9100 ready", "10.244.1.6:9100 ready"]],
      ],
    );
  });

  test("a headless Service without ports still has addresses, with host names", () => {
    const entry = planService(service("db", { clusterIP: "None", ports: [] }), [slice("db-1", "db", [["10.244.1.8", { ready: true }, { hostname: "db-0" }]], [])]);
    assert.deepEqual(entry, { namespace: "shop", name: "db", ports: [], addresses: [{ ip: "10.244.1.8", hostname: "db-0" }] });
  });

  test("affinity and traffic policies", () => {
    const entry = planService(service("web", { sessionAffinity: "ClientIP", internalTrafficPolicy: "Local", externalTrafficPolicy: "Local" }), []);
    assert.deepEqual([entry.affinitySeconds, entry.internalLocal, entry.externalLocal], [10800, true, true]);
    const short = planService(service("web", { sessionAffinity: "ClientIP", sessionAffinityConfig: { clientIP: { timeoutSeconds: 5 } } }), []);
    assert.equal(short.affinitySeconds, 5);
  });

  test("an ExternalName is its name alone", () => {
    assert.deepEqual(planService(service("x", { type: "ExternalName", externalName: "example.org" }), []), { namespace: "shop", name: "x", ports: [], addresses: [], externalName: "example.org" });
  });
});

describe("planTable", () => {
  const node = { apiVersion: "v1", kind: "Node", metadata: { name: "tidepool-control-plane" }, status: { addresses: [{ type: "InternalIP", address: "172.30.0.2" }] } } as Node;

  test("an endpoint on a node's address is served by this machine; what the composition root says comes first", () => {
    const services = [service("kubernetes", {}), service("agent", { clusterIP: "10.96.0.9" })];
    const slices = [slice("k", "kubernetes", [["172.30.0.2", { ready: true }]], [{ name: "http", port: 6443 }]), slice("a", "agent", [["172.30.0.3", { ready: true }]], [{ name: "http", port: 9100 }])];
    const table = planTable({ services, slices, nodes: [node], hosts: { "172.30.0.2:6443": { host: "127.0.0.1", port: 16443 } }, nodeRange });
    assert.deepEqual(table.hosts, { "172.30.0.2:6443": { host: "127.0.0.1", port: 16443 }, "172.30.0.3:9100": { host: "127.0.0.1", port: 9100 } });
    assert.deepEqual(table.nodes, { "tidepool-control-plane": "172.30.0.2" });
  });

  test("a remembering planner keeps the entries of Services that did not change, so that they cost nothing to compare", () => {
    const plan = tablePlanner();
    const [web, api] = [service("web", {}), service("api", { clusterIP: "10.96.0.21" })];
    const webSlice = slice("w", "web", [["10.244.1.5", { ready: true }]]);
    const input = { services: [web, api], slices: [webSlice], nodes: [node], hosts: {}, nodeRange };
    const first = plan(input);
    const second = plan({ ...input, slices: [slice("w", "web", [["10.244.1.6", { ready: true }]])] });
    assert.equal(second.services["shop/api"], first.services["shop/api"]);
    assert.deepEqual(Object.keys(diffTables(first, second)!.services), ["shop/web"]);
    assert.equal(diffTables(second, plan({ ...input, slices: [slice("w", "web", [["10.244.1.6", { ready: true }]])] })), undefined);
  });
});

test("deltas lead an index from any table to any other", () => {
  const input = { slices: [], nodes: [], hosts: {}, nodeRange };
  const tables = [
    emptyTable(),
    planTable({ ...input, services: [service("web", { ports: [{ name: "http", port: 80, nodePort: 30080 }] })] }),
    // The address and the node port move to another Service.
    planTable({ ...input, services: [service("api", { ports: [{ name: "http", port: 80, nodePort: 30080 }] }), service("web", { clusterIP: "10.96.0.30" })] }),
    planTable({ ...input, services: [service("web", { clusterIP: "10.96.0.30" })], hosts: { "172.30.0.2:6443": { host: "127.0.0.1", port: 1 } } }),
  ];
  for (const from of tables) {
    for (const to of tables) {
      const index = new TableIndex(from);
      const delta = diffTables(from, to);
      if (delta) index.apply(JSON.parse(JSON.stringify(delta)));
      const fresh = new TableIndex(to);
      for (const ip of ["10.96.0.20", "10.96.0.30"]) assert.deepEqual(index.serviceByIP(ip), fresh.serviceByIP(ip));
      assert.deepEqual(index.serviceByNodePort(30080), fresh.serviceByNodePort(30080));
      assert.deepEqual([...index.services()].map(({ name }) => name).sort(), [...fresh.services()].map(({ name }) => name).sort());
      assert.deepEqual(index.host("172.30.0.2", 6443), fresh.host("172.30.0.2", 6443));
    }
  }
});
