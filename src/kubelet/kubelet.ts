/**
 * The kubelet: watches the pods bound to its node and makes them so. It registers the node, keeps one
 * worker per pod, and serves logs, exec, attach and port-forward. Several kubelets of one process
 * share the runtime, the images and the network.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/kubelet.go
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "#lib/clock.ts";
import { errorMessage, type Logger } from "#lib/log.ts";
import { uuid, type Rng } from "#lib/random.ts";
import { WorkQueue } from "#lib/workqueue.ts";
import type { Client } from "#client/client.ts";
import { eventRecorder } from "#client/events.ts";
import { Informer, type Informers } from "#client/informer.ts";
import type { KubeletApi } from "#api/kubelet.ts";
import { pods, services } from "#api/resources.ts";
import type { Pod, Taint } from "#api/types.ts";
import { BackOff } from "./backoff.ts";
import { ImagePuller, type ImageService } from "./image-puller.ts";
import { kubeletApi } from "./kubelet-api.ts";
import type { KubeletContext, KubeletNetwork } from "./kubelet-context.ts";
import { startNodeStatus, type NodeCapacity } from "./node-status.ts";
import { PodWorker } from "./pod-worker.ts";
import { referenceKeys, ReferenceWatch } from "./reference-watch.ts";
import type { ContainerRuntime } from "./runtime.ts";

/** Containers of pods that were deleted while no kubelet ran get this long to end. */
const ORPHAN_GRACE_MS = 10_000;
/** Pods that are set up or reported at a time. */
const WORKERS = 16;

export interface KubeletOptions {
  nodeName: string;
  nodeIP: string;
  podCIDR: string;
  labels?: Record<string, string>;
  taints?: Taint[];
  capacity: NodeCapacity;
  kubeletVersion: string;
  client: Client;
  /** Of Services. The kubelet watches its own pods and what they refer to itself. */
  informers: Informers;
  clock: Clock;
  rng: Rng;
  log: Logger;
  runtime: ContainerRuntime;
  images: ImageService;
  network: KubeletNetwork;
  /** `pods/` of the data directory. */
  podsDirectory: string;
  compileCacheDirectory: string;
  /** Variables for every container, below all others. */
  extraEnvironment?: Record<string, string>;
}

export interface Kubelet {
  readonly api: KubeletApi;
  /**
   * Ends the kubelet. With `killPods` its containers are stopped first, gracefully and in parallel
   * within that many milliseconds; without, they go on running for the next kubelet to adopt.
   */
  stop(options: { killPods: false } | { killPods: true; withinMs: number }): Promise<void>;
}

