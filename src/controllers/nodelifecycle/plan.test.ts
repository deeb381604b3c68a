import { join } from "node:path";
import { goldenTests } from "#lib/golden.ts";
import type { Node, Pod, Taint, Toleration } from "#api/types.ts";
import { planNode } from "./plan.ts";

/** Times are seconds; it is now 1000. */
interface Case {
  heard: number;
  ready?: "True" | "False" | "Unknown";
  pressure?: string[];
  unschedulable?: boolean;
  taints?: (Taint & { added?: number })[];
  pods?: { name: string; ready?: boolean; tolerations?: Toleration[]; phase?: string }[];
}

const at = (seconds: number): string => new Date(seconds * 1000).toISOString().replace(".000", "");

goldenTests<Case>(join(import.meta.dirname, "testdata"), ({ heard, ready, pressure = [], unschedulable, taints, pods = [] }) => {
  const conditions = [...(ready ? [{ type: "Ready", status: ready }] : []), ...pressure.map((type) => ({ type, status: "True" }))];
  const node: Node = {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "n1" },
    spec: { ...(unschedulable ? { unschedulable } : {}), ...(taints ? { taints: taints.map(({ added, ...taint }) => ({ ...taint, ...(added ? { timeAdded: at(added) } : {}) })) } : {}) },
    status: { conditions },
  };
  const onNode = pods.map(({ name, ready: isReady, tolerations, phase = "Running" }): Pod => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "shop" },
    spec: { containers: [], ...(tolerations ? { tolerations } : {}) },
    status: { phase, conditions: isReady ? [{ type: "Ready", status: "True" }] : [] },
  }));
  const plan = planNode({ node, pods: onNode, heardMs: heard * 1000, nowMs: 1_000_000 });
  const names = (list: Pod[]): string[] | undefined => (list.length > 0 ? list.map(({ metadata }) => metadata.name!) : undefined);
  return {
    conditions: plan.conditions?.map(({ type, status, reason }) => `${type} ${status}${reason ? ` ${reason}` : ""}`),
    taints: plan.taints?.map(({ key, effect, timeAdded }) => `${key}:${effect}${timeAdded ? ` since ${Date.parse(timeAdded) / 1000}` : ""}`),
    markNotReady: names(plan.markNotReady),
    evict: names(plan.evict),
    againAfterMs: plan.againAfterMs,
  };
});
