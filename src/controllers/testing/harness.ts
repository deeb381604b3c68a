/**
 * A cluster for scenarios: an API server, the controllers, the scheduler, and kubelets that do what
 * they are told. Time stands still; {@link TestCluster.stabilize} runs until nothing changes.
 */
import { FakeClock, toTime } from "#lib/clock.ts";
import { silentLogger, type Logger } from "#lib/log.ts";
import { seededRng } from "#lib/random.ts";
import { controllerOf, deployments, namespaces, nodes, pods, replicaSets, type Resource } from "#api/resources.ts";
import type { Deployment, KubeObject, Pod } from "#api/types.ts";
import { Client, type New } from "#client/client.ts";
import { Informers } from "#client/informer.ts";
import { startScheduler, type Scheduler } from "#scheduler/scheduler.ts";
import { startControllers, type Controllers } from "../index.ts";
import { isReady } from "../pods.ts";
import { FakeApi } from "./fake-api.ts";

export interface TestClusterOptions {
  nodes?: number;
  log?: Logger;
}

export class TestCluster {
  readonly clock = new FakeClock();
  readonly api = new FakeApi(this.clock);
  readonly client = new Client(this.api.handler, "test");
  readonly informers: Informers;
  readonly #log: Logger;
  #controllers: Controllers | undefined;
  #scheduler: Scheduler | undefined;
  /** Images whose containers never become ready. */
  readonly brokenImages = new Set<string>();
  /** Called after every step of {@link stabilize}: invariants that must hold at all times. */
  readonly invariants: (() => void)[] = [];

  constructor(log: Logger = silentLogger) {
    this.#log = log;
    this.informers = new Informers(this.client, { clock: this.clock, log });
  }

  static async start({ nodes: count = 3, log = silentLogger }: TestClusterOptions = {}): Promise<TestCluster> {
    const cluster = new TestCluster(log);
    await cluster.client.create(namespaces, { metadata: { name: "default" } });
    for (let i = 1; i <= count; i++) await cluster.addNode(`node-${i}`);
    const context = { client: cluster.client, informers: cluster.informers, clock: cluster.clock, rng: seededRng(7), log: cluster.#log };
    cluster.#controllers = startControllers(context);
    cluster.#scheduler = startScheduler(context);
    return cluster;
  }

  async addNode(name: string): Promise<void> {
    await this.client.create(nodes, {
      metadata: { name, labels: { "kubernetes.io/hostname": name } },
      status: { allocatable: { cpu: "4", memory: "8Gi", pods: "110" }, conditions: [{ type: "Ready", status: "True" }] },
    } as New<KubeObject>);
  }

  apply<T extends KubeObject>(resource: Resource<T>, object: object): Promise<T> {
    return this.client.create(resource, object as New<T>);
  }

  async pods(namespace = "default"): Promise<Pod[]> {
    return (await this.client.list(pods, { namespace })).items;
  }

  /** Runs kubelets and controllers until nothing changes any more. */
  async stabilize(): Promise<void> {
    for (let round = 0; round < 500; round++) {
      const before = this.api.version;
      await this.settle();
      await this.#kubelet();
      await this.settle();
      for (const invariant of this.invariants) invariant();
      if (this.api.version === before) return;
    }
    throw new Error("the cluster does not come to rest");
  }

  /** Lets controllers act on what happened, without kubelets. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; ) {
      const before = this.api.version;
      // Back-offs after conflicts are a few milliseconds.
      await this.clock.advance(40);
      await this.#controllers!.whenIdle();
      await this.#scheduler!.whenIdle();
      quiet = this.api.version === before ? quiet + 1 : 0;
    }
  }

  /** One step of every pod on a node: start it, make it ready, or finish its deletion. */
  async #kubelet(): Promise<void> {
    for (const { items } of [await this.client.list(pods)]) {
      for (const pod of items) {
        if (!pod.spec.nodeName || (await this.client.find(nodes, pod.spec.nodeName)) === undefined) continue;
        if (pod.metadata.deletionTimestamp) await this.client.delete(pods, pod.metadata.name!, pod.metadata.namespace, { gracePeriodSeconds: 0 });
        else if (pod.status?.phase === "Pending") await this.setReady(pod, !pod.spec.containers.some(({ image }) => this.brokenImages.has(image ?? "")));
        for (const invariant of this.invariants) invariant();
        await this.settle();
      }
    }
  }

  /** Reports the pod as running, ready or not. */
  async setReady(pod: Pod, ready: boolean): Promise<void> {
    const octet = [...pod.metadata.uid!].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) % 60_000, 0);
    const status = {
      phase: "Running",
      podIP: `10.244.${octet >> 8}.${octet & 255}`,
      conditions: [
        { type: "PodScheduled", status: "True" },
        { type: "Ready", status: ready ? "True" : "False", lastTransitionTime: toTime(this.clock.now()) },
      ],
    };
    await this.client.patch(pods, { name: pod.metadata.name!, namespace: pod.metadata.namespace, subresource: "status" }, "merge", { status });
  }

  /** Changes an object under the server's newest version, as kubectl edit would. */
  async edit<T extends KubeObject>(resource: Resource<T>, name: string, change: (object: T) => void, namespace = "default"): Promise<T> {
    const object = await this.client.get(resource, name, resource.namespaced ? namespace : undefined);
    const copy = structuredClone(object);
    change(copy);
    return this.client.update(resource, copy);
  }

  /** `name ready/total node` of a Deployment's pods, by ReplicaSet revision. */
  async replicaSetsOf(deployment: Deployment): Promise<Record<string, number>> {
    const owned = (await this.client.list(replicaSets, { namespace: "default" })).items.filter((r) => controllerOf(r)?.uid === deployment.metadata.uid);
    return Object.fromEntries(owned.map((r) => [r.metadata.annotations!["deployment.kubernetes.io/revision"], r.spec.replicas!]));
  }

  deployment(name: string): Promise<Deployment> {
    return this.client.get(deployments, name, "default");
  }

  async readyCount(): Promise<number> {
    return (await this.pods()).filter((pod) => isReady(pod) && !pod.metadata.deletionTimestamp).length;
  }

  async stop(): Promise<void> {
    await this.#scheduler?.stop();
    await this.#controllers?.stop();
    await this.informers.stop();
  }
}
