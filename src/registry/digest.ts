import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";

/**
 * Content digests: `sha256:<64 hex>`. Error texts are go-digest's, which every OCI tool prints.
 * @see https://github.com/opencontainers/go-digest/blob/master/digest.go
 */
const HEX_LENGTHS: Record<string, number> = { sha256: 64, sha384: 96, sha512: 128 };

const FORMAT = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/;

/** Thrown for text that is not a digest this code can verify. */
export class DigestError extends Error {}

/** A digest whose text has been checked: algorithm known, right number of lower-case hex digits. */
export interface Digest {
  text: string;
  algorithm: string;
  hex: string;
}

export function parseDigest(text: string): Digest {
  if (!FORMAT.test(text)) throw new DigestError("invalid checksum digest format");
  const [algorithm, hex] = text.split(":") as [string, string];
  const length = HEX_LENGTHS[algorithm];
  if (length === undefined) throw new DigestError("unsupported digest algorithm");
  if (hex.length !== length) throw new DigestError("invalid checksum digest length");
  if (!/^[0-9a-f]+$/.test(hex)) throw new DigestError("invalid checksum digest format");
  return { text, algorithm, hex };
}

/** Whether blobs may be addressed with this algorithm. */
export function isDigestAlgorithm(name: string): boolean {
  return name in HEX_LENGTHS;
}

/** The digest of bytes at hand. */
export function digestOf(content: Uint8Array | string, algorithm = "sha256"): string {
  return `${algorithm}:${createHash(algorithm).update(content).digest("hex")}`;
}

/** A running hash for content that comes in pieces; {@link endDigest} closes it. */
export function startDigest(algorithm = "sha256"): Hash {
  return createHash(algorithm);
}

export function endDigest(hash: Hash, algorithm = "sha256"): string {
  return `${algorithm}:${hash.digest("hex")}`;
}
