import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { goldenTests } from "#lib/golden.ts";
import { seededRng } from "#lib/random.ts";
import type { Node, PersistentVolume, Pod, PodDisruptionBudget, PodSpec, Taint } from "#api/types.ts";
import { Cluster } from "./cluster.ts";
import { judgeFor } from "./filter.ts";
import { Nominations } from "./nominations.ts";
import { placePod } from "./plan.ts";
import type { PreemptionContext } from "./preempt.ts";
import { totalScores } from "./score.ts";
import { podRequests } from "./resources.ts";

/** A cluster in short. A pod's `cpu` and `memory` are its requests; everything else of its spec is as in Kubernetes. */
interface PodCase {
  name?: string;
  on?: string;
  namespace?: string;
  labels?: Record<string, string>;
  controller?: string;
  cpu?: string;
  memory?: string;
  hostPort?: number;
  deleting?: boolean;
  priority?: number;
  /** When it started: a time of one day, `08:30`. */
  started?: string;
  nominated?: string;
  preempted?: boolean;
  spec?: Partial<PodSpec>;
}

interface Case {
  nodes: { name: string; cpu?: string; memory?: string; pods?: number; labels?: Record<string, string>; taints?: Taint[]; unschedulable?: boolean }[];
  placed?: PodCase[];
  volumes?: PersistentVolume[];
  namespaces?: Record<string, Record<string, string>>;
  /** Disruption budgets by the label `app` of those they keep. */
  budgets?: { app: string; allowed: number; disrupted?: string[]; namespace?: string }[];
  /** Other pods without a node. */
  waiting?: PodCase[];
  pod: PodCase;
}

function pod(input: PodCase, index = 0): Pod {
  const { name = `pod-${index}`, on, namespace = "shop", labels = {}, controller, cpu, memory, hostPort, deleting, priority, started, nominated, preempted, spec } = input;
  const requests = { ...(cpu ? { cpu } : {}), ...(memory ? { memory } : {}) };
  const ports = hostPort ? [{ containerPort: hostPort, hostPort }] : [];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace,
      uid: `${name}-uid`,
      labels,
      ...(controller ? { ownerReferences: [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: controller, uid: controller, controller: true }] } : {}),
      ...(deleting ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}),
    },
    spec: { containers: [{ name: "main", resources: { requests }, ports }], ...(on ? { nodeName: on } : {}), ...(priority === undefined ? {} : { priority }), ...spec },
    status: {
      ...(started ? { startTime: `2026-01-01T${started}:00Z` } : {}),
      ...(nominated ? { nominatedNodeName: nominated } : {}),
      ...(preempted ? { conditions: [{ type: "DisruptionTarget", status: "True", reason: "PreemptionByScheduler" }] } : {}),
    },
  };
}

function node({ name, cpu = "4", memory = "8Gi", pods = 110, labels, taints, unschedulable }: Case["nodes"][number]): Node {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { "kubernetes.io/hostname": name, ...labels } },
    spec: { ...(taints ? { taints } : {}), ...(unschedulable ? { unschedulable } : {}) },
    status: { allocatable: { cpu, memory, pods: String(pods) } },
  };
}

function budget({ app, allowed, disrupted = [], namespace = "shop" }: NonNullable<Case["budgets"]>[number]): PodDisruptionBudget {
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: app, namespace },
    spec: { selector: { matchLabels: { app } } },
    status: {
      disruptionsAllowed: allowed,
      currentHealthy: 0,
      desiredHealthy: 0,
      expectedPods: 0,
      disruptedPods: Object.fromEntries(disrupted.map((name) => [name, "2026-01-01T00:00:00Z"])),
    },
  };
}

function contextOf({ nodes, placed = [], volumes = [], namespaces = {}, budgets = [], waiting = [] }: Omit<Case, "pod">): PreemptionContext {
  const cluster = new Cluster();
  for (const one of nodes) cluster.setNode(node(one));
  for (const [i, one] of placed.entries()) cluster.setPod(pod(one, i));
  const nominations = new Nominations();
  for (const [i, one] of waiting.entries()) nominations.update(pod({ name: `waiting-${i}`, ...one }));
  return { nodes: cluster.nodes, hasAffinity: cluster.hasAffinity, volumes, namespaceLabels: (name) => namespaces[name], nominations, budgets: budgets.map(budget) };
}

const named = (pods: Pod[]): string[] => pods.map(({ metadata }) => metadata.name!);

