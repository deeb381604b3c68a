import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { addressOfReverseName, clusterRecords, resolveHost, reverseNames, type Resolution, type ResolverConfig } from "./dns.ts";
import { TableIndex } from "./table.ts";

const ready = (ip: string) => ({ ip, port: 5432, node: "one", state: "ready" as const });
const table = new TableIndex({
  services: {
    "shop/web": { namespace: "shop", name: "web", clusterIP: "10.96.0.20", ports: [{ name: "http", protocol: "TCP", port: 80, endpoints: [ready("10.244.1.5")] }], addresses: [{ ip: "10.244.1.5" }] },
    "shop/db": {
      namespace: "shop",
      name: "db",
      ports: [{ name: "pg", protocol: "TCP", port: 5432, endpoints: [ready("10.244.1.8"), ready("10.244.1.9")] }],
      addresses: [{ ip: "10.244.1.8", hostname: "db-0" }, { ip: "10.244.1.9" }],
    },
    "shop/none": { namespace: "shop", name: "none", ports: [], addresses: [] },
    "other/api": { namespace: "other", name: "api", clusterIP: "10.96.0.21", ports: [], addresses: [] },
    "shop/alias": { namespace: "shop", name: "alias", externalName: "API.other.svc.cluster.local.", ports: [], addresses: [] },
    "shop/world": { namespace: "shop", name: "world", externalName: "www.example.org", ports: [], addresses: [] },
    "shop/loop": { namespace: "shop", name: "loop", externalName: "loop.shop.svc.cluster.local", ports: [], addresses: [] },
  },
  hosts: {},
  nodes: {},
});
const config: ResolverConfig = { domain: "cluster.local", search: ["shop.svc.cluster.local", "svc.cluster.local", "cluster.local"], ndots: 5, aliases: { "web-1": ["10.244.1.77"] } };

describe("resolveHost", () => {
  const at = (...ips: string[]): Resolution => ({ kind: "addresses", ips });
  const missing: Resolution = { kind: "missing" };
  const outside = (name: string): Resolution => ({ kind: "outside", name });
  const cases: [name: string, resolution: Resolution][] = [
    ["web", at("10.96.0.20")],
    ["WEB.Shop", at("10.96.0.20")],
    ["web.shop.svc", at("10.96.0.20")],
    ["web.shop.svc.cluster.local", at("10.96.0.20")],
    ["web.shop.svc.cluster.local.", at("10.96.0.20")],
    ["web.", missing],
    ["api", missing],
    ["api.other", at("10.96.0.21")],
    ["db", at("10.244.1.8", "10.244.1.9")],
    ["db-0.db", at("10.244.1.8")],
    ["10-244-1-9.db.shop.svc.cluster.local", at("10.244.1.9")],
    ["10-244-1-5.web", at("10.244.1.5")],
    ["db-9.db", outside("db-9.db")],
    ["none", missing],
    ["10-1-2-3.shop.pod", at("10.1.2.3")],
    ["x.shop.pod.cluster.local", missing],
    ["alias", at("10.96.0.21")],
    ["world", outside("www.example.org")],
    ["loop", missing],
    ["web-1", at("10.244.1.77")],
    ["localhost", at("127.0.0.1")],
    ["a.localhost", at("127.0.0.1")],
    ["www.example.org", outside("www.example.org")],
    ["gone.shop.svc.cluster.local", missing],
    ["cluster.local", missing],
  ];
  for (const [name, resolution] of cases) test(name, () => assert.deepEqual(resolveHost(table, config, name), resolution));

  test("without a search path only full names are the cluster's", () => {
    const bare = { ...config, search: [], ndots: 1 };
    assert.deepEqual(resolveHost(table, bare, "web"), missing);
    assert.deepEqual(resolveHost(table, bare, "web.shop.svc.cluster.local"), at("10.96.0.20"));
  });
});

describe("records", () => {
  const srv = (name: string): string[] => clusterRecords(table, "cluster.local", name)?.srv.map((record) => `${record.name} ${record.port} ${record.priority} ${record.weight}`) ?? ["none"];

  test("SRV: a Service's own name, or each endpoint's", () => {
    assert.deepEqual(srv("_http._tcp.web.shop.svc.cluster.local"), ["web.shop.svc.cluster.local 80 0 100"]);
    assert.deepEqual(srv("_pg._tcp.db.shop.svc.cluster.local"), ["db-0.db.shop.svc.cluster.local 5432 0 50", "10-244-1-9.db.shop.svc.cluster.local 5432 0 50"]);
    assert.deepEqual(srv("_pg._udp.db.shop.svc.cluster.local"), ["none"]);
    assert.deepEqual(srv("_x._tcp.web.shop.svc.cluster.local"), ["none"]);
  });

  test("PTR: of a Service, of an endpoint, of nobody", () => {
    assert.deepEqual(reverseNames(table, "cluster.local", "10.96.0.20"), ["web.shop.svc.cluster.local"]);
    assert.deepEqual(reverseNames(table, "cluster.local", "10.244.1.8"), ["db-0.db.shop.svc.cluster.local"]);
    assert.deepEqual(reverseNames(table, "cluster.local", "10.244.1.200"), []);
    assert.equal(addressOfReverseName("20.0.96.10.in-addr.arpa"), "10.96.0.20");
    assert.equal(addressOfReverseName("web"), undefined);
  });
});
