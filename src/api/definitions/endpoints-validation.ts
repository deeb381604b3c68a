/**
 * Endpoints and EndpointSlices.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/discovery/validation/validation.go
 */
import { isIPv4, isIPv6 } from "node:net";
import type { FieldError } from "../errors.ts";
import type { EndpointSlice, Endpoints } from "../types.ts";
import { duplicate, invalid, invalidFor, notSupported, required, tooMany, validateImmutable } from "./field-errors.ts";
import { dns1123Label, dns1123Subdomain, ipAddress, portName, qualifiedName, validateName, validateNonSpecialIp, validatePortNumber } from "./names.ts";

type Address = NonNullable<NonNullable<Endpoints["subsets"]>[number]["addresses"]>[number];

const PROTOCOLS = ["SCTP", "TCP", "UDP"];
const ADDRESS_TYPES = ["FQDN", "IPv4", "IPv6"];
const MAX_ENDPOINTS = 1000;
const MAX_ADDRESSES = 100;
const MAX_PORTS = 20000;

export function validateEndpoints({ metadata, subsets = [] }: Endpoints): FieldError[] {
  const errors = validateName(metadata.name, dns1123Subdomain);
  for (const [i, { addresses = [], notReadyAddresses = [], ports = [] }] of subsets.entries()) {
    const field = `subsets[${i}]`;
    if (addresses.length + notReadyAddresses.length === 0) errors.push(required(field, "must specify `addresses` or `notReadyAddresses`"));
    errors.push(
      ...addresses.flatMap((address, a) => validateAddress(address, `${field}.addresses[${a}]`)),
      ...notReadyAddresses.flatMap((address, a) => validateAddress(address, `${field}.notReadyAddresses[${a}]`)),
    );
    for (const [p, { name, port, protocol }] of ports.entries()) {
      const path = `${field}.ports[${p}]`;
      if (!name && ports.length > 1) errors.push(required(`${path}.name`));
      errors.push(...validateName(name, dns1123Label, `${path}.name`), ...validatePortNumber(`${path}.port`, port));
      if (!protocol) errors.push(required(`${path}.protocol`));
      else if (!PROTOCOLS.includes(protocol)) errors.push(notSupported(`${path}.protocol`, protocol, PROTOCOLS));
    }
  }
  return errors;
}

function validateAddress({ ip, hostname, nodeName }: Address, field: string): FieldError[] {
  return [
    ...invalidFor(`${field}.ip`, ip, ipAddress(ip)),
    ...validateName(hostname, dns1123Label, `${field}.hostname`),
    ...validateName(nodeName, dns1123Subdomain, `${field}.nodeName`),
    ...validateNonSpecialIp(ip, `${field}.ip`),
  ];
}

export function validateEndpointSlice({ metadata, addressType, endpoints = [], ports = [] }: EndpointSlice): FieldError[] {
  const errors = validateName(metadata.name, dns1123Subdomain);
  if (!addressType) errors.push(required("addressType"));
  else if (!ADDRESS_TYPES.includes(addressType)) errors.push(notSupported("addressType", addressType, ADDRESS_TYPES));
  if (endpoints.length > MAX_ENDPOINTS) errors.push(tooMany("endpoints", endpoints.length, MAX_ENDPOINTS));
  for (const [i, { addresses = [], hostname, nodeName }] of endpoints.entries()) {
    const field = `endpoints[${i}]`;
    if (addresses.length === 0) errors.push(required(`${field}.addresses`, "must contain at least 1 address"));
    if (addresses.length > MAX_ADDRESSES) errors.push(tooMany(`${field}.addresses`, addresses.length, MAX_ADDRESSES));
    errors.push(
      ...addresses.flatMap((address, a) => validateSliceAddress(address, addressType, `${field}.addresses[${a}]`)),
      ...validateName(hostname, dns1123Label, `${field}.hostname`),
      ...validateName(nodeName, dns1123Subdomain, `${field}.nodeName`),
    );
  }
  return [...errors, ...validateSlicePorts(ports)];
}

function validateSliceAddress(address: string, type: string, field: string): FieldError[] {
  if (type === "FQDN") return invalidFor(field, address, dns1123Subdomain(address));
  const problems = invalidFor(field, address, ipAddress(address));
  if (type === "IPv4" && !isIPv4(address)) return [...problems, invalid(field, address, "must be an IPv4 address")];
  if (type === "IPv6" && !isIPv6(address)) return [...problems, invalid(field, address, "must be an IPv6 address")];
  return validateNonSpecialIp(address, field);
}

function validateSlicePorts(ports: NonNullable<EndpointSlice["ports"]>): FieldError[] {
  const names = new Set<string>();
  const errors = ports.length > MAX_PORTS ? [tooMany("ports", ports.length, MAX_PORTS)] : [];
  for (const [i, { name = "", protocol, appProtocol }] of ports.entries()) {
    const field = `ports[${i}]`;
    if (name) errors.push(...invalidFor(`${field}.name`, name, name.length > 15 ? dns1123Label(name) : portName(name)));
    if (names.has(name)) errors.push(duplicate(`${field}.name`, name));
    names.add(name);
    if (!protocol) errors.push(required(`${field}.protocol`));
    else if (!PROTOCOLS.includes(protocol)) errors.push(notSupported(`${field}.protocol`, protocol, PROTOCOLS));
    if (appProtocol) errors.push(...invalidFor(`${field}.appProtocol`, appProtocol, qualifiedName(appProtocol)));
  }
  return errors;
}

export function validateEndpointSliceUpdate(slice: EndpointSlice, old: EndpointSlice): FieldError[] {
  return validateImmutable("addressType", slice.addressType, old.addressType);
}
