/**
 * A Deployment replaces pods by replacing ReplicaSets: one per template, the newest growing while
 * the old ones shrink.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/deployment/deployment_controller.go
 */
import { safeEncode } from "#lib/random.ts";
import { controllerReference } from "#api/resources.ts";
import type { Deployment, PodTemplateSpec, ReplicaSet } from "#api/types.ts";
import { canonicalJson, fnv32a, sameOnTheWire } from "../common/equality.ts";
import { newReplicaSetAnnotations, replicasAnnotations, REVISION, revisionOf } from "./annotations.ts";
import { byAge, rescale, shrinkOld, sizeOf, sizeOfNewest, wasScaled, type Sizes } from "./scale.ts";
import { deploymentStatus, isComplete, progressCheckInMs, type DeploymentStatus } from "./status.ts";

/** The label that tells the pods of one template from those of another. */
const TEMPLATE_HASH = "pod-template-hash";

export interface DeploymentSnapshot {
  deployment: Deployment;
  /** The ReplicaSets it owns. */
  replicaSets: ReplicaSet[];
  /** Whether pods of old ReplicaSets still run; Recreate waits for them. */
  oldPodsRun: boolean;
  nowMs: number;
}

export interface DeploymentPlan {
  create?: ReplicaSet;
  /** ReplicaSets as they shall be; `scaled` is the message of the ScalingReplicaSet event. */
  update: { replicaSet: ReplicaSet; scaled?: string }[];
  /** Old ReplicaSets beyond the history limit. */
  remove: ReplicaSet[];
  /** The revision to note on the Deployment, when it changed. */
  revision?: string;
  status: DeploymentStatus;
  againAfterMs?: number;
}

export function planDeployment({ deployment, replicaSets, oldPodsRun, nowMs }: DeploymentSnapshot): DeploymentPlan {
  const newest = findNewest(deployment, replicaSets);
  const old = replicaSets.filter((replicaSet) => replicaSet !== newest);
  const revision = Math.max(0, ...old.map(revisionOf)) + 1;
  const statusInput = { deployment, newest, all: replicaSets, nowMs };
  const plan: DeploymentPlan = { update: [], remove: [], status: {} };

  let sizes: Sizes = new Map();
  let progress: Parameters<typeof deploymentStatus>[0]["progress"];
  const dying = deployment.metadata.deletionTimestamp !== undefined;
  const scaling = deployment.spec.paused === true || wasScaled(deployment, replicaSets);
  if (!dying && scaling) sizes = rescale(deployment, newest, old);
  else if (!dying) {
    const recreate = deployment.spec.strategy?.type === "Recreate";
    const mustWait = recreate && (oldPodsRun || old.some((replicaSet) => sizeOf(replicaSet) > 0));
    if (recreate) for (const replicaSet of old) sizes.set(replicaSet, 0);
    if (!mustWait && !newest) {
      plan.create = newReplicaSet(deployment, revision, sizeOfNewest(deployment, undefined, replicaSets));
      progress = { status: "True", reason: "NewReplicaSetCreated", message: `Created new replica set "${plan.create.metadata.name}"` };
    } else if (newest) {
      if (!mustWait) sizes.set(newest, sizeOfNewest(deployment, newest, replicaSets));
      // Up first; down only when there is nothing to raise, so that a round never needs two answers at once.
      if (!recreate && sizes.get(newest) === sizeOf(newest)) sizes = shrinkOld(deployment, newest, old);
      if (!deployment.status?.conditions?.some(({ type }) => type === "Progressing")) {
        progress = { status: "True", reason: "FoundNewReplicaSet", message: `Found new replica set "${newest.metadata.name}"` };
      }
    }
  }
  if (!dying) planUpdates(plan, deployment, newest, replicaSets, revision, sizes, scaling);
  plan.status = deploymentStatus({ ...statusInput, progress, rollingOut: !dying && !scaling });
  if (!dying && (deployment.spec.paused || isComplete(deployment, plan.status))) plan.remove = beyondHistory(deployment, old);
  const againAfterMs = progressCheckInMs(deployment, plan.status, nowMs);
  if (againAfterMs !== undefined) plan.againAfterMs = againAfterMs;
  return plan;
}

