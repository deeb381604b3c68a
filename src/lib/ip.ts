/** IP addresses and ranges of both families, as numbers. */
import { isIPv4, isIPv6 } from "node:net";

export type Family = "IPv4" | "IPv6";

export interface Address {
  family: Family;
  value: bigint;
}

/** All addresses from the first to the last, both included. */
export interface AddressRange {
  family: Family;
  first: bigint;
  last: bigint;
  /** The length of the prefix: 24 in 10.9.8.0/24. */
  prefixBits: number;
}

const BITS: Record<Family, number> = { IPv4: 32, IPv6: 128 };

/** Undefined when the text is no address. Leading zeros and zones aren't taken. */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return { family: "IPv4", value: text.split(".").reduce((sum, octet) => sum * 256n + BigInt(octet), 0n) };
  if (!isIPv6(text) || text.includes("%")) return undefined;
  // The tail may be in IPv4's notation.
  const hex = text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...octets: string[]) => {
    const [a, b, c, d] = octets.slice(0, 4).map(Number) as [number, number, number, number];
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [head = "", tail] = hex.split("::");
  const front = head === "" ? [] : head.split(":");
  const back = !tail ? [] : tail.split(":");
  const groups = [...front, ...Array<string>(8 - front.length - back.length).fill("0"), ...back];
  return { family: "IPv6", value: groups.reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n) };
}

/** In the canonical form: RFC 5952 for IPv6. */
export function formatAddress({ family, value }: Address): string {
  const size = family === "IPv4" ? 4 : 8;
  const bits = BigInt(BITS[family] / size);
  const groups = Array.from({ length: size }, (_, i) => (value >> (bits * BigInt(size - 1 - i))) & ((1n << bits) - 1n));
  if (family === "IPv4") return groups.join(".");
  const texts = groups.map((group) => group.toString(16));
  const zeros = longestZeros(groups);
  if (zeros.length < 2) return texts.join(":");
  return `${texts.slice(0, zeros.start).join(":")}::${texts.slice(zeros.start + zeros.length).join(":")}`;
}

function longestZeros(groups: bigint[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0n) length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}

/** Whether it is an IPv4 address in IPv6 notation: `::ffff:10.0.0.1`. */
export function isMapped({ family, value }: Address): boolean {
  return family === "IPv6" && value >> 32n === 0xffffn;
}

/** The range that an address with a prefix length stands for (`10.9.8.7/24` is 10.9.8.0 to 10.9.8.255); undefined when the text is none. */
export function parseRange(text: string): AddressRange | undefined {
  const [, address = "", length = ""] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const parsed = parseAddress(address);
  if (!parsed || Number(length) > BITS[parsed.family] || (length.length > 1 && length.startsWith("0"))) return undefined;
  const size = 1n << BigInt(BITS[parsed.family] - Number(length));
  const first = (parsed.value / size) * size;
  return { family: parsed.family, first, last: first + size - 1n, prefixBits: Number(length) };
}

export function formatRange({ family, first, prefixBits }: AddressRange): string {
  return `${formatAddress({ family, value: first })}/${prefixBits}`;
}

export function isInRange({ family, first, last }: AddressRange, address: Address): boolean {
  return address.family === family && address.value >= first && address.value <= last;
}
