/**
 * What a quota's status should say: its limits as the spec has them, and what everything there uses of them.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/resourcequota/resource_quota_controller.go
 */
import { evaluatorFor } from "#api/quota/evaluators.ts";
import { countUsage } from "#api/quota/usage.ts";
import type { Resource } from "#api/resources.ts";
import type { KubeObject, Pod, ResourceQuota, Service } from "#api/types.ts";

export interface Tracked<R extends Pick<Resource, "group" | "plural">> {
  resource: R;
  /** The quota's names that its objects count towards. */
  names: string[];
}

/** Which kinds use what the quota limits. */
export function trackedBy<R extends Pick<Resource, "group" | "plural">>({ spec }: ResourceQuota, resources: readonly R[]): Tracked<R>[] {
  const names = Object.keys(spec.hard ?? {});
  return resources.flatMap((resource) => {
    const evaluator = evaluatorFor(resource.group, resource.plural);
    const own = names.filter((name) => evaluator.tracks(name));
    return own.length > 0 ? [{ resource, names: own }] : [];
  });
}

/** The status; `used` knows the names only that something served here can use. */
export function quotaStatus(
  quota: ResourceQuota,
  contents: { resource: Pick<Resource, "group" | "plural">; names: string[]; objects: readonly KubeObject[] }[],
  nowMs: number,
): NonNullable<ResourceQuota["status"]> {
  const used: Record<string, string> = {};
  for (const { resource, names, objects } of contents) {
    Object.assign(used, countUsage(quota, names, evaluatorFor(resource.group, resource.plural), objects, nowMs));
  }
  return { hard: { ...quota.spec.hard }, used };
}

/** Whether a change means that something is used no more: admission charges, it never gives back. */
export function givesBack({ group, plural }: Pick<Resource, "group" | "plural">, object: KubeObject, old: KubeObject): boolean {
  if (group !== "") return false;
  if (plural === "pods") return hasEnded(object as Pod) && !hasEnded(old as Pod);
  if (plural === "services") return (object as Service).spec.type !== (old as Service).spec.type;
  return plural === "persistentvolumeclaims";
}

function hasEnded({ status }: Pod): boolean {
  return status?.phase === "Failed" || status?.phase === "Succeeded";
}
