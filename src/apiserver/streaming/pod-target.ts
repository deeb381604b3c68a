/** Which container of which pod a streaming request is about, and the kubelet that runs it. */
import { badRequest, StatusError } from "#api/errors.ts";
import type { KubeletApi, NodeConnector, PodRef } from "#api/kubelet.ts";
import type { Pod } from "#api/types.ts";

/** `kubectl` puts the name of the container to take when none is given here. */
const DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container";

/** The container asked for, or the only one. Throws BadRequest in upstream's words. */
export function chooseContainer(pod: Pod, wanted: string | null): string {
  const names = (pod.spec.containers ?? []).map(({ name }) => name);
  const initNames = (pod.spec.initContainers ?? []).map(({ name }) => name);
  const ephemeralNames = (pod.spec.ephemeralContainers ?? []).map(({ name }) => name);
  const { name } = pod.metadata;
  if (wanted) {
    if ([...names, ...initNames, ...ephemeralNames].includes(wanted)) return wanted;
    throw badRequest(`container ${wanted} is not valid for pod ${name}`);
  }
  if (names.length === 1) return names[0]!;
  const annotated = pod.metadata.annotations?.[DEFAULT_CONTAINER];
  if (annotated && names.includes(annotated)) return annotated;
  const initText = initNames.length > 0 ? ` or one of the init containers: [${initNames.join(" ")}]` : "";
  throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${names.join(" ")}]${initText}`);
}

export function podRef(pod: Pod): PodRef {
  return { namespace: pod.metadata.namespace!, name: pod.metadata.name!, uid: pod.metadata.uid };
}

/** The kubelet of the pod's node. Throws BadRequest while the pod has no node, InternalError when the node isn't there. */
export function kubeletOf(pod: Pod, connector: NodeConnector): KubeletApi {
  const { nodeName } = pod.spec;
  if (!nodeName) throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
  const kubelet = connector(nodeName);
  if (kubelet) return kubelet;
  throw new StatusError(500, "InternalError", `Internal error occurred: error dialing backend: no kubelet answers for node ${nodeName}`, {
    causes: [{ message: `no kubelet answers for node ${nodeName}` }],
  });
}
