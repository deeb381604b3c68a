/** Services and their pods: who selects whom, and what a Service sees of a pod. */
import { matchesMap } from "#lib/selectors.ts";
import { keyOf } from "#api/resources.ts";
import type { Pod, Service, ServicePort } from "#api/types.ts";
import type { Informer } from "#client/informer.ts";

/** Whether this kind of Service gets its endpoints from pods. */
export function selectsPods(service: Service): boolean {
  return service.spec.type !== "ExternalName" && Object.keys(service.spec.selector ?? {}).length > 0;
}

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

export function isHeadless(service: Service): boolean {
  return service.spec.clusterIP === "None";
}

/** The pod's port behind a Service's: by number, or by the name of a container's port; undefined when the pod has none. */
export function targetPort(port: ServicePort, pod: Pod): number | undefined {
  const target = port.targetPort ?? port.port;
  if (typeof target === "number") return target;
  // Sidecars (init containers that keep running) can own a named port too.
  const sidecars = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always");
  return [...pod.spec.containers, ...sidecars]
    .flatMap((container) => container.ports ?? [])
    .find(({ name, protocol }) => name === target && (protocol ?? "TCP") === (port.protocol ?? "TCP"))?.containerPort;
}

/** The pod's own name within a headless Service (`db-0.db`), if it has one. */
export function addressedHostname(service: Service, pod: Pod): string | undefined {
  return pod.spec.hostname && pod.spec.subdomain === service.metadata.name && pod.metadata.namespace === service.metadata.namespace
    ? pod.spec.hostname
    : undefined;
}
