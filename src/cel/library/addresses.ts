/** IP addresses and prefixes as Go's net/netip reads and writes them, with its messages. */

export interface Address {
  /** 4 or 16. */
  readonly bytes: Uint8Array;
  readonly zone: string;
}

export interface Prefix {
  readonly address: Address;
  readonly bits: number;
}

/** Go's quoted text, near enough for messages. */
export const quoted = JSON.stringify;

/** Throws an Error with Go's message. */
export function parseAddress(text: string): Address {
  const kind = /[.:%]/.exec(text)?.[0];
  if (kind === ".") return { bytes: parse4(text, text), zone: "" };
  if (kind === ":") return parse6(text);
  throw refused(text, kind === "%" ? "missing IPv6 address" : "unable to parse IP");
}

function refused(text: string, why: string, at = ""): Error {
  return new Error(`ParseAddr(${quoted(text)}): ${why}${at === "" ? "" : ` (at ${quoted(at)})`}`);
}

/** `whole` is what messages name: an IPv4 address can be the end of an IPv6 one. */
function parse4(text: string, whole: string): Uint8Array {
  const stray = /[^0-9.]/.exec(text);
  const checked = stray ? text.slice(0, stray.index) : text;
  const fields = checked.split(".");
  let at = 0;
  for (const [index, field] of fields.entries()) {
    if (/^0\d/.test(field)) throw refused(whole, "IPv4 field has octet with leading zero");
    if (field.length > 3 || Number(field) > 255) throw refused(whole, "IPv4 field has value >255");
    const last = index === fields.length - 1;
    if (field === "" && (!last || stray === null)) throw refused(whole, "IPv4 field must have at least one digit", text.slice(last ? at - 1 : at));
    if (index > 3 || (index === 3 && !last)) throw refused(whole, "IPv4 address too long");
    at += field.length + 1;
  }
  if (stray) throw refused(whole, "unexpected character", text.slice(stray.index));
  if (fields.length < 4) throw refused(whole, "IPv4 address too short");
  return Uint8Array.from(fields.map(Number));
}

function parse6(text: string): Address {
  const percent = text.indexOf("%");
  const zone = percent < 0 ? "" : text.slice(percent + 1);
  if (percent >= 0 && zone === "") throw refused(text, "zone must be a non-empty string");
  let rest = percent < 0 ? text : text.slice(0, percent);
  const bytes: number[] = [];
  let ellipsis = -1;
  if (rest.startsWith("::")) {
    ellipsis = 0;
    rest = rest.slice(2);
    if (rest === "") return { bytes: new Uint8Array(16), zone };
  }
  while (bytes.length < 16) {
    const digits = /^[0-9a-fA-F]*/.exec(rest)![0];
    if (digits.length > 4) throw refused(text, "each group must have 4 or less digits", rest);
    if (digits === "") throw refused(text, "each colon-separated field must have at least one digit", rest);
    if (rest[digits.length] === ".") {
      if (ellipsis < 0 && bytes.length !== 12) throw refused(text, "embedded IPv4 address must replace the final 2 fields of the address", rest);
      if (bytes.length > 12) throw refused(text, "too many hex fields to fit an embedded IPv4 at the end of the address", rest);
      bytes.push(...parse4(rest, text));
      rest = "";
      break;
    }
    const group = Number.parseInt(digits, 16);
    bytes.push(group >> 8, group & 0xff);
    rest = rest.slice(digits.length);
    if (rest === "") break;
    if (!rest.startsWith(":")) throw refused(text, "unexpected character, want colon", rest);
    if (rest === ":") throw refused(text, "colon must be followed by more characters", rest);
    rest = rest.slice(1);
    if (rest.startsWith(":")) {
      if (ellipsis >= 0) throw refused(text, "multiple :: in address", rest);
      ellipsis = bytes.length;
      rest = rest.slice(1);
      if (rest === "") break;
    }
  }
  if (rest !== "") throw refused(text, "trailing garbage after address", rest);
  if (bytes.length < 16 && ellipsis < 0) throw refused(text, "address string too short");
  if (bytes.length === 16 && ellipsis >= 0) throw refused(text, "the :: must expand to at least one field of zeros");
  bytes.splice(Math.max(ellipsis, 0), 0, ...Array.from({ length: 16 - bytes.length }, () => 0));
  return { bytes: Uint8Array.from(bytes), zone };
}

/** `10.0.0.0/8`. Throws an Error with Go's message. */
export function parsePrefix(text: string): Prefix {
  const fail = (why: string): Error => new Error(`netip.ParsePrefix(${quoted(text)}): ${why}`);
  const slash = text.lastIndexOf("/");
  if (slash < 0) throw fail("no '/'");
  let address: Address;
  try {
    address = parseAddress(text.slice(0, slash));
  } catch (error) {
    throw fail((error as Error).message);
  }
  if (address.zone !== "") throw fail("IPv6 zones cannot be present in a prefix");
  const bits = text.slice(slash + 1);
  if (!/^(?:\d|[1-9]\d{1,9})$/.test(bits)) throw fail(`bad bits after slash: ${quoted(bits)}`);
  if (Number(bits) > address.bytes.length * 8) throw fail("prefix length out of range");
  return { address, bits: Number(bits) };
}

/** Whether an IPv6 address stands for an IPv4 one: `::ffff:1.2.3.4`. */
export function isMapped({ bytes }: Address): boolean {
  return bytes.length === 16 && bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
}

/** The canonical text. */
export function formatAddress({ bytes, zone }: Address): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, index) => (bytes[index * 2]! << 8) | bytes[index * 2 + 1]!);
  let start = 8;
  let length = 1;
  for (let index = 0; index < 8; index++) {
    let end = index;
    while (end < 8 && groups[end] === 0) end++;
    if (end - index > length) [start, length] = [index, end - index];
  }
  const hex = (part: number[]): string => part.map((group) => group.toString(16)).join(":");
  const text = start === 8 ? hex(groups) : `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
  return zone === "" ? text : `${text}%${zone}`;
}

/** The address with the bits after the prefix set to 0. */
export function masked({ address, bits }: Prefix): Address {
  const bytes = address.bytes.map((byte, index) => {
    const kept = Math.max(0, Math.min(8, bits - index * 8));
    return byte & (0xff << (8 - kept));
  });
  return { bytes, zone: "" };
}

/** Whether an address is of the prefix. */
export function containsAddress(prefix: Prefix, address: Address): boolean {
  if (prefix.address.bytes.length !== address.bytes.length) return false;
  const network = masked(prefix).bytes;
  return masked({ address, bits: prefix.bits }).bytes.every((byte, index) => byte === network[index]);
}
