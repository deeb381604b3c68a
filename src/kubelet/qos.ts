/**
 * A pod's quality of service class.
 * @see https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/
 */
import { parseQuantity } from "#lib/quantity.ts";
import type { Pod } from "#api/types.ts";

export function qosClass(pod: Pod): "Guaranteed" | "Burstable" | "BestEffort" {
  const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  const isSet = (value: string | undefined): boolean => value !== undefined && parseQuantity(value) > 0;
  let anySet = false;
  let guaranteed = true;
  for (const { resources } of containers) {
    for (const name of ["cpu", "memory"]) {
      const limit = resources?.limits?.[name];
      // A missing request defaults to the limit.
      const request = resources?.requests?.[name] ?? limit;
      if (isSet(limit) || isSet(request)) anySet = true;
      if (!isSet(limit) || !isSet(request) || parseQuantity(limit!) !== parseQuantity(request!)) guaranteed = false;
    }
  }
  if (!anySet) return "BestEffort";
  return guaranteed ? "Guaranteed" : "Burstable";
}
