/**
 * Reads DER, the encoding of certificates and of requests for them.
 * @see https://www.itu.int/rec/T-REC-X.690
 */

export const TAG = { boolean: 0x01, integer: 0x02, bitString: 0x03, octetString: 0x04, oid: 0x06, bmpString: 0x1e, sequence: 0x30, set: 0x31 } as const;

export interface DerValue {
  /** The whole identifier octet: 0x30 is a SEQUENCE, 0xa0 the context's own 0. */
  tag: number;
  content: Buffer;
  /** With its tag and length. */
  raw: Buffer;
}

/** The one value that `bytes` hold. Throws when there is less, or more. */
export function readDer(bytes: Buffer): DerValue {
  const [value, ...more] = readAll(bytes);
  if (!value || more.length > 0) throw new Error(value ? "asn1: syntax error: trailing data" : "asn1: syntax error: sequence truncated");
  return value;
}

/** The values that one of `tag` consists of. Throws when it has another tag. */
export function childrenOf(value: DerValue | undefined, tag: number = TAG.sequence): DerValue[] {
  return readAll(expectTag(value, tag).content);
}

/** The value itself. Throws when it has another tag. */
export function expectTag(value: DerValue | undefined, tag: number): DerValue {
  if (value?.tag !== tag) throw new Error(`asn1: structure error: tags don't match (${tag} vs ${value?.tag ?? "nothing"})`);
  return value;
}

/** An object identifier as text: `2.5.4.3`. */
export function oidOf(value: DerValue | undefined): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of expectTag(value, TAG.oid).content) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte & 0x80) continue;
    if (arcs.length === 0) arcs.push(...(arc < 80 ? [Math.floor(arc / 40), arc % 40] : [2, arc - 80]));
    else arcs.push(arc);
    arc = 0;
  }
  return arcs.join(".");
}

/** The bytes of a bit string whose length is whole bytes. */
export function bitStringOf(value: DerValue | undefined): Buffer {
  return expectTag(value, TAG.bitString).content.subarray(1);
}

function readAll(bytes: Buffer): DerValue[] {
  const values: DerValue[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { length, start } = readLength(bytes, at + 1);
    const end = start + length;
    if (end > bytes.length) throw new Error("asn1: syntax error: data truncated");
    values.push({ tag: bytes[at]!, content: bytes.subarray(start, end), raw: bytes.subarray(at, end) });
    at = end;
  }
  return values;
}

function readLength(bytes: Buffer, at: number): { length: number; start: number } {
  const first = bytes[at];
  if (first === undefined) throw new Error("asn1: syntax error: truncated tag or length");
  if (first < 0x80) return { length: first, start: at + 1 };
  const size = first & 0x7f;
  if (size === 0 || size > 4 || at + 1 + size > bytes.length) throw new Error("asn1: structure error: length too large");
  return { length: bytes.readUIntBE(at + 1, size), start: at + 1 + size };
}
