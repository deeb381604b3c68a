/**
 * The endpoint table: all a pod needs to know to reach a Service, made by the proxier from Services
 * and EndpointSlices (plan.ts) and pushed to every pod agent (control.ts), a snapshot first and then
 * only what changed. It is data alone; dns.ts and route.ts read it through a {@link TableIndex}.
 */

/** One address behind a Service port that may be sent connections. */
export interface Endpoint {
  ip: string;
  port: number;
  /** The node it runs on; absent for addresses outside the cluster. */
  node?: string;
  /** Ready, or shutting down but still serving: chosen only when nothing is ready. */
  state: "ready" | "terminating";
}

export interface ServicePortEntry {
  name: string;
  protocol: string;
  port: number;
  nodePort?: number;
  endpoints: Endpoint[];
}

export interface ServiceEntry {
  namespace: string;
  name: string;
  /** None for a headless Service or an ExternalName. */
  clusterIP?: string;
  externalName?: string;
  ports: ServicePortEntry[];
  /** Ready addresses with their names, for DNS: a headless Service answers with all of them. */
  addresses: { ip: string; hostname?: string }[];
  /** sessionAffinity ClientIP: how long a client sticks to its endpoint, in seconds. */
  affinitySeconds?: number;
  /** internalTrafficPolicy: Local. */
  internalLocal?: boolean;
  /** externalTrafficPolicy: Local. */
  externalLocal?: boolean;
}

/** A real address on this machine's own network. */
export interface HostAddress {
  host: string;
  port: number;
}

export interface Table {
  /** By `namespace/name`. */
  services: Record<string, ServiceEntry>;
  /** Virtual `ip:port` of a node to the real address that serves it (the API server; hostNetwork pods). */
  hosts: Record<string, HostAddress>;
  /** Node name to its (virtual) InternalIP. */
  nodes: Record<string, string>;
}

/** What changed between two tables; null takes an entry away. */
export interface TableDelta {
  services: Record<string, ServiceEntry | null>;
  hosts: Record<string, HostAddress | null>;
  nodes: Record<string, string | null>;
}

/** One line on the control socket, from the control plane to an agent. */
export type TableMessage = { type: "snapshot"; table: Table } | { type: "delta"; delta: TableDelta };

export function emptyTable(): Table {
  return { services: {}, hosts: {}, nodes: {} };
}

/** The difference that leads from one table to another; undefined when they are equal. */
export function diffTables(from: Table, to: Table): TableDelta | undefined {
  const delta: TableDelta = {
    services: diffRecords(from.services, to.services),
    hosts: diffRecords(from.hosts, to.hosts),
    nodes: diffRecords(from.nodes, to.nodes),
  };
  const changed = [delta.services, delta.hosts, delta.nodes].some((part) => Object.keys(part).length > 0);
  return changed ? delta : undefined;
}

function diffRecords<V>(from: Record<string, V>, to: Record<string, V>): Record<string, V | null> {
  const changes: Record<string, V | null> = {};
  for (const [key, value] of Object.entries(to)) {
    const old = from[key];
    if (old !== value && JSON.stringify(old) !== JSON.stringify(value)) changes[key] = value;
  }
  for (const key of Object.keys(from)) if (!(key in to)) changes[key] = null;
  return changes;
}

/** A table with the look-ups that the data path needs, kept current by deltas. */
export class TableIndex {
  readonly #services = new Map<string, ServiceEntry>();
  readonly #byClusterIP = new Map<string, ServiceEntry>();
  readonly #byNodePort = new Map<number, { service: ServiceEntry; port: ServicePortEntry }>();
  readonly #hosts = new Map<string, HostAddress>();
  readonly #nodeIPs = new Map<string, string>();

  constructor(table: Table = emptyTable()) {
    this.apply(table);
  }

  apply(delta: Table | TableDelta): void {
    for (const [key, entry] of Object.entries(delta.services)) this.#setService(key, entry);
    applyRecord(this.#hosts, delta.hosts);
    applyRecord(this.#nodeIPs, delta.nodes);
  }

  service(namespace: string, name: string): ServiceEntry | undefined {
    return this.#services.get(`${namespace}/${name}`);
  }

  services(): Iterable<ServiceEntry> {
    return this.#services.values();
  }

  serviceByIP(ip: string): ServiceEntry | undefined {
    return this.#byClusterIP.get(ip);
  }

  serviceByNodePort(port: number): { service: ServiceEntry; port: ServicePortEntry } | undefined {
    return this.#byNodePort.get(port);
  }

  host(ip: string, port: number): HostAddress | undefined {
    return this.#hosts.get(`${ip}:${port}`);
  }

  /** The name of the node with this InternalIP. */
  nodeByIP(ip: string): string | undefined {
    for (const [name, nodeIP] of this.#nodeIPs) if (nodeIP === ip) return name;
    return undefined;
  }

  #setService(key: string, entry: ServiceEntry | null): void {
    const old = this.#services.get(key);
    if (old?.clusterIP && this.#byClusterIP.get(old.clusterIP) === old) this.#byClusterIP.delete(old.clusterIP);
    for (const port of old?.ports ?? []) {
      if (port.nodePort && this.#byNodePort.get(port.nodePort)?.service === old) this.#byNodePort.delete(port.nodePort);
    }
    if (!entry) {
      this.#services.delete(key);
      return;
    }
    this.#services.set(key, entry);
    if (entry.clusterIP) this.#byClusterIP.set(entry.clusterIP, entry);
    for (const port of entry.ports) if (port.nodePort) this.#byNodePort.set(port.nodePort, { service: entry, port });
  }
}

function applyRecord<V>(map: Map<string, V>, record: Record<string, V | null>): void {
  for (const [key, value] of Object.entries(record)) {
    if (value === null) map.delete(key);
    else map.set(key, value);
  }
}
