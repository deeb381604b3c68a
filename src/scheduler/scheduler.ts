/**
 * Gives every pod a node. One pod is decided at a time, from memory; the bindings are written side by
 * side, and a pod counts on its node from the decision on, so that bindings under way never overcommit it.
 * @see https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/
 */
import { toTime, type Clock } from "#lib/clock.ts";
import { errorMessage, type Logger } from "#lib/log.ts";
import type { Rng } from "#lib/random.ts";
import { isConflict, isNotFound } from "#api/errors.ts";
import { keyOf, namespaces, nodes, persistentVolumeClaims, persistentVolumes, podDisruptionBudgets, pods, storageClasses } from "#api/resources.ts";
import type { KubeObject, Node, PersistentVolumeClaim, Pod } from "#api/types.ts";
import type { Client } from "#client/client.ts";
import { eventRecorder } from "#client/events.ts";
import type { Informer, Informers } from "#client/informer.ts";
import { Cluster, hasAffinityTerms } from "./cluster.ts";
import { evictVictim, patchPodStatus } from "./effects.ts";
import { Nominations } from "./nominations.ts";
import { placePod, refusePod, type Placement } from "./plan.ts";
import type { PreemptionContext, PreemptionPlan } from "./preempt.ts";
import { priorityOf } from "./priority.ts";
import { SchedulingQueue } from "./queue.ts";
import { isBound, podVolumes, SELECTED_NODE, type VolumeLookup } from "./volumes.ts";

/** The name pods ask for with spec.schedulerName; pods that ask for another are left to it. */
const NAME = "default-scheduler";
const MAX_BINDINGS = 64;
/** Between so many decisions other work gets its turn. */
const DECISIONS_PER_TURN = 32;

export interface Scheduler {
  stop(): Promise<void>;
  /** Resolves when no pod is ready to be tried and no binding is under way. */
  whenIdle(): Promise<void>;
}

