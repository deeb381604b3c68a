import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { afterEach, beforeEach, describe, test } from "node:test";
import {
  configMaps,
  controllerRevisions,
  deployments,
  endpoints,
  endpointSlices,
  events,
  namespaces,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  priorityClasses,
  replicaSets,
  serviceAccounts,
  services,
  statefulSets,
} from "#api/resources.ts";
import type { Pod } from "#api/types.ts";
import { TestCluster } from "./testing/harness.ts";

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await TestCluster.start();
});
afterEach(() => cluster.stop());

const template = (app: string, image = `${app}:v1`) => ({ metadata: { labels: { app } }, spec: { containers: [{ name: app, image }] } });
const named = (name: string) => ({ name, namespace: "default" });
const names = (list: Pod[]): string[] => list.map((pod) => pod.metadata.name!).sort((a, b) => a.localeCompare(b));

function pod(name: string, spec: object = {}): object {
  return { metadata: { ...named(name), labels: { app: name } }, spec: { containers: [{ name: "main", image: "main" }], ...spec } };
}

async function reasons(kind: string, name: string): Promise<string[]> {
  const { items } = await cluster.client.list(events, { namespace: "default" });
  return items.filter(({ involvedObject }) => involvedObject.kind === kind && involvedObject.name === name).map(({ reason }) => reason!);
}

describe("StatefulSet", () => {
  const set = (spec: object = {}) => ({
    metadata: named("db"),
    spec: { serviceName: "db", replicas: 3, selector: { matchLabels: { app: "db" } }, template: template("db"), ...spec },
  });

  test("pods come one after the other, with stable names, labels and claims", async () => {
    const order: string[] = [];
    cluster.informers.for(pods).subscribe({ set: (p, old) => void (old === undefined && order.push(p.metadata.name!)), delete: () => undefined });
    const claim = { metadata: { name: "data" }, spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } } };
    await cluster.apply(statefulSets, set({ volumeClaimTemplates: [claim] }));
    await cluster.stabilize();
    assert.deepEqual(order, ["db-0", "db-1", "db-2"]);
    const [first] = await cluster.pods();
    assert.equal(first!.metadata.labels!["apps.kubernetes.io/pod-index"], "0");
    assert.equal(first!.metadata.labels!["statefulset.kubernetes.io/pod-name"], "db-0");
    assert.equal(first!.spec.hostname, "db-0");
    assert.equal(first!.spec.subdomain, "db");
    const claims = (await cluster.client.list(persistentVolumeClaims)).items;
    assert.deepEqual(claims.map(({ metadata, status }) => `${metadata.name} ${status!.phase}`), ["data-db-0 Bound", "data-db-1 Bound", "data-db-2 Bound"]);
    const { status } = await cluster.client.get(statefulSets, "db", "default");
    assert.equal(status!.readyReplicas, 3);
    assert.equal(status!.currentRevision, status!.updateRevision);
  });

  test("an update goes from the highest ordinal down and stops at the partition; undo renumbers the old revision", async () => {
    await cluster.apply(statefulSets, set());
    await cluster.stabilize();
    const images = async () => (await cluster.pods()).map((p) => p.spec.containers[0]!.image);
    await cluster.edit(statefulSets, "db", (s) => {
      s.spec.template.spec!.containers[0]!.image = "db:v2";
      s.spec.updateStrategy = { type: "RollingUpdate", rollingUpdate: { partition: 2 } };
    });
    await cluster.stabilize();
    assert.deepEqual(await images(), ["db:v1", "db:v1", "db:v2"]);
    await cluster.edit(statefulSets, "db", (s) => void (s.spec.updateStrategy!.rollingUpdate!.partition = 0));
    await cluster.stabilize();
    assert.deepEqual(await images(), ["db:v2", "db:v2", "db:v2"]);
    await cluster.edit(statefulSets, "db", (s) => void (s.spec.template.spec!.containers[0]!.image = "db:v1"));
    await cluster.stabilize();
    assert.deepEqual(await images(), ["db:v1", "db:v1", "db:v1"]);
    const revisions = (await cluster.client.list(controllerRevisions)).items.map(({ revision }) => revision).sort((a, b) => a - b);
    assert.deepEqual(revisions, [2, 3]);
  });

  test("a deleted pod comes back under its name; scaling down takes the highest", async () => {
    await cluster.apply(statefulSets, set());
    await cluster.stabilize();
    await cluster.client.delete(pods, "db-1", "default");
    await cluster.stabilize();
    assert.deepEqual(names(await cluster.pods()), ["db-0", "db-1", "db-2"]);
    await cluster.edit(statefulSets, "db", (s) => void (s.spec.replicas = 1));
    await cluster.stabilize();
    assert.deepEqual(names(await cluster.pods()), ["db-0"]);
  });

  test("Parallel starts all at once; OnDelete leaves pods alone", async () => {
    await cluster.apply(statefulSets, set({ podManagementPolicy: "Parallel", updateStrategy: { type: "OnDelete" } }));
    await cluster.settle();
    assert.equal((await cluster.pods()).length, 3);
    await cluster.stabilize();
    await cluster.edit(statefulSets, "db", (s) => void (s.spec.template.spec!.containers[0]!.image = "db:v2"));
    await cluster.stabilize();
    await cluster.client.delete(pods, "db-0", "default");
    await cluster.stabilize();
    assert.deepEqual((await cluster.pods()).map((p) => p.spec.containers[0]!.image), ["db:v2", "db:v1", "db:v1"]);
  });
});

