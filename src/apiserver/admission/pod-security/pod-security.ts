/**
 * Pods keep the security level that their namespace enforces; what would break the levels it warns of or
 * audits is let in and told.
 * @see https://github.com/kubernetes/pod-security-admission/blob/master/admission/admission.go
 * @see https://github.com/kubernetes/kubernetes/blob/master/plugin/pkg/admission/security/podsecurity/admission.go
 */
import { isDeepStrictEqual } from "node:util";
import { invalid } from "#api/errors.ts";
import { controllerOf } from "#api/resources.ts";
import type { KubeObject, Namespace, ObjectMeta, Pod, PodSpec } from "#api/types.ts";
import { isAbout, refusal, type AdmissionPlugin, type Attributes } from "../admission.ts";
import type { Violation } from "./checks.ts";
import { compareLevels, detailText, levelVersionText, policyOf, reasonText, sameLevelVersion, violationsOf, type LevelVersion } from "./policy.ts";

/** Kinds with a pod template, by group and plural; the path leads to it. */
const TEMPLATES: Record<string, string[]> = {
  "/replicationcontrollers": ["spec", "template"],
  "/podtemplates": ["template"],
  "apps/replicasets": ["spec", "template"],
  "apps/deployments": ["spec", "template"],
  "apps/statefulsets": ["spec", "template"],
  "apps/daemonsets": ["spec", "template"],
  "batch/jobs": ["spec", "template"],
  "batch/cronjobs": ["spec", "jobTemplate", "spec", "template"],
};

/** Subresources of pods that don't change what a pod may do. */
const HARMLESS = ["exec", "attach", "binding", "eviction", "log", "portforward", "proxy", "status"];
/** How many pods a change of a namespace's level is checked against. */
const MAX_PODS = 3000;
const ANNOTATION = "pod-security.kubernetes.io/";

export interface PodSecurityFinders {
  namespace: (name: string) => Namespace | undefined;
  pods: (namespace: string) => Pod[];
}

export function podSecurity(find: PodSecurityFinders): AdmissionPlugin {
  return {
    name: "PodSecurity",
    validate(attributes) {
      const { operation, definition, subresource } = attributes;
      if (operation !== "CREATE" && operation !== "UPDATE") return;
      if (isAbout(attributes, "", "namespaces")) return checkNamespace(attributes, find.pods);
      const { group, plural } = definition;
      if (group === "" && plural === "pods" && !HARMLESS.includes(subresource)) {
        const pod = attributes.object as Pod;
        const old = attributes.oldObject as Pod | undefined;
        if (operation === "UPDATE" && old && !isSignificant(pod, old)) return;
        return evaluate(attributes, find.namespace(attributes.namespace), pod.metadata, pod.spec, true);
      }
      const path = subresource === "" ? TEMPLATES[`${group}/${plural}`] : undefined;
      const template = path && templateAt(attributes.object!, path);
      if (template?.spec) evaluate(attributes, find.namespace(attributes.namespace), template.metadata ?? {}, template.spec, false);
    },
  };
}

function templateAt(object: KubeObject, path: string[]): { metadata?: ObjectMeta; spec?: PodSpec } | undefined {
  return path.reduce<unknown>((value, step) => (value as Record<string, unknown> | undefined)?.[step], object) as { metadata?: ObjectMeta; spec?: PodSpec } | undefined;
}

