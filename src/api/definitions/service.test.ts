/** Services beyond what they hold from shared ranges: validation in upstream's words, defaults, warnings, columns. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { created, creating, decoded, definitionOf, rowOf, updating, updatingStatus } from "./testing.ts";

const service = (spec: object = {}, annotations?: object): object => ({ metadata: { name: "x", namespace: "default", ...(annotations ? { annotations } : {}) }, spec: { ports: [{ port: 80 }], ...spec } });
const balancer = (more: object = {}): object => service({ type: "LoadBalancer", ...more });
const ips = (...clusterIPs: string[]): object => ({ clusterIP: clusterIPs[0], clusterIPs });
const named = (...more: object[]): object => service({ ports: more });

const ADDRESS = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
const ONLY_LB = "may only be used when `type` is 'LoadBalancer'";
const HINTS = "service.kubernetes.io/topology-aware-hints";
const MODE = "service.kubernetes.io/topology-mode";
const RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges";

const creations: [object: object, errors: string[]][] = [
  [service(), []],
  [service({ ports: [] }), ["spec.ports: Required value"]],
  [service({ ports: [], clusterIP: "None" }), []],
  [service({ type: "Odd" }), ['spec.type: Unsupported value: "Odd": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"']],
  [service({ type: "NodePort", clusterIP: "None" }), ["spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"]],
  [service({ type: "ExternalName", externalName: "example.com.", ports: [] }), []],
  [service({ type: "ExternalName", ports: [] }), ["spec.externalName: Required value"]],
  [service({ type: "ExternalName", externalName: "a.b", ...ips("10.0.0.1") }), ["spec.clusterIPs: Forbidden: may not be set for ExternalName services"]],
  [named({ port: 80 }, { port: 81 }), ["spec.ports[0].name: Required value", "spec.ports[1].name: Required value"]],
  [named({ name: "a", port: 80 }, { name: "a", port: 81 }), ['spec.ports[1].name: Duplicate value: "a"']],
  [named({ name: "a", port: 80 }, { name: "b", port: 80 }), ['spec.ports[1]: Duplicate value: {"port":80,"protocol":"TCP"}']],
  [named({ port: 0 }), ["spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive", "spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive"]],
  [named({ port: 80, protocol: "HTTP" }), ['spec.ports[0].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"']],
  [named({ port: 80, nodePort: 30000 }), ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"]],
  [service({ sessionAffinity: "Cookie" }), ['spec.sessionAffinity: Unsupported value: "Cookie": supported values: "ClientIP", "None"']],
  [service({ sessionAffinity: "ClientIP", sessionAffinityConfig: { clientIP: { timeoutSeconds: 86401 } } }), ["spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and less than 86400"]],
  [service(ips("10.0.0.300")), [`spec.clusterIPs[0]: Invalid value: "10.0.0.300": ${ADDRESS}`]],
  [service(ips("None", "10.0.0.1")), ["spec.clusterIPs: Invalid value: [\"None\",\"10.0.0.1\"]: 'None' must be the first and only value"]],
  [service(ips("10.0.0.1", "fd00::1", "10.0.0.2")), [
    'spec.clusterIPs: Invalid value: ["10.0.0.1","fd00::1","10.0.0.2"]: may only hold up to 2 values',
    'spec.clusterIPs: Invalid value: ["10.0.0.1","fd00::1","10.0.0.2"]: may specify no more than one IP for each IP family',
  ]],
  [service(ips("10.0.0.1", "10.0.0.2")), ['spec.clusterIPs: Invalid value: ["10.0.0.1","10.0.0.2"]: may specify no more than one IP for each IP family']],
  [service({ clusterIPs: ["10.0.0.1"] }), ['spec.clusterIPs: Invalid value: ["10.0.0.1"]: must be empty when `clusterIP` is not specified']],
  [service({ clusterIP: "10.0.0.2", clusterIPs: ["10.0.0.1"] }), ['spec.clusterIPs: Invalid value: ["10.0.0.1"]: first value must match `clusterIP`']],
  [service({ ...ips("10.0.0.1"), ipFamilies: ["IPv6"] }), ['spec.clusterIPs[0]: Invalid value: "10.0.0.1": expected an IPv6 value as indicated by `ipFamilies[0]`']],
  [service({ ipFamilies: ["IPv4", "IPv4"] }), ['spec.ipFamilies[1]: Duplicate value: "IPv4"']],
  [service({ ipFamilyPolicy: "Both" }), ['spec.ipFamilyPolicy: Unsupported value: "Both": supported values: "PreferDualStack", "RequireDualStack", "SingleStack"']],
  [service({ externalIPs: ["127.0.0.1"] }), ['spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)']],
  [service({ loadBalancerSourceRanges: ["10.0.0.0/8"] }), [`spec.LoadBalancerSourceRanges: Forbidden: ${ONLY_LB}`]],
  [balancer({ loadBalancerSourceRanges: ["10.0.0.0"] }), ['spec.LoadBalancerSourceRanges[0]: Invalid value: "10.0.0.0": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)']],
  [service({}, { [RANGES]: "10.0.0.0/8" }), [`metadata.annotations[${RANGES}]: Forbidden: ${ONLY_LB}`]],
  [service({ loadBalancerClass: "a.b/c", allocateLoadBalancerNodePorts: true }), [`spec.allocateLoadBalancerNodePorts: Forbidden: ${ONLY_LB}`, `spec.loadBalancerClass: Forbidden: ${ONLY_LB}`]],
  [service({ externalTrafficPolicy: "Local" }), ['spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services']],
  [service({ internalTrafficPolicy: "Far" }), ['spec.internalTrafficPolicy: Unsupported value: "Far": supported values: "Cluster", "Local"']],
  [service({ healthCheckNodePort: 30000 }), ["spec.healthCheckNodePort: Invalid value: 30000: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"]],
  [service({ trafficDistribution: "Near" }), ['spec.trafficDistribution: Unsupported value: "Near": supported values: "PreferClose", "PreferSameNode", "PreferSameZone"']],
  [service({}, { [HINTS]: "Auto", [MODE]: "Disabled" }), [`metadata.annotations[${MODE}]: Invalid value: "Disabled": must match annotations[${HINTS}] when both are specified`]],
];
for (const [object, errors] of creations) {
  test(`creating ${JSON.stringify(object).slice(51, 190)}`, () => assert.deepEqual(creating("Service", object), errors));
}

const stored = (more: object): object => service({ ipFamilyPolicy: "PreferDualStack", ...more });
const dual = { ...ips("10.0.0.1", "fd00::1"), ipFamilies: ["IPv4", "IPv6"] };
const single = { ...ips("10.0.0.1"), ipFamilies: ["IPv4"] };
const updates: [old: object, object: object, errors: string[]][] = [
  [service(ips("10.0.0.1")), service({ clusterIP: "10.0.0.2" }), ["spec.clusterIPs: Required value", "spec.clusterIPs[0]: Invalid value: []: primary clusterIP can not be unset"]],
  [service(ips("10.0.0.1")), service({ clusterIP: "10.0.0.2", clusterIPs: ["10.0.0.1"] }), ['spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set']],
  [service(ips("10.0.0.1")), service({ type: "ExternalName", externalName: "a.b", ...ips("10.0.0.1"), ports: [] }), []],
  [stored(single), stored(dual), []],
  [stored(dual), stored(single), [
    "spec.ipFamilyPolicy: Invalid value: \"PreferDualStack\": must be set to 'SingleStack' when releasing the secondary clusterIP",
    "spec.ipFamilyPolicy: Invalid value: \"PreferDualStack\": must be set to 'SingleStack' when releasing the secondary ipFamily",
  ]],
  [stored(dual), stored({ ...single, ipFamilyPolicy: "SingleStack" }), []],
  [balancer({ loadBalancerClass: "a.b/c" }), balancer({ loadBalancerClass: "a.b/d" }), ['spec.loadBalancerClass: Invalid value: "a.b/d": may not change once set']],
];
for (const [old, object, errors] of updates) {
  test(`updating to ${JSON.stringify(object).slice(51, 190)}`, () => assert.deepEqual(updating("Service", old, object), errors));
}

test("clients that know one address alone need not know the list", () => {
  const addresses = (old: object, next: object): unknown[] => {
    const [before, after] = [decoded("Service", service(old)), decoded("Service", service(next))];
    definitionOf("Service").prepareForUpdate!(after, before);
    const { spec } = after as unknown as { spec: { clusterIP?: string; clusterIPs?: string[] } };
    return [spec.clusterIP, spec.clusterIPs];
  };
  assert.deepEqual(addresses(ips("10.0.0.1"), { clusterIP: "10.0.0.1" }), ["10.0.0.1", ["10.0.0.1"]]);
  assert.deepEqual(addresses(ips("10.0.0.1"), { clusterIP: "10.0.0.2", clusterIPs: ["10.0.0.1"] }), ["10.0.0.2", ["10.0.0.2"]]);
  assert.deepEqual(addresses(ips("10.0.0.1"), { clusterIPs: ["10.0.0.1"] }), [undefined, undefined]);
});

test("a status holds the addresses of a load balancer, and of nothing else", () => {
  const status = (object: object, ...ingress: object[]): object => ({ ...object, status: { loadBalancer: { ingress } } });
  assert.deepEqual(updatingStatus("Service", balancer(), status(balancer(), { ip: "1.2.3.4" }, { ip: "1.2.3.5", ipMode: "Proxy" }, { hostname: "lb.example.com" })), []);
  assert.deepEqual(updatingStatus("Service", service(), status(service(), { ip: "1.2.3.4" })), ['status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is "LoadBalancer"']);
  assert.deepEqual(updatingStatus("Service", balancer(), status(balancer(), { ip: "lb", ipMode: "NAT" }, { hostname: "1.2.3.4", ipMode: "VIP" })), [
    `status.loadBalancer.ingress[0].ip: Invalid value: "lb": ${ADDRESS}`,
    'status.loadBalancer.ingress[0].ipMode: Unsupported value: "NAT": supported values: "Proxy", "VIP"',
    "status.loadBalancer.ingress[1].ipMode: Forbidden: may not be specified when `ip` is not set",
    'status.loadBalancer.ingress[1].hostname: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
  ]);
});

test("what has no effect is warned of", () => {
  const warnings = (object: object): string[] => definitionOf("Service").warnings!(decoded("Service", object));
  assert.deepEqual(warnings(service({ clusterIP: "None", loadBalancerIP: "1.1.1.1", sessionAffinity: "ClientIP" })), ["spec.loadBalancerIP is ignored for headless services", "spec.SessionAffinity is ignored for headless services"]);
  assert.deepEqual(warnings(service({ externalName: "a.b" })), ['spec.externalName is ignored when spec.type is not "ExternalName"']);
  assert.deepEqual(warnings(service({}, { [HINTS]: "Auto" })), [`annotation ${HINTS} is deprecated, please use ${MODE} instead`]);
  assert.equal(warnings(service({ trafficDistribution: "PreferClose" }))[0], 'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"');
});

test("defaults of the types", () => {
  const spec = (object: object): object => (created("Service", object) as { spec: object }).spec;
  const ports = [{ port: 80, protocol: "TCP", targetPort: 80 }];
  assert.deepEqual(spec(service()), { ports, type: "ClusterIP", sessionAffinity: "None", internalTrafficPolicy: "Cluster" });
  assert.deepEqual(spec(balancer({ sessionAffinity: "ClientIP" })), {
    ports,
    type: "LoadBalancer",
    sessionAffinity: "ClientIP",
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 10800 } },
    externalTrafficPolicy: "Cluster",
    internalTrafficPolicy: "Cluster",
    allocateLoadBalancerNodePorts: true,
  });
});

test("the rows of kubectl get -o wide", () => {
  const row = (spec: object, status: object = {}): unknown[] => Object.values(rowOf("Service", { spec, status })).slice(1, 5);
  const ports = [{ port: 80, protocol: "TCP" }, { port: 53, protocol: "UDP", nodePort: 30053 }];
  assert.deepEqual(row({ type: "NodePort", ...ips("10.0.0.1"), ports }), ["NodePort", "10.0.0.1", "<none>", "80/TCP,53:30053/UDP"]);
  assert.deepEqual(row({ type: "LoadBalancer", ...ips("10.0.0.1") }), ["LoadBalancer", "10.0.0.1", "<pending>", "<none>"]);
  assert.deepEqual(row({ type: "LoadBalancer", externalIPs: ["9.9.9.9"] }, { loadBalancer: { ingress: [{ ip: "1.2.3.4" }, { hostname: "lb" }] } })[2], "1.2.3.4,lb,9.9.9.9");
  assert.deepEqual(row({ type: "ExternalName", externalName: "a.b" }), ["ExternalName", "<none>", "a.b", "<none>"]);
});