describe("Services", () => {
  test("slices and endpoints follow readiness and deletion at once", async () => {
    await cluster.apply(services, { metadata: named("web"), spec: { selector: { app: "web" }, ports: [{ name: "http", port: 80, targetPort: "http" }] } });
    await cluster.apply(pods, {
      metadata: { ...named("web"), labels: { app: "web" } },
      spec: { containers: [{ name: "web", image: "web", ports: [{ name: "http", containerPort: 8080 }] }] },
    });
    await cluster.stabilize();
    const slice = async () => (await cluster.client.list(endpointSlices, { namespace: "default", labelSelector: "kubernetes.io/service-name=web" })).items;
    const [ready] = await slice();
    assert.deepEqual(ready!.ports, [{ name: "http", port: 8080, protocol: "TCP" }]);
    assert.deepEqual(ready!.endpoints![0]!.conditions, { ready: true, serving: true, terminating: false });
    const subsets = async () => (await cluster.client.get(endpoints, "web", "default")).subsets;
    assert.equal((await subsets())![0]!.addresses!.length, 1);

    await cluster.client.delete(pods, "web", "default");
    await cluster.settle();
    assert.deepEqual((await slice())[0]!.endpoints![0]!.conditions, { ready: false, serving: true, terminating: true });
    assert.equal(await subsets(), undefined);
    await cluster.stabilize();
    assert.deepEqual((await slice()).map(({ endpoints: list }) => list), [[]]);
    await cluster.client.delete(services, "web", "default");
    await cluster.stabilize();
    assert.deepEqual(await slice(), []);
  });
});

