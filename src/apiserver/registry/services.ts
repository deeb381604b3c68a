/**
 * What is special about Services: they hold addresses and node ports from shared ranges.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/core/service/storage/alloc.go
 */
import type { Rng } from "#lib/random.ts";
import { invalid, type FieldError } from "#api/errors.ts";
import type { Service } from "#api/types.ts";
import type { Change, Store } from "#store/index.ts";
import { formatIPv4, parseCidr, parseIPv4, Pool } from "./allocator.ts";
import type { Strategy } from "./strategy.ts";

export interface ServiceRanges {
  /** `10.96.0.0/12`. */
  clusterCidr: string;
  /** First and last node port. */
  nodePorts: [number, number];
}

const PREFIX = "services/";

const usesClusterIP = ({ spec }: Service): boolean => spec.type !== "ExternalName";
const isHeadless = ({ spec }: Service): boolean => spec.clusterIP === "None";
const usesNodePorts = ({ spec }: Service): boolean =>
  spec.type === "NodePort" || (spec.type === "LoadBalancer" && spec.allocateLoadBalancerNodePorts !== false);
const usesHealthCheckPort = ({ spec }: Service): boolean => spec.type === "LoadBalancer" && spec.externalTrafficPolicy === "Local";

/** The strategy of Services over the ranges; what is taken follows from the stored Services. */
export function serviceStrategy(store: Store, ranges: ServiceRanges, rng: Rng): Strategy<Service> {
  const cidr = parseCidr(ranges.clusterCidr);
  const [firstPort, lastPort] = ranges.nodePorts;
  // As upstream, the low part of a range is left to those who ask for a particular value.
  const addresses = new Pool(cidr.first + 1, cidr.last - 1, Math.min(Math.max(16, cidr.size / 16), 256), rng);
  const ports = new Pool(firstPort, lastPort, Math.min(Math.max(16, Math.floor((lastPort - firstPort + 1) / 32)), 128), rng);

  const follow = ({ type, entry }: Pick<Change, "type" | "entry">): void => {
    const service = type === "put" ? (entry.object as unknown as Service) : undefined;
    addresses.hold(entry.key, service ? addressesOf(service) : []);
    ports.hold(entry.key, service ? nodePortsOf(service) : []);
  };
  for (const entry of store.list(PREFIX).entries) follow({ type: "put", entry });
  store.watch(PREFIX, store.revision, (changes) => changes.forEach(follow));

  return {
    returnsDeleted: true,
    statusWritesMetadata: true,
    reserve(service, old) {
      const key = `${PREFIX}${service.metadata.namespace}/${service.metadata.name ?? ""}`;
      if (old) keepAllocated(service, old);
      const errors: FieldError[] = [...chooseFamilies(service)];
      const taken = new Reservations(key);
      if (errors.length === 0) {
        allocateAddress(service, taken, errors);
        allocateNodePorts(service, taken, errors);
      }
      if (errors.length > 0) {
        taken.release();
        throw invalid({ resource: "Service", name: service.metadata.name }, errors);
      }
      return () => taken.release();
    },
  };

  function allocateAddress(service: Service, taken: Reservations, errors: FieldError[]): void {
    const { spec } = service;
    if (!usesClusterIP(service) || isHeadless(service)) return;
    if (!spec.clusterIP) {
      const address = taken.next(addresses);
      if (address === undefined) {
        errors.push({ field: "spec.clusterIPs", type: "Invalid", message: `Invalid value: []string(nil): failed to allocate a serviceIP: range is full` });
        return;
      }
      spec.clusterIP = formatIPv4(address);
    } else {
      const address = parseIPv4(spec.clusterIP);
      const refuse = (why: string): void => {
        const message = `Invalid value: []string{"${spec.clusterIP}"}: failed to allocate IP ${spec.clusterIP}: ${why}`;
        errors.push({ field: "spec.clusterIPs", type: "Invalid", message });
      };
      // What is no address at all is validation's to refuse.
      if (address === undefined) return;
      if (address <= cidr.first || address >= cidr.last) {
        refuse(`the provided IP (${spec.clusterIP}) is not in the valid range. The range of valid IPs is ${ranges.clusterCidr}`);
      } else if (!taken.take(addresses, address)) {
        refuse("provided IP is already allocated");
      }
    }
    spec.clusterIPs = [spec.clusterIP];
  }

  function allocateNodePorts(service: Service, taken: Reservations, errors: FieldError[]): void {
    const { spec } = service;
    if (!usesNodePorts(service)) return;
    const wanted = new Set<number>();
    spec.ports?.forEach((port, index) => {
      const refuse = (why: string): void => {
        errors.push({ field: `spec.ports[${index}].nodePort`, type: "Invalid", message: `Invalid value: ${port.nodePort}: ${why}` });
      };
      // One number may serve several protocols of the same Service.
      if (!port.nodePort || wanted.has(port.nodePort)) return;
      if (port.nodePort < firstPort || port.nodePort > lastPort) {
        refuse(`provided port is not in the valid range. The range of valid ports is ${firstPort}-${lastPort}`);
      } else if (!taken.take(ports, port.nodePort)) {
        refuse("provided port is already allocated");
      }
      wanted.add(port.nodePort);
    });
    for (const [index, port] of (spec.ports ?? []).entries()) {
      if (port.nodePort) continue;
      const free = taken.next(ports);
      if (free === undefined) {
        errors.push({ field: `spec.ports[${index}].nodePort`, type: "Invalid", message: "Invalid value: 0: failed to allocate a nodePort: range is full" });
        return;
      }
      port.nodePort = free;
    }
    if (usesHealthCheckPort(service) && !spec.healthCheckNodePort) {
      const free = taken.next(ports);
      if (free !== undefined) spec.healthCheckNodePort = free;
    }
  }
}

