/**
 * A namespace goes when everything in it has gone.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/namespace/deletion/namespaced_resources_deleter.go
 */
import type { Resource } from "#api/resources.ts";
import type { KubeObject, Namespace } from "#api/types.ts";
import { setCondition } from "../common/conditions.ts";

/** The finalizer in spec.finalizers that this controller takes off last. */
export const NAMESPACE_FINALIZER = "kubernetes";

export interface NamespaceSnapshot {
  namespace: Namespace;
  /** What is left, by resource. */
  contents: { resource: Resource; objects: KubeObject[] }[];
  /** Why contents could not be listed or deleted. */
  failures: string[];
  /** The group versions of which nobody can tell now what they hold. */
  unknown: string[];
  nowMs: number;
}

export interface NamespacePlan {
  /** Objects not yet asked to go. */
  delete: { resource: Resource; object: KubeObject }[];
  /** Nothing is left: the namespace may go. */
  finalize: boolean;
  conditions: NonNullable<NonNullable<Namespace["status"]>["conditions"]>;
}

export function planNamespace({ namespace, contents, failures, unknown, nowMs }: NamespaceSnapshot): NamespacePlan {
  const left = contents.filter(({ objects }) => objects.length > 0);
  const finalizers = new Map<string, number>();
  for (const object of left.flatMap(({ objects }) => objects)) {
    for (const finalizer of object.metadata.finalizers ?? []) finalizers.set(finalizer, (finalizers.get(finalizer) ?? 0) + 1);
  }
  const remaining = left.map(({ resource, objects }) => `${nameOf(resource)} has ${objects.length} resource instances`).sort();
  const holding = [...finalizers].map(([finalizer, count]) => `${finalizer} in ${count} resource instances`).sort();
  let conditions = namespace.status?.conditions ?? [];
  const set = (type: string, bad: boolean, [badReason, badMessage]: [string, string], [reason, message]: [string, string]): void => {
    const condition = bad ? { type, status: "True", reason: badReason, message: badMessage } : { type, status: "False", reason, message };
    const old = conditions.find((known) => known.type === type);
    // The counts in a message change while status and reason stay.
    conditions = setCondition(conditions, condition, nowMs).map((known) => (known === old && old.message !== condition.message ? { ...old, message: condition.message } : known));
  };
  const stale = [...unknown].sort().map((groupVersion) => `${groupVersion}: stale GroupVersion discovery: ${groupVersion}`);
  set("NamespaceDeletionDiscoveryFailure", unknown.length > 0, ["DiscoveryFailed", `Discovery failed for some groups, ${unknown.length} failing: unable to retrieve the complete list of server APIs: ${stale.join(", ")}`], ["ResourcesDiscovered", "All resources successfully discovered"]);
  set("NamespaceDeletionGroupVersionParsingFailure", false, ["", ""], ["ParsedGroupVersions", "All legacy kube types successfully parsed"]);
  set("NamespaceDeletionContentFailure", failures.length > 0, ["ContentDeletionFailed", `Failed to delete all resource types, ${failures.length} remaining: ${failures.join(", ")}`], [
    "ContentDeleted",
    "All content successfully deleted, may be waiting on finalization",
  ]);
  set("NamespaceContentRemaining", left.length > 0, ["SomeResourcesRemain", `Some resources are remaining: ${remaining.join(", ")}`], ["ContentRemoved", "All content successfully removed"]);
  set("NamespaceFinalizersRemaining", holding.length > 0, ["SomeFinalizersRemain", `Some content in the namespace has finalizers remaining: ${holding.join(", ")}`], [
    "ContentHasNoFinalizers",
    "All content-preserving finalizers finished",
  ]);
  return {
    delete: left.flatMap(({ resource, objects }) => objects.filter(({ metadata }) => !metadata.deletionTimestamp).map((object) => ({ resource, object }))),
    finalize: left.length === 0 && failures.length === 0 && unknown.length === 0,
    conditions,
  };
}

function nameOf(resource: Resource): string {
  return resource.group ? `${resource.plural}.${resource.group}` : `${resource.plural}.`;
}
