/**
 * Endpoints and EndpointSlices.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/discovery/validation/validation.go
 */
import { parseAddress } from "#lib/ip.ts";
import type { FieldError } from "../errors.ts";
import type { Endpoint, EndpointSlice, Endpoints } from "../types.ts";
import { duplicate, invalid, invalidFor, notSupported, required, tooMany, validateImmutable } from "./field-errors.ts";
import { dns1123Label, dns1123Subdomain, ipAddress, ipWarnings, labelValue, qualifiedName, validateFullyQualifiedDomainName, validateLabels, validateName, validateNonSpecialIp, validatePortNumber } from "./names.ts";

type Address = NonNullable<NonNullable<Endpoints["subsets"]>[number]["addresses"]>[number];

const PROTOCOLS = ["SCTP", "TCP", "UDP"];
const ADDRESS_TYPES = ["FQDN", "IPv4", "IPv6"];
const MAX_ENDPOINTS = 1000;
const MAX_ADDRESSES = 100;
const MAX_PORTS = 20000;
const MAX_TOPOLOGY_LABELS = 16;
const MAX_HINTS = 8;

export function validateEndpoints({ metadata, subsets = [] }: Endpoints): FieldError[] {
  const errors = validateName(metadata.name, dns1123Subdomain);
  for (const [i, { addresses = [], notReadyAddresses = [], ports = [] }] of subsets.entries()) {
    const field = `subsets[${i}]`;
    if (addresses.length + notReadyAddresses.length === 0) errors.push(required(field, "must specify `addresses` or `notReadyAddresses`"));
    errors.push(
      ...addresses.flatMap((address, a) => validateAddress(address, `${field}.addresses[${a}]`)),
      ...notReadyAddresses.flatMap((address, a) => validateAddress(address, `${field}.notReadyAddresses[${a}]`)),
    );
    for (const [p, { name, port, protocol, appProtocol }] of ports.entries()) {
      const path = `${field}.ports[${p}]`;
      if (!name && ports.length > 1) errors.push(required(`${path}.name`));
      errors.push(...validateName(name, dns1123Label, `${path}.name`), ...validatePortNumber(`${path}.port`, port));
      if (!protocol) errors.push(required(`${path}.protocol`));
      else if (!PROTOCOLS.includes(protocol)) errors.push(notSupported(`${path}.protocol`, protocol, PROTOCOLS));
      if (appProtocol !== undefined) errors.push(...invalidFor(`${path}.appProtocol`, appProtocol, qualifiedName(appProtocol)));
    }
  }
  return errors;
}

function validateAddress({ ip, hostname, nodeName }: Address, field: string): FieldError[] {
  return [
    ...invalidFor(`${field}.ip`, ip, ipAddress(ip)),
    ...validateName(hostname, dns1123Label, `${field}.hostname`),
    ...validateName(nodeName, dns1123Subdomain, `${field}.nodeName`),
    ...validateEndpointIp(ip, `${field}.ip`),
  ];
}

export function validateEndpointSlice({ metadata, addressType, endpoints = [], ports = [] }: EndpointSlice): FieldError[] {
  const errors = validateName(metadata.name, dns1123Subdomain);
  if (!addressType) errors.push(required("addressType"));
  else if (!ADDRESS_TYPES.includes(addressType)) errors.push(notSupported("addressType", addressType, ADDRESS_TYPES));
  if (endpoints.length > MAX_ENDPOINTS) errors.push(tooMany("endpoints", endpoints.length, MAX_ENDPOINTS));
  else errors.push(...endpoints.flatMap((endpoint, i) => validateEndpoint(endpoint, addressType, `endpoints[${i}]`)));
  return [...errors, ...validateSlicePorts(ports)];
}