/** Starts a kubelet; resolves when its node is registered and its pods are known. */
export async function startKubelet(options: KubeletOptions): Promise<Kubelet> {
  const { nodeName, nodeIP, clock, rng, runtime, network, informers, capacity } = options;
  const log = options.log.named(`kubelet/${nodeName}`);
  const client = options.client.as("kubelet");
  const recorder = eventRecorder(client, clock, log, { component: "kubelet", host: nodeName });
  const serviceInformer = informers.for(services);
  const context: KubeletContext = {
    nodeName,
    nodeIP,
    client,
    clock,
    rng,
    log,
    recorder,
    runtime,
    network,
    puller: new ImagePuller(options.images, clock),
    crashBackOff: new BackOff(),
    podsDirectory: options.podsDirectory,
    compileCacheDirectory: options.compileCacheDirectory,
    extraEnvironment: options.extraEnvironment ?? {},
    stopping: () => stopping,
    facts: (podIP) => ({ podIP, hostIP: nodeIP, nodeName, allocatable: capacity }),
    services: () => serviceInformer.list(),
  };

  let stopping = false;
  const workers = new Map<string, PodWorker>();
  const queue = new WorkQueue({
    clock,
    workers: WORKERS,
    async process(uid) {
      const worker = workers.get(uid);
      if (!worker || isHeldBack(worker)) return;
      const wakeAtMs = await worker.sync();
      if (worker.finished) forget(worker);
      else if (wakeAtMs !== undefined) queue.addAfter(uid, Math.max(1, wakeAtMs - clock.now()));
    },
    onError(uid, error) {
      const { namespace, name } = workers.get(uid)?.pod.metadata ?? {};
      log.warn(`pod ${namespace}/${name} could not be synced; will retry`, { error: errorMessage(error) });
    },
  });

  /** A pod waits for its namesake before it to be gone. */
  function isHeldBack(worker: PodWorker): boolean {
    const { namespace, name } = worker.pod.metadata;
    for (const other of workers.values()) {
      if (other === worker) return false;
      if (other.pod.metadata.namespace === namespace && other.pod.metadata.name === name) return true;
    }
    return false;
  }

  /** What pods refer to, watched for them. */
  const references = new ReferenceWatch(client, clock, log, (reference) => {
    for (const worker of workers.values()) if (worker.refersTo(reference)) worker.invalidate();
  });
  const followReferences = (): void => references.follow([...workers.values()].flatMap(({ pod }) => referenceKeys(pod)));

  function forget(worker: PodWorker): void {
    workers.delete(worker.uid);
    followReferences();
    // Its successor may have waited.
    for (const other of workers.values()) if (other.pod.metadata.name === worker.pod.metadata.name) queue.add(other.uid);
  }

  function see(pod: Pod, removed: boolean): void {
    const uid = pod.metadata.uid!;
    const worker = workers.get(uid);
    if (worker) return worker.update(pod, removed);
    if (removed) return;
    workers.set(uid, new PodWorker(context, pod, () => queue.add(uid)));
    followReferences();
    queue.add(uid);
  }

  const node = await startNodeStatus({ ...options, client, log, labels: options.labels ?? {}, taints: options.taints ?? [], dataDirectory: options.podsDirectory, bootId: uuid(rng) });
  const podInformer = new Informer(client, pods, { clock, log, fieldSelector: `spec.nodeName=${nodeName}` });
  podInformer.start();
  await Promise.all([podInformer, serviceInformer].map((informer) => informer.whenSynced()));

  const unsubscribe = [
    runtime.onExit((record) => workers.get(record.config.pod.uid)?.container(record.config.name)?.ended(record)),
    podInformer.subscribe({
      set(pod, old) {
        if (old && old.metadata.uid !== pod.metadata.uid) see(old, true);
        see(pod, false);
      },
      delete: (pod) => see(pod, true),
    }),
  ];
  void endOrphans();

  /** Ends what an earlier kubelet of this node left of pods that are gone since. */
  async function endOrphans(): Promise<void> {
    const orphans = runtime.list().filter(({ config }) => config.pod.nodeName === nodeName && !workers.has(config.pod.uid));
    try {
      await Promise.all(orphans.map(({ id }) => runtime.stop(id, ORPHAN_GRACE_MS)));
      for (const { id, config } of orphans) {
        await runtime.remove(id);
        await network.teardown(config.pod.uid);
        rmSync(join(options.podsDirectory, config.pod.uid), { recursive: true, force: true });
      }
    } catch (error) {
      log.error("containers of deleted pods could not be ended", { error: errorMessage(error) });
    }
  }

  return {
    api: kubeletApi({
      clock,
      runtime,
      network,
      findPod: ({ namespace, name, uid }) =>
        [...workers.values()].find(({ pod: { metadata } }) => metadata.namespace === namespace && metadata.name === name && (uid === undefined || metadata.uid === uid)),
    }),
    async stop(how) {
      stopping = true;
      node.stop();
      await Promise.all([podInformer.stop(), references.stop()]);
      await queue.stop();
      if (how.killPods) await Promise.all([...workers.values()].map((worker) => worker.shutDown(how.withinMs)));
      else for (const worker of workers.values()) worker.detach();
      for (const end of unsubscribe) end();
      await recorder.flush();
    },
  };
}
