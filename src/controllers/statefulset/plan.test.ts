import { join } from "node:path";
import { goldenTests } from "#lib/golden.ts";
import type { ControllerRevision, PersistentVolumeClaim, Pod, StatefulSet } from "#api/types.ts";
import { planStatefulSet } from "./plan.ts";
import { planHistory } from "../common/history.ts";

/** A StatefulSet in short: `image` stands for the template, and for its revision. */
interface Case {
  set: { replicas: number; image: string; current?: string; parallel?: boolean; onDelete?: boolean; partition?: number; maxUnavailable?: number; start?: number; historyLimit?: number; claims?: boolean; whenScaled?: string };
  /** `db-0 v1 ready`: the words after the revision are ready, pending, failed, deleting. */
  pods?: string[];
  /** Images of known revisions, oldest first; those of pods and of the current one besides the new one. */
  history?: string[];
  claims?: string[];
}

function setOf({ replicas, image, parallel, onDelete, partition, maxUnavailable, start, historyLimit, claims, whenScaled }: Case["set"]): StatefulSet {
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "db", namespace: "shop", uid: "db-uid", generation: 1 },
    spec: {
      replicas,
      serviceName: "db",
      selector: { matchLabels: { app: "db" } },
      template: { metadata: { labels: { app: "db" } }, spec: { containers: [{ name: "db", image }] } },
      podManagementPolicy: parallel ? "Parallel" : "OrderedReady",
      updateStrategy: onDelete ? { type: "OnDelete" } : { type: "RollingUpdate", rollingUpdate: { partition: partition ?? 0, ...(maxUnavailable ? { maxUnavailable } : {}) } },
      revisionHistoryLimit: historyLimit ?? 10,
      ...(start ? { ordinals: { start } } : {}),
      ...(claims ? { volumeClaimTemplates: [{ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "data" }, spec: {} }] } : {}),
      ...(whenScaled ? { persistentVolumeClaimRetentionPolicy: { whenScaled } } : {}),
    },
  };
}

function revision(input: Case["set"], image: string, number: number): ControllerRevision {
  return { ...planHistory(setOf({ ...input, image }), [], "controller.kubernetes.io/hash").update, revision: number };
}

goldenTests<Case>(join(import.meta.dirname, "testdata"), (input) => {
  const known = (input.history ?? []).map((image, i) => revision(input.set, image, i + 1));
  const nameOf = (image: string): string => revision(input.set, image, 0).metadata.name!;
  const imageOf = new Map(["v1", "v2", "v3"].map((image) => [nameOf(image), image]));
  const pods = (input.pods ?? []).map((text): Pod => {
    const [name = "", image = "", ...states] = text.split(" ");
    const ordinal = name.slice(name.lastIndexOf("-") + 1);
    return {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name,
        namespace: "shop",
        uid: name,
        labels: { app: "db", "controller-revision-hash": nameOf(image), "statefulset.kubernetes.io/pod-name": name, "apps.kubernetes.io/pod-index": ordinal },
        ...(states.includes("deleting") ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}),
      },
      spec: { containers: [] },
      status: {
        phase: states.includes("failed") ? "Failed" : states.includes("pending") ? "Pending" : "Running",
        conditions: states.includes("ready") ? [{ type: "Ready", status: "True", lastTransitionTime: "2026-01-01T00:00:00Z" }] : [],
      },
    };
  });
  const claims = (input.claims ?? []).map((text): PersistentVolumeClaim => {
    const [name = "", state] = text.split(" ");
    return { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name, namespace: "shop", ...(state === "deleting" ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}) }, spec: {} };
  });
  const set = { ...setOf(input.set), ...(input.set.current ? { status: { replicas: 0, currentRevision: nameOf(input.set.current) } } : {}) };
  const plan = planStatefulSet({ set, pods, revisions: known, claims, nowMs: Date.UTC(2026, 0, 2) });
  const some = (list: string[]): string[] | undefined => (list.length > 0 ? list : undefined);
  const { status } = plan;
  return {
    revision: `${imageOf.get(status.updateRevision!)} as ${plan.revisions.update.revision}${plan.revisions.create ? ", new" : plan.revisions.renumber ? ", again" : ""}`,
    createClaims: some(plan.createClaims.map(({ metadata }) => metadata.name!)),
    create: some(plan.create.map(({ metadata }) => `${metadata.name} ${imageOf.get(metadata.labels!["controller-revision-hash"]!)}`)),
    delete: some(plan.delete.map(({ metadata }) => metadata.name!)),
    updateClaims: some(plan.updateClaims.map(({ metadata }) => `${metadata.name} goes with ${metadata.ownerReferences![0]!.name}`)),
    forget: some(plan.removeRevisions.map(({ metadata }) => imageOf.get(metadata.name!)!)),
    status: `${status.replicas} pods, ${status.readyReplicas} ready, ${status.currentReplicas} of ${imageOf.get(status.currentRevision!)}, ${status.updatedReplicas} of ${imageOf.get(status.updateRevision!)}`,
  };
});
