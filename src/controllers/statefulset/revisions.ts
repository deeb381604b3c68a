/**
 * The history of a StatefulSet's template, as ControllerRevisions.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/history/controller_history.go
 */
import { safeEncode } from "#lib/random.ts";
import { controllerReference } from "#api/resources.ts";
import type { ControllerRevision, PodTemplateSpec, StatefulSet } from "#api/types.ts";
import { canonicalJson, fnv32a, sameOnTheWire } from "../common/equality.ts";

export interface RevisionPlan {
  /** What pods outside the partition shall run. */
  update: ControllerRevision;
  /** What pods ran before the rollout under way; the same as `update` when there is none. */
  current: ControllerRevision;
  /** `update` doesn't exist yet. */
  create: boolean;
  /** `update` exists under an older number and moves to the front: a rollback. */
  renumber: boolean;
  /** In order of their numbers. */
  sorted: ControllerRevision[];
}

export function planRevisions(set: StatefulSet, revisions: ControllerRevision[]): RevisionPlan {
  const sorted = [...revisions].sort((a, b) => a.revision - b.revision || a.metadata.name!.localeCompare(b.metadata.name!));
  const next = (sorted.at(-1)?.revision ?? 0) + 1;
  const wanted = newRevision(set, next);
  const equal = sorted.findLast((revision) => sameOnTheWire(revision.data, wanted.data));
  const renumber = equal !== undefined && equal !== sorted.at(-1);
  const update = equal === undefined ? wanted : renumber ? { ...equal, revision: next } : equal;
  const current = sorted.find(({ metadata }) => metadata.name === set.status?.currentRevision) ?? update;
  return { update, current, create: equal === undefined, renumber, sorted };
}

/** The pod template a revision holds. */
export function templateOf(revision: ControllerRevision): PodTemplateSpec {
  const { $patch: _, ...template } = (revision.data as { spec: { template: PodTemplateSpec & { $patch?: string } } }).spec.template;
  return template;
}

/** Revisions beyond the limit that neither the set nor any pod uses, oldest first. */
export function beyondHistory(set: StatefulSet, { sorted, update, current }: RevisionPlan, inUse: Set<string>): ControllerRevision[] {
  const idle = sorted.filter(({ metadata }) => metadata.name !== update.metadata.name && metadata.name !== current.metadata.name && !inUse.has(metadata.name!));
  return idle.slice(0, Math.max(0, idle.length - (set.spec.revisionHistoryLimit ?? 10)));
}

function newRevision(set: StatefulSet, number: number): ControllerRevision {
  // A strategic merge patch that kubectl rollout undo sends as it is.
  const data = { spec: { template: { ...set.spec.template, $patch: "replace" } } };
  const collisions = set.status?.collisionCount ? `#${set.status.collisionCount}` : "";
  const hash = safeEncode(String(fnv32a(canonicalJson(data) + collisions)));
  return {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name: `${set.metadata.name}-${hash}`,
      namespace: set.metadata.namespace!,
      labels: { ...set.spec.template.metadata?.labels, "controller.kubernetes.io/hash": hash },
      ...(set.metadata.annotations ? { annotations: set.metadata.annotations } : {}),
      ownerReferences: [controllerReference(set)],
    },
    data,
    revision: number,
  };
}
