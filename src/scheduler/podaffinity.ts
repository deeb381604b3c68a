/**
 * Affinity and anti-affinity between pods.
 * @see https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#inter-pod-affinity-and-anti-affinity
 */
import { fromLabelSelector, matches } from "#lib/selectors.ts";
import type { Affinity, Pod } from "#api/types.ts";
import type { NodeState } from "./cluster.ts";
import { selects } from "./podselector.ts";

type Term = NonNullable<NonNullable<Affinity["podAffinity"]>["requiredDuringSchedulingIgnoredDuringExecution"]>[number];
type Weighted = NonNullable<NonNullable<Affinity["podAffinity"]>["preferredDuringSchedulingIgnoredDuringExecution"]>[number];

/** The labels of a namespace, for terms that choose namespaces by label. */
export type NamespaceLabels = (namespace: string) => Record<string, string> | undefined;

/** Judges nodes by required terms, the pod's own and those of pods that are there: a reason against, or undefined. */
export function affinityFilter(pod: Pod, nodes: readonly NodeState[], labelsOf: NamespaceLabels): (state: NodeState) => { reason: string; resolvable: boolean } | undefined {
  const affinity = required(pod, "podAffinity");
  const antiAffinity = required(pod, "podAntiAffinity");
  const repelled = new Set<string>();
  const forbidden = new Set<string>();
  const attracted = new Set<string>();
  for (const { node, pods } of nodes) {
    const pair = (term: Term): string | undefined => domainOf(term.topologyKey, node.metadata.labels);
    const note = (set: Set<string>, term: Term): void => {
      const domain = pair(term);
      if (domain !== undefined) set.add(domain);
    };
    for (const other of pods.values()) {
      for (const term of required(other, "podAntiAffinity")) if (concerns(term, other, pod, labelsOf)) note(repelled, term);
      for (const term of antiAffinity) if (concerns(term, pod, other, labelsOf)) note(forbidden, term);
      if (affinity.length > 0 && affinity.every((term) => concerns(term, pod, other, labelsOf))) for (const term of affinity) note(attracted, term);
    }
  }
  // The first pod of a group that wants to be together has nobody to join: it may start the group.
  const first = attracted.size === 0 && affinity.every((term) => concerns(term, pod, pod, labelsOf));
  return ({ node }) => {
    const has = (set: Set<string>) => (term: Term) => set.has(domainOf(term.topologyKey, node.metadata.labels) ?? "");
    const labelled = affinity.every((term) => node.metadata.labels?.[term.topologyKey] !== undefined);
    if (!labelled || !(affinity.every(has(attracted)) || first)) return { reason: "node(s) didn't match pod affinity rules", resolvable: false };
    if (antiAffinity.some(has(forbidden))) return { reason: "node(s) didn't match pod anti-affinity rules", resolvable: true };
    const here = Object.entries(node.metadata.labels ?? {});
    if (repelled.size > 0 && here.some(([key, value]) => repelled.has(`${key}=${value}`))) {
      return { reason: "node(s) didn't satisfy existing pods anti-affinity rules", resolvable: true };
    }
    return undefined;
  };
}

/** Scores nodes by preferred terms of both sides, 0 to 100. */
export function affinityScores(pod: Pod, feasible: NodeState[], nodes: readonly NodeState[], labelsOf: NamespaceLabels): number[] {
  const weights = new Map<string, number>();
  for (const { node, pods } of nodes) {
    const weigh = (term: Term, weight: number): void => {
      const domain = domainOf(term.topologyKey, node.metadata.labels);
      if (domain !== undefined) weights.set(domain, (weights.get(domain) ?? 0) + weight);
    };
    for (const other of pods.values()) {
      for (const [owner, target] of [[pod, other], [other, pod]] as const) {
        for (const { podAffinityTerm: term, weight } of preferred(owner, "podAffinity")) if (concerns(term, owner, target, labelsOf)) weigh(term, weight);
        for (const { podAffinityTerm: term, weight } of preferred(owner, "podAntiAffinity")) if (concerns(term, owner, target, labelsOf)) weigh(term, -weight);
      }
      // Pods that must be near such a pod pull it a little, too.
      for (const term of required(other, "podAffinity")) if (concerns(term, other, pod, labelsOf)) weigh(term, 1);
    }
  }
  if (weights.size === 0) return feasible.map(() => 0);
  const raw = feasible.map(({ node }) =>
    Object.entries(node.metadata.labels ?? {}).reduce((total, [key, value]) => total + (weights.get(`${key}=${value}`) ?? 0), 0),
  );
  const min = Math.min(...raw);
  const range = Math.max(...raw) - min;
  return raw.map((value) => (range === 0 ? 0 : Math.floor((100 * (value - min)) / range)));
}

function domainOf(topologyKey: string, labels: Record<string, string> | undefined): string | undefined {
  const value = labels?.[topologyKey];
  return value === undefined ? undefined : `${topologyKey}=${value}`;
}

function required(pod: Pod, side: "podAffinity" | "podAntiAffinity"): Term[] {
  return pod.spec.affinity?.[side]?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
}

function preferred(pod: Pod, side: "podAffinity" | "podAntiAffinity"): Weighted[] {
  return pod.spec.affinity?.[side]?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
}

/** Whether `owner`'s term is about `target`: its namespace and its labels. */
function concerns(term: Term, owner: Pod, target: Pod, labelsOf: NamespaceLabels): boolean {
  const { namespace } = target.metadata;
  const explicit = (term.namespaces ?? []).length > 0 || term.namespaceSelector !== undefined;
  const inScope = explicit
    ? (term.namespaces ?? []).includes(namespace!) || matches(fromLabelSelector(term.namespaceSelector), labelsOf(namespace!))
    : namespace === owner.metadata.namespace;
  return inScope && selects(term, owner, target);
}
