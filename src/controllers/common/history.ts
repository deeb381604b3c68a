/**
 * The history of a workload's template, as ControllerRevisions: StatefulSets and DaemonSets keep one.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/history/controller_history.go
 */
import { safeEncode } from "#lib/random.ts";
import { controllerReference } from "#api/resources.ts";
import type { ControllerRevision, KubeObject, Pod, PodTemplateSpec } from "#api/types.ts";
import { canonicalJson, fnv32a, sameOnTheWire } from "./equality.ts";

/** The label by which pods say of which revision they are. */
export const REVISION_LABEL = "controller-revision-hash";

export function revisionOf(pod: Pod): string {
  return pod.metadata.labels?.[REVISION_LABEL] ?? "";
}

/** What a workload brings to its history. */
export interface Historied extends KubeObject {
  spec: { template: PodTemplateSpec; revisionHistoryLimit?: number | undefined };
  status?: { collisionCount?: number | undefined } | undefined;
}

/** The revisions of a workload, as they are and as its template wants them. */
export interface History {
  /** What the template says now. */
  update: ControllerRevision;
  /** `update` doesn't exist yet. */
  create: boolean;
  /** `update` exists under an older number and moves to the front: a rollback. */
  renumber: boolean;
  /** In order of their numbers. */
  sorted: ControllerRevision[];
}

/** `hashLabel` is where the kind's revisions carry their hash. */
export function planHistory(owner: Historied, revisions: ControllerRevision[], hashLabel: string): History {
  const sorted = [...revisions].sort((a, b) => a.revision - b.revision || a.metadata.name!.localeCompare(b.metadata.name!));
  const next = (sorted.at(-1)?.revision ?? 0) + 1;
  const wanted = newRevision(owner, next, hashLabel);
  const equal = sorted.findLast((revision) => sameOnTheWire(revision.data, wanted.data));
  const renumber = equal !== undefined && equal !== sorted.at(-1);
  const update = equal === undefined ? wanted : renumber ? { ...equal, revision: next } : equal;
  return { update, create: equal === undefined, renumber, sorted };
}

/** The pod template a revision holds. */
export function templateOf(revision: ControllerRevision): PodTemplateSpec {
  const { $patch: _, ...template } = (revision.data as { spec: { template: PodTemplateSpec & { $patch?: string } } }).spec.template;
  return template;
}

/** Revisions beyond the limit that are not among the names in use, oldest first. */
export function beyondHistory(owner: Historied, sorted: ControllerRevision[], inUse: Set<string>): ControllerRevision[] {
  const idle = sorted.filter(({ metadata }) => !inUse.has(metadata.name!));
  return idle.slice(0, Math.max(0, idle.length - (owner.spec.revisionHistoryLimit ?? 10)));
}

function newRevision(owner: Historied, number: number, hashLabel: string): ControllerRevision {
  // A strategic merge patch that kubectl rollout undo sends as it is.
  const data = { spec: { template: { ...owner.spec.template, $patch: "replace" } } };
  const collisions = owner.status?.collisionCount ? `#${owner.status.collisionCount}` : "";
  const hash = safeEncode(String(fnv32a(canonicalJson(data) + collisions)));
  return {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name: `${owner.metadata.name}-${hash}`,
      namespace: owner.metadata.namespace!,
      labels: { ...owner.spec.template.metadata?.labels, [hashLabel]: hash },
      ...(owner.metadata.annotations ? { annotations: owner.metadata.annotations } : {}),
      ownerReferences: [controllerReference(owner)],
    },
    data,
    revision: number,
  };
}
