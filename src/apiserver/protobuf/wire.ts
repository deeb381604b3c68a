/**
 * The protocol buffer encoding: numbered fields of four wire types.
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

export interface Field {
  number: number;
  wire: number;
  /** The value of a varint, as a signed 64 bit integer. */
  integer: bigint;
  /** The bytes of the other types. */
  bytes: Buffer;
}

const NONE = Buffer.alloc(0);

/** The fields of a message in the order they come. Throws on what is no message. */
export function* readFields(message: Buffer): Generator<Field> {
  let at = 0;

  function varint(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++];
      if (byte === undefined || shift > 63n) throw new Error("proto: malformed varint");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
  }

  function take(size: number): Buffer {
    if (size < 0 || at + size > message.byteLength) throw new Error("proto: unexpected end of message");
    at += size;
    return message.subarray(at - size, at);
  }

  while (at < message.byteLength) {
    const tag = Number(varint());
    const field: Field = { number: tag >>> 3, wire: tag & 7, integer: 0n, bytes: NONE };
    switch (field.wire) {
      case WIRE.varint:
        field.integer = varint();
        break;
      case WIRE.fixed64:
        field.bytes = take(8);
        break;
      case WIRE.bytes:
        field.bytes = take(Number(varint()));
        break;
      case WIRE.fixed32:
        field.bytes = take(4);
        break;
      default:
        throw new Error(`proto: wire type ${field.wire} is not supported`);
    }
    yield field;
  }
}

export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  while (left >= 0x80) {
    bytes.push((left % 0x80) | 0x80);
    left = Math.floor(left / 0x80);
  }
  bytes.push(left);
  return Buffer.from(bytes);
}

/** A field of text, bytes or an embedded message. */
export function bytesField(number: number, content: string | Uint8Array): Buffer {
  const body = typeof content === "string" ? Buffer.from(content) : content;
  return Buffer.concat([varint(number * 8 + WIRE.bytes), varint(body.byteLength), body]);
}

export function booleanField(number: number, value: boolean): Buffer {
  return Buffer.concat([varint(number * 8 + WIRE.varint), Buffer.from([value ? 1 : 0])]);
}

/** An int64. */
export function integerField(number: number, value: number): Buffer {
  const bytes: number[] = [];
  let left = BigInt.asUintN(64, BigInt(Math.trunc(value)));
  for (; left >= 0x80n; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80);
  return Buffer.concat([varint(number * 8 + WIRE.varint), Buffer.from([...bytes, Number(left)])]);
}

export function doubleField(number: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([varint(number * 8 + WIRE.fixed64), bytes]);
}
