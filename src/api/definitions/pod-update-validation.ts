/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go (ValidatePodUpdate) */
import { isDeepStrictEqual } from "node:util";
import type { FieldError } from "../errors.ts";
import type { NodeSelectorTerm, Pod, PodSpec, Toleration } from "../types.ts";
import { differences } from "./differences.ts";
import { forbidden, invalid } from "./field-errors.ts";

const UPDATABLE = [
  "`spec.containers[*].image`",
  "`spec.initContainers[*].image`",
  "`spec.activeDeadlineSeconds`",
  "`spec.tolerations` (only additions to existing tolerations)",
  "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
].join(",");

const MIRROR = "kubernetes.io/config.mirror";
const APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/";

export function validatePodUpdate(pod: Pod, oldPod: Pod): FieldError[] {
  const { spec } = pod;
  const { spec: old } = oldPod;
  const errors = validateAnnotationsUpdate(pod, oldPod);
  for (const name of ["containers", "initContainers"] as const) {
    if ((spec[name]?.length ?? 0) !== (old[name]?.length ?? 0)) return [...errors, forbidden(`spec.${name}`, "pod updates may not add or remove containers")];
  }
  errors.push(
    ...validateDeadlineUpdate(spec.activeDeadlineSeconds, old.activeDeadlineSeconds),
    ...validateOnlyAdded(spec.tolerations ?? [], old.tolerations ?? []),
    ...validateOnlyDeletedGates(spec, old),
  );
  const allowed = structuredClone(spec);
  for (const name of ["containers", "initContainers"] as const) {
    for (const [i, container] of (allowed[name] ?? []).entries()) container.image = old[name]![i]!.image!;
  }
  for (const field of ["activeDeadlineSeconds", "tolerations", "schedulingGates"] as const) Object.assign(allowed, { [field]: old[field] });
  if ((old.terminationGracePeriodSeconds ?? 0) < 0 && spec.terminationGracePeriodSeconds === 1) {
    allowed.terminationGracePeriodSeconds = old.terminationGracePeriodSeconds!;
  }
  // A gated pod has not been scheduled: its choice of nodes may still be narrowed.
  if (old.schedulingGates?.length) {
    errors.push(...validateNodeSelectorUpdate(spec, old), ...validateNodeAffinityUpdate(spec, old));
    Object.assign(allowed, { nodeSelector: old.nodeSelector, affinity: withNodeAffinityOf(old.affinity, spec.affinity) });
  }
  const plain = JSON.parse(JSON.stringify(allowed)) as PodSpec;
  if (!isDeepStrictEqual(plain, old)) {
    errors.push(forbidden("spec", `pod updates may not change fields other than ${UPDATABLE}\n${differences(old, plain, "spec")}`));
  }
  return errors;
}

/** Annotations that say how the pod came to be, or what its node has made of it already. */
export function validateAnnotationsUpdate({ metadata: { annotations = {} } }: Pod, { metadata: { annotations: old = {} } }: Pod): FieldError[] {
  const names = new Set([...Object.keys(old), ...Object.keys(annotations)].filter((key) => key === MIRROR || key.startsWith(APP_ARMOR)));
  return [...names].flatMap((key) => {
    if (annotations[key] === old[key]) return [];
    const what = key === MIRROR ? "mirror pod annotation" : "AppArmor annotations";
    return [forbidden(`metadata.annotations[${key}]`, key in old ? `may not remove or update ${what}` : `may not add ${what}`)];
  });
}

function validateDeadlineUpdate(seconds: number | undefined, old: number | undefined): FieldError[] {
  const field = "spec.activeDeadlineSeconds";
  if (seconds === undefined) return old === undefined ? [] : [invalid(field, null, "must not update from a positive integer to nil value")];
  return old !== undefined && seconds > old ? [invalid(field, seconds, "must be less than or equal to previous value")] : [];
}

function validateOnlyAdded(tolerations: Toleration[], old: Toleration[]): FieldError[] {
  const same = (a: Toleration, b: Toleration): boolean => isDeepStrictEqual({ ...a, tolerationSeconds: 0 }, { ...b, tolerationSeconds: 0 });
  const kept = old.every((known) => tolerations.some((toleration) => same(toleration, known)));
  return kept ? [] : [forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds")];
}

function validateOnlyDeletedGates({ schedulingGates = [] }: PodSpec, { schedulingGates: old = [] }: PodSpec): FieldError[] {
  return schedulingGates.flatMap(({ name }, i) =>
    old.some((known) => known.name === name) ? [] : [forbidden(`spec.schedulingGates[${i}].name`, `only deletion is allowed, but found new scheduling gate '${name}'`)],
  );
}

function validateNodeSelectorUpdate({ nodeSelector = {} }: PodSpec, { nodeSelector: old = {} }: PodSpec): FieldError[] {
  const kept = Object.entries(old).every(([key, value]) => nodeSelector[key] === value);
  return kept ? [] : [invalid("spec.nodeSelector", nodeSelector, "only additions to spec.nodeSelector are allowed (no mutations or deletions)")];
}

function termsOf({ affinity }: PodSpec): NodeSelectorTerm[] {
  return affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
}

function validateNodeAffinityUpdate(spec: PodSpec, old: PodSpec): FieldError[] {
  const field = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms";
  const [terms, oldTerms] = [termsOf(spec), termsOf(old)];
  if (oldTerms.length === 0) return [];
  if (terms.length !== oldTerms.length) return [invalid(field, terms, "no additions/deletions to non-empty NodeSelectorTerms list are allowed")];
  return terms.flatMap((term, i) => (hasOnlyAdditions(term, oldTerms[i]!) ? [] : [invalid(`${field}[${i}]`, term, "only additions are allowed (no mutations or deletions)")]));
}

function hasOnlyAdditions(term: NodeSelectorTerm, old: NodeSelectorTerm): boolean {
  const parts = ["matchExpressions", "matchFields"] as const;
  const isEmpty = (selected: NodeSelectorTerm): boolean => parts.every((part) => !selected[part]?.length);
  // An empty term selects nothing: what is added to it would widen the choice.
  if (isEmpty(old)) return isEmpty(term);
  return parts.every((part) => isDeepStrictEqual((term[part] ?? []).slice(0, old[part]?.length ?? 0), old[part] ?? []));
}

/** The new affinity with the old rules about nodes. */
function withNodeAffinityOf(old: PodSpec["affinity"], next: PodSpec["affinity"]): PodSpec["affinity"] {
  const { nodeAffinity: _, ...others } = next ?? {};
  const merged = { ...others, ...(old?.nodeAffinity ? { nodeAffinity: old.nodeAffinity } : {}) };
  return Object.keys(merged).length > 0 || old ? merged : undefined;
}