describe("garbage collection and namespaces", () => {
  const web = () => ({ metadata: named("web"), spec: { replicas: 2, selector: { matchLabels: { app: "web" } }, template: template("web") } });

  test("a deleted Deployment takes its ReplicaSets and pods along, in the background", async () => {
    await cluster.apply(deployments, web());
    await cluster.stabilize();
    await cluster.client.delete(deployments, "web", "default", { propagationPolicy: "Background" });
    await cluster.stabilize();
    assert.equal((await cluster.client.list(replicaSets)).items.length, 0);
    assert.equal((await cluster.pods()).length, 0);
  });

  test("in the foreground the Deployment goes last", async () => {
    await cluster.apply(deployments, web());
    await cluster.stabilize();
    await cluster.client.delete(deployments, "web", "default", { propagationPolicy: "Foreground" });
    await cluster.settle();
    assert.equal((await cluster.client.list(deployments)).items.length, 1);
    assert.ok((await cluster.pods()).every((p) => p.metadata.deletionTimestamp));
    await cluster.stabilize();
    assert.equal((await cluster.client.list(deployments)).items.length, 0);
    assert.equal((await cluster.client.list(replicaSets)).items.length, 0);
  });

  test("orphaned, the ReplicaSet stays, and a new Deployment of the same template adopts it", async () => {
    await cluster.apply(deployments, web());
    await cluster.stabilize();
    await cluster.client.delete(deployments, "web", "default", { propagationPolicy: "Orphan" });
    await cluster.stabilize();
    const [orphan] = (await cluster.client.list(replicaSets)).items;
    assert.deepEqual(orphan!.metadata.ownerReferences ?? [], []);
    await cluster.apply(deployments, web());
    await cluster.stabilize();
    const all = (await cluster.client.list(replicaSets)).items;
    assert.deepEqual(all.map(({ metadata }) => metadata.uid), [orphan!.metadata.uid]);
    assert.equal(all[0]!.metadata.ownerReferences!.length, 1);
  });

  test("an object whose owner's uid doesn't exist goes; one with another living owner loses the reference", async () => {
    const keeper = await cluster.apply(configMaps, { metadata: named("keeper") });
    const gone = { apiVersion: "v1", kind: "ConfigMap", name: "gone", uid: "00000000-0000-4000-8000-000000000000" };
    const living = { apiVersion: "v1", kind: "ConfigMap", name: "keeper", uid: keeper.metadata.uid };
    await cluster.apply(configMaps, { metadata: { ...named("a"), ownerReferences: [gone] } });
    await cluster.apply(configMaps, { metadata: { ...named("b"), ownerReferences: [gone, living] } });
    await cluster.stabilize();
    assert.equal(await cluster.client.find(configMaps, "a", "default"), undefined);
    assert.deepEqual((await cluster.client.get(configMaps, "b", "default")).metadata.ownerReferences, [living]);
  });

  test("a namespace has its ServiceAccount and CA, and goes with everything in it", async () => {
    await cluster.apply(namespaces, { metadata: { name: "shop" } });
    await cluster.stabilize();
    assert.ok(await cluster.client.find(serviceAccounts, "default", "shop"));
    assert.equal((await cluster.client.get(configMaps, "kube-root-ca.crt", "shop")).data!["ca.crt"], "CA");
    await cluster.apply(deployments, { ...web(), metadata: { name: "web", namespace: "shop" } });
    await cluster.stabilize();
    assert.equal((await cluster.pods("shop")).length, 2);
    await cluster.client.delete(namespaces, "shop");
    await cluster.settle();
    const terminating = await cluster.client.get(namespaces, "shop");
    assert.equal(terminating.status!.conditions!.find(({ type }) => type === "NamespaceContentRemaining")!.status, "True");
    for (let i = 0; i < 10; i++) {
      await cluster.stabilize();
      await cluster.clock.advance(1000);
    }
    assert.equal(await cluster.client.find(namespaces, "shop"), undefined);
    assert.equal((await cluster.pods("shop")).length, 0);
  });
});

