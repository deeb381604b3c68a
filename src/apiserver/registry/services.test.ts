import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import fc from "fast-check";
import { seededRng } from "#lib/random.ts";
import { startTestServer, type Answer, type TestServer } from "../testing.ts";
import { formatIPv4, parseCidr, parseIPv4, Pool } from "./allocator.ts";

const SERVICES = "/api/v1/namespaces/default/services";

let server: TestServer;
beforeEach(async () => void (server = await startTestServer()));
afterEach(() => server.close());

const service = (name: string, spec: object): object => ({ metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } });
const create = (name: string, spec: object = {}): Promise<Answer> => server.request(`POST ${SERVICES}`, service(name, spec));

describe("cluster IPs", () => {
  it("are given out of the range's upper part, and come back when the Service goes", async () => {
    const { body } = await create("a");
    assert.match(body.spec.clusterIP, /^10\.(9[6-9]|10\d|11[01])\./);
    assert.deepEqual([body.spec.clusterIPs, body.spec.ipFamilies, body.spec.ipFamilyPolicy], [[body.spec.clusterIP], ["IPv4"], "SingleStack"]);
    const taken = await create("b", { clusterIP: body.spec.clusterIP });
    assert.equal(
      taken.body.message,
      `Service "b" is invalid: spec.clusterIPs: Invalid value: []string{"${body.spec.clusterIP}"}: failed to allocate IP ${body.spec.clusterIP}: provided IP is already allocated`,
    );
    await server.request(`DELETE ${SERVICES}/a`);
    assert.equal((await create("b", { clusterIP: body.spec.clusterIP })).status, 201);
  });

  it("can be asked for within the range, or not wanted at all", async () => {
    assert.equal((await create("dns", { clusterIP: "10.96.0.10" })).body.spec.clusterIP, "10.96.0.10");
    assert.match((await create("far", { clusterIP: "192.168.0.1" })).body.message, /is not in the valid range. The range of valid IPs is 10\.96\.0\.0\/12$/);
    assert.deepEqual((await create("headless", { clusterIP: "None" })).body.spec.clusterIPs, ["None"]);
    assert.equal((await create("external", { type: "ExternalName", externalName: "example.com", ports: [] })).body.spec.clusterIP, undefined);
  });

  it("survive updates that leave them out, and nothing is kept of a refused create or a dry run", async () => {
    const { body } = await create("a");
    const updated = await server.request(`PUT ${SERVICES}/a`, service("a", { ports: [{ port: 81 }] }));
    assert.equal(updated.body.spec.clusterIP, body.spec.clusterIP);
    assert.equal((await create("a", { clusterIP: "10.96.0.20" })).status, 409);
    assert.equal((await create("b", { clusterIP: "10.96.0.20", ports: [{ port: 0 }] })).status, 422);
    await server.request(`POST ${SERVICES}?dryRun=All`, service("c", { clusterIP: "10.96.0.20" }));
    assert.equal((await create("d", { clusterIP: "10.96.0.20" })).status, 201);
  });

  it("are known again after a restart", async () => {
    await create("a", { clusterIP: "10.96.0.30" });
    const restarted = await startTestServer({ store: server.store });
    assert.equal((await restarted.request(`POST ${SERVICES}`, service("b", { clusterIP: "10.96.0.30" }))).status, 422);
  });

  it("of IPv6 are refused by name", async () => {
    assert.match((await create("a", { ipFamilies: ["IPv6"] })).body.message, /spec.ipFamilies\[0\]: Invalid value: "IPv6": not configured on this cluster/);
    assert.match((await create("a", { ipFamilyPolicy: "RequireDualStack" })).body.message, /this cluster is not configured for dual-stack services/);
  });
});

describe("families", () => {
  it("follow from addresses; both are for who is headless and selects nothing", async () => {
    const both = (await create("external", { clusterIP: "None" })).body.spec;
    assert.deepEqual([both.ipFamilyPolicy, both.ipFamilies], ["RequireDualStack", ["IPv4", "IPv6"]]);
    const one = (await create("headless", { clusterIP: "None", selector: { app: "a" } })).body.spec;
    assert.deepEqual([one.ipFamilyPolicy, one.ipFamilies], ["SingleStack", ["IPv4"]]);
    assert.match((await create("six", { clusterIP: "fd00::1" })).body.message, /spec\.clusterIPs\[0\]: Invalid value: \["fd00::1"\]: IPv6 is not configured on this cluster$/);
    assert.match((await create("two", { clusterIP: "10.96.0.9", clusterIPs: ["10.96.0.9", "fd00::1"] })).body.message, /must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs are specified/);
  });

  it("and addresses are checked together", async () => {
    assert.match((await create("a", { clusterIPs: ["10.96.0.9"] })).body.message, /spec\.clusterIPs: Invalid value: \["10\.96\.0\.9"\]: must be empty when `clusterIP` is not specified$/);
    assert.match((await create("a", { clusterIP: "10.96.0.9", clusterIPs: ["10.96.0.9"], ipFamilies: ["IPv6"] })).body.message, /spec\.clusterIPs\[0\]: Invalid value: "10\.96\.0\.9": expected an IPv6 value as indicated by `ipFamilies\[0\]`$/);
  });
});

