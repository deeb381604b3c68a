/**
 * Kubernetes DNS as pure functions over the endpoint table: what CoreDNS would answer in a kubeadm
 * cluster, and how a pod's resolv.conf turns a short name into the names to ask for.
 * @see https://github.com/kubernetes/dns/blob/master/docs/specification.md
 */
import { formatIPv4, parseIPv4 } from "./ip.ts";
import type { ServiceEntry, TableIndex } from "./table.ts";

export interface ResolverConfig {
  /** `cluster.local`. */
  domain: string;
  /** Domains tried in order for names with fewer than `ndots` dots. */
  search: string[];
  ndots: number;
  /** The pod's /etc/hosts: its own names and hostAliases. */
  aliases: Record<string, string[]>;
}

export type Resolution =
  | { kind: "addresses"; ips: string[] }
  /** For the real DNS to answer; `name` is another one after an ExternalName. */
  | { kind: "outside"; name: string }
  | { kind: "missing" };

export interface SrvRecord {
  name: string;
  port: number;
  priority: number;
  weight: number;
}

/** What the cluster's DNS knows of one full name. */
export interface Records {
  a: string[];
  srv: SrvRecord[];
  /** An ExternalName's target. */
  cname?: string;
}

/** How often an ExternalName may lead to another. */
const MAX_ALIASES = 8;

/** getaddrinfo as in a pod: /etc/hosts first, then the search path. */
export function resolveHost(table: TableIndex, config: ResolverConfig, host: string): Resolution {
  const absolute = host.endsWith(".");
  const name = (absolute ? host.slice(0, -1) : host).toLowerCase();
  if (name === "localhost" || name.endsWith(".localhost")) return { kind: "addresses", ips: ["127.0.0.1"] };
  const own = config.aliases[name];
  if (own) return { kind: "addresses", ips: own };
  const dots = name.split(".").length - 1;
  const searched = absolute ? [] : config.search.map((domain) => `${name}.${domain}`);
  // The order matters only between names that both exist; a cluster's own never have a public twin.
  const names = dots >= config.ndots ? [name, ...searched] : [...searched, name];
  for (const candidate of names) {
    const resolution = resolveFull(table, config, candidate, 0);
    if (resolution.kind === "addresses" || (resolution.kind === "outside" && resolution.name !== candidate)) return resolution;
  }
  if (isInDomain(name, config.domain)) return { kind: "missing" };
  // A name of one label is nobody's outside a local network, which a pod doesn't see: answering at once beats a time-out.
  return dots === 0 ? { kind: "missing" } : { kind: "outside", name };
}

function resolveFull(table: TableIndex, config: ResolverConfig, name: string, depth: number): Resolution {
  if (!isInDomain(name, config.domain)) return { kind: "outside", name };
  const records = clusterRecords(table, config.domain, name);
  if (records?.cname && depth < MAX_ALIASES) return resolveFull(table, config, records.cname, depth + 1);
  return records && records.a.length > 0 ? { kind: "addresses", ips: records.a } : { kind: "missing" };
}

export function isInDomain(name: string, domain: string): boolean {
  return name === domain || name.endsWith(`.${domain}`);
}

/** The records of a full name below the cluster's domain (lower case, no final dot); undefined when there is no such name (NXDOMAIN). */
export function clusterRecords(table: TableIndex, domain: string, name: string): Records | undefined {
  if (!name.endsWith(`.${domain}`)) return undefined;
  const labels = name.slice(0, -domain.length - 1).split(".");
  const kind = labels.pop();
  const namespace = labels.pop();
  if (namespace === undefined) return undefined;
  if (kind === "pod" && labels.length === 1) {
    const ip = labels[0]!.replaceAll("-", ".");
    return parseIPv4(ip) === undefined ? undefined : { a: [ip], srv: [] };
  }
  const service = kind === "svc" && labels.length > 0 ? table.service(namespace, labels.pop()!) : undefined;
  if (!service) return undefined;
  if (service.externalName) return labels.length === 0 ? { a: [], srv: [], cname: service.externalName.toLowerCase().replace(/\.$/, "") } : undefined;
  const [first, second] = labels;
  if (labels.length === 0) return { a: service.clusterIP ? [service.clusterIP] : service.addresses.map(({ ip }) => ip), srv: srvRecords(service, domain) };
  if (labels.length === 1) {
    const ips = service.addresses.filter((address) => endpointName(address) === first).map(({ ip }) => ip);
    return ips.length > 0 ? { a: ips, srv: [] } : undefined;
  }
  if (labels.length === 2 && first!.startsWith("_") && second!.startsWith("_")) {
    const srv = srvRecords(service, domain, first!.slice(1), second!.slice(1));
    return srv.length > 0 ? { a: [], srv } : undefined;
  }
  return undefined;
}

function srvRecords(service: ServiceEntry, domain: string, portName?: string, protocol?: string): SrvRecord[] {
  const full = `${service.name}.${service.namespace}.svc.${domain}`;
  const ports = service.ports.filter((port) => portName === undefined || (port.name === portName && port.protocol.toLowerCase() === protocol));
  const found: { name: string; port: number }[] = ports.flatMap((port) => {
    if (service.clusterIP) return [{ name: full, port: port.port }];
    return port.endpoints
      .filter(({ state }) => state === "ready")
      .map((endpoint) => {
        const address = service.addresses.find(({ ip }) => ip === endpoint.ip) ?? { ip: endpoint.ip };
        return { name: `${endpointName(address)}.${full}`, port: endpoint.port };
      });
  });
  const weight = Math.max(1, Math.floor(100 / Math.max(1, found.length)));
  return found.map((record) => ({ ...record, priority: 0, weight }));
}

/** An endpoint's label under its Service: the pod's hostname where it has a subdomain, else its address with dashes. */
function endpointName({ ip, hostname }: { ip: string; hostname?: string }): string {
  return hostname ?? ip.replaceAll(".", "-");
}

/** The names of an address (PTR); none when the cluster knows none. */
export function reverseNames(table: TableIndex, domain: string, ip: string): string[] {
  const service = table.serviceByIP(ip);
  if (service) return [`${service.name}.${service.namespace}.svc.${domain}`];
  const names: string[] = [];
  for (const { namespace, name, addresses } of table.services()) {
    for (const address of addresses) if (address.ip === ip) names.push(`${endpointName(address)}.${name}.${namespace}.svc.${domain}`);
  }
  return names;
}

/** The address asked for by a reverse name (`5.1.244.10.in-addr.arpa`). */
export function addressOfReverseName(name: string): string | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa\.?$/i.exec(name);
  const ip = match && parseIPv4(`${match[4]}.${match[3]}.${match[2]}.${match[1]}`);
  return typeof ip === "number" ? formatIPv4(ip) : undefined;
}
