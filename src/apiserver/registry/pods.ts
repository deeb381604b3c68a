/**
 * What is special about pods: grace when deleted, binding to a node.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/core/pod/strategy.go
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/core/pod/storage/storage.go
 */
import { toTime } from "#lib/clock.ts";
import { conflict, invalid } from "#api/errors.ts";
import type { Binding, DeleteOptions, Pod } from "#api/types.ts";
import type { WriteRequest } from "./context.ts";
import type { Registry } from "./registry.ts";
import type { Strategy } from "./strategy.ts";

export const podStrategy: Strategy<Pod> = {
  returnsDeleted: true,
  statusWritesMetadata: true,
  graceSeconds({ spec, status }, options: DeleteOptions) {
    // Nobody would act on the grace of a pod without a node, and one that has ended needs none.
    if (!spec.nodeName || status?.phase === "Failed" || status?.phase === "Succeeded") return 0;
    const seconds = options.gracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 0;
    return seconds < 0 ? 1 : seconds;
  },
};

/** Assigns a pod to a node, once. Throws Conflict when it has one, or is going. */
export async function bindPod(pods: Registry, request: WriteRequest, name: string, binding: Binding): Promise<void> {
  const { target } = binding;
  const problems = [];
  if (target?.kind && target.kind !== "Node" && target.kind !== "Minion") {
    problems.push({ field: "target.kind", type: "NotSupported" as const, message: `Unsupported value: "${target.kind}": supported values: "Node", "<empty>"` });
  }
  if (!target?.name) problems.push({ field: "target.name", type: "Required" as const, message: "Required value" });
  if (problems.length > 0) throw invalid({ resource: "Binding", name }, problems);
  const node = target.name!;
  await pods.update(
    request,
    name,
    (current) => {
      const pod = current as Pod;
      const subject = { resource: "pods/binding", name };
      const { uid } = binding.metadata ?? {};
      if (uid && uid !== pod.metadata.uid) throw conflict(subject, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${pod.metadata.uid}`);
      if (pod.metadata.deletionTimestamp) throw conflict(subject, `pod ${name} is being deleted, cannot be assigned to a host`);
      if (pod.spec.nodeName) throw conflict(subject, `pod ${name} is already assigned to node "${pod.spec.nodeName}"`);
      if (pod.spec.schedulingGates?.length) throw conflict(subject, `pod ${name} has non-empty .spec.schedulingGates`);
      pod.spec.nodeName = node;
      for (const field of ["annotations", "labels"] as const) {
        if (binding.metadata?.[field]) pod.metadata[field] = { ...pod.metadata[field], ...binding.metadata[field] };
      }
      // Where it is it need not be nominated for.
      delete pod.status?.nominatedNodeName;
      return setCondition(pod, { type: "PodScheduled", status: "True" }, toTime(pods.context.clock.now()));
    },
    { subresource: "binding", admitted: true, ownsFields: true },
  );
}

/** The pod with a condition set; the time of its last transition stays where its status stays. May change its argument. */
export function setCondition(pod: Pod, { type, status, ...why }: { type: string; status: string; reason?: string; message?: string }, now: string): Pod {
  const conditions = pod.status?.conditions ?? [];
  const known = conditions.find((condition) => condition.type === type);
  const condition = {
    type,
    status,
    lastProbeTime: null as unknown as string,
    lastTransitionTime: known?.status === status ? known.lastTransitionTime! : now,
    ...why,
  };
  pod.status = { ...pod.status, conditions: known ? conditions.map((other) => (other === known ? condition : other)) : [...conditions, condition] };
  return pod;
}