describe("IPAddresses", () => {
  const ADDRESSES = "/apis/networking.k8s.io/v1/ipaddresses";
  const get = (name: string): Promise<Answer> => server.request(`GET ${ADDRESSES}/${name}`);

  async function until(name: string, status: number): Promise<Answer> {
    for (let i = 0; i < 100; i++) {
      const answer = await get(name);
      if (answer.status === status) return answer;
      await new Promise(setImmediate);
    }
    throw new Error(`${name} never answered ${status}`);
  }

  it("tell whose each cluster address is, until the Service goes", async () => {
    await create("a", { clusterIP: "10.96.0.20" });
    const { body } = await until("10.96.0.20", 200);
    assert.deepEqual(body.spec, { parentRef: { resource: "services", namespace: "default", name: "a" } });
    assert.deepEqual(body.metadata.labels, { "ipaddress.kubernetes.io/ip-family": "IPv4", "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io" });
    await server.request(`DELETE ${SERVICES}/a`);
    await until("10.96.0.20", 404);
  });

  it("come back when someone deletes them, and those of vanished Services go at the start", async () => {
    await create("a", { clusterIP: "10.96.0.20" });
    const { body } = await until("10.96.0.20", 200);
    await server.request(`DELETE ${ADDRESSES}/10.96.0.20`);
    const again = await until("10.96.0.20", 200);
    assert.notEqual(again.body.metadata.uid, body.metadata.uid);
    await server.create(ADDRESSES, { metadata: { name: "10.96.0.21", labels: body.metadata.labels }, spec: body.spec });
    await startTestServer({ store: server.store });
    await until("10.96.0.21", 404);
    assert.equal((await get("10.96.0.20")).status, 200);
  });

  it("that others made hold the address", async () => {
    await server.create(ADDRESSES, { metadata: { name: "10.96.0.20" }, spec: { parentRef: { group: "example.com", resource: "gateways", name: "g" } } });
    assert.match((await create("a", { clusterIP: "10.96.0.20" })).body.message, /provided IP is already allocated$/);
    await server.request(`DELETE ${ADDRESSES}/10.96.0.20`);
    assert.equal((await create("a", { clusterIP: "10.96.0.20" })).status, 201);
  });
});

describe("node ports", () => {
  it("are given to NodePort Services, one for each port", async () => {
    const { body } = await create("a", { type: "NodePort", ports: [{ name: "a", port: 80 }, { name: "b", port: 81 }] });
    const ports = body.spec.ports.map(({ nodePort }: { nodePort: number }) => nodePort) as number[];
    assert.ok(ports.every((port) => port >= 30086 && port <= 32767), String(ports));
    assert.notEqual(ports[0], ports[1]);
  });

  it("can be asked for, conflict, and are given back when the type changes", async () => {
    assert.equal((await create("a", { type: "NodePort", ports: [{ port: 80, nodePort: 30080 }] })).status, 201);
    const conflict = await create("b", { type: "NodePort", ports: [{ port: 80, nodePort: 30080 }] });
    assert.equal(conflict.body.message, 'Service "b" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated');
    const outside = await create("b", { type: "NodePort", ports: [{ port: 80, nodePort: 80 }] });
    assert.match(outside.body.message, /provided port is not in the valid range. The range of valid ports is 30000-32767/);
    const changed = await server.request(`PATCH ${SERVICES}/a`, { spec: { type: "ClusterIP" } }, { "content-type": "application/merge-patch+json" });
    assert.equal(changed.body.spec.ports[0].nodePort, undefined);
    assert.equal((await create("b", { type: "NodePort", ports: [{ port: 80, nodePort: 30080 }] })).status, 201);
  });
});

describe("the pool", () => {
  it("gives every number once, then none", () => {
    const pool = new Pool(10, 19, 3, seededRng(1));
    const given = Array.from({ length: 10 }, (_, i) => pool.reserveNext(`owner-${i}`));
    assert.deepEqual([...given].sort((a, b) => a! - b!), [10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    assert.ok(given.slice(0, 7).every((value) => value! >= 13), "the low part comes last");
    assert.equal(pool.reserveNext("late"), undefined);
    pool.release(given[0]!, "someone else");
    assert.equal(pool.reserveNext("late"), undefined);
    pool.release(given[0]!, "owner-0");
    assert.equal(pool.reserveNext("late"), given[0]);
  });

  it("reads and writes addresses", () => {
    fc.assert(fc.property(fc.ipV4(), (text) => assert.equal(formatIPv4(parseIPv4(text)!), text)));
    for (const text of ["", "1.2.3", "1.2.3.256", "::1", "a.b.c.d"]) assert.equal(parseIPv4(text), undefined);
    assert.deepEqual(parseCidr("10.96.0.0/12"), { first: parseIPv4("10.96.0.0"), last: parseIPv4("10.111.255.255"), size: 2 ** 20 });
    assert.throws(() => parseCidr("10.96.0.0"), /not an IPv4 range/);
  });
});
