/**
 * From Services, EndpointSlices and Nodes to the endpoint table: kube-proxy's and CoreDNS's view of
 * the cluster, as one pure function.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/proxy/endpointslicecache.go
 */
import type { Endpoint as SliceEndpoint, EndpointSlice, Node, Service } from "#api/types.ts";
import { contains, type Cidr } from "./ip.ts";
import type { Endpoint, HostAddress, ServiceEntry, ServicePortEntry, Table } from "./table.ts";

/** The label that ties an EndpointSlice to its Service. */
export const SERVICE_NAME_LABEL = "kubernetes.io/service-name";

export interface PlanInput {
  services: Service[];
  slices: EndpointSlice[];
  nodes: Node[];
  /** Virtual `ip:port` to real addresses that the composition root knows: the API server's. */
  hosts: Record<string, HostAddress>;
  /** The range of node addresses: an endpoint in it runs on this machine's own network (hostNetwork). */
  nodeRange: Cidr;
}

/**
 * A planner that remembers: a Service whose object and slices are the same as last time keeps its
 * very entry, so that neither planning nor comparing tables costs more than what changed.
 */
export function tablePlanner(): (input: PlanInput) => Table {
  let known = new Map<string, { service: Service; slices: EndpointSlice[]; entry: ServiceEntry }>();
  return (input) => {
    const next: typeof known = new Map();
    const table = planTable(input, (service, slices) => {
      const key = `${service.metadata.namespace}/${service.metadata.name}`;
      const old = known.get(key);
      const same = old?.service === service && old.slices.length === slices.length && old.slices.every((slice, i) => slice === slices[i]);
      const entry = same ? old.entry : planService(service, slices);
      next.set(key, { service, slices, entry });
      return entry;
    });
    known = next;
    return table;
  };
}

export function planTable(input: PlanInput, plan: (service: Service, slices: EndpointSlice[]) => ServiceEntry = planService): Table {
  const slices = new Map<string, EndpointSlice[]>();
  for (const slice of input.slices) {
    const service = slice.metadata.labels?.[SERVICE_NAME_LABEL];
    if (!service) continue;
    const key = `${slice.metadata.namespace}/${service}`;
    const known = slices.get(key);
    if (known) known.push(slice);
    else slices.set(key, [slice]);
  }
  const table: Table = { services: {}, hosts: {}, nodes: {} };
  for (const node of input.nodes) {
    const address = node.status?.addresses?.find(({ type }) => type === "InternalIP")?.address;
    if (address) table.nodes[node.metadata.name!] = address;
  }
  for (const service of input.services) {
    const key = `${service.metadata.namespace}/${service.metadata.name}`;
    const entry = plan(service, slices.get(key) ?? []);
    table.services[key] = entry;
    for (const { ip, port } of entry.ports.flatMap(({ endpoints }) => endpoints)) {
      if (contains(input.nodeRange, ip)) table.hosts[`${ip}:${port}`] = { host: "127.0.0.1", port };
    }
  }
  Object.assign(table.hosts, input.hosts);
  return table;
}

/** One Service with its slices. */
export function planService(service: Service, slices: EndpointSlice[]): ServiceEntry {
  const { spec } = service;
  const entry: ServiceEntry = { namespace: service.metadata.namespace!, name: service.metadata.name!, ports: [], addresses: [] };
  if (spec.type === "ExternalName") {
    entry.externalName = spec.externalName ?? "";
    return entry;
  }
  if (spec.clusterIP && spec.clusterIP !== "None") entry.clusterIP = spec.clusterIP;
  if (spec.sessionAffinity === "ClientIP") entry.affinitySeconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10800;
  if (spec.internalTrafficPolicy === "Local") entry.internalLocal = true;
  if (spec.externalTrafficPolicy === "Local") entry.externalLocal = true;
  const ordered = slices.filter(({ addressType }) => addressType === "IPv4").sort(byName);
  for (const port of spec.ports ?? []) {
    const planned: ServicePortEntry = {
      name: port.name ?? "",
      protocol: port.protocol ?? "TCP",
      port: port.port,
      endpoints: endpointsOf(ordered, port.name ?? "", port.protocol ?? "TCP"),
    };
    if (port.nodePort) planned.nodePort = port.nodePort;
    entry.ports.push(planned);
  }
  const seen = new Set<string>();
  for (const endpoint of ordered.flatMap((slice) => slice.endpoints ?? [])) {
    for (const ip of endpoint.addresses) {
      if (!isReady(endpoint) || seen.has(ip)) continue;
      seen.add(ip);
      entry.addresses.push(endpoint.hostname ? { ip, hostname: endpoint.hostname } : { ip });
    }
  }
  return entry;
}

/** A port's endpoints, deduplicated: while slices are rewritten an address can stand in two. */
function endpointsOf(slices: EndpointSlice[], portName: string, protocol: string): Endpoint[] {
  const found = new Map<string, Endpoint>();
  for (const slice of slices) {
    for (const slicePort of slice.ports ?? []) {
      if ((slicePort.name ?? "") !== portName || (slicePort.protocol ?? "TCP") !== protocol || !slicePort.port) continue;
      for (const endpoint of slice.endpoints ?? []) {
        const state = stateOf(endpoint);
        if (!state) continue;
        for (const ip of endpoint.addresses) {
          const key = `${ip}:${slicePort.port}`;
          if (found.get(key)?.state === "ready") continue;
          found.set(key, { ip, port: slicePort.port, state, ...(endpoint.nodeName ? { node: endpoint.nodeName } : {}) });
        }
      }
    }
  }
  return [...found.values()];
}

/** The absence of a condition is read as the API says: ready unknown is ready, serving follows ready, terminating unknown is not. */
function stateOf(endpoint: SliceEndpoint): Endpoint["state"] | undefined {
  if (isReady(endpoint)) return "ready";
  const { serving, terminating } = endpoint.conditions ?? {};
  return serving && terminating ? "terminating" : undefined;
}

function isReady(endpoint: SliceEndpoint): boolean {
  return endpoint.conditions?.ready ?? true;
}

function byName(a: EndpointSlice, b: EndpointSlice): number {
  return a.metadata.name! < b.metadata.name! ? -1 : 1;
}
