/**
 * The protobuf wire format, as far as Kubernetes uses it: varints and length-delimited fields.
 * @see https://protobuf.dev/programming-guides/encoding/
 */

/** The bytes are no protobuf message. */
export class WireError extends Error {}

/** A field as it stands on the wire: its number, and a varint or the bytes. */
export type WireField = [number: number, value: bigint | Uint8Array];

/** The fields of a message, in order. Throws a {@link WireError}. */
export function* wireFields(bytes: Uint8Array): Generator<WireField> {
  let at = 0;

  function varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new WireError("unexpected end of message");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new WireError("a varint is longer than ten bytes");
  }

  function take(sizeBytes: number): Uint8Array {
    if (at + sizeBytes > bytes.length) throw new WireError("unexpected end of message");
    at += sizeBytes;
    return bytes.subarray(at - sizeBytes, at);
  }

  while (at < bytes.length) {
    const tag = Number(varint());
    const number = tag >>> 3;
    switch (tag & 7) {
      case 0:
        yield [number, varint()];
        break;
      case 1:
        yield [number, take(8)];
        break;
      case 2:
        yield [number, take(Number(varint()))];
        break;
      case 5:
        yield [number, take(4)];
        break;
      default:
        throw new WireError(`wire type ${tag & 7} is not supported`);
    }
  }
}

/** A varint as a signed number. */
export function signed(value: bigint): number {
  return Number(BigInt.asIntN(64, value));
}
