import { join } from "node:path";
import { goldenTests } from "#lib/golden.ts";
import type { Pod, ReplicaSet } from "#api/types.ts";
import { planReplicaSet, replicaSetStatus } from "./plan.ts";

/** Pods in short, all with the label app=web unless they say otherwise. Times are seconds; it is now 1000. */
interface PodCase {
  name: string;
  node?: string;
  phase?: string;
  ready?: number;
  created?: number;
  owner?: string | null;
  app?: string;
  cost?: string;
  restarts?: number;
  deleting?: boolean;
}

interface Case {
  replicas: number;
  minReadySeconds?: number;
  deleting?: boolean;
  failure?: string;
  conditions?: NonNullable<ReplicaSet["status"]>["conditions"];
  pods?: PodCase[];
  related?: PodCase[];
}

const at = (seconds: number): string => new Date(seconds * 1000).toISOString().replace(".000", "");

function pod({ name, node, phase = "Running", ready, created = 0, owner = "mine", app = "web", cost, restarts = 0, deleting }: PodCase): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: "shop",
      uid: `${name}-uid`,
      creationTimestamp: at(created),
      labels: { app, tier: "front" },
      ...(cost ? { annotations: { "controller.kubernetes.io/pod-deletion-cost": cost } } : {}),
      ...(owner ? { ownerReferences: [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: owner, uid: owner, controller: true }] } : {}),
      ...(deleting ? { deletionTimestamp: at(990) } : {}),
    },
    spec: { containers: [], ...(node ? { nodeName: node } : {}) },
    status: {
      phase,
      conditions: ready === undefined ? [] : [{ type: "Ready", status: "True", lastTransitionTime: at(ready) }],
      containerStatuses: [{ restartCount: restarts } as never],
    },
  };
}

goldenTests<Case>(join(import.meta.dirname, "testdata"), ({ replicas, minReadySeconds, deleting, failure, conditions, pods = [], related = [] }) => {
  const replicaSet = {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: { name: "web", namespace: "shop", uid: "mine", generation: 2, ...(deleting ? { deletionTimestamp: at(999) } : {}) },
    spec: { replicas, minReadySeconds, selector: { matchLabels: { app: "web" } }, template: { metadata: { labels: { app: "web", tier: "front" } } } },
    status: { replicas: 0, conditions },
  } as ReplicaSet;
  const own = pods.map(pod);
  const snapshot = { replicaSet, pods: own, related: [...own, ...related.map(pod)], nowMs: 1_000_000 };
  const plan = planReplicaSet(snapshot);
  const names = (list: Pod[]): string[] | undefined => (list.length > 0 ? list.map(({ metadata }) => metadata.name!) : undefined);
  const status = replicaSetStatus(snapshot, plan, failure);
  return {
    adopt: names(plan.adopt),
    release: names(plan.release),
    create: plan.create || undefined,
    delete: names(plan.delete),
    againAfterMs: plan.againAfterMs,
    status: `${status.replicas} pods, ${status.fullyLabeledReplicas} labelled, ${status.readyReplicas} ready, ${status.availableReplicas} available, ${status.terminatingReplicas} terminating`,
    conditions: status.conditions?.map(({ type, reason, message }) => `${type} ${reason}: ${message}`),
  };
});
