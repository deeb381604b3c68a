/**
 * What the silence or the conditions of a node mean for it and its pods.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/nodelifecycle/node_lifecycle_controller.go
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/tainteviction/taint_eviction.go
 */
import { toTime } from "#lib/clock.ts";
import type { Node, NodeCondition, Pod, Taint } from "#api/types.ts";
import { findCondition } from "../common/conditions.ts";
import { isReady, isTerminal } from "../common/pods.ts";

/** A node whose kubelet has been silent for this long is unreachable. */
export const GRACE_MS = 40_000;

const NOT_READY = "node.kubernetes.io/not-ready";
const UNREACHABLE = "node.kubernetes.io/unreachable";
const UNSCHEDULABLE = "node.kubernetes.io/unschedulable";
/** Conditions a silent kubelet can't vouch for any more. */
const VOUCHED = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];
const TAINTS_BY_CONDITION: Record<string, string> = {
  MemoryPressure: "node.kubernetes.io/memory-pressure",
  DiskPressure: "node.kubernetes.io/disk-pressure",
  PIDPressure: "node.kubernetes.io/pid-pressure",
  NetworkUnavailable: "node.kubernetes.io/network-unavailable",
};
const OURS = new Set([NOT_READY, UNREACHABLE, UNSCHEDULABLE, ...Object.values(TAINTS_BY_CONDITION)]);

export interface NodeSnapshot {
  node: Node;
  /** The pods on it. */
  pods: Pod[];
  /** When a sign of life was last seen, by this controller's own clock. */
  heardMs: number;
  nowMs: number;
}

export interface NodePlan {
  /** The node's conditions as they shall be, when they change. */
  conditions?: NodeCondition[];
  /** The node's taints as they shall be, when they change. */
  taints?: Taint[];
  /** Pods that can't be ready because their node isn't. */
  markNotReady: Pod[];
  /** Pods that don't tolerate the node's state any longer. */
  evict: Pod[];
  /** When to look again. */
  againAfterMs: number;
}

export function planNode({ node, pods, heardMs, nowMs }: NodeSnapshot): NodePlan {
  const graceLeftMs = heardMs + GRACE_MS - nowMs;
  const silent = graceLeftMs <= 0;
  const knownConditions = node.status?.conditions ?? [];
  const conditions = silent ? silenced(knownConditions, nowMs) : knownConditions;
  const knownTaints = node.spec?.taints ?? [];
  const taints = taintsFor(node, knownTaints, conditions, nowMs);
  const evictions = planEvictions(pods, taints, nowMs);
  const plan: NodePlan = {
    markNotReady: findCondition(conditions, "Ready")?.status === "True" ? [] : pods.filter((pod) => isReady(pod) && !isTerminal(pod)),
    evict: evictions.now,
    againAfterMs: Math.min(silent ? GRACE_MS : graceLeftMs, evictions.nextMs),
  };
  if (conditions !== knownConditions) plan.conditions = conditions;
  if (taints !== knownTaints) plan.taints = taints;
  return plan;
}

/** The conditions of a node that doesn't answer; the same array when they say so already. */
function silenced(before: NodeCondition[], nowMs: number): NodeCondition[] {
  if (VOUCHED.every((type) => findCondition(before, type)?.status === "Unknown")) return before;
  const unknown = VOUCHED.map((type): NodeCondition => {
    const old = findCondition(before, type);
    if (old?.status === "Unknown") return old;
    return {
      type,
      status: "Unknown",
      reason: old ? "NodeStatusUnknown" : "NodeStatusNeverUpdated",
      message: old ? "Kubelet stopped posting node status." : "Kubelet never posted node status.",
      ...(old?.lastHeartbeatTime ? { lastHeartbeatTime: old.lastHeartbeatTime } : {}),
      lastTransitionTime: toTime(nowMs),
    };
  });
  return [...before.filter(({ type }) => !VOUCHED.includes(type)), ...unknown];
}

/** The node's taints with ours in step with its conditions; the same array when nothing changes. */
function taintsFor(node: Node, before: Taint[], conditions: NodeCondition[], nowMs: number): Taint[] {
  const wanted: Taint[] = [];
  const ready = findCondition(conditions, "Ready")?.status ?? "Unknown";
  const key = ready === "True" ? undefined : ready === "False" ? NOT_READY : UNREACHABLE;
  if (key) wanted.push({ key, effect: "NoSchedule" }, { key, effect: "NoExecute" });
  if (node.spec?.unschedulable) wanted.push({ key: UNSCHEDULABLE, effect: "NoSchedule" });
  for (const [type, taint] of Object.entries(TAINTS_BY_CONDITION)) {
    if (findCondition(conditions, type)?.status === "True") wanted.push({ key: taint, effect: "NoSchedule" });
  }
  const same = (a: Taint, b: Taint): boolean => a.key === b.key && a.effect === b.effect;
  const kept = before.filter((taint) => !OURS.has(taint.key) || wanted.some((other) => same(taint, other)));
  const added = wanted.filter((taint) => !before.some((other) => same(taint, other)));
  if (added.length === 0 && kept.length === before.length) return before;
  return [...kept, ...added.map((taint) => ({ ...taint, timeAdded: toTime(nowMs) }))];
}

/** Which pods must leave because of NoExecute taints, and when the next must. */
function planEvictions(pods: Pod[], taints: Taint[], nowMs: number): { now: Pod[]; nextMs: number } {
  const now: Pod[] = [];
  let nextMs = Infinity;
  const driving = taints.filter(({ effect }) => effect === "NoExecute");
  for (const pod of pods) {
    if (driving.length === 0 || pod.metadata.deletionTimestamp || isTerminal(pod)) continue;
    const dueMs = Math.min(...driving.map((taint) => leavesAtMs(pod, taint, nowMs)));
    if (dueMs <= nowMs) now.push(pod);
    else nextMs = Math.min(nextMs, dueMs - nowMs);
  }
  return { now, nextMs };
}

/** When the pod's tolerance of the taint ends: at once without a toleration, never without a limit. */
function leavesAtMs(pod: Pod, taint: Taint, nowMs: number): number {
  const tolerations = (pod.spec.tolerations ?? []).filter(
    ({ key, operator, value, effect }) =>
      (!effect || effect === taint.effect) &&
      (!key ? operator === "Exists" : key === taint.key) &&
      (operator === "Exists" || (value ?? "") === (taint.value ?? "")),
  );
  if (tolerations.length === 0) return nowMs;
  const limits = tolerations.flatMap(({ tolerationSeconds }) => (tolerationSeconds === undefined ? [] : [Math.max(0, tolerationSeconds)]));
  if (limits.length === 0) return Infinity;
  return (taint.timeAdded ? Date.parse(taint.timeAdded) : nowMs) + Math.min(...limits) * 1000;
}
