/**
 * What belongs to a node: its pods, and what they refer to.
 * @see https://github.com/kubernetes/kubernetes/blob/master/plugin/pkg/auth/authorizer/node/graph.go
 */
import type { PersistentVolume, Pod, VolumeAttachment } from "#api/types.ts";
import type { Store } from "#store/index.ts";
import { MIRROR_POD, podReferences, type PodReferences } from "#api/pod-references.ts";

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
  const byNode = new Map<string, Map<string, Pod>>();
  const nodeOf = new Map<string, string>();

  function drop(key: string): void {
    const node = nodeOf.get(key);
    if (node === undefined) return;
    nodeOf.delete(key);
    const pods = byNode.get(node)!;
    pods.delete(key);
    if (pods.size === 0) byNode.delete(node);
  }

  function keep(key: string, pod: Pod): void {
    const { nodeName } = pod.spec;
    if (!nodeName) return;
    drop(key);
    nodeOf.set(key, nodeName);
    let pods = byNode.get(nodeName);
    if (!pods) byNode.set(nodeName, (pods = new Map()));
    pods.set(key, pod);
  }

  const { entries, revision } = store.list(PODS);
  for (const { key, object } of entries) keep(key, object as unknown as Pod);
  const stop = store.watch(PODS, revision, (changes) => {
    for (const { type, entry } of changes) {
      if (type === "delete") drop(entry.key);
      else keep(entry.key, entry.object as unknown as Pod);
    }
  });

  function anyPod(node: string, namespace: string, test: (pod: Pod) => boolean): boolean {
    for (const pod of byNode.get(node)?.values() ?? []) {
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
