import { declare, memberOverload, overload, type Implementation, type Library, type Overload } from "../functions.ts";
import { BOOL, INT, STRING, opaqueType } from "../types.ts";
import { CelError, CelOpaque, NO_SUCH_OVERLOAD, type CelValue, type Result } from "../values.ts";
import { containsAddress, formatAddress, isMapped, masked, parseAddress, parsePrefix, quoted, type Address, type Prefix } from "./addresses.ts";

const IP = opaqueType("net.IP");
const CIDR = opaqueType("net.CIDR");

class IpValue extends CelOpaque {
  override readonly type = IP;
  readonly address: Address;

  constructor(address: Address) {
    super();
    this.address = address;
  }

  override equals(other: CelOpaque): boolean {
    return formatAddress(this.address) === formatAddress((other as IpValue).address);
  }

  override size(): number {
    return this.address.bytes.length;
  }
}

class CidrValue extends CelOpaque {
  override readonly type = CIDR;
  readonly prefix: Prefix;

  constructor(prefix: Prefix) {
    super();
    this.prefix = prefix;
  }

  override equals(other: CelOpaque): boolean {
    return formatPrefix(this.prefix) === formatPrefix((other as CidrValue).prefix);
  }

  override size(): number {
    return Math.ceil(this.prefix.bits / 8);
  }
}

function formatPrefix({ address, bits }: Prefix): string {
  return `${formatAddress(address)}/${bits}`;
}

function parseIp(text: string): IpValue | CelError {
  let address: Address;
  try {
    address = parseAddress(text);
  } catch (error) {
    return new CelError(`IP Address ${quoted(text)} parse error during conversion from string: ${(error as Error).message}`);
  }
  if (address.zone !== "") return new CelError(`IP address ${quoted(text)} with zone value is not allowed`);
  return isMapped(address) ? new CelError(`IPv4-mapped IPv6 address ${quoted(text)} is not allowed`) : new IpValue(address);
}

function parseCidr(text: string): CidrValue | CelError {
  const failed = "network address parse error during conversion from string";
  try {
    const prefix = parsePrefix(text);
    return isMapped(prefix.address) ? new CelError(`${failed}: IPv4-mapped IPv6 address ${quoted(text)} is not allowed`) : new CidrValue(prefix);
  } catch (error) {
    return new CelError(`${failed}: ${failed}: ${(error as Error).message}`);
  }
}

function ipProperty(name: string, id: string, holds: (bytes: Uint8Array) => boolean): ReturnType<typeof declare> {
  return declare(name, memberOverload(id, [IP], BOOL, ([ip]) => holds((ip as IpValue).address.bytes)));
}

const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);
const is4 = (bytes: Uint8Array): boolean => bytes.length === 4;
const isLoopback = (bytes: Uint8Array): boolean => (is4(bytes) ? bytes[0] === 127 : isZero(bytes.slice(0, 15)) && bytes[15] === 1);
const isMulticast = (bytes: Uint8Array): boolean => (is4(bytes) ? (bytes[0]! & 0xf0) === 0xe0 : bytes[0] === 0xff);
const isLinkLocalMulticast = (bytes: Uint8Array): boolean =>
  is4(bytes) ? bytes[0] === 224 && bytes[1] === 0 && bytes[2] === 0 : bytes[0] === 0xff && (bytes[1]! & 0x0f) === 2;
const isLinkLocalUnicast = (bytes: Uint8Array): boolean => (is4(bytes) ? bytes[0] === 169 && bytes[1] === 254 : bytes[0] === 0xfe && (bytes[1]! & 0xc0) === 0x80);
const isBroadcast = (bytes: Uint8Array): boolean => is4(bytes) && bytes.every((byte) => byte === 255);
const isGlobalUnicast = (bytes: Uint8Array): boolean =>
  !isZero(bytes) && !isBroadcast(bytes) && !isLoopback(bytes) && !isMulticast(bytes) && !isLinkLocalUnicast(bytes);

const containsIp: Implementation = ([cidr, other]) => {
  const ip = typeof other === "string" ? parseIp(other) : other;
  // Kubernetes loses why an address isn't one.
  return ip instanceof IpValue ? containsAddress((cidr as CidrValue).prefix, ip.address) : NO_SUCH_OVERLOAD;
};

const containsCidr: Implementation = ([cidr, other]): Result => {
  const inner = typeof other === "string" ? parseCidr(other) : other;
  if (!(inner instanceof CidrValue)) return inner as CelError;
  const outer = (cidr as CidrValue).prefix;
  return outer.bits <= inner.prefix.bits && containsAddress(outer, inner.prefix.address);
};

const cidrOf = (value: CelValue | undefined): Prefix => (value as CidrValue).prefix;

/** The overloads of `string()` for addresses and prefixes, which other libraries declare too. */
export const NETWORK_STRING_OVERLOADS: readonly Overload[] = [
  overload("ip_to_string", [IP], STRING, ([ip]) => formatAddress((ip as IpValue).address)),
  overload("cidr_to_string", [CIDR], STRING, ([cidr]) => formatPrefix(cidrOf(cidr))),
];

/**
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/cel/library/ip.go
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/cel/library/cidr.go
 */
export const NETWORK_LIBRARY: Library = [
  declare("ip",
    overload("string_to_ip", [STRING], IP, ([text]) => parseIp(text as string)),
    memberOverload("cidr_ip", [CIDR], IP, ([cidr]) => new IpValue(cidrOf(cidr).address))),
  declare("isIP", overload("is_ip", [STRING], BOOL, ([text]) => parseIp(text as string) instanceof IpValue)),
  declare("family", memberOverload("ip_family", [IP], INT, ([ip]) => (is4((ip as IpValue).address.bytes) ? 4n : 6n))),
  declare("ip.isCanonical", overload("ip_is_canonical", [STRING], BOOL, ([text]) => {
    const ip = parseIp(text as string);
    return ip instanceof IpValue ? formatAddress(ip.address) === text : ip;
  })),
  ipProperty("isUnspecified", "ip_is_unspecified", isZero),
  ipProperty("isLoopback", "ip_is_loopback", isLoopback),
  ipProperty("isLinkLocalMulticast", "ip_is_link_local_multicast", isLinkLocalMulticast),
  ipProperty("isLinkLocalUnicast", "ip_is_link_local_unicast", isLinkLocalUnicast),
  ipProperty("isGlobalUnicast", "ip_is_global_unicast", isGlobalUnicast),
  declare("cidr", overload("string_to_cidr", [STRING], CIDR, ([text]) => parseCidr(text as string))),
  declare("isCIDR", overload("is_cidr", [STRING], BOOL, ([text]) => parseCidr(text as string) instanceof CidrValue)),
  declare("containsIP",
    memberOverload("cidr_contains_ip_string", [CIDR, STRING], BOOL, containsIp), memberOverload("cidr_contains_ip_ip", [CIDR, IP], BOOL, containsIp)),
  declare("containsCIDR",
    memberOverload("cidr_contains_cidr_string", [CIDR, STRING], BOOL, containsCidr), memberOverload("cidr_contains_cidr", [CIDR, CIDR], BOOL, containsCidr)),
  declare("prefixLength", memberOverload("cidr_prefix_length", [CIDR], INT, ([cidr]) => BigInt(cidrOf(cidr).bits))),
  declare("masked", memberOverload("cidr_masked", [CIDR], CIDR, ([cidr]) => new CidrValue({ address: masked(cidrOf(cidr)), bits: cidrOf(cidr).bits }))),
];