describe("nodes", () => {
  test("a silent node turns unreachable, its pods unready, and after their patience they are replaced elsewhere", async () => {
    await cluster.apply(deployments, { metadata: named("web"), spec: { replicas: 3, selector: { matchLabels: { app: "web" } }, template: template("web") } });
    await cluster.stabilize();
    cluster.deadNodes.add("node-1");
    await cluster.clock.advance(60_000);
    await cluster.stabilize();
    const node = await cluster.client.get(nodes, "node-1");
    assert.equal(node.status!.conditions!.find(({ type }) => type === "Ready")!.status, "Unknown");
    assert.deepEqual(node.spec!.taints!.map(({ key, effect }) => `${key}:${effect}`), ["node.kubernetes.io/unreachable:NoSchedule", "node.kubernetes.io/unreachable:NoExecute"]);
    assert.equal(await cluster.readyCount(), 2);
    await cluster.clock.advance(320_000);
    await cluster.stabilize();
    assert.equal(await cluster.readyCount(), 3);
    cluster.deadNodes.clear();
    await cluster.clock.advance(20_000);
    // Only its kubelet says that it is ready again.
    await cluster.client.patch(nodes, { name: "node-1", subresource: "status" }, "strategic", { status: { conditions: [{ type: "Ready", status: "True" }] } });
    await cluster.stabilize();
    assert.deepEqual((await cluster.client.get(nodes, "node-1")).spec!.taints ?? [], []);
  });

  test("nodes get ranges of pod addresses", async () => {
    const ranges = (await cluster.client.list(nodes)).items.map(({ spec }) => spec!.podCIDR);
    assert.deepEqual(ranges, ["10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24"]);
  });

  test("pods of a node that is gone are removed", async () => {
    await cluster.apply(pods, pod("web"));
    await cluster.stabilize();
    await cluster.client.delete(nodes, (await cluster.client.get(pods, "web", "default")).spec.nodeName!);
    await cluster.clock.advance(70_000);
    await cluster.stabilize();
    assert.equal(await cluster.client.find(pods, "web", "default"), undefined);
  });
});

describe("volumes", () => {
  const claim = (spec: object = {}) => ({ metadata: named("data"), spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, ...spec } });
  const user = () => pod("user", { volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }] });

  test("a claim waits for its pod, gets a volume of its own, and gives it up with its data", async () => {
    await cluster.apply(persistentVolumeClaims, claim());
    await cluster.stabilize();
    assert.equal((await cluster.client.get(persistentVolumeClaims, "data", "default")).status!.phase, "Pending");
    assert.deepEqual(await reasons("PersistentVolumeClaim", "data"), ["WaitForFirstConsumer"]);
    await cluster.apply(pods, user());
    await cluster.stabilize();
    const bound = await cluster.client.get(persistentVolumeClaims, "data", "default");
    assert.equal(bound.status!.phase, "Bound");
    assert.equal((await cluster.client.get(pods, "user", "default")).status!.phase, "Running");
    const volume = await cluster.client.get(persistentVolumes, bound.spec.volumeName!);
    mkdirSync(volume.spec.hostPath!.path);

    await cluster.client.delete(persistentVolumeClaims, "data", "default");
    await cluster.stabilize();
    assert.ok((await cluster.client.get(persistentVolumeClaims, "data", "default")).metadata.deletionTimestamp, "protected while in use");
    await cluster.client.delete(pods, "user", "default");
    await cluster.stabilize();
    assert.equal(await cluster.client.find(persistentVolumeClaims, "data", "default"), undefined);
    for (let i = 0; i < 50 && existsSync(volume.spec.hostPath!.path); i++) await cluster.stabilize();
    await cluster.stabilize();
    assert.equal(existsSync(volume.spec.hostPath!.path), false);
    assert.equal(await cluster.client.find(persistentVolumes, volume.metadata.name!), undefined);
  });

  test("a fitting volume made by hand is taken, and kept when its policy says Retain", async () => {
    await cluster.apply(persistentVolumes, {
      metadata: { name: "by-hand" },
      spec: { capacity: { storage: "2Gi" }, accessModes: ["ReadWriteOnce"], persistentVolumeReclaimPolicy: "Retain", storageClassName: "", hostPath: { path: "/data" } },
    });
    await cluster.stabilize();
    assert.equal((await cluster.client.get(persistentVolumes, "by-hand")).status!.phase, "Available");
    await cluster.apply(persistentVolumeClaims, claim({ storageClassName: "" }));
    await cluster.stabilize();
    assert.equal((await cluster.client.get(persistentVolumeClaims, "data", "default")).spec.volumeName, "by-hand");
    await cluster.client.delete(persistentVolumeClaims, "data", "default");
    await cluster.stabilize();
    assert.equal((await cluster.client.get(persistentVolumes, "by-hand")).status!.phase, "Released");
  });
});

