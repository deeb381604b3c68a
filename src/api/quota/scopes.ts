/**
 * The scopes of a ResourceQuota: which pods and claims it is about.
 * @see https://kubernetes.io/docs/concepts/policy/resource-quotas/#quota-scopes
 */
import { matches, type Operator } from "#lib/selectors.ts";
import { qosClassOf } from "../definitions/qos.ts";
import type { PersistentVolumeClaim, Pod, ResourceQuota } from "../types.ts";

export interface ScopeRequirement {
  scopeName: string;
  operator: string;
  values?: string[] | undefined;
}

/** Everything a quota demands of what it counts. */
export function scopesOf({ spec }: ResourceQuota): ScopeRequirement[] {
  return [...(spec.scopes ?? []).map((scopeName) => ({ scopeName, operator: "Exists" })), ...(spec.scopeSelector?.matchExpressions ?? [])];
}

export function podMatchesScope(scope: ScopeRequirement, { spec }: Pod): boolean {
  switch (scope.scopeName) {
    case "Terminating":
      return isTerminating(spec);
    case "NotTerminating":
      return !isTerminating(spec);
    case "BestEffort":
      return qosClassOf(spec) === "BestEffort";
    case "NotBestEffort":
      return qosClassOf(spec) !== "BestEffort";
    case "PriorityClass":
      return matchesOneOf(scope, spec.priorityClassName ? [spec.priorityClassName] : []);
    case "CrossNamespacePodAffinity":
      return reachesOtherNamespaces(spec.affinity?.podAffinity) || reachesOtherNamespaces(spec.affinity?.podAntiAffinity);
    default:
      return false;
  }
}

export function claimMatchesScope(scope: ScopeRequirement, { spec, status }: PersistentVolumeClaim): boolean {
  if (scope.scopeName !== "VolumeAttributesClass") return false;
  const names = [spec.volumeAttributesClassName, status?.currentVolumeAttributesClassName, status?.modifyVolumeStatus?.targetVolumeAttributesClassName];
  return matchesOneOf(scope, names.flatMap((name) => name || []));
}

function isTerminating({ activeDeadlineSeconds }: Pod["spec"]): boolean {
  return activeDeadlineSeconds !== undefined && activeDeadlineSeconds >= 0;
}

/** Whether one of the names satisfies the requirement; none may, too: `NotIn`, `DoesNotExist`. */
function matchesOneOf({ scopeName, operator, values = [] }: ScopeRequirement, names: string[]): boolean {
  const requirement = [{ key: scopeName, operator: operator as Operator, values }];
  if (names.length === 0) return matches(requirement, {});
  return names.some((name) => matches(requirement, { [scopeName]: name }));
}

interface AffinityTerm {
  namespaces?: string[] | undefined;
  namespaceSelector?: unknown;
}

interface PodAffinityLike {
  requiredDuringSchedulingIgnoredDuringExecution?: AffinityTerm[] | undefined;
  preferredDuringSchedulingIgnoredDuringExecution?: { podAffinityTerm: AffinityTerm }[] | undefined;
}

function reachesOtherNamespaces(affinity: PodAffinityLike | undefined): boolean {
  const terms = [
    ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ];
  return terms.some(({ namespaces, namespaceSelector }) => (namespaces?.length ?? 0) > 0 || namespaceSelector !== undefined);
}
