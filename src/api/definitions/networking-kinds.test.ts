/** The kinds of networking.k8s.io: defaults, validation in upstream's words, columns, warnings. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { created, creating, decoded, definitionOf, rowOf, updating, updatingStatus } from "./testing.ts";

const backend = { service: { name: "web", port: { number: 80 } } };
const path = (more: object = {}): object => ({ path: "/", pathType: "Prefix", backend, ...more });
const ingress = (...paths: object[]): object => ({ spec: { rules: [{ host: "a.example.com", http: { paths } }] } });
const policy = (spec: object = {}): object => ({ spec: { podSelector: {}, ...spec } });
const from = (...peers: object[]): object => policy({ ingress: [{ from: peers }] });
const ports = (...ports: object[]): object => policy({ egress: [{ ports }] });
const reference = { kind: "Bucket", name: "b" };

const PATH = "spec.rules[0].http.paths[0]";
const PEER = "spec.ingress[0].from[0]";
const PORT = "spec.egress[0].ports[0]";
const DNS1123 = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const WILDCARD = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const PORT_RANGE = "must be between 1 and 65535, inclusive";

const creations: [kind: string, object: object, errors: string[]][] = [
  ["Ingress", ingress(path()), []],
  ["Ingress", { spec: { defaultBackend: { resource: { apiGroup: "example.com", ...reference } } } }, []],
  ["Ingress", { spec: {} }, ["spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"]],
  ["Ingress", ingress(), ["spec.rules[0].http.paths: Required value"]],
  ["Ingress", ingress({ path: "/", backend }), [`${PATH}.pathType: Required value: pathType must be specified`]],
  ["Ingress", ingress(path({ pathType: "Regex" })), [`${PATH}.pathType: Unsupported value: "Regex": supported values: "Exact", "ImplementationSpecific", "Prefix"`]],
  ["Ingress", ingress(path({ path: "web" })), [`${PATH}.path: Invalid value: "web": must be an absolute path`]],
  ["Ingress", ingress(path({ path: "/a//b/.." })), [`${PATH}.path: Invalid value: "/a//b/..": must not contain '//'`, `${PATH}.path: Invalid value: "/a//b/..": cannot end with '/..'`]],
  ["Ingress", ingress(path({ path: "", pathType: "ImplementationSpecific" })), []],
  ["Ingress", ingress(path({ backend: {} })), [`${PATH}.backend: Invalid value: "": resource or service backend is required`]],
  ["Ingress", ingress(path({ backend: { ...backend, resource: reference } })), [`${PATH}.backend: Invalid value: "": cannot set both resource and service backends`]],
  ["Ingress", ingress(path({ backend: { service: { name: "web" } } })), [`${PATH}.backend: Required value: port name or number is required`]],
  ["Ingress", ingress(path({ backend: { service: { name: "web", port: { name: "http", number: 80 } } } })), [`${PATH}.backend: Invalid value: "": cannot set both port name & port number`]],
  ["Ingress", ingress(path({ backend: { service: { name: "web", port: { number: 70000 } } } })), [`${PATH}.backend.service.port.number: Invalid value: 70000: ${PORT_RANGE}`]],
  ["Ingress", { spec: { defaultBackend: backend, rules: [{ host: "1.2.3.4" }] } }, ['spec.rules[0].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address']],
  ["Ingress", { spec: { defaultBackend: backend, rules: [{ host: "a.*.com" }] } }, [`spec.rules[0].host: Invalid value: "a.*.com": ${WILDCARD}`]],
  ["Ingress", { spec: { defaultBackend: backend, tls: [{ hosts: ["*.example.com"], secretName: "A" }] } }, [`spec.tls[0].secretName: Invalid value: "A": ${DNS1123}`]],
  [
    "Ingress",
    { metadata: { name: "x", annotations: { "kubernetes.io/ingress.class": "a" } }, spec: { defaultBackend: backend, ingressClassName: "b" } },
    ['annotations.kubernetes.io/ingress.class: Invalid value: "a": must match `ingressClassName` when both are specified'],
  ],
  ["IngressClass", { spec: { controller: "example.com/c", parameters: { ...reference, scope: "Cluster" } } }, []],
  ["IngressClass", { spec: { controller: "example.com/c", parameters: { ...reference, scope: "Cluster", namespace: "n" } } }, ["spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"]],
  ["IngressClass", { spec: { controller: "example.com/c", parameters: { ...reference, scope: "Namespace" } } }, ["spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"]],
  ["NetworkPolicy", from({ podSelector: {} }, { namespaceSelector: {}, podSelector: {} }, { ipBlock: { cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] } }), []],
  ["NetworkPolicy", from({}), [`${PEER}: Required value: must specify a peer`]],
  ["NetworkPolicy", from({ ipBlock: { cidr: "10.0.0.0/8" }, podSelector: {} }), [`${PEER}: Forbidden: may not specify both ipBlock and another peer`]],
  ["NetworkPolicy", from({ ipBlock: { cidr: "10.0.0.0" } }), [`${PEER}.ipBlock.cidr: Invalid value: "10.0.0.0": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)`]],
  ["NetworkPolicy", from({ ipBlock: { cidr: "10.0.0.0/8", except: ["10.0.0.0/8"] } }), [`${PEER}.ipBlock.except[0]: Invalid value: "10.0.0.0/8": must be a strict subset of \`cidr\``]],
  ["NetworkPolicy", ports({ port: 80, endPort: 90 }, { port: "http" }, { protocol: "SCTP" }), []],
  ["NetworkPolicy", ports({ protocol: "ICMP", port: 80 }), [`${PORT}.protocol: Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"`]],
  ["NetworkPolicy", ports({ port: 80, endPort: 79 }), [`${PORT}.endPort: Invalid value: 80: must be greater than or equal to \`port\``]],
  ["NetworkPolicy", ports({ endPort: 79 }), [`${PORT}.endPort: Invalid value: 79: may not be specified when \`port\` is not specified`]],
  ["NetworkPolicy", ports({ port: "http", endPort: 79 }), [`${PORT}.endPort: Invalid value: 79: may not be specified when \`port\` is non-numeric`]],
  ["NetworkPolicy", policy({ policyTypes: ["Ingress", "Egress", "Both"] }), ['spec.policyTypes: Invalid value: ["Ingress","Egress","Both"]: may not specify more than two policyTypes']],
  ["NetworkPolicy", policy({ policyTypes: ["Both"] }), ['spec.policyTypes[0]: Unsupported value: "Both": supported values: "Ingress", "Egress"']],
  ["IPAddress", { metadata: { name: "10.0.0.1" }, spec: { parentRef: { resource: "services", namespace: "n", name: "web" } } }, []],
  ["IPAddress", { metadata: { name: "2001:db8::ffff" }, spec: {} }, ["spec.parentRef: Required value"]],
  ["IPAddress", { metadata: { name: "10.0.0.1" }, spec: { parentRef: { resource: "", name: "" } } }, ["spec.parentRef.resource: Required value", "spec.parentRef.name: Required value"]],
  ["ServiceCIDR", { spec: { cidrs: ["10.0.0.0/16", "fd00::/64"] } }, []],
  ["ServiceCIDR", { spec: {} }, ["spec.cidrs: Required value: at least one CIDR required"]],
  ["ServiceCIDR", { spec: { cidrs: ["10.0.0.0/16", "10.1.0.0/16"] } }, ['spec.cidrs: Invalid value: {"cidrs":["10.0.0.0/16","10.1.0.0/16"]}: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64']],
  ["ServiceCIDR", { spec: { cidrs: ["10.0.0.1/16"] } }, ['spec.cidrs[0]: Invalid value: "10.0.0.1/16": must not have bits set beyond the prefix length']],
];
for (const [kind, object, errors] of creations) {
  test(`creating ${kind} ${JSON.stringify(object).slice(0, 150)}`, () => assert.deepEqual(creating(kind, object), errors));
}

test("the names of IPAddresses are addresses in their canonical form", () => {
  const spec = { parentRef: { resource: "services", name: "web" } };
  assert.match(creating("IPAddress", { metadata: { name: "web" }, spec })[0]!, /^metadata\.name: Invalid value: "web": must be a valid IP address/);
  assert.match(creating("IPAddress", { metadata: { name: "2001:DB8::0" }, spec })[0]!, /must be in canonical form \("2001:db8::"\)$/);
});

const cidrs = (...cidrs: string[]): object => ({ spec: { cidrs } });
const parent = (name: string): object => ({ metadata: { name: "10.0.0.1" }, spec: { parentRef: { resource: "services", name } } });
const controller = (controller: string): object => ({ spec: { controller } });
const updates: [kind: string, old: object, object: object, errors: string[]][] = [
  ["Ingress", ingress(path()), { spec: { defaultBackend: backend } }, []],
  ["IngressClass", controller("example.com/a"), controller("example.com/b"), ['spec.controller: Invalid value: "example.com/b": field is immutable']],
  ["IPAddress", parent("a"), parent("b"), ['spec.parentRef: Invalid value: {"resource":"services","name":"b"}: field is immutable']],
  ["ServiceCIDR", cidrs("10.0.0.0/16"), cidrs("10.1.0.0/16"), ['spec.cidrs: Invalid value: ["10.1.0.0/16"]: field is immutable']],
];
for (const [kind, old, object, errors] of updates) {
  test(`updating ${kind} to ${JSON.stringify(object).slice(0, 150)}`, () => assert.deepEqual(updating(kind, old, object), errors));
}

test("an Ingress's status holds addresses and names that are none", () => {
  const status = (...found: object[]): object => ({ ...ingress(path()), status: { loadBalancer: { ingress: found } } });
  assert.deepEqual(updatingStatus("Ingress", status(), status({ ip: "1.2.3.4" }, { hostname: "lb.example.com" })), []);
  assert.deepEqual(updatingStatus("Ingress", status(), status({ ip: "lb" }, { hostname: "1.2.3.4" })), [
    'status.loadBalancer.ingress[0].ip: Invalid value: "lb": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    'status.loadBalancer.ingress[1].hostname: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
  ]);
});

test("defaults: a policy's types follow from its rules, a port's protocol is TCP, parameters are the cluster's", () => {
  const types = (object: object): unknown => (created("NetworkPolicy", object) as { spec: { policyTypes: string[] } }).spec.policyTypes;
  assert.deepEqual([types(policy()), types(ports({})), types(policy({ egress: [] })), types(policy({ policyTypes: ["Egress"] }))], [["Ingress"], ["Ingress", "Egress"], ["Ingress"], ["Egress"]]);
  assert.deepEqual((created("NetworkPolicy", ports({ port: 1 })) as { spec: { egress: object[] } }).spec.egress, [{ ports: [{ port: 1, protocol: "TCP" }] }]);
  assert.deepEqual(created("IngressClass", { spec: { controller: "example.com/c", parameters: reference } }), { metadata: { name: "x" }, spec: { controller: "example.com/c", parameters: { ...reference, scope: "Cluster" } } });
  assert.deepEqual((created("Ingress", { ...ingress(path()), status: { loadBalancer: { ingress: [{ ip: "1.1.1.1" }] } } }) as { status: object }).status, { loadBalancer: {} });
});

test("the rows of kubectl get -o wide", () => {
  const rules = ["a.example.com", "b.example.com", "c.example.com", "d.example.com"].map((host) => ({ host }));
  const object = { spec: { ingressClassName: "nginx", rules, tls: [{}] }, status: { loadBalancer: { ingress: [{ ip: "1.2.3.4" }, { hostname: "lb" }] } } };
  assert.deepEqual(rowOf("Ingress", object), { Name: "x", Class: "nginx", Hosts: "a.example.com,b.example.com,c.example.com + 1 more...", Address: "1.2.3.4,lb", Ports: "80, 443", Age: "90s" });
  assert.deepEqual(rowOf("Ingress", { spec: { defaultBackend: backend } }), { Name: "x", Class: "<none>", Hosts: "*", Address: "", Ports: "80", Age: "90s" });
  assert.deepEqual(rowOf("IngressClass", { spec: { controller: "c", parameters: { ...reference, apiGroup: "example.com" } } }), { Name: "x", Controller: "c", Parameters: "Bucket.example.com/b", Age: "90s" });
  assert.deepEqual(rowOf("NetworkPolicy", policy({ podSelector: { matchLabels: { app: "web" } } })), { Name: "x", "Pod-Selector": "app=web", Age: "90s" });
  assert.deepEqual(rowOf("IPAddress", { spec: { parentRef: { resource: "services", namespace: "n", name: "web" } } }), { Name: "x", ParentRef: "services/n/web" });
  assert.deepEqual(rowOf("ServiceCIDR", cidrs("10.0.0.0/16", "fd00::/64")), { Name: "x", CIDRs: "10.0.0.0/16,fd00::/64", Age: "90s" });
});

test("whoever writes what nothing acts on is told", () => {
  const warnings = (kind: string, object: object): string[] => definitionOf(kind).warnings!(decoded(kind, object));
  assert.deepEqual(warnings("NetworkPolicy", from({ ipBlock: { cidr: "2001:DB8::/64" } })), [
    'spec.ingress[0].from[0].ipBlock.cidr: IPv6 CIDR value "2001:DB8::/64" should be in RFC 5952 canonical format ("2001:db8::/64")',
    "NetworkPolicy is stored and has no effect: not enforced: on this cluster every pod reaches every other",
  ]);
  assert.deepEqual(warnings("Ingress", { metadata: { name: "x", annotations: { "kubernetes.io/ingress.class": "a" } }, spec: {} }), [
    "annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead",
    "Ingress is stored and has no effect: this cluster has no ingress controller of its own",
  ]);
});