function validateEndpoint({ addresses, hostname, nodeName, deprecatedTopology = {}, hints }: Endpoint, type: string, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const topology = `${field}.deprecatedTopology`;
  if (addresses.length === 0) errors.push(required(`${field}.addresses`, "must contain at least 1 address"));
  if (addresses.length > MAX_ADDRESSES) errors.push(tooMany(`${field}.addresses`, addresses.length, MAX_ADDRESSES));
  errors.push(...addresses.flatMap((address, a) => validateSliceAddress(address, type, `${field}.addresses[${a}]`)), ...validateName(nodeName, dns1123Subdomain, `${field}.nodeName`));
  const labels = Object.keys(deprecatedTopology).length;
  if (labels > MAX_TOPOLOGY_LABELS) errors.push(tooMany(topology, labels, MAX_TOPOLOGY_LABELS));
  errors.push(...validateLabels(deprecatedTopology, topology));
  if (hostname !== undefined) errors.push(...invalidFor(`${field}.hostname`, hostname, dns1123Label(hostname)));
  return [
    ...errors,
    ...validateHints(hints?.forZones, `${field}.hints.forZones`, (name) => labelValue(name)),
    ...validateHints(hints?.forNodes, `${field}.hints.forNodes`, (name) => dns1123Subdomain(name)),
  ];
}

function validateHints(hints: { name: string }[] | undefined, field: string, format: (name: string) => string[]): FieldError[] {
  if ((hints?.length ?? 0) > MAX_HINTS) return [tooMany(field, hints!.length, MAX_HINTS)];
  const names = new Set<string>();
  return (hints ?? []).flatMap(({ name }, i) => {
    const path = `${field}[${i}].name`;
    const again = names.has(name) ? [duplicate(path, name)] : [];
    names.add(name);
    return [...again, ...invalidFor(path, name, format(name))];
  });
}

function validateSliceAddress(address: string, type: string, field: string): FieldError[] {
  const family = parseAddress(address)?.family;
  switch (type) {
    case "FQDN":
      return validateFullyQualifiedDomainName(address, field);
    case "IPv4":
      if (family !== "IPv4") return [...invalidFor(field, address, ["must be an IPv4 address"]), ...validateEndpointIp(address, field)];
      return validateEndpointIp(address, field);
    case "IPv6":
      if (family !== "IPv6") return [...invalidFor(field, address, ["must be an IPv6 address"]), ...validateEndpointIp(address, field)];
      return validateEndpointIp(address, field);
    default:
      return [];
  }
}

function validateEndpointIp(address: string, field: string): FieldError[] {
  return parseAddress(address) ? validateNonSpecialIp(address, field) : [invalid(field, address, "must be a valid IP address")];
}

function validateSlicePorts(ports: NonNullable<EndpointSlice["ports"]>): FieldError[] {
  const names = new Set<string>();
  if (ports.length > MAX_PORTS) return [tooMany("ports", ports.length, MAX_PORTS)];
  return ports.flatMap(({ name = "", protocol, appProtocol }, i) => {
    const field = `ports[${i}]`;
    const errors = name === "" ? [] : invalidFor(`${field}.name`, name, dns1123Label(name));
    if (names.has(name)) errors.push(duplicate(`${field}.name`, name));
    names.add(name);
    if (!protocol) errors.push(required(`${field}.protocol`));
    else if (!PROTOCOLS.includes(protocol)) errors.push(notSupported(`${field}.protocol`, protocol, PROTOCOLS));
    if (appProtocol !== undefined) errors.push(...invalidFor(`${field}.appProtocol`, appProtocol, qualifiedName(appProtocol)));
    return errors;
  });
}

export function validateEndpointSliceUpdate(slice: EndpointSlice, old: EndpointSlice): FieldError[] {
  return validateImmutable("addressType", slice.addressType, old.addressType);
}

/** Addresses that are not written as they should be. */
export function endpointsWarnings({ subsets = [] }: Endpoints): string[] {
  return subsets.flatMap(({ addresses = [], notReadyAddresses = [] }, i) => [
    ...addresses.flatMap(({ ip }, a) => ipWarnings(`subsets[${i}].addresses[${a}].ip`, ip)),
    ...notReadyAddresses.flatMap(({ ip }, a) => ipWarnings(`subsets[${i}].notReadyAddresses[${a}].ip`, ip)),
  ]);
}

/** Addresses that are not written as they should be, and types that are on their way out. */
export function endpointSliceWarnings({ addressType, endpoints = [] }: EndpointSlice): string[] {
  if (addressType === "FQDN") return ["addressType: FQDN endpoints are deprecated"];
  return endpoints.flatMap(({ addresses }, i) => addresses.flatMap((address, a) => ipWarnings(`endpoints[${i}].addresses[${a}]`, address)));
}
