/**
 * The classic Endpoints of a Service: the same addresses as its EndpointSlices, in one object.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/endpoint/endpoints_controller.go
 */
import type { Endpoints, Pod, Service } from "#api/types.ts";
import { canonicalJson } from "../common/equality.ts";
import { isReady, isTerminal } from "../common/pods.ts";
import { addressedHostname, isHeadless, targetPort } from "../common/services.ts";

type Subset = NonNullable<Endpoints["subsets"]>[number];
type Address = NonNullable<Subset["addresses"]>[number];

/** More addresses than this are cut off, and an annotation says so; EndpointSlices have no such limit. */
const MAX_ADDRESSES = 1000;

/** The Endpoints the Service should have; `existing` keeps its identity. */
export function planEndpoints(service: Service, pods: Pod[], existing: Endpoints | undefined): Endpoints {
  const subsets = new Map<string, Subset>();
  let addressCount = 0;
  for (const pod of [...pods].sort((a, b) => a.metadata.name!.localeCompare(b.metadata.name!))) {
    const ip = pod.status?.podIP;
    const tolerant = service.spec.publishNotReadyAddresses === true;
    if (!ip || isTerminal(pod) || (pod.metadata.deletionTimestamp && !tolerant)) continue;
    const ready = tolerant || isReady(pod);
    const ports = (service.spec.ports ?? []).flatMap((port) => {
      const number = targetPort(port, pod);
      if (number === undefined) return [];
      return [
        {
          ...(port.name ? { name: port.name } : {}),
          port: number,
          protocol: port.protocol ?? "TCP",
          ...(port.appProtocol ? { appProtocol: port.appProtocol } : {}),
        },
      ];
    });
    if (ports.length === 0 && !isHeadless(service)) continue;
    if (++addressCount > MAX_ADDRESSES) continue;
    const key = canonicalJson(ports);
    const subset: Subset = subsets.get(key) ?? (ports.length > 0 ? { ports } : {});
    subsets.set(key, subset);
    if (ready) subset.addresses = [...(subset.addresses ?? []), addressOf(service, pod, ip)];
    else subset.notReadyAddresses = [...(subset.notReadyAddresses ?? []), addressOf(service, pod, ip)];
  }
  const { "endpoints.kubernetes.io/over-capacity": _, ...annotations } = existing?.metadata.annotations ?? {};
  if (addressCount > MAX_ADDRESSES) annotations["endpoints.kubernetes.io/over-capacity"] = "truncated";
  const { name, namespace, labels } = service.metadata;
  return {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: {
      ...existing?.metadata,
      name: name!,
      namespace: namespace!,
      labels: {
        ...labels,
        "endpoints.kubernetes.io/managed-by": "endpoint-controller",
        ...(isHeadless(service) ? { "service.kubernetes.io/headless": "" } : {}),
      },
      ...(existing?.metadata.annotations || addressCount > MAX_ADDRESSES ? { annotations } : {}),
    },
    ...(subsets.size > 0 ? { subsets: [...subsets.values()] } : {}),
  };
}

function addressOf(service: Service, pod: Pod, ip: string): Address {
  const hostname = addressedHostname(service, pod);
  return {
    ip,
    ...(hostname ? { hostname } : {}),
    ...(pod.spec.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: { kind: "Pod", namespace: pod.metadata.namespace!, name: pod.metadata.name!, uid: pod.metadata.uid! },
  };
}
