/** Watches over nodes; the decisions are in plan.ts. */
import { every, toTime } from "#lib/clock.ts";
import { isConflict, isNotFound } from "#api/errors.ts";
import { leases, nodes, pods } from "#api/resources.ts";
import type { Node, Pod } from "#api/types.ts";
import { Assumed } from "#client/assumed.ts";
import { source, startController, type Controller } from "#client/controller.ts";
import { component, type ControllerContext } from "../common/context.ts";
import { findCondition, setCondition } from "../common/conditions.ts";
import { deleteExactly } from "../common/effects.ts";
import { planNode } from "./plan.ts";

const LEASE_NAMESPACE = "kube-node-lease";
const ON_NODE = "node";
const TICK_MS = 5000;
const OVERSLEPT_MS = 15_000;

export function startNodeLifecycleController(context: ControllerContext): Controller {
  const { client, events } = component(context, "node-controller");
  const nodeInformer = context.informers.for(nodes);
  const leaseInformer = context.informers.for(leases);
  const podInformer = context.informers.for(pods);
  podInformer.index(ON_NODE, (pod) => (pod.spec.nodeName ? [pod.spec.nodeName] : []));
  const latest = new Assumed(nodeInformer);
  const latestPods = new Assumed(podInformer);
  /** The last sign of life of each node, and when it came: leases carry the node's clock, silence is measured by ours. */
  const heard = new Map<string, { sign: string; atMs: number }>();

  /**
   * When the machine sleeps, everyone is silent, and when it wakes, our timers may run before the
   * kubelets': a gap in our own time is nobody's fault, and everyone's grace begins anew.
   */
  let tickedMs = context.clock.now();
  const stopWatchdog = every(context.clock, TICK_MS, () => {
    const nowMs = context.clock.now();
    if (nowMs - tickedMs > OVERSLEPT_MS) for (const known of heard.values()) known.atMs = nowMs;
    tickedMs = nowMs;
  });

  function heardMs(node: Node): number {
    const name = node.metadata.name!;
    const lease = leaseInformer.get(`${LEASE_NAMESPACE}/${name}`)?.spec.renewTime;
    const sign = `${lease} ${findCondition(node.status?.conditions, "Ready")?.lastHeartbeatTime}`;
    const known = heard.get(name);
    const atMs = context.clock.now();
    if (known && atMs - tickedMs > OVERSLEPT_MS) known.atMs = atMs;
    if (known?.sign === sign) return known.atMs;
    heard.set(name, { sign, atMs });
    return atMs;
  }

  /** A pod matters only where pods may have to leave or can't be ready. */
  function nodeInTroubleOf({ spec: { nodeName } }: Pod): string[] {
    const node = nodeName ? nodeInformer.get(nodeName) : undefined;
    return node?.spec?.taints?.some(({ effect }) => effect === "NoExecute") ? [nodeName!] : [];
  }

  async function reconcile(name: string): Promise<number | void> {
    const node = latest.get(name);
    if (!node) return void heard.delete(name);
    const onNode = latestPods.apply(podInformer.byIndex(ON_NODE, name), (pod) => pod.spec.nodeName === name);
    const plan = planNode({ node, pods: onNode, heardMs: heardMs(node), nowMs: context.clock.now() });
    let current = node;
    if (plan.conditions) {
      const wasReady = findCondition(node.status?.conditions, "Ready")?.status === "True";
      current = await client.updateStatus(nodes, { ...node, status: { ...node.status, conditions: plan.conditions } });
      latest.wrote(current);
      if (wasReady) events.event(node, "Normal", "NodeNotReady", `Node ${name} status is now: NodeNotReady`);
    }
    if (plan.taints) latest.wrote(await client.update(nodes, { ...current, spec: { ...current.spec, taints: plan.taints } }));
    for (const pod of plan.markNotReady) await markNotReady(pod);
    for (const pod of plan.evict) await evict(pod);
    return plan.againAfterMs;
  }

  /** The kubelet can't say it: the pod isn't ready, so that no Service sends it anything. */
  async function markNotReady(pod: Pod): Promise<void> {
    await setPodCondition(pod, { type: "Ready", status: "False" });
    events.event(pod, "Warning", "NodeNotReady", "Node is not ready");
  }

  async function evict(pod: Pod): Promise<void> {
    const { name, namespace } = pod.metadata;
    events.event(pod, "Normal", "TaintManagerEviction", `Marking for deletion Pod ${namespace}/${name}`);
    const message = "Taint manager: deleting due to NoExecute taint";
    await setPodCondition(pod, { type: "DisruptionTarget", status: "True", reason: "DeletionByTaintManager", message });
    await deleteExactly(client, pods, pod, {}, latestPods);
  }

  async function setPodCondition(pod: Pod, condition: { type: string; status: string; reason?: string; message?: string }): Promise<void> {
    const nowMs = context.clock.now();
    const conditions = setCondition(pod.status?.conditions, { ...condition, lastTransitionTime: toTime(nowMs) }, nowMs);
    try {
      latestPods.wrote(await client.updateStatus(pods, { ...pod, status: { ...pod.status, conditions } }));
    } catch (error) {
      // Changed or gone: its own event brings us back.
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  const controller = startController({
    name: "node-controller",
    clock: context.clock,
    log: context.log,
    sources: [
      source(nodeInformer),
      source(leaseInformer, ({ metadata }) => (metadata.namespace === LEASE_NAMESPACE ? [metadata.name!] : [])),
      source(podInformer, nodeInTroubleOf),
    ],
    reconcile,
  });
  return {
    ...controller,
    stop: async () => {
      stopWatchdog();
      await controller.stop();
    },
  };
}
