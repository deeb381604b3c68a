/**
 * Which nodes can take a pod, and why the others can't; each filter is one of upstream's plugins.
 * @see https://kubernetes.io/docs/reference/scheduling/config/#scheduling-plugins
 */
import type { PersistentVolume, Pod } from "#api/types.ts";
import { changed, hasAffinityTerms, hasPortConflict, type NodeState } from "./cluster.ts";
import { matchesNodeAffinity, matchesTerm, untolerated } from "#api/nodeaffinity.ts";
import type { Nominations } from "./nominations.ts";
import { affinityFilter, type NamespaceLabels } from "./podaffinity.ts";
import { priorityOf } from "./priority.ts";
import { podRequests } from "./resources.ts";
import { spreadFilter } from "./topologyspread.ts";

/** Why a node can't take the pod. */
export interface Rejection {
  reasons: string[];
  /** Whether removing pods from the node could help. */
  resolvable: boolean;
}

export interface FilterContext {
  nodes: readonly NodeState[];
  /** Volumes that the pod's claims are bound to. */
  volumes: PersistentVolume[];
  namespaceLabels: NamespaceLabels;
  hasAffinity: boolean;
  nominations: Nominations;
}

type Filter = (state: NodeState) => Rejection | undefined;

const unresolvable = (reason: string): Rejection => ({ reasons: [reason], resolvable: false });
const resolvable = (reason: string): Rejection => ({ reasons: [reason], resolvable: true });

/** Why a node can't take the pod, or undefined: the judgement of all filters, for one node after the other. */
export function judgeFor(pod: Pod, context: FilterContext): Filter {
  const filters = filtersFor(pod, context);
  return (state) => {
    const nominated = context.nominations
      .on(state.node.metadata.name!)
      .filter((other) => other.metadata.uid !== pod.metadata.uid && !state.pods.has(other.metadata.uid!) && priorityOf(other) >= priorityOf(pod));
    if (nominated.length > 0) {
      const crowded = changed(state, { with: nominated });
      const rejection = firstRejection(filtersFor(pod, onNode(context, crowded)), crowded);
      if (rejection) return rejection;
    }
    // Without them, too: they may never come, and the pod may count on nobody who isn't there.
    return firstRejection(filters, state);
  };
}

/** The context as it would be with the node in another state. */
export function onNode<C extends FilterContext>(context: C, state: NodeState): C {
  const { name } = state.node.metadata;
  const hasAffinity = context.hasAffinity || [...state.pods.values()].some(hasAffinityTerms);
  return { ...context, hasAffinity, nodes: context.nodes.map((other) => (other.node.metadata.name === name ? state : other)) };
}

function firstRejection(filters: Filter[], state: NodeState): Rejection | undefined {
  for (const filter of filters) {
    const rejection = filter(state);
    if (rejection) return rejection;
  }
  return undefined;
}

/** The filters in upstream's order; a node is asked until one says no. */
function filtersFor(pod: Pod, context: FilterContext): Filter[] {
  return [
    nodeUnschedulable(pod),
    nodeName(pod),
    taintToleration(pod),
    (state) => (matchesNodeAffinity(pod, state.node) ? undefined : unresolvable("node(s) didn't match Pod's node affinity/selector")),
    (state) => (hasPortConflict(state, pod) ? resolvable("node(s) didn't have free ports for the requested pod ports") : undefined),
    nodeResourcesFit(pod),
    volumeNodeAffinity(context.volumes),
    topologySpread(pod, context),
    interPodAffinity(pod, context),
  ];
}

function nodeUnschedulable(pod: Pod): Filter {
  const taint = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };
  return ({ node }) => {
    if (!node.spec?.unschedulable) return undefined;
    const tainted = { ...node, spec: { taints: [taint] } };
    return untolerated(pod, tainted, ["NoSchedule"]).length === 0 ? undefined : unresolvable("node(s) were unschedulable");
  };
}

function nodeName(pod: Pod): Filter {
  const { nodeName: wanted } = pod.spec;
  return ({ node }) => (!wanted || wanted === node.metadata.name ? undefined : unresolvable("node(s) didn't match the requested node name"));
}

function taintToleration(pod: Pod): Filter {
  return ({ node }) => {
    const taint = untolerated(pod, node, ["NoSchedule", "NoExecute"])[0];
    return taint && unresolvable(`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ""}}`);
  };
}

function nodeResourcesFit(pod: Pod): Filter {
  const requests = [...podRequests(pod)].filter(([, amount]) => amount > 0);
  return ({ allocatable, requested, pods }) => {
    const reasons: string[] = [];
    let hopeless = false;
    if (pods.size + 1 > (allocatable.get("pods") ?? 0)) reasons.push("Too many pods");
    for (const [name, amount] of requests) {
      const capacity = allocatable.get(name) ?? 0;
      if (amount <= capacity - (requested.get(name) ?? 0)) continue;
      reasons.push(`Insufficient ${name}`);
      if (amount > capacity) hopeless = true;
    }
    return reasons.length > 0 ? { reasons, resolvable: !hopeless } : undefined;
  };
}

function volumeNodeAffinity(volumes: PersistentVolume[]): Filter {
  return ({ node }) => {
    const reachable = volumes.every(({ spec }) => {
      const required = spec.nodeAffinity?.required;
      return !required || required.nodeSelectorTerms.some((term) => matchesTerm(term, node));
    });
    return reachable ? undefined : unresolvable("node(s) didn't match PersistentVolume's node affinity");
  };
}

function topologySpread(pod: Pod, { nodes }: FilterContext): Filter {
  if (!pod.spec.topologySpreadConstraints?.length) return () => undefined;
  const judge = spreadFilter(pod, nodes);
  return (state) => asRejection(judge(state));
}

function interPodAffinity(pod: Pod, { nodes, hasAffinity, namespaceLabels }: FilterContext): Filter {
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
  if (!hasAffinity && !podAffinity && !podAntiAffinity) return () => undefined;
  const judge = affinityFilter(pod, nodes, namespaceLabels);
  return (state) => asRejection(judge(state));
}

function asRejection(verdict: { reason: string; resolvable: boolean } | undefined): Rejection | undefined {
  return verdict && { reasons: [verdict.reason], resolvable: verdict.resolvable };
}
