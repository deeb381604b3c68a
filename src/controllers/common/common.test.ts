/** What controllers share, and the plans too small for files of their own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { configMaps, pods as podResource } from "#api/resources.ts";
import type { KubeObject, Namespace, NodeCondition, Pod } from "#api/types.ts";
import { slowStart } from "./effects.ts";
import { canonicalJson, fnv32a, sameOnTheWire } from "./equality.ts";
import { setCondition } from "./conditions.ts";
import { planNamespace } from "../namespace/plan.ts";
import { nextPodCidr } from "../nodeipam/plan.ts";
import { planPodGc, TERMINATED_THRESHOLD } from "../podgc/plan.ts";
import { guardedFinalizers } from "../volumeprotection/plan.ts";

const object = (metadata: Partial<KubeObject["metadata"]>): KubeObject => ({ apiVersion: "v1", kind: "ConfigMap", metadata });

test("a namespace says what is left in it, and goes when nothing is", () => {
  const namespace: Namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } };
  const contents = [
    { resource: podResource, objects: [object({ name: "a", deletionTimestamp: "x", finalizers: ["example.com/f"] }), object({ name: "b" })] },
    { resource: configMaps, objects: [] },
  ];
  const plan = planNamespace({ namespace, contents, failures: [], unknown: [], nowMs: 0 });
  assert.deepEqual(plan.delete.map(({ object: { metadata } }) => metadata.name), ["b"]);
  assert.equal(plan.finalize, false);
  const message = (type: string): string => plan.conditions.find((condition) => condition.type === type)!.message!;
  assert.equal(message("NamespaceContentRemaining"), "Some resources are remaining: pods. has 2 resource instances");
  assert.equal(message("NamespaceFinalizersRemaining"), "Some content in the namespace has finalizers remaining: example.com/f in 1 resource instances");
  const after = planNamespace({ namespace: { ...namespace, status: { conditions: plan.conditions } }, contents: [], failures: [], unknown: [], nowMs: 1000 });
  assert.equal(after.finalize, true);
  assert.deepEqual(after.conditions.map(({ status }) => status), ["False", "False", "False", "False", "False"]);
  assert.equal(planNamespace({ namespace, contents: [], failures: ["pods: no"], unknown: [], nowMs: 0 }).finalize, false);
  const unsure = planNamespace({ namespace, contents: [], failures: [], unknown: ["metrics.k8s.io/v1beta1"], nowMs: 0 });
  assert.equal(unsure.finalize, false);
  assert.deepEqual(
    unsure.conditions.filter(({ status }) => status === "True").map(({ reason, message: said }) => [reason, said]),
    [["DiscoveryFailed", "Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: metrics.k8s.io/v1beta1: stale GroupVersion discovery: metrics.k8s.io/v1beta1"]],
  );
});

test("nodes get the first free range, until there is none", () => {
  assert.equal(nextPodCidr("10.244.0.0/16", []), "10.244.0.0/24");
  assert.equal(nextPodCidr("10.244.0.0/16", ["10.244.0.0/24", "10.244.2.0/24"]), "10.244.1.0/24");
  assert.equal(nextPodCidr("10.244.0.0/23", ["10.244.0.0/24", "10.244.1.0/24"]), undefined);
  assert.equal(nextPodCidr("10.0.0.0/8", Array.from({ length: 256 }, (_, i) => `10.0.${i}.0/24`)), "10.1.0.0/24");
});

test("pods that nobody else removes", () => {
  const pod = (name: string, more: { node?: string; phase?: string; deleting?: boolean } = {}): Pod => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, creationTimestamp: name, ...(more.deleting ? { deletionTimestamp: "x" } : {}) },
    spec: { containers: [], ...(more.node ? { nodeName: more.node } : {}) },
    status: { phase: more.phase ?? "Running" },
  });
  const plan = planPodGc({
    pods: [pod("fine", { node: "n1" }), pod("orphan", { node: "gone" }), pod("fresh", { node: "just-gone" }), pod("unscheduled", { deleting: true }), pod("draining", { node: "n1", deleting: true })],
    nodeNames: new Set(["n1"]),
    missingSinceMs: new Map([["gone", 0], ["just-gone", 30_000]]),
    nowMs: 40_000,
  });
  const names = (list: Pod[]): string[] => list.map(({ metadata }) => metadata.name!);
  assert.deepEqual([names(plan.orphaned), names(plan.unscheduled), names(plan.surplus)], [["orphan"], ["unscheduled"], []]);
  const finished = Array.from({ length: TERMINATED_THRESHOLD + 2 }, (_, i) => pod(String(100_000 + i), { phase: "Succeeded" }));
  const surplus = planPodGc({ pods: finished.toReversed(), nodeNames: new Set(), missingSinceMs: new Map(), nowMs: 0 }).surplus;
  assert.deepEqual(names(surplus), ["100000", "100001"]);
});

test("a guard stays as long as its object lives or is used", () => {
  const guard = (metadata: Partial<KubeObject["metadata"]>, inUse: boolean): string[] => guardedFinalizers(object(metadata), "guard", inUse);
  assert.deepEqual(guard({}, false), ["guard"]);
  assert.deepEqual(guard({ finalizers: ["other", "guard"] }, false), ["other", "guard"]);
  assert.deepEqual(guard({ finalizers: ["guard"], deletionTimestamp: "x" }, true), ["guard"]);
  assert.deepEqual(guard({ finalizers: ["guard", "other"], deletionTimestamp: "x" }, false), ["other"]);
  assert.deepEqual(guard({ deletionTimestamp: "x" }, true), [], "too late to begin");
});

test("creation starts slowly and stops at the first failed batch", async () => {
  const tried: number[] = [];
  await slowStart(10, async (i) => void tried.push(i));
  assert.deepEqual(tried, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  let count = 0;
  await assert.rejects(
    slowStart(1000, async () => {
      if (++count > 1) throw new Error("quota");
    }),
    /quota/,
  );
  assert.equal(count, 3);
  await slowStart(0, () => assert.fail());
});

test("equal on the wire: order of keys and nulls don't matter, empty objects and lists do", () => {
  assert.ok(sameOnTheWire({ a: 1, b: { c: undefined, d: null } }, { b: {}, a: 1 }));
  assert.ok(!sameOnTheWire({ emptyDir: {} }, {}));
  assert.ok(!sameOnTheWire({ a: [] }, {}));
  assert.equal(canonicalJson({ b: [3, { d: 1, c: 2 }], a: null }), '{"b":[3,{"c":2,"d":1}]}');
  assert.equal(fnv32a("a"), 0xe40c292c);
});

test("a condition moves when its status does, and stays when nothing changes", () => {
  const first = setCondition<NodeCondition>(undefined, { type: "Ready", status: "True", reason: "A" }, 0);
  assert.equal(first[0]!.lastTransitionTime, "1970-01-01T00:00:00Z");
  assert.equal(setCondition(first, { type: "Ready", status: "True", reason: "A", message: "new" }, 5000), first);
  const reason = setCondition(first, { type: "Ready", status: "True", reason: "B" }, 5000);
  assert.equal(reason[0]!.lastTransitionTime, "1970-01-01T00:00:00Z");
  assert.equal(setCondition(reason, { type: "Ready", status: "False", reason: "B" }, 5000)[0]!.lastTransitionTime, "1970-01-01T00:00:05Z");
});
