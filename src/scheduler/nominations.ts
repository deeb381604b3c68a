/**
 * Pods for whom room is being made on a node: the node is theirs as soon as the victims are gone, and until
 * then no pod of lower priority may take their place.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/scheduler/backend/queue/nominator.go
 */
import type { Pod } from "#api/types.ts";

export class Nominations {
  /** By uid. One that the API server doesn't know of yet is assumed. */
  readonly #known = new Map<string, { pod: Pod; nodeName: string; assumed: boolean }>();

  /** Nominates before the API server knows of it. */
  assume(pod: Pod, nodeName: string): void {
    this.#known.set(pod.metadata.uid!, { pod, nodeName, assumed: true });
  }

  /** Takes in a pod without a node as the API server has it; an assumed nomination stays until it shows. */
  update(pod: Pod): void {
    const uid = pod.metadata.uid!;
    const nodeName = pod.status?.nominatedNodeName;
    if (nodeName) this.#known.set(uid, { pod, nodeName, assumed: false });
    else if (!this.#known.get(uid)?.assumed) this.#known.delete(uid);
  }

  /** Gives the pod's place up; false when it had none. */
  delete(uid: string): boolean {
    return this.#known.delete(uid);
  }

  /** The node that the pod is nominated for. */
  nodeOf(uid: string): string | undefined {
    return this.#known.get(uid)?.nodeName;
  }

  /** The pods that are nominated for the node. */
  on(nodeName: string): Pod[] {
    return [...this.#known.values()].filter((nomination) => nomination.nodeName === nodeName).map(({ pod }) => pod);
  }
}