function evaluate(attributes: Attributes, namespace: Namespace | undefined, metadata: ObjectMeta, spec: PodSpec, enforce: boolean): void {
  const { policy, errors } = policyOf(namespace?.metadata.labels);
  if (errors.length > 0) attributes.annotate?.(`${ANNOTATION}error`, `Failed to parse policy: ${errors.map(({ field, message }) => `${field}: ${message}`).join(", ")}`);
  const known = new Map<string, Violation[]>();
  const violations = (wanted: LevelVersion): Violation[] => {
    const key = levelVersionText(wanted);
    if (!known.has(key)) known.set(key, violationsOf(wanted, metadata, spec));
    return known.get(key)!;
  };
  if (enforce) attributes.annotate?.(`${ANNOTATION}enforce-policy`, levelVersionText(policy.enforce));
  const audited = violations(policy.audit);
  if (audited.length > 0) attributes.annotate?.(`${ANNOTATION}audit-violations`, `would violate PodSecurity "${levelVersionText(policy.audit)}": ${detailText(audited)}`);
  const enforced = enforce ? violations(policy.enforce) : [];
  if (enforced.length > 0) throw refusal(attributes, `violates PodSecurity "${levelVersionText(policy.enforce)}": ${detailText(enforced)}`);
  const warned = violations(policy.warn);
  if (warned.length > 0) attributes.warn(`would violate PodSecurity "${levelVersionText(policy.warn)}": ${detailText(warned)}`);
}

/** Labels must be right, and the pods that are there already are told of when they would not be let in any more. */
function checkNamespace(attributes: Attributes, podsIn: (namespace: string) => Pod[]): void {
  const { operation, object, oldObject } = attributes;
  const next = policyOf(object!.metadata.labels);
  const name = object!.metadata.name!;
  const old = operation === "UPDATE" ? policyOf(oldObject!.metadata.labels) : undefined;
  if (next.errors.length > 0 && !isDeepStrictEqual(next.errors, old?.errors)) throw invalid({ resource: "Namespace", name }, next.errors);
  if (!old) return;
  const wanted = next.policy.enforce;
  const before = old.policy.enforce;
  const relaxed = wanted.version === before.version && compareLevels(wanted.level, before.level) <= 0;
  if (sameLevelVersion(wanted, before) || wanted.level === "privileged" || relaxed) return;
  for (const warning of warningsAboutPods(name, wanted, podsIn(name))) attributes.warn(warning);
}

/** One warning per kind of violation, with the first pod by name and how many there are. */
export function warningsAboutPods(namespace: string, enforce: LevelVersion, pods: Pod[]): string[] {
  const checked = oneOfEachController(pods).slice(0, MAX_PODS);
  const found = new Map<string, string[]>();
  for (const { metadata, spec } of checked) {
    const violations = violationsOf(enforce, metadata, spec);
    if (violations.length === 0) continue;
    const reason = reasonText(violations);
    found.set(reason, [...(found.get(reason) ?? []), metadata.name!]);
  }
  const lines = [...found].map(([reason, names]) => {
    const first = names.sort()[0]!;
    const others = names.length - 1;
    return `${first}${others === 0 ? "" : ` (and ${others} other pod${others === 1 ? "" : "s"})`}: ${reason}`;
  });
  return [
    ...(checked.length < pods.length ? [`new PodSecurity enforce level only checked against the first ${checked.length} of ${pods.length} existing pods`] : []),
    ...(lines.length > 0 ? [`existing pods in namespace "${namespace}" violate the new PodSecurity enforce level "${levelVersionText(enforce)}"`] : []),
    ...lines.sort(),
  ];
}

/** Pods of one controller are alike: one of each comes first. */
function oneOfEachController(pods: Pod[]): Pod[] {
  const seen = new Set<string>();
  const [first, rest]: [Pod[], Pod[]] = [[], []];
  for (const pod of pods) {
    const uid = controllerOf(pod)?.uid;
    (uid !== undefined && seen.has(uid) ? rest : first).push(pod);
    if (uid !== undefined) seen.add(uid);
  }
  return [...first, ...rest];
}

/** Of what may change in a pod, only images and additional containers matter. */
function isSignificant({ spec }: Pod, { spec: old }: Pod): boolean {
  for (const list of ["containers", "initContainers"] as const) {
    const containers = spec[list] ?? [];
    const before = old[list] ?? [];
    if (containers.length !== before.length || containers.some(({ image }, i) => image !== before[i]!.image)) return true;
  }
  return (spec.ephemeralContainers ?? []).some(({ name, image }) => old.ephemeralContainers?.find((other) => other.name === name)?.image !== image);
}
