/** How a Service looks at a pod. */
import type { Pod, Service, ServicePort } from "#api/types.ts";

/** Whether this kind of Service gets its endpoints from pods. */
export function selectsPods(service: Service): boolean {
  return service.spec.type !== "ExternalName" && Object.keys(service.spec.selector ?? {}).length > 0;
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
