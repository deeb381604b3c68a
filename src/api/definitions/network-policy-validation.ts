/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/networking/validation/validation.go (ValidateNetworkPolicy) */
import { isInRange, parseAddress, parseRange } from "#lib/ip.ts";
import type { FieldError } from "../errors.ts";
import type { NetworkPolicy } from "../types.ts";
import { forbidden, invalid, invalidFor, required, validateOneOf } from "./field-errors.ts";
import { cidr, cidrWarnings, dns1123Subdomain, portName, portNumber, validateName } from "./names.ts";
import { validateLabelSelector } from "./selector-validation.ts";

type Ingress = NonNullable<NetworkPolicy["spec"]["ingress"]>[number];
type Port = NonNullable<Ingress["ports"]>[number];
type Peer = NonNullable<Ingress["from"]>[number];
type Block = NonNullable<Peer["ipBlock"]>;

const PROTOCOLS = ["TCP", "UDP", "SCTP"];
const POLICY_TYPES = ["Ingress", "Egress"];

export function validateNetworkPolicy({ metadata, spec }: NetworkPolicy): FieldError[] {
  const errors = [...validateName(metadata.name, dns1123Subdomain), ...validateLabelSelector(spec.podSelector, "spec.podSelector")];
  for (const [i, { ports = [], from = [] }] of (spec.ingress ?? []).entries()) {
    errors.push(...ports.flatMap((port, p) => validatePort(port, `spec.ingress[${i}].ports[${p}]`)), ...from.flatMap((peer, p) => validatePeer(peer, `spec.ingress[${i}].from[${p}]`)));
  }
  for (const [i, { ports = [], to = [] }] of (spec.egress ?? []).entries()) {
    errors.push(...ports.flatMap((port, p) => validatePort(port, `spec.egress[${i}].ports[${p}]`)), ...to.flatMap((peer, p) => validatePeer(peer, `spec.egress[${i}].to[${p}]`)));
  }
  const types = spec.policyTypes ?? [];
  if (types.length > POLICY_TYPES.length) return [...errors, invalid("spec.policyTypes", types, "may not specify more than two policyTypes")];
  return [...errors, ...types.flatMap((type, i) => validateOneOf(`spec.policyTypes[${i}]`, type, POLICY_TYPES))];
}

function validatePort({ protocol, port, endPort }: Port, field: string): FieldError[] {
  const errors = validateOneOf(`${field}.protocol`, protocol, PROTOCOLS);
  const refuseEnd = (why: string): FieldError[] => (endPort === undefined ? [] : [invalid(`${field}.endPort`, endPort, why)]);
  if (port === undefined) return [...errors, ...refuseEnd("may not be specified when `port` is not specified")];
  if (typeof port === "string") return [...errors, ...refuseEnd("may not be specified when `port` is non-numeric"), ...invalidFor(`${field}.port`, port, portName(port))];
  errors.push(...invalidFor(`${field}.port`, port, portNumber(port)));
  if (endPort === undefined) return errors;
  // The value shown is upstream's.
  if (endPort < port) errors.push(invalid(`${field}.endPort`, port, "must be greater than or equal to `port`"));
  return [...errors, ...invalidFor(`${field}.endPort`, endPort, portNumber(endPort))];
}

function validatePeer({ podSelector, namespaceSelector, ipBlock }: Peer, field: string): FieldError[] {
  const errors = [
    ...validateLabelSelector(podSelector, `${field}.podSelector`),
    ...validateLabelSelector(namespaceSelector, `${field}.namespaceSelector`),
    ...(ipBlock ? validateBlock(ipBlock, `${field}.ipBlock`) : []),
  ];
  if (!podSelector && !namespaceSelector && !ipBlock) return [...errors, required(field, "must specify a peer")];
  return ipBlock && (podSelector || namespaceSelector) ? [...errors, forbidden(field, "may not specify both ipBlock and another peer")] : errors;
}

function validateBlock(block: Block, field: string): FieldError[] {
  if (block.cidr === "") return [required(`${field}.cidr`)];
  const errors = invalidFor(`${field}.cidr`, block.cidr, cidr(block.cidr));
  const whole = parseRange(block.cidr);
  if (!whole) return errors;
  for (const [i, text] of (block.except ?? []).entries()) {
    const path = `${field}.except[${i}]`;
    errors.push(...invalidFor(path, text, cidr(text)));
    const except = parseRange(text);
    if (!except) continue;
    const inside = isInRange(whole, parseAddress(text.split("/")[0]!)!) && whole.prefixBits < except.prefixBits;
    if (!inside) errors.push(invalid(path, text, "must be a strict subset of `cidr`"));
  }
  return errors;
}

/** Ranges that are not written as they should be. */
export function networkPolicyWarnings({ spec }: NetworkPolicy): string[] {
  const blocks = (peers: Peer[] | undefined, field: string): string[] =>
    (peers ?? []).flatMap(({ ipBlock }, p) => {
      const path = `${field}[${p}].ipBlock`;
      return ipBlock ? [...cidrWarnings(`${path}.cidr`, ipBlock.cidr), ...(ipBlock.except ?? []).flatMap((text, e) => cidrWarnings(`${path}.except[${e}]`, text))] : [];
    });
  return [
    ...(spec.ingress ?? []).flatMap(({ from }, i) => blocks(from, `spec.ingress[${i}].from`)),
    ...(spec.egress ?? []).flatMap(({ to }, i) => blocks(to, `spec.egress[${i}].to`)),
  ];
}
