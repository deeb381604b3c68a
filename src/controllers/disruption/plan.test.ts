import { join } from "node:path";
import { goldenTests } from "#lib/golden.ts";
import type { Pod, PodDisruptionBudget } from "#api/types.ts";
import { planDisruption } from "./plan.ts";

/** It is now 1000 seconds after the epoch. */
interface Case {
  spec: NonNullable<PodDisruptionBudget["spec"]>;
  scale?: number | string;
  disrupted?: Record<string, string>;
  pods?: { name: string; ready?: boolean; deleting?: boolean; phase?: string }[];
}

goldenTests<Case>(join(import.meta.dirname, "testdata"), ({ spec, scale = 0, disrupted, pods = [] }) => {
  const budget = {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: "web", namespace: "shop", generation: 1 },
    spec,
    ...(disrupted ? { status: { currentHealthy: 0, desiredHealthy: 0, expectedPods: 0, disruptionsAllowed: 0, disruptedPods: disrupted } } : {}),
  } as unknown as PodDisruptionBudget;
  const plan = planDisruption({
    budget,
    expectedScale: scale,
    pods: pods.map(({ name, ready = true, deleting, phase = "Running" }): Pod => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, ...(deleting ? { deletionTimestamp: "x" } : {}) },
      spec: { containers: [] },
      status: { phase, conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
    })),
    nowMs: 1_000_000,
  });
  const { currentHealthy, desiredHealthy, expectedPods, disruptionsAllowed, disruptedPods, conditions = [] } = plan.status;
  return {
    status: `${currentHealthy} of ${desiredHealthy} healthy, ${expectedPods} expected, ${disruptionsAllowed} may go`,
    disrupted: disruptedPods && Object.keys(disruptedPods),
    condition: conditions.map(({ status, reason }) => `${status} ${reason}`)[0],
    events: plan.events.length > 0 ? plan.events.map(([type, reason]) => `${type} ${reason}`) : undefined,
    againAfterMs: plan.againAfterMs,
  };
});