/** Which nodes can take the pod, which of them are best, and, if none can, why, and what is done about it. */
goldenTests<Case>(join(import.meta.dirname, "testdata"), (input) => {
  const context = contextOf(input);
  const wanted = pod({ name: "new", ...input.pod });
  context.nominations.update(wanted);
  const chosen = placePod(wanted, context, seededRng(1));
  if ("unschedulable" in chosen) {
    const { nominate, victims, displaced } = chosen.preemption;
    const gaveUp = nominate === null && input.pod.nominated;
    return {
      unschedulable: chosen.unschedulable,
      ...(nominate ? { nominate, victims: named(victims) } : {}),
      ...(displaced.length > 0 ? { displaced: named(displaced) } : {}),
      ...(gaveUp ? { nominate } : {}),
    };
  }
  if (input.pod.nominated === chosen.nodeName) return { nominated: chosen.nodeName };
  const judge = judgeFor(wanted, context);
  const feasible = context.nodes.filter((state) => judge(state) === undefined);
  const scores = totalScores(wanted, feasible, context);
  const best = feasible.filter((_, i) => scores[i] === Math.max(...scores)).map((state) => state.node.metadata.name!);
  assert.ok(best.includes(chosen.nodeName));
  const others = feasible.map((state) => state.node.metadata.name!).filter((name) => !best.includes(name));
  return { best, ...(others.length > 0 ? { others } : {}) };
});

test("requests: the larger of all containers together and any init container, sidecars running along, overhead on top", () => {
  const container = (name: string, cpu: string, sidecar = false) => ({ name, resources: { requests: { cpu } }, ...(sidecar ? { restartPolicy: "Always" } : {}) });
  const cpu = (spec: Partial<PodSpec>): number => podRequests(pod({ spec })).get("cpu") ?? 0;
  assert.equal(cpu({ containers: [container("a", "100m"), container("b", "200m")] }), 300);
  assert.equal(cpu({ containers: [container("a", "100m")], initContainers: [container("i", "1"), container("j", "500m")] }), 1000);
  assert.equal(cpu({ containers: [container("a", "100m")], initContainers: [container("s", "200m", true)] }), 300);
  assert.equal(cpu({ containers: [container("a", "100m")], initContainers: [container("s", "200m", true), container("i", "1")] }), 1200);
  assert.equal(cpu({ containers: [container("a", "100m")], initContainers: [container("i", "1"), container("s", "200m", true)] }), 1000);
  assert.equal(cpu({ containers: [container("a", "100m")], overhead: { cpu: "50m" } }), 150);
  assert.equal(cpu({ containers: [container("a", "100m")], resources: { requests: { cpu: "2" } } }), 2000);
});

test("however pods come, no node is given more than it has", () => {
  const request = fc.record({ cpu: fc.integer({ min: 0, max: 2500 }), memory: fc.integer({ min: 0, max: 5000 }) });
  fc.assert(
    fc.property(fc.array(request, { maxLength: 40 }), fc.nat(), (requests, seed) => {
      const cluster = new Cluster();
      for (const name of ["a", "b"]) cluster.setNode(node({ name, pods: 8 }));
      const rng = seededRng(seed);
      for (const [i, { cpu, memory }] of requests.entries()) {
        const next = pod({ cpu: `${cpu}m`, memory: `${memory}Mi` }, i);
        const placement = placePod(next, { ...contextOf({ nodes: [] }), nodes: cluster.nodes }, rng);
        if ("nodeName" in placement) cluster.assume(next, placement.nodeName);
      }
      for (const { pods, requested, allocatable } of cluster.nodes) {
        assert.ok(pods.size <= 8);
        for (const name of ["cpu", "memory"]) assert.ok((requested.get(name) ?? 0) <= allocatable.get(name)!);
      }
    }),
  );
});

test("a pod counts once: assumed, then bound, then gone; a failed binding gives its place back", () => {
  const cluster = new Cluster();
  cluster.setNode(node({ name: "a" }));
  const one = pod({ name: "one", cpu: "1" });
  const used = (): number => cluster.nodes[0]!.requested.get("cpu") ?? 0;
  cluster.assume(one, "a");
  assert.equal(used(), 1000);
  cluster.setPod(one);
  assert.equal(used(), 1000, "an old event of the unbound pod changes nothing");
  cluster.setPod({ ...one, spec: { ...one.spec, nodeName: "a" } });
  assert.equal(used(), 1000);
  cluster.forget("one-uid");
  assert.equal(used(), 1000, "bound is bound");
  cluster.setPod({ ...one, spec: { ...one.spec, nodeName: "a" }, status: { phase: "Succeeded" } });
  assert.equal(used(), 0);
  cluster.assume(one, "a");
  cluster.forget("one-uid");
  assert.equal(used(), 0);
  cluster.setPod(pod({ name: "early", on: "b", cpu: "2" }));
  cluster.setNode(node({ name: "b" }));
  assert.equal(cluster.nodes[1]!.requested.get("cpu"), 2000, "pods may be known before their node");
});
