/**
 * Nodes and what is on them, including pods whose binding is still under way ("assumed"): the
 * snapshot that filters and scores read.
 */
import { controllerOf } from "#api/resources.ts";
import type { Node, Pod } from "#api/types.ts";
import { allocatable, hostPorts, podRequests, podRequestsForScoring, type Amounts } from "./resources.ts";

export interface NodeState {
  readonly node: Node;
  readonly allocatable: Amounts;
  /** By uid. */
  readonly pods: Map<string, Pod>;
  readonly requested: Amounts;
  readonly requestedForScoring: Amounts;
  /** How many pods of each controller (by uid) it runs. */
  readonly byController: Map<string, number>;
}

export class Cluster {
  readonly #nodes = new Map<string, NodeState>();
  #sorted: readonly NodeState[] | undefined;
  /** Where each counted pod is, by uid. A pod may name a node that isn't known (yet). */
  readonly #placed = new Map<string, { pod: Pod; nodeName: string; assumed: boolean }>();
  /** Pods with affinity terms of their own, by uid: only these make others look twice. */
  readonly #withAffinity = new Set<string>();

  /** In order of name, so that a run can be repeated. */
  get nodes(): readonly NodeState[] {
    this.#sorted ??= [...this.#nodes.values()].sort((a, b) => (a.node.metadata.name! < b.node.metadata.name! ? -1 : 1));
    return this.#sorted;
  }

  /** Whether any placed pod has affinity or anti-affinity to others. */
  get hasAffinity(): boolean {
    return this.#withAffinity.size > 0;
  }

  setNode(node: Node): void {
    const name = node.metadata.name!;
    this.#sorted = undefined;
    const known = this.#nodes.get(name);
    if (known) {
      this.#nodes.set(name, { ...known, node, allocatable: allocatable(node) });
      return;
    }
    const state = { node, allocatable: allocatable(node), pods: new Map(), requested: new Map(), requestedForScoring: new Map(), byController: new Map() };
    this.#nodes.set(name, state);
    for (const { pod, nodeName } of this.#placed.values()) if (nodeName === name) count(state, pod, 1);
  }

  removeNode(name: string): void {
    this.#nodes.delete(name);
    this.#sorted = undefined;
  }

  /** Takes in a pod as the API server has it. An assumed pod stays where it was put until its binding shows or is forgotten. */
  setPod(pod: Pod): void {
    const uid = pod.metadata.uid!;
    const finished = pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
    const known = this.#placed.get(uid);
    if (finished) this.removePod(uid);
    else if (pod.spec.nodeName) this.#place(pod, pod.spec.nodeName, false);
    else if (known?.assumed) this.#place(pod, known.nodeName, true);
  }

  /** Counts the pod on a node before the API server knows of it. */
  assume(pod: Pod, nodeName: string): void {
    this.#place(pod, nodeName, true);
  }

  /** The binding failed: the pod is nowhere again. */
  forget(uid: string): void {
    if (this.#placed.get(uid)?.assumed) this.removePod(uid);
  }

  isPlaced(uid: string): boolean {
    return this.#placed.has(uid);
  }

  removePod(uid: string): void {
    const placed = this.#placed.get(uid);
    if (!placed) return;
    this.#placed.delete(uid);
    this.#withAffinity.delete(uid);
    const state = this.#nodes.get(placed.nodeName);
    if (state) count(state, placed.pod, -1);
  }

  #place(pod: Pod, nodeName: string, assumed: boolean): void {
    this.removePod(pod.metadata.uid!);
    this.#placed.set(pod.metadata.uid!, { pod, nodeName, assumed });
    if (hasAffinityTerms(pod)) this.#withAffinity.add(pod.metadata.uid!);
    const state = this.#nodes.get(nodeName);
    if (state) count(state, pod, 1);
  }
}

/** Whether the pod wants to be near others, or far from them. */
export function hasAffinityTerms({ spec: { affinity } }: Pod): boolean {
  return Boolean(affinity?.podAffinity || affinity?.podAntiAffinity);
}

/** The node as it would be with some pods more or less. */
export function changed(state: NodeState, change: { with?: Pod[]; without?: Pod[] }): NodeState {
  const copy = {
    ...state,
    pods: new Map(state.pods),
    requested: new Map(state.requested),
    requestedForScoring: new Map(state.requestedForScoring),
    byController: new Map(state.byController),
  };
  for (const pod of change.with ?? []) count(copy, pod, 1);
  for (const pod of change.without ?? []) count(copy, pod, -1);
  return copy;
}

function count(state: NodeState, pod: Pod, sign: 1 | -1): void {
  const uid = pod.metadata.uid!;
  if (sign > 0) state.pods.set(uid, pod);
  else state.pods.delete(uid);
  for (const [name, value] of podRequests(pod)) state.requested.set(name, (state.requested.get(name) ?? 0) + sign * value);
  for (const [name, value] of podRequestsForScoring(pod)) {
    state.requestedForScoring.set(name, (state.requestedForScoring.get(name) ?? 0) + sign * value);
  }
  const controller = controllerOf(pod)?.uid;
  if (controller) state.byController.set(controller, (state.byController.get(controller) ?? 0) + sign);
}

/** Whether one of the pod's host ports is taken on the node. */
export function hasPortConflict(state: NodeState, pod: Pod): boolean {
  const wanted = hostPorts(pod);
  if (wanted.length === 0) return false;
  const taken = [...state.pods.values()].flatMap(hostPorts);
  return wanted.some((a) =>
    taken.some((b) => a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === "0.0.0.0" || b.ip === "0.0.0.0")),
  );
}