/** Turns sizes and annotations into updated ReplicaSets. */
function planUpdates(
  plan: DeploymentPlan,
  deployment: Deployment,
  newest: ReplicaSet | undefined,
  all: ReplicaSet[],
  revision: number,
  sizes: Sizes,
  scaling: boolean,
): void {
  let current = plan.create ?? newest;
  for (const before of all) {
    const size = sizes.get(before) ?? sizeOf(before);
    const resized = size !== sizeOf(before);
    let annotations = before.metadata.annotations ?? {};
    if (before === newest) annotations = newReplicaSetAnnotations(deployment, before, revision);
    // After scaling every active ReplicaSet carries the new numbers, or the Deployment would seem scaled for ever.
    if (resized || (scaling && size > 0)) annotations = { ...annotations, ...replicasAnnotations(deployment) };
    const { minReadySeconds } = before === newest ? deployment.spec : before.spec;
    const replicaSet = {
      ...before,
      metadata: { ...before.metadata, annotations },
      spec: { ...before.spec, replicas: size, ...(minReadySeconds !== undefined ? { minReadySeconds } : {}) },
    };
    if (sameOnTheWire(replicaSet, before)) continue;
    if (before === newest) current = replicaSet;
    const scaled = `Scaled ${size > sizeOf(before) ? "up" : "down"} replica set ${before.metadata.name} from ${sizeOf(before)} to ${size}`;
    plan.update.push({ replicaSet, ...(resized ? { scaled } : {}) });
  }
  const noted = current?.metadata.annotations?.[REVISION];
  if (noted && noted !== deployment.metadata.annotations?.[REVISION]) plan.revision = noted;
}

/** The ReplicaSet with the Deployment's template; the oldest, should there be several. */
export function findNewest(deployment: Deployment, replicaSets: ReplicaSet[]): ReplicaSet | undefined {
  return [...replicaSets].sort(byAge).find((replicaSet) => hasTemplate(replicaSet, deployment.spec.template));
}

/** Whether the templates are equal but for the hash label. */
export function hasTemplate(replicaSet: ReplicaSet, template: PodTemplateSpec): boolean {
  return sameOnTheWire(withoutHash(replicaSet.spec.template!), withoutHash(template));
}

function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const { [TEMPLATE_HASH]: _, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}

/** The same template and collision count always give the same hash. */
export function templateHash(template: PodTemplateSpec, collisionCount: number | undefined): string {
  return safeEncode(String(fnv32a(canonicalJson(template) + (collisionCount ? `#${collisionCount}` : ""))));
}

function newReplicaSet(deployment: Deployment, revision: number, replicas: number): ReplicaSet {
  const { template, selector, minReadySeconds } = deployment.spec;
  const hash = templateHash(template, deployment.status?.collisionCount);
  const labels = { ...template.metadata?.labels, [TEMPLATE_HASH]: hash };
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: `${deployment.metadata.name}-${hash}`,
      namespace: deployment.metadata.namespace!,
      labels,
      annotations: newReplicaSetAnnotations(deployment, undefined, revision),
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas,
      ...(minReadySeconds ? { minReadySeconds } : {}),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [TEMPLATE_HASH]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}

/** Old ReplicaSets to forget: empty, settled, and older than the history reaches. */
function beyondHistory(deployment: Deployment, old: ReplicaSet[]): ReplicaSet[] {
  const alive = old.filter((replicaSet) => !replicaSet.metadata.deletionTimestamp).sort((a, b) => revisionOf(a) - revisionOf(b) || byAge(a, b));
  return alive.slice(0, Math.max(0, alive.length - (deployment.spec.revisionHistoryLimit ?? 10))).filter(
    (replicaSet) =>
      sizeOf(replicaSet) === 0 &&
      (replicaSet.status?.replicas ?? 0) === 0 &&
      (replicaSet.metadata.generation ?? 0) <= (replicaSet.status?.observedGeneration ?? 0),
  );
}
