/**
 * What is special about Services: they hold addresses and node ports from shared ranges.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/core/service/storage/alloc.go
 */
import type { Rng } from "#lib/random.ts";
import { parseAddress } from "#lib/ip.ts";
import { invalid as invalidValue } from "#api/definitions/field-errors.ts";
import { isHeadless as isHeadlessSpec, validateClusterIPs } from "#api/definitions/service-cluster-ips.ts";
import { invalid, type FieldError } from "#api/errors.ts";
import type { IPAddress, Service } from "#api/types.ts";
import type { Change, Store } from "#store/index.ts";
import { formatIPv4, parseCidr, parseIPv4, Pool } from "./allocator.ts";
import { isManaged } from "./ip-addresses.ts";
import type { Strategy } from "./strategy.ts";

export interface ServiceRanges {
  /** `10.96.0.0/12`. */
  clusterCidr: string;
  /** First and last node port. */
  nodePorts: [number, number];
}

const PREFIX = "services/";
const ADDRESSES = "ipaddresses.networking.k8s.io/";

const usesClusterIP = ({ spec }: Service): boolean => spec.type !== "ExternalName";
const isHeadless = ({ spec }: Service): boolean => isHeadlessSpec(spec);
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
  /** Addresses that are nobody's Service's, and yet in use. */
  const followAddresses = ({ type, entry }: Pick<Change, "type" | "entry">): void => {
    const object = entry.object as unknown as IPAddress;
    const address = parseIPv4(object.metadata.name!);
    if (address !== undefined && !isManaged(object)) addresses.hold(entry.key, type === "put" ? [address] : []);
  };
  for (const entry of store.list(PREFIX).entries) follow({ type: "put", entry });
  for (const entry of store.list(ADDRESSES).entries) followAddresses({ type: "put", entry });
  store.watch(PREFIX, store.revision, (changes) => changes.forEach(follow));
  store.watch(ADDRESSES, store.revision, (changes) => changes.forEach(followAddresses));

  return {
    returnsDeleted: true,
    statusWritesMetadata: true,
    reserve(service, old) {
      const key = `${PREFIX}${service.metadata.namespace}/${service.metadata.name ?? ""}`;
      if (old) keepAllocated(service, old);
      const errors = chooseFamilies(service, old);
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

/** Decides on the families of a Service's addresses. This cluster has IPv4 ones alone; only who is headless and without a selector may have both. */
function chooseFamilies({ spec }: Service, old: Service | undefined): FieldError[] {
  if (spec.type === "ExternalName") return [];
  const free = isHeadlessSpec(spec) && Object.keys(spec.selector ?? {}).length === 0;
  spec.ipFamilyPolicy ??= old?.spec.ipFamilyPolicy ?? (free ? "RequireDualStack" : "SingleStack");
  const wrong = validateClusterIPs(spec);
  if (wrong.length > 0) return wrong;
  const single = spec.ipFamilyPolicy === "SingleStack";
  const { clusterIPs = [], ipFamilies = [] } = spec;
  const errors: FieldError[] = [];
  const refusePolicy = (why: string): void => void errors.push(invalidValue("spec.ipFamilyPolicy", spec.ipFamilyPolicy, why));
  if (single && clusterIPs.length === 2) refusePolicy("must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs are specified");
  if (single && ipFamilies.length === 2) refusePolicy("must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified");
  for (const [i, ip] of clusterIPs.entries()) {
    const family = parseAddress(ip)?.family;
    if (family && family !== "IPv4" && i >= ipFamilies.length) errors.push(invalidValue(`spec.clusterIPs[${i}]`, clusterIPs, `${family} is not configured on this cluster`));
  }
  if (errors.length > 0) return errors;
  spec.ipFamilies = ipFamilies.length > 0 ? ipFamilies : ["IPv4"];
  if (free) {
    if (!single && spec.ipFamilies.length === 1) spec.ipFamilies.push(spec.ipFamilies[0] === "IPv4" ? "IPv6" : "IPv4");
    return [];
  }
  if (spec.ipFamilyPolicy === "RequireDualStack") refusePolicy("this cluster is not configured for dual-stack services");
  for (const [i, family] of spec.ipFamilies.entries()) {
    if (family !== "IPv4") errors.push(invalidValue(`spec.ipFamilies[${i}]`, family, "not configured on this cluster"));
  }
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