/** What one write has taken and gives back if it fails. */
class Reservations {
  readonly #key: string;
  readonly #taken: [Pool, number][] = [];

  constructor(key: string) {
    this.#key = key;
  }

  /** False when someone else has it. */
  take(pool: Pool, value: number): boolean {
    if (pool.isHeldBy(value, this.#key)) return true;
    if (!pool.reserve(value, this.#key)) return false;
    this.#taken.push([pool, value]);
    return true;
  }

  /** Undefined when nothing is free. */
  next(pool: Pool): number | undefined {
    const value = pool.reserveNext(this.#key);
    if (value !== undefined) this.#taken.push([pool, value]);
    return value;
  }

  release(): void {
    for (const [pool, value] of this.#taken.splice(0)) pool.release(value, this.#key);
  }
}

function addressesOf(service: Service): number[] {
  const address = isHeadless(service) ? undefined : parseIPv4(service.spec.clusterIP ?? "");
  return address === undefined ? [] : [address];
}

function nodePortsOf({ spec }: Service): number[] {
  const ports = (spec.ports ?? []).flatMap(({ nodePort }) => (nodePort ? [nodePort] : []));
  return spec.healthCheckNodePort ? [...ports, spec.healthCheckNodePort] : ports;
}

/** This cluster has IPv4 Services alone. */
function chooseFamilies(service: Service): FieldError[] {
  const { spec } = service;
  if (!usesClusterIP(service)) {
    for (const field of ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"] as const) delete spec[field];
    return [];
  }
  if (!spec.clusterIP && spec.clusterIPs?.[0]) spec.clusterIP = spec.clusterIPs[0];
  if (isHeadless(service)) spec.clusterIPs = ["None"];
  const errors: FieldError[] = [];
  if (spec.ipFamilyPolicy === "RequireDualStack") {
    errors.push({
      field: "spec.ipFamilyPolicy",
      type: "Invalid",
      message: `Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services`,
    });
  }
  const other = (spec.ipFamilies ?? []).findIndex((family) => family !== "IPv4");
  if (other === 0) {
    errors.push({ field: `spec.ipFamilies[0]`, type: "Invalid", message: `Invalid value: ${JSON.stringify(spec.ipFamilies![0])}: not configured on this cluster` });
  }
  spec.ipFamilies = ["IPv4"];
  spec.ipFamilyPolicy ??= "SingleStack";
  return errors;
}

/** An update that leaves out what was allocated keeps it; one that changes the type lets go of what it has no use for. */
function keepAllocated(service: Service, old: Service): void {
  const { spec } = service;
  if (usesClusterIP(service) && usesClusterIP(old) && !spec.clusterIP) {
    spec.clusterIP = old.spec.clusterIP ?? "";
    spec.clusterIPs = old.spec.clusterIPs ?? [];
  }
  if (usesClusterIP(old) && !usesClusterIP(service) && spec.clusterIP === old.spec.clusterIP) {
    delete spec.clusterIP;
    delete spec.clusterIPs;
  }
  const before = new Map((old.spec.ports ?? []).map((port) => [`${port.protocol}/${port.port}`, port.nodePort]));
  for (const port of spec.ports ?? []) {
    const known = before.get(`${port.protocol}/${port.port}`);
    if (usesNodePorts(service) && usesNodePorts(old)) {
      if (!port.nodePort && known) port.nodePort = known;
    } else if (!usesNodePorts(service) && port.nodePort === known) {
      delete port.nodePort;
    }
  }
  if (usesHealthCheckPort(service)) spec.healthCheckNodePort ||= old.spec.healthCheckNodePort ?? 0;
  else if (spec.healthCheckNodePort === old.spec.healthCheckNodePort) delete spec.healthCheckNodePort;
}
