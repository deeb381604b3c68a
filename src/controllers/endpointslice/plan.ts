/**
 * The addresses behind a Service.
 * @see https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/endpointslice/reconciler.go
 */
import { controllerReference } from "#api/resources.ts";
import type { Endpoint, EndpointPort, EndpointSlice, Node, Pod, Service } from "#api/types.ts";
import { canonicalJson, sameOnTheWire } from "../common/equality.ts";
import { isReady, isTerminal } from "../common/pods.ts";
import { addressedHostname, isHeadless, targetPort } from "../common/services.ts";

export const SERVICE_NAME = "kubernetes.io/service-name";
export const MANAGED_BY = "endpointslice.kubernetes.io/managed-by";
export const MANAGER = "endpointslice-controller.k8s.io";
const MAX_ENDPOINTS = 100;

export interface EndpointSliceSnapshot {
  service: Service;
  /** The pods its selector matches. */
  pods: Pod[];
  nodes: Node[];
  /** This controller's slices of the Service. */
  slices: EndpointSlice[];
}

export interface EndpointSlicePlan {
  create: EndpointSlice[];
  update: EndpointSlice[];
  delete: EndpointSlice[];
}

/**
 * Slices for the Service's pods. Pods that answer the same ports share slices; an endpoint stays in
 * the slice where it is, so that a change of one pod rewrites one slice.
 */
export function planEndpointSlices(snapshot: EndpointSliceSnapshot): EndpointSlicePlan {
  const { service, slices } = snapshot;
  const plan: EndpointSlicePlan = { create: [], update: [], delete: [] };
  const addressType = service.spec.ipFamilies?.[0] ?? "IPv4";
  const groups = groupByPorts(snapshot, addressType);
  const empty = groups.size === 0;
  if (empty) groups.set(canonicalJson([]), { ports: [], endpoints: [] });

  const reusable = new Map<string, EndpointSlice[]>();
  for (const slice of [...slices].sort((a, b) => a.metadata.name!.localeCompare(b.metadata.name!))) {
    if (slice.metadata.deletionTimestamp) continue;
    // With no endpoints before or after, ports don't matter: the slice stays and takes the new ones.
    const anyPorts = empty || (groups.size === 1 && (slice.endpoints ?? []).length === 0);
    const key = anyPorts ? [...groups.keys()][0]! : canonicalJson(slice.ports ?? []);
    if (groups.has(key) && slice.addressType === addressType) reusable.set(key, [...(reusable.get(key) ?? []), slice]);
    else plan.delete.push(slice);
  }
  for (const [key, { ports, endpoints }] of groups) spread(plan, service, addressType, ports, endpoints, reusable.get(key) ?? []);
  return plan;
}

/** Puts the endpoints of one set of ports into slices: where they are, then where there is room, then into new ones. */
function spread(
  plan: EndpointSlicePlan,
  service: Service,
  addressType: string,
  ports: EndpointPort[],
  endpoints: Endpoint[],
  slices: EndpointSlice[],
): void {
  const left = new Map(endpoints.map((endpoint) => [endpoint.targetRef!.uid!, endpoint]));
  const contents = slices.map((slice) =>
    (slice.endpoints ?? []).flatMap((endpoint) => {
      const current = left.get(endpoint.targetRef?.uid ?? "");
      left.delete(endpoint.targetRef?.uid ?? "");
      return current ? [current] : [];
    }),
  );
  const rest = [...left.values()];
  for (const content of contents) content.push(...rest.splice(0, Math.max(0, MAX_ENDPOINTS - content.length)));

  let kept = 0;
  for (const [i, slice] of slices.entries()) {
    // One slice always stays, even empty: it says that the Service is known and has no endpoints.
    if (contents[i]!.length === 0 && (kept > 0 || i < slices.length - 1)) {
      plan.delete.push(slice);
      continue;
    }
    kept++;
    const { metadata } = newSlice(service, addressType, ports, []);
    const wanted: EndpointSlice = {
      ...slice,
      metadata: { ...slice.metadata, labels: metadata.labels!, ownerReferences: metadata.ownerReferences! },
      ports,
      endpoints: contents[i]!,
    };
    if (!sameOnTheWire(wanted, slice)) plan.update.push(wanted);
  }
  while (rest.length > 0 || kept === 0) {
    plan.create.push(newSlice(service, addressType, ports, rest.splice(0, MAX_ENDPOINTS)));
    kept++;
  }
}

function groupByPorts({ service, pods, nodes }: EndpointSliceSnapshot, addressType: string): Map<string, { ports: EndpointPort[]; endpoints: Endpoint[] }> {
  const groups = new Map<string, { ports: EndpointPort[]; endpoints: Endpoint[] }>();
  const nodesByName = new Map(nodes.map((node) => [node.metadata.name, node]));
  for (const pod of [...pods].sort((a, b) => a.metadata.name!.localeCompare(b.metadata.name!))) {
    const address = addressOf(pod, addressType);
    const node = nodesByName.get(pod.spec.nodeName ?? "");
    if (!address || isTerminal(pod) || (!node && !service.spec.publishNotReadyAddresses)) continue;
    const ports = portsOf(service, pod);
    const key = canonicalJson(ports);
    if (!groups.has(key)) groups.set(key, { ports, endpoints: [] });
    groups.get(key)!.endpoints.push(endpointOf(service, pod, node, address));
  }
  return groups;
}

function addressOf(pod: Pod, addressType: string): string | undefined {
  const all = pod.status?.podIPs?.map(({ ip }) => ip) ?? [pod.status?.podIP];
  return all.find((ip) => ip && ip.includes(":") === (addressType === "IPv6"));
}

/** One pod as an endpoint. A terminating pod is never "ready", but may still serve those it has. */
function endpointOf(service: Service, pod: Pod, node: Node | undefined, address: string): Endpoint {
  const serving = isReady(pod);
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const zone = node?.metadata.labels?.["topology.kubernetes.io/zone"];
  const hostname = addressedHostname(service, pod);
  return {
    addresses: [address],
    conditions: { ready: service.spec.publishNotReadyAddresses === true || (serving && !terminating), serving, terminating },
    ...(hostname ? { hostname } : {}),
    targetRef: { kind: "Pod", namespace: pod.metadata.namespace!, name: pod.metadata.name!, uid: pod.metadata.uid! },
    ...(pod.spec.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    ...(zone ? { zone } : {}),
  };
}

function portsOf(service: Service, pod: Pod): EndpointPort[] {
  return (service.spec.ports ?? []).flatMap((port) => {
    const number = targetPort(port, pod);
    if (number === undefined) return [];
    return [{ name: port.name ?? "", port: number, protocol: port.protocol ?? "TCP", ...(port.appProtocol ? { appProtocol: port.appProtocol } : {}) }];
  });
}

function newSlice(service: Service, addressType: string, ports: EndpointPort[], endpoints: Endpoint[]): EndpointSlice {
  const { name, namespace, labels } = service.metadata;
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      generateName: `${name}-`,
      namespace: namespace!,
      labels: {
        ...labels,
        [SERVICE_NAME]: name!,
        [MANAGED_BY]: MANAGER,
        ...(isHeadless(service) ? { "service.kubernetes.io/headless": "" } : {}),
      },
      ownerReferences: [controllerReference(service)],
    },
    addressType,
    ports,
    endpoints,
  };
}
