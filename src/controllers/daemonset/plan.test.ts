import { join } from "node:path";
import { goldenTests } from "#lib/golden.ts";
import { fnv32a, canonicalJson } from "../common/equality.ts";
import { safeEncode } from "#lib/random.ts";
import type { ControllerRevision, DaemonSet, Node, Pod, PodTemplateSpec, Taint, Toleration } from "#api/types.ts";
import { planDaemonSet } from "./plan.ts";

/** Nodes and pods in short. A pod's `image` is the template it was made from; the set's own image is `v2`. Times are seconds; it is now 1000. */
interface Case {
  nodes: { name: string; labels?: Record<string, string>; taints?: Taint[]; cordoned?: boolean }[];
  pods?: { name: string; on: string; image?: string; phase?: string; ready?: number; created?: number; deleting?: boolean; unbound?: boolean }[];
  strategy?: NonNullable<DaemonSet["spec"]["updateStrategy"]>;
  minReadySeconds?: number;
  nodeSelector?: Record<string, string>;
  tolerations?: Toleration[];
  deleting?: boolean;
  historyLimit?: number;
  revisions?: string[];
  waits?: Record<string, number>;
}

const at = (seconds: number): string => new Date(seconds * 1000).toISOString().replace(".000", "");

goldenTests<Case>(join(import.meta.dirname, "testdata"), ({ nodes, pods = [], strategy, minReadySeconds, nodeSelector, tolerations, deleting, historyLimit, revisions = [], waits = {} }) => {
  const template = (image: string): PodTemplateSpec => ({
    metadata: { labels: { app: "agent" } },
    spec: { containers: [{ name: "agent", image }], ...(nodeSelector ? { nodeSelector } : {}), ...(tolerations ? { tolerations } : {}) },
  });
  const data = (image: string) => ({ spec: { template: { ...template(image), $patch: "replace" } } });
  const hashOf = (image: string): string => safeEncode(String(fnv32a(canonicalJson(data(image)))));
  const set = {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name: "agent", namespace: "shop", uid: "mine", generation: 3, ...(deleting ? { deletionTimestamp: at(999) } : {}) },
    spec: { selector: { matchLabels: { app: "agent" } }, template: template("v2"), minReadySeconds, updateStrategy: strategy, revisionHistoryLimit: historyLimit },
  } as DaemonSet;
  const plan = planDaemonSet({
    set,
    nodes: nodes.map(
      ({ name, labels, taints = [], cordoned }): Node => ({
        apiVersion: "v1",
        kind: "Node",
        metadata: { name, ...(labels ? { labels } : {}) },
        spec: { taints: [...taints, ...(cordoned ? [{ key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" }] : [])] },
      }),
    ),
    pods: pods.map(({ name, on, image = "v2", phase = "Running", ready, created = 0, deleting: going, unbound }): Pod => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace: "shop", creationTimestamp: at(created), labels: { app: "agent", "controller-revision-hash": hashOf(image) }, ...(going ? { deletionTimestamp: at(990) } : {}) },
      spec: unbound
        ? { containers: [], affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: [on] }] }] } } } }
        : { containers: [], nodeName: on },
      status: { phase, conditions: ready === undefined ? [] : [{ type: "Ready", status: "True", lastTransitionTime: at(ready) }] },
    })),
    revisions: revisions.map((image, index): ControllerRevision => ({
      apiVersion: "apps/v1",
      kind: "ControllerRevision",
      metadata: { name: `agent-${image}`, labels: { "controller-revision-hash": hashOf(image) } },
      data: data(image),
      revision: index + 1,
    })),
    nowMs: 1_000_000,
    failedPodWaitMs: (node) => waits[node] ?? 0,
  });
  const { desiredNumberScheduled, currentNumberScheduled, numberReady, numberAvailable = 0, updatedNumberScheduled = 0, numberMisscheduled } = plan.status;
  const some = <T>(list: T[]): T[] | undefined => (list.length > 0 ? list : undefined);
  return {
    create: some(plan.create),
    delete: some(plan.delete.map(({ metadata }) => metadata.name)),
    failed: some(plan.failed.map(({ node }) => node)),
    revision: plan.history.create ? `new ${plan.history.update.revision}` : plan.history.renumber ? `${plan.history.update.metadata.name} becomes ${plan.history.update.revision}` : undefined,
    forget: some(plan.removeRevisions.map(({ metadata }) => metadata.name)),
    againAfterMs: plan.againAfterMs,
    status: `${desiredNumberScheduled} desired, ${currentNumberScheduled} current, ${numberReady} ready, ${updatedNumberScheduled} up to date, ${numberAvailable} available, ${numberMisscheduled} misscheduled`,
  };
});