describe("scheduler", () => {
  const requests = (cpu: string) => ({ containers: [{ name: "main", image: "main", resources: { requests: { cpu } } }] });

  test("says why a pod has no node, and places it once there is room", async () => {
    await cluster.edit(nodes, "node-1", (node) => void (node.spec = { ...node.spec, taints: [{ key: "dedicated", value: "db", effect: "NoSchedule" }] }));
    for (const name of ["a", "b"]) await cluster.apply(pods, pod(name, requests("3")));
    await cluster.stabilize();
    await cluster.apply(pods, pod("c", requests("3")));
    await cluster.stabilize();
    const waiting = await cluster.client.get(pods, "c", "default");
    const condition = waiting.status!.conditions!.find(({ type }) => type === "PodScheduled")!;
    assert.equal(condition.reason, "Unschedulable");
    assert.equal(
      condition.message,
      "0/3 nodes are available: 1 node(s) had untolerated taint {dedicated: db}, 2 Insufficient cpu. " +
        "preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.",
    );
    assert.deepEqual(await reasons("Pod", "c"), ["FailedScheduling"]);
    await cluster.client.delete(pods, "a", "default");
    await cluster.stabilize();
    await cluster.clock.advance(2000);
    await cluster.stabilize();
    assert.equal((await cluster.client.get(pods, "c", "default")).status!.phase, "Running");
  });

  test("never overcommits a node, however many pods come at once", async () => {
    await Promise.all(Array.from({ length: 60 }, (_, i) => cluster.apply(pods, pod(`p-${i}`, requests("250m")))));
    await cluster.stabilize();
    const perNode = Map.groupBy(await cluster.pods(), (p) => p.spec.nodeName ?? "none");
    assert.deepEqual([...perNode].map(([node, list]) => `${node} ${list.length}`).sort((a, b) => a.localeCompare(b)), ["node-1 16", "node-2 16", "node-3 16", "none 12"]);
  });

  test("a gated pod waits for its gates", async () => {
    await cluster.apply(pods, pod("gated", { schedulingGates: [{ name: "example.com/wait" }] }));
    await cluster.stabilize();
    const gated = await cluster.client.get(pods, "gated", "default");
    assert.equal(gated.status!.conditions!.find(({ type }) => type === "PodScheduled")!.reason, "SchedulingGated");
    await cluster.edit(pods, "gated", (p) => void delete p.spec.schedulingGates);
    await cluster.stabilize();
    assert.equal((await cluster.client.get(pods, "gated", "default")).status!.phase, "Running");
  });

  describe("preemption", () => {
    const ranked = (name: string, priorityClassName: string, cpu: string) => cluster.apply(pods, pod(name, { ...requests(cpu), priorityClassName }));
    beforeEach(async () => {
      for (const [name, value] of [["high", 1000], ["middle", 500], ["low", 10]] as const) await cluster.apply(priorityClasses, { metadata: { name }, value });
    });

    test("makes room for a pod of higher priority, keeps it, and says so to all", async () => {
      for (const [name, priority] of [["a", "middle"], ["b", "low"], ["c", "middle"]] as const) await ranked(name, priority, "3");
      await cluster.stabilize();
      const victim = await cluster.client.get(pods, "b", "default");
      const vip = await ranked("vip", "high", "3");
      await cluster.settle();
      const waiting = await cluster.client.get(pods, "vip", "default");
      assert.equal(waiting.status!.nominatedNodeName, victim.spec.nodeName);
      assert.equal(waiting.status!.conditions!.find(({ type }) => type === "PodScheduled")!.message, "0/3 nodes are available: 3 Insufficient cpu.");
      const going = await cluster.client.get(pods, "b", "default");
      assert.equal(going.metadata.deletionGracePeriodSeconds, 30);
      const { status, reason, message } = going.status!.conditions!.find(({ type }) => type === "DisruptionTarget")!;
      assert.deepEqual([status, reason, message], ["True", "PreemptionByScheduler", "default-scheduler: preempting to accommodate a higher priority pod"]);
      const { items } = await cluster.client.list(events, { namespace: "default", fieldSelector: "reason=Preempted" });
      assert.deepEqual(items.map(({ involvedObject, message }) => [involvedObject.name, message]), [["b", `Preempted by pod ${vip.metadata.uid} on node ${victim.spec.nodeName}`]]);

      await ranked("opportunist", "middle", "3");
      await cluster.stabilize();
      await cluster.clock.advance(2000);
      await cluster.stabilize();
      const { spec, status: ended } = await cluster.client.get(pods, "vip", "default");
      assert.deepEqual([ended!.phase, spec.nodeName, ended!.nominatedNodeName], ["Running", victim.spec.nodeName, undefined]);
      assert.deepEqual(names(await cluster.pods()), ["a", "c", "opportunist", "vip"]);
      assert.equal((await cluster.client.get(pods, "opportunist", "default")).status!.phase, "Pending");
    });

    test("one of still higher priority takes over the place that was made for another", async () => {
      for (const [name, priority] of [["a", "high"], ["b", "low"], ["c", "high"]] as const) await ranked(name, priority, "3");
      await cluster.stabilize();
      const nominated = async (name: string) => (await cluster.client.get(pods, name, "default")).status!.nominatedNodeName;
      const { nodeName } = (await cluster.client.get(pods, "b", "default")).spec;
      await ranked("first", "middle", "3");
      await cluster.settle();
      assert.equal(await nominated("first"), nodeName);
      await ranked("vip", "high", "3");
      await cluster.settle();
      assert.deepEqual([await nominated("first"), await nominated("vip")], [undefined, nodeName]);
      assert.match((await cluster.client.get(pods, "first", "default")).status!.conditions![0]!.message!, /preemption: 0\/3 nodes are available: 1 Insufficient cpu, 2 No preemption victims found for incoming pod\.$/);
      await cluster.stabilize();
      await cluster.clock.advance(2000);
      await cluster.stabilize();
      assert.deepEqual(names((await cluster.pods()).filter(({ status }) => status!.phase === "Running")), ["a", "c", "vip"]);
    });

    test("takes no more victims than are needed, however many pods come at once", async () => {
      for (let i = 0; i < 12; i++) await ranked(`low-${i}`, "low", "1");
      await cluster.stabilize();
      await Promise.all([1, 2, 3].map((i) => ranked(`vip-${i}`, "high", "2")));
      await cluster.stabilize();
      await cluster.clock.advance(2000);
      await cluster.stabilize();
      const running = (await cluster.pods()).filter(({ status }) => status?.phase === "Running").map(({ metadata }) => metadata.name!.split("-")[0]!);
      assert.deepEqual(running.toSorted(), [...Array<string>(6).fill("low"), "vip", "vip", "vip"]);
    });

    test("a pod that needs the place no more leaves it to others", async () => {
      for (const name of ["a", "b", "c"]) await ranked(name, "low", "3");
      await cluster.stabilize();
      await ranked("vip", "high", "4");
      await cluster.settle();
      await cluster.client.delete(pods, "vip", "default", { gracePeriodSeconds: 0 });
      await ranked("next", "low", "4");
      await cluster.stabilize();
      await cluster.clock.advance(2000);
      await cluster.stabilize();
      assert.equal((await cluster.client.get(pods, "next", "default")).status!.phase, "Running");
    });

    test("goes on after a write that failed", async () => {
      for (const name of ["a", "b", "c"]) await ranked(name, "low", "3");
      await cluster.stabilize();
      let failures = 2;
      cluster.intercept = (method) => (method === "DELETE" && failures-- > 0 ? "refuse" : undefined);
      await ranked("vip", "high", "4");
      for (let i = 0; i < 4; i++) {
        await cluster.stabilize();
        await cluster.clock.advance(3000);
      }
      await cluster.stabilize();
      assert.equal((await cluster.client.get(pods, "vip", "default")).status!.phase, "Running");
      assert.equal((await cluster.pods()).length, 3);
    });
  });
});
