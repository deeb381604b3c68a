import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { goldenTests } from "#lib/golden.ts";
import type { EndpointSlice, Node, Pod, Service } from "#api/types.ts";
import { planEndpoints } from "../endpoints/plan.ts";
import { planEndpointSlices, type EndpointSlicePlan } from "./plan.ts";

interface PodCase {
  name: string;
  ip?: string;
  node?: string;
  ready?: boolean;
  deleting?: boolean;
  phase?: string;
  /** The number of its port named http. */
  http?: number;
  hostname?: string;
  subdomain?: string;
}

interface Case {
  service?: Partial<Service["spec"]>;
  pods?: PodCase[];
  /** Existing slices: their ports, and the pods in them as they were. */
  slices?: { name: string; port?: number; pods: PodCase[] }[];
}

const nodes = ["n1", "n2"].map((name, i): Node => ({ apiVersion: "v1", kind: "Node", metadata: { name, labels: { "topology.kubernetes.io/zone": `zone-${i + 1}` } } }));

function pod({ name, ip, node = "n1", ready = true, deleting, phase = "Running", http = 8080, hostname, subdomain }: PodCase): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "shop", uid: `${name}-uid`, ...(deleting ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}) },
    spec: { containers: [{ name: "main", ports: [{ name: "http", containerPort: http }] }], nodeName: node, ...(hostname ? { hostname } : {}), ...(subdomain ? { subdomain } : {}) },
    status: { phase, ...(ip ? { podIP: ip, podIPs: [{ ip }] } : {}), conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
  };
}

function service(spec: Case["service"]): Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "web", namespace: "shop", uid: "web-uid", labels: { team: "shop" } },
    spec: { selector: { app: "web" }, ports: [{ name: "http", port: 80, targetPort: "http" }], ...spec },
  };
}

/** What the plan would leave behind, from nothing: the way to write existing slices in short. */
function slicesOf({ service: spec, slices = [] }: Case): EndpointSlice[] {
  return slices.map(({ name, pods, port }) => {
    const [slice] = planEndpointSlices({ service: service(spec), pods: pods.map((p) => pod({ ...p, ...(port ? { http: port } : {}) })), nodes, slices: [] }).create;
    return { ...slice!, metadata: { ...slice!.metadata, name, uid: name, resourceVersion: "1" } };
  });
}

function shorten(slice: EndpointSlice): object {
  return {
    name: slice.metadata.name,
    ports: (slice.ports ?? []).map(({ name, port, protocol }) => `${name} ${port}/${protocol}`),
    endpoints: (slice.endpoints ?? []).map(({ addresses, conditions, targetRef, nodeName, zone, hostname }) => {
      const states = Object.entries(conditions ?? {}).flatMap(([state, on]) => (on ? [state] : []));
      return `${targetRef!.name} ${addresses.join()} ${states.join("+") || "nothing"} on ${nodeName} in ${zone}${hostname ? ` as ${hostname}` : ""}`;
    }),
  };
}

function run(input: Case): Partial<Record<keyof EndpointSlicePlan, unknown>> {
  const plan = planEndpointSlices({ service: service(input.service), pods: (input.pods ?? []).map(pod), nodes, slices: slicesOf(input) });
  return {
    ...(plan.create.length > 0 ? { create: plan.create.map(shorten) } : {}),
    ...(plan.update.length > 0 ? { update: plan.update.map(shorten) } : {}),
    ...(plan.delete.length > 0 ? { delete: plan.delete.map(({ metadata }) => metadata.name) } : {}),
  };
}

goldenTests<Case>(join(import.meta.dirname, "testdata"), run);

const many = (count: number): PodCase[] => Array.from({ length: count }, (_, i) => ({ name: `p-${String(i).padStart(3, "0")}`, ip: `10.0.${i >> 8}.${i & 255}` }));

test("a slice holds at most 100 endpoints; endpoints stay where they are", () => {
  const pods = many(250);
  const first = planEndpointSlices({ service: service({}), pods: pods.map(pod), nodes, slices: [] });
  assert.deepEqual(first.create.map(({ endpoints }) => endpoints!.length), [100, 100, 50]);
  const slices = first.create.map((slice, i) => ({ ...slice, metadata: { ...slice.metadata, name: `web-${i}` } }));
  const again = planEndpointSlices({ service: service({}), pods: pods.map(pod), nodes, slices });
  assert.deepEqual(again, { create: [], update: [], delete: [] });
  // One pod of the first slice is replaced: only that slice is written.
  const replaced = [...pods.slice(1), { name: "p-new", ip: "10.9.9.9" }];
  const update = planEndpointSlices({ service: service({}), pods: replaced.map(pod), nodes, slices });
  assert.deepEqual([update.create.length, update.update.map(({ metadata }) => metadata.name), update.delete.length], [0, ["web-0"], 0]);
  const none = planEndpointSlices({ service: service({}), pods: [], nodes, slices });
  assert.deepEqual([none.create.length, none.update.length, none.delete.length], [0, 1, 2]);
});

test("slices carry the Service's labels, its name, their manager, and their owner", () => {
  const [slice] = planEndpointSlices({ service: service({ clusterIP: "None" }), pods: [], nodes, slices: [] }).create;
  assert.deepEqual(slice!.metadata, {
    generateName: "web-",
    namespace: "shop",
    labels: {
      team: "shop",
      "kubernetes.io/service-name": "web",
      "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
      "service.kubernetes.io/headless": "",
    },
    ownerReferences: [{ apiVersion: "v1", kind: "Service", name: "web", uid: "web-uid", controller: true, blockOwnerDeletion: true }],
  });
});

test("Endpoints hold the ready and the unready apart, by ports, and cut off beyond 1000", () => {
  const pods = [
    pod({ name: "a", ip: "10.0.0.1" }),
    pod({ name: "b", ip: "10.0.0.2", ready: false }),
    pod({ name: "c", ip: "10.0.0.3", deleting: true }),
    pod({ name: "d", ip: "10.0.0.4", http: 9090 }),
    pod({ name: "e" }),
    pod({ name: "f", ip: "10.0.0.6", phase: "Succeeded" }),
  ];
  const { subsets, metadata } = planEndpoints(service({}), pods, undefined);
  const shown = subsets!.map(({ addresses = [], notReadyAddresses = [], ports }) => [addresses.map(({ ip }) => ip), notReadyAddresses.map(({ ip }) => ip), ports!.map(({ port }) => port)]);
  assert.deepEqual(shown, [
    [["10.0.0.1"], ["10.0.0.2"], [8080]],
    [["10.0.0.4"], [], [9090]],
  ]);
  assert.equal(metadata.annotations, undefined);
  const large = planEndpoints(service({}), many(1001).map(pod), undefined);
  assert.equal(large.subsets![0]!.addresses!.length, 1000);
  assert.deepEqual(large.metadata.annotations, { "endpoints.kubernetes.io/over-capacity": "truncated" });
});
