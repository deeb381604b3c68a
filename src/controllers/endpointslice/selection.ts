/** Which pods a Service selects, and which Services a pod belongs to. */
import { matchesMap } from "#lib/selectors.ts";
import { keyOf } from "#api/resources.ts";
import type { Pod, Service } from "#api/types.ts";
import type { Informer } from "#client/informer.ts";

export function podsOf(informer: Informer<Pod>, service: Service): Pod[] {
  return informer.list(service.metadata.namespace).filter((pod) => matchesMap(service.spec.selector, pod.metadata.labels));
}

/** The keys of the Services that select the pod. */
export function servicesOf(informer: Informer<Service>, pod: Pod): string[] {
  return informer
    .list(pod.metadata.namespace)
    .filter((service) => matchesMap(service.spec.selector, pod.metadata.labels))
    .map(keyOf);
}
