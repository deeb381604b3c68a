/**
 * A pod's quality of service, from its requests and limits.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/helper/qos/qos.go
 */
import { parseQuantity } from "#lib/quantity.ts";
import type { PodSpec } from "../types.ts";

export function qosClassOf(spec: PodSpec): "Guaranteed" | "Burstable" | "BestEffort" {
  let anything = false;
  let guaranteed = true;
  for (const { resources = {} } of [...(spec.initContainers ?? []), ...spec.containers]) {
    for (const resource of ["cpu", "memory"]) {
      const limit = amount(resources.limits?.[resource]);
      const request = amount(resources.requests?.[resource]);
      if (limit > 0 || request > 0) anything = true;
      if (limit === 0 || (request !== 0 && request !== limit)) guaranteed = false;
    }
  }
  if (!anything) return "BestEffort";
  return guaranteed ? "Guaranteed" : "Burstable";
}

function amount(quantity: string | number | undefined): number {
  return quantity === undefined ? 0 : parseQuantity(quantity);
}
