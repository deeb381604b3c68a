/** IPv4 addresses as numbers, and the ranges the cluster is cut into. The cluster is IPv4 only. */

/** The address as an unsigned 32-bit number; undefined when the text is no dotted IPv4 address. */
export function parseIPv4(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (!match) return undefined;
  let value = 0;
  for (let i = 1; i <= 4; i++) {
    const octet = Number(match[i]);
    if (octet > 255) return undefined;
    value = value * 256 + octet;
  }
  return value;
}

export function formatIPv4(value: number): string {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join(".");
}

/** A range such as 10.244.0.0/16. */
export interface Cidr {
  first: number;
  size: number;
}

/** Throws a plain Error that names the text when it is no IPv4 range. */
export function parseCidr(text: string): Cidr {
  const [address = "", bits = ""] = text.split("/");
  const first = parseIPv4(address);
  const length = /^\d{1,2}$/.test(bits) ? Number(bits) : Number.NaN;
  if (first === undefined || !(length >= 0 && length <= 32)) throw new Error(`"${text}" is not an IPv4 range such as 10.244.0.0/16`);
  const size = 2 ** (32 - length);
  return { first: Math.floor(first / size) * size, size };
}

export function contains(range: Cidr, address: string): boolean {
  const value = parseIPv4(address);
  return value !== undefined && value >= range.first && value < range.first + range.size;
}

/** An IPv4 address in IPv6 clothes (::ffff:10.0.0.1) without them; other text as it is. */
export function unmapIPv4(address: string): string {
  const match = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  return match ? match[1]! : address;
}

/** An address by which a host means itself: 127.0.0.0/8, ::1, and (as a destination) 0.0.0.0 and ::. */
export function isLoopback(address: string): boolean {
  const plain = unmapIPv4(address);
  return plain.startsWith("127.") ? parseIPv4(plain) !== undefined : plain === "::1" || isUnspecified(plain);
}

export function isUnspecified(address: string): boolean {
  return address === "0.0.0.0" || address === "::" || address === "::0" || address === "0:0:0:0:0:0:0:0";
}
