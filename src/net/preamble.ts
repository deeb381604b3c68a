/**
 * The preamble: 64 bytes that begin every connection to a pod's socket, before the first byte of the
 * program's own. As PROXY protocol v2 does, it tells the listener who connects and to where, since a
 * Unix socket has no addresses; unlike that, its length is fixed, so that nobody needs to look for
 * its end, and it has room for an identity.
 *
 * | bytes | meaning |
 * | ----- | ------- |
 * | 0-7   | magic: 0x0d 0x0a 'T' 'P' 'O' 'O' 'L' 0x00 |
 * | 8     | version, 1 |
 * | 9     | flags, 0 |
 * | 10-11 | source port, big endian |
 * | 12-15 | source IPv4 |
 * | 16-17 | destination port |
 * | 18-21 | destination IPv4 |
 * | 22-31 | reserved, 0 |
 * | 32-63 | identity: reserved for the mesh, 0 when there is none |
 *
 * @see https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt
 */
import { formatIPv4, parseIPv4 } from "./ip.ts";

export const PREAMBLE_BYTES = 64;
export const IDENTITY_BYTES = 32;

const MAGIC = Buffer.from([0x0d, 0x0a, 0x54, 0x50, 0x4f, 0x4f, 0x4c, 0x00]);
const VERSION = 1;

export interface SocketAddress {
  /** Dotted IPv4. */
  ip: string;
  port: number;
}

export interface Preamble {
  source: SocketAddress;
  destination: SocketAddress;
  /** 32 bytes; absent when all zero. */
  identity?: Buffer;
}

export function encodePreamble(preamble: Preamble): Buffer {
  const into = Buffer.alloc(PREAMBLE_BYTES);
  MAGIC.copy(into);
  into[8] = VERSION;
  writeAddress(into, 10, preamble.source);
  writeAddress(into, 16, preamble.destination);
  if (preamble.identity) {
    if (preamble.identity.length !== IDENTITY_BYTES) throw new Error(`a preamble's identity has ${IDENTITY_BYTES} bytes, not ${preamble.identity.length}`);
    preamble.identity.copy(into, 32);
  }
  return into;
}

/** Reads the first 64 bytes of a connection; undefined when they are no preamble of this version. */
export function decodePreamble(bytes: Buffer): Preamble | undefined {
  if (bytes.length < PREAMBLE_BYTES || bytes[8] !== VERSION || bytes.compare(MAGIC, 0, 8, 0, 8) !== 0) return undefined;
  const identity = bytes.subarray(32, PREAMBLE_BYTES);
  const preamble: Preamble = { source: readAddress(bytes, 10), destination: readAddress(bytes, 16) };
  if (identity.some((byte) => byte !== 0)) preamble.identity = Buffer.from(identity);
  return preamble;
}

function writeAddress(into: Buffer, at: number, address: SocketAddress): void {
  const ip = parseIPv4(address.ip);
  if (ip === undefined) throw new Error(`a preamble carries IPv4 addresses, not "${address.ip}"`);
  into.writeUInt16BE(address.port, at);
  into.writeUInt32BE(ip, at + 2);
}

function readAddress(bytes: Buffer, at: number): SocketAddress {
  return { ip: formatIPv4(bytes.readUInt32BE(at + 2)), port: bytes.readUInt16BE(at) };
}