export function startScheduler(options: { client: Client; informers: Informers; clock: Clock; rng: Rng; log: Logger }): Scheduler {
  const { informers, clock, rng } = options;
  const client = options.client.as(NAME);
  const log = options.log.named(NAME);
  const events = eventRecorder(client, clock, log, { component: NAME });
  const podInformer = informers.for(pods);
  const claimInformer = informers.for(persistentVolumeClaims);
  const volumeInformer = informers.for(persistentVolumes);
  const classInformer = informers.for(storageClasses);
  const namespaceInformer = informers.for(namespaces);
  const nodeInformer = informers.for(nodes);
  const budgetInformer = informers.for(podDisruptionBudgets);
  const lookup: VolumeLookup = {
    claim: (namespace, name) => claimInformer.get(`${namespace}/${name}`),
    volume: (name) => volumeInformer.get(name),
    storageClass: (name) => classInformer.get(name),
  };

  const cluster = new Cluster();
  const nominations = new Nominations();
  const queue = new SchedulingQueue(clock, turn);
  const stopping = new AbortController();
  let underWay = 0;
  let turning = false;
  let idle: (() => void)[] = [];

  /** Decides pods until none is ready, giving way to other work now and then. */
  function turn(): void {
    if (turning || stopping.signal.aborted) return;
    turning = true;
    setImmediate(() => {
      turning = false;
      for (let i = 0; i < DECISIONS_PER_TURN && underWay < MAX_BINDINGS && !stopping.signal.aborted; i++) {
        const key = queue.next();
        if (key === undefined) return settleIdle();
        decide(key);
      }
      if (underWay < MAX_BINDINGS) turn();
    });
  }

  function decide(key: string): void {
    const pod = podInformer.get(key);
    if (!pod || !wantsNode(pod) || cluster.isPlaced(pod.metadata.uid!)) return queue.remove(key);
    const found = podVolumes(pod, lookup);
    const refused = "unschedulable" in found;
    const context: PreemptionContext = {
      nodes: cluster.nodes,
      volumes: refused ? [] : found.volumes,
      namespaceLabels: (name) => namespaceInformer.get(name)?.metadata.labels,
      hasAffinity: cluster.hasAffinity,
      nominations,
      budgets: budgetInformer.list(),
    };
    const placement: Placement = refused ? refusePod(pod, found.unschedulable, context, rng) : placePod(pod, context, rng);
    if ("unschedulable" in placement) {
      const { unschedulable, preemption } = placement;
      // Decided now, so that the next pod already counts with it.
      if (preemption.nominate) nominations.assume(pod, preemption.nominate);
      else if (preemption.nominate === null) nominations.delete(pod.metadata.uid!);
      for (const { metadata } of preemption.displaced) nominations.delete(metadata.uid!);
      return track(key, preemption.nominate ? preempt(pod, unschedulable, preemption) : reportUnschedulable(pod, unschedulable, preemption));
    }
    cluster.assume(pod, placement.nodeName);
    track(key, bind(pod, placement.nodeName, refused ? [] : found.waiting));
  }

  /** Keeps count of the writes under way. */
  function track(key: string, work: Promise<void>): void {
    underWay++;
    void work
      .catch((error: unknown) => {
        if (!stopping.signal.aborted) log.warn(`scheduling ${key} failed; will retry`, { error: errorMessage(error) });
        queue.failed(key);
      })
      .finally(() => {
        underWay--;
        if (queue.readyCount > 0) turn();
        else settleIdle();
      });
  }

  async function bind(pod: Pod, nodeName: string, waiting: PersistentVolumeClaim[]): Promise<void> {
    const { name, namespace, uid } = pod.metadata;
    try {
      await Promise.all(waiting.map((claim) => provisionFor(claim, nodeName)));
      const target = { apiVersion: "v1", kind: "Node", name: nodeName };
      await client.post(pods, { name: name!, namespace }, "binding", { apiVersion: "v1", kind: "Binding", metadata: { name, namespace, uid }, target });
    } catch (error) {
      cluster.forget(uid!);
      // Deleted or bound by someone else meanwhile: the informer will tell.
      if (!isNotFound(error) && !isConflict(error)) events.event(pod, "Warning", "FailedScheduling", errorMessage(error));
      throw error;
    }
    queue.remove(keyOf(pod));
    events.event(pod, "Normal", "Scheduled", `Successfully assigned ${namespace}/${name} to ${nodeName}`);
  }

  /** Tells the provisioner the node, and waits for the volume. */
  async function provisionFor(claim: PersistentVolumeClaim, nodeName: string): Promise<void> {
    const { name, namespace } = claim.metadata;
    await client.patch(persistentVolumeClaims, { name: name!, namespace }, "merge", { metadata: { annotations: { [SELECTED_NODE]: nodeName } } });
    await until(claimInformer, keyOf(claim), (current) => {
      if (!current || current.metadata.deletionTimestamp) throw new Error(`persistentvolumeclaim "${name}" is being deleted`);
      return isBound(current);
    });
  }

  function until<T extends KubeObject>(informer: Informer<T>, key: string, holds: (object: T | undefined) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      stopping.signal.throwIfAborted();
      const end = (settle: () => void): void => {
        unsubscribe();
        stopping.signal.removeEventListener("abort", onStop);
        settle();
      };
      const onStop = (): void => end(() => reject(new Error("the scheduler is stopping")));
      const check = (): void => {
        try {
          if (holds(informer.get(key))) end(resolve);
        } catch (error) {
          end(() => reject(error));
        }
      };
      stopping.signal.addEventListener("abort", onStop);
      const unsubscribe = informer.onChange(key, check);
      check();
    });
  }

  /** Says in an event and in the PodScheduled condition why the pod has no node. */
  async function reportUnschedulable(pod: Pod, message: string, preemption: PreemptionPlan): Promise<void> {
    queue.unschedulable(keyOf(pod));
    events.event(pod, "Warning", "FailedScheduling", message);
    await setUnscheduled(pod, "Unschedulable", message, preemption.nominate);
  }

  /** Makes room for the pod. It isn't tried again before all victims are known to be going: it would ask for others. */
  async function preempt(pod: Pod, message: string, { nominate, victims, displaced }: PreemptionPlan): Promise<void> {
    events.event(pod, "Warning", "FailedScheduling", message);
    await setUnscheduled(pod, "Unschedulable", message, nominate);
    await Promise.all(displaced.map((other) => patchPodStatus(client, other, { nominatedNodeName: null })));
    for (const other of displaced) if (podInformer.get(keyOf(other))?.metadata.uid === other.metadata.uid) queue.add(keyOf(other), priorityOf(other), isSocial(other));
    await Promise.all(victims.map((victim) => remove(victim, pod, nominate!)));
    queue.unschedulable(keyOf(pod));
  }

  async function remove(victim: Pod, pod: Pod, nodeName: string): Promise<void> {
    if (victim.metadata.deletionTimestamp) return;
    const evicted = await evictVictim(client, clock, victim, pod);
    if (evicted) events.event(victim, "Normal", "Preempted", `Preempted by pod ${pod.metadata.uid} on node ${nodeName}`);
    await until(podInformer, keyOf(victim), (current) => current?.metadata.uid !== victim.metadata.uid || current!.metadata.deletionTimestamp !== undefined);
  }

  /** `nominate` as in {@link PreemptionPlan}. */
  async function setUnscheduled(pod: Pod, reason: string, message: string, nominate?: string | null): Promise<void> {
    const old = pod.status?.conditions?.find(({ type }) => type === "PodScheduled");
    const same = old?.status === "False" && old.reason === reason && old.message === message;
    const nominated = pod.status?.nominatedNodeName;
    const renominate = nominate !== undefined && (nominate ?? undefined) !== nominated;
    if (same && !renominate) return;
    const lastTransitionTime = old?.status === "False" && old.lastTransitionTime ? old.lastTransitionTime : toTime(clock.now());
    await patchPodStatus(client, pod, {
      conditions: [{ type: "PodScheduled", status: "False", reason, message, lastTransitionTime }],
      ...(renominate ? { nominatedNodeName: nominate } : {}),
    });
  }

  function onPod(pod: Pod, old: Pod | undefined): void {
    const key = keyOf(pod);
    cluster.setPod(pod);
    if (!wantsNode(pod)) {
      queue.remove(key);
      if (giveUpNomination(pod)) queue.wake();
      const finished = isFinished(pod) && (!old || !isFinished(old));
      if (finished || (old && JSON.stringify(old.metadata.labels) !== JSON.stringify(pod.metadata.labels))) queue.wake();
      else if (pod.spec.nodeName && !old?.spec.nodeName) queue.wake(true);
      return;
    }
    nominations.update(pod);
    if (pod.spec.schedulingGates?.length) {
      queue.remove(key);
      void setUnscheduled(pod, "SchedulingGated", "Scheduling is blocked due to non-empty scheduling gates").catch((error: unknown) =>
        log.warn(`marking ${key} as gated failed`, { error: errorMessage(error) }),
      );
      return;
    }
    // Our own report of a failure must not count as a change.
    const changed = !old || JSON.stringify([old.spec, old.metadata.labels]) !== JSON.stringify([pod.spec, pod.metadata.labels]);
    if (changed && !cluster.isPlaced(pod.metadata.uid!)) queue.add(key, priorityOf(pod), isSocial(pod));
  }

  /** Whether a place that was kept for the pod is free for others now. */
  function giveUpNomination({ metadata: { uid }, spec: { nodeName } }: Pod): boolean {
    const nominated = nominations.nodeOf(uid!);
    nominations.delete(uid!);
    return nominated !== undefined && nominated !== nodeName;
  }

  function onNode(node: Node, old: Node | undefined): void {
    cluster.setNode(node);
    if (!old || relevant(old) !== relevant(node)) queue.wake();
  }

  const wake = { set: () => queue.wake(), delete: () => undefined };
  let unsubscribe: (() => void)[] = [];
  const started = Promise.all([podInformer, nodeInformer, claimInformer, volumeInformer, classInformer, namespaceInformer, budgetInformer].map((i) => i.whenSynced())).then(() => {
    if (stopping.signal.aborted) return;
    unsubscribe = [
      nodeInformer.subscribe({ set: onNode, delete: (node) => cluster.removeNode(node.metadata.name!) }),
      podInformer.subscribe({
        set: onPod,
        delete: (pod) => {
          queue.remove(keyOf(pod));
          const wasPlaced = cluster.isPlaced(pod.metadata.uid!);
          cluster.removePod(pod.metadata.uid!);
          if (giveUpNomination(pod) || wasPlaced || pod.spec.nodeName) queue.wake();
        },
      }),
      claimInformer.subscribe(wake),
      volumeInformer.subscribe(wake),
      classInformer.subscribe(wake),
    ];
  });

  function settleIdle(): void {
    if (underWay > 0 || queue.readyCount > 0) return;
    for (const resolve of idle.splice(0)) resolve();
  }

  return {
    stop: async () => {
      stopping.abort();
      for (const end of unsubscribe) end();
      queue.clear();
      if (underWay > 0) await new Promise<void>((resolve) => idle.push(resolve));
      idle = [];
    },
    whenIdle: async () => {
      await started;
      if (underWay > 0 || queue.readyCount > 0) await new Promise<void>((resolve) => idle.push(resolve));
    },
  };
}

function isFinished(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}

/** Whether the pod is ours to place. */
function wantsNode(pod: Pod): boolean {
  return !pod.spec.nodeName && !pod.metadata.deletionTimestamp && !isFinished(pod) && (pod.spec.schedulerName ?? NAME) === NAME;
}

function isSocial(pod: Pod): boolean {
  return hasAffinityTerms(pod) || Boolean(pod.spec.topologySpreadConstraints?.length);
}

/** The parts of a node that decide what fits: heartbeats don't. */
function relevant({ metadata, spec, status }: Node): string {
  return JSON.stringify([metadata.labels, spec?.taints, spec?.unschedulable, status?.allocatable]);
}
