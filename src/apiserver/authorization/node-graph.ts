/**
 * What belongs to a node: its pods, and what they refer to.
 * @see https://github.com/kubernetes/kubernetes/blob/master/plugin/pkg/auth/authorizer/node/graph.go
 */
import { MIRROR_POD, podReferences, type PodReferences } from "#api/pod-references.ts";
import type { PersistentVolume, Pod, VolumeAttachment } from "#api/types.ts";
import type { Entry, Store } from "#store/index.ts";
import { follow } from "./follow.ts";

export interface NodeGraph {
  /** Whether the pod is bound to the node. */
  hasPod(node: string, namespace: string, name: string): boolean;
  /** Whether a pod of the node refers to the object. */
  refers(node: string, kind: keyof PodReferences, namespace: string, name: string): boolean;
  /** Whether the claim of a pod of the node is bound to the volume. */
  hasVolume(node: string, name: string): boolean;
  hasAttachment(node: string, name: string): boolean;
  /** Whether a pod of the node runs as the service account. */
  runsAs(node: string, namespace: string, name: string): boolean;
  stop(): void;
}

const PODS = "pods/";
const VOLUMES = "persistentvolumes/";
const ATTACHMENTS = "volumeattachments.storage.k8s.io/";

/** Follows the store from now on. */
export function nodeGraph(store: Store): NodeGraph {
  const byNode = new Map<string, Map<string, Entry>>();
  const nodeOf = new Map<string, string>();

  function drop(key: string): void {
    const node = nodeOf.get(key);
    if (node === undefined) return;
    nodeOf.delete(key);
    const pods = byNode.get(node)!;
    pods.delete(key);
    if (pods.size === 0) byNode.delete(node);
  }

  // Entries, not the pods themselves: those would all stay in memory, where entries hold them while they are used.
  function keep(entry: Entry): void {
    const { key } = entry;
    const { nodeName } = podOf(entry).spec;
    if (!nodeName) return;
    drop(key);
    nodeOf.set(key, nodeName);
    let pods = byNode.get(nodeName);
    if (!pods) byNode.set(nodeName, (pods = new Map()));
    pods.set(key, entry);
  }

  const stop = follow(store, PODS, keep, drop);

  function anyPod(node: string, namespace: string, test: (pod: Pod) => boolean): boolean {
    for (const entry of byNode.get(node)?.values() ?? []) {
      const pod = podOf(entry);
      if (pod.metadata.namespace === namespace && pod.metadata.annotations?.[MIRROR_POD] === undefined && test(pod)) return true;
    }
    return false;
  }

  const graph: NodeGraph = {
    hasPod: (node, namespace, name) => byNode.get(node)?.has(`${PODS}${namespace}/${name}`) ?? false,
    refers: (node, kind, namespace, name) => anyPod(node, namespace, (pod) => podReferences(pod)[kind].has(name)),
    hasVolume(node, name) {
      const claim = (store.get(VOLUMES + name)?.object as PersistentVolume | undefined)?.spec.claimRef;
      return claim !== undefined && graph.refers(node, "claims", claim.namespace ?? "", claim.name ?? "");
    },
    hasAttachment: (node, name) => (store.get(ATTACHMENTS + name)?.object as VolumeAttachment | undefined)?.spec.nodeName === node,
    runsAs: (node, namespace, name) => anyPod(node, namespace, ({ spec }) => spec.serviceAccountName === name),
    stop,
  };
  return graph;
}

function podOf({ object }: Entry): Pod {
  return object as unknown as Pod;
}
