/**
 * Where a connection goes: from a destination address to the sockets that may serve it, in the order
 * in which they should be tried. Pure: chance and time come as arguments.
 *
 * As kube-proxy's iptables mode: an endpoint is chosen at random for each connection; a Service
 * without endpoints refuses. Unlike it, the other endpoints follow as alternatives, to be tried only
 * when the chosen one's socket refuses the connection, so that the moment between a process's death
 * and the news of it costs nobody an error. No byte has been sent by then, so nothing can happen twice.
 * @see https://kubernetes.io/docs/reference/networking/virtual-ips/
 */
import type { Rng } from "#lib/random.ts";
import { contains, type Cidr } from "./ip.ts";
import type { Endpoint, ServiceEntry, ServicePortEntry, TableIndex } from "./table.ts";

export type Target =
  /** A pod's virtual port: a Unix socket. */
  | { kind: "pod"; ip: string; port: number }
  /** This machine's own network, standing in for a node's. */
  | { kind: "host"; ip: string; port: number; host: string; hostPort: number }
  /** The real network. */
  | { kind: "outside"; ip: string; port: number };

export interface Ranges {
  pods: Cidr;
  services: Cidr;
  nodes: Cidr;
}

export interface RouteContext {
  ranges: Ranges;
  /** The client's address and node: sessionAffinity goes by the one, traffic policy Local by the other. */
  source: { ip: string; node: string };
  random: Rng;
  nowMs: number;
  affinity: AffinityMemory;
}

/** What kind of address this is. "outside" is the real network's. */
export function classify(ranges: Ranges, ip: string): "pod" | "service" | "node" | "outside" {
  if (contains(ranges.pods, ip)) return "pod";
  if (contains(ranges.services, ip)) return "service";
  return contains(ranges.nodes, ip) ? "node" : "outside";
}

/** The targets of a connection to `ip:port`, best first; none means it is refused. */
export function route(table: TableIndex, ip: string, port: number, context: RouteContext): Target[] {
  switch (classify(context.ranges, ip)) {
    case "pod":
      return [{ kind: "pod", ip, port }];
    case "outside":
      return [{ kind: "outside", ip, port }];
    case "service": {
      const service = table.serviceByIP(ip);
      const entry = service?.ports.find((candidate) => candidate.port === port && candidate.protocol === "TCP");
      return service && entry ? serviceTargets(table, service, entry, context, service.internalLocal ? context.source.node : undefined) : [];
    }
    case "node": {
      const host = table.host(ip, port);
      if (host) return [{ kind: "host", ip, port, host: host.host, hostPort: host.port }];
      const found = table.serviceByNodePort(port);
      const node = table.nodeByIP(ip);
      if (!found || node === undefined || found.port.protocol !== "TCP") return [];
      return serviceTargets(table, found.service, found.port, context, found.service.externalLocal ? node : undefined);
    }
  }
}

/** The targets of a connection to a Service port; `localNode` limits it to one node's endpoints. */
export function serviceTargets(
  table: TableIndex,
  service: ServiceEntry,
  port: ServicePortEntry,
  context: RouteContext,
  localNode?: string | undefined,
): Target[] {
  const ordered = order(usableEndpoints(port.endpoints, localNode), service, port, context);
  return ordered.flatMap(({ ip, port: endpointPort }): Target[] => {
    switch (classify(context.ranges, ip)) {
      case "pod":
        return [{ kind: "pod", ip, port: endpointPort }];
      case "node": {
        const host = table.host(ip, endpointPort);
        return host ? [{ kind: "host", ip, port: endpointPort, host: host.host, hostPort: host.port }] : [];
      }
      case "outside":
        return [{ kind: "outside", ip, port: endpointPort }];
      case "service":
        return []; // An endpoint must not be a Service's address: kube-proxy would loop.
    }
  });
}

/**
 * Ready endpoints, or, when there are none, those that shut down but still serve. With `localNode`
 * the same question is asked of that node's endpoints alone.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/proxy/topology.go
 */
export function usableEndpoints(endpoints: Endpoint[], localNode?: string | undefined): Endpoint[] {
  const candidates = localNode === undefined ? endpoints : endpoints.filter(({ node }) => node === localNode);
  const ready = candidates.filter(({ state }) => state === "ready");
  return ready.length > 0 ? ready : candidates;
}

function order(endpoints: Endpoint[], service: ServiceEntry, port: ServicePortEntry, context: RouteContext): Endpoint[] {
  if (endpoints.length < 2) return endpoints;
  if (service.affinitySeconds === undefined) return shuffle(endpoints, context.random);
  const key = `${service.namespace}/${service.name}:${port.name}|${context.source.ip}`;
  return context.affinity.order(key, endpoints, service.affinitySeconds * 1000, context.nowMs);
}

export function shuffle<T>(items: readonly T[], random: Rng): T[] {
  const shuffled = [...items];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
  }
  return shuffled;
}

/**
 * sessionAffinity ClientIP. The first choice is by hash, not by chance: a pod's several processes
 * have no common memory, yet one client address must reach one endpoint. After that the choice is
 * remembered for the Service's timeout, counted from the last connection.
 */
export class AffinityMemory {
  readonly #chosen = new Map<string, { endpoint: string; untilMs: number }>();

  order(key: string, endpoints: Endpoint[], timeoutMs: number, nowMs: number): Endpoint[] {
    const byWeight = [...endpoints].sort((a, b) => weight(key, b) - weight(key, a));
    const known = this.#chosen.get(key);
    const sticky = known && known.untilMs > nowMs ? byWeight.find((endpoint) => name(endpoint) === known.endpoint) : undefined;
    const first = sticky ?? byWeight[0]!;
    if (this.#chosen.size > 10_000) this.#forget(nowMs);
    this.#chosen.set(key, { endpoint: name(first), untilMs: nowMs + timeoutMs });
    return [first, ...byWeight.filter((endpoint) => endpoint !== first)];
  }

  #forget(nowMs: number): void {
    for (const [key, { untilMs }] of this.#chosen) if (untilMs <= nowMs) this.#chosen.delete(key);
  }
}

function name({ ip, port }: Endpoint): string {
  return `${ip}:${port}`;
}

/** FNV-1a of client and endpoint: highest random weight, so that a change of endpoints moves only whom it must. */
function weight(key: string, endpoint: Endpoint): number {
  let hash = 0x811c9dc5;
  for (const character of `${key}|${name(endpoint)}`) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  // A last mix: FNV alone hardly moves the high bits when only the last character differs.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}
