/**
 * Certificate signing requests (PKCS #10), as `openssl req -new` makes them.
 * @see https://www.rfc-editor.org/rfc/rfc2986
 */
import { createPublicKey, verify, type KeyObject } from "node:crypto";
import { bitStringOf, childrenOf, expectTag, oidOf, readDer, TAG, type DerValue } from "./der.ts";

/** One attribute of a subject: `{ type: "2.5.4.3", value: "jane" }`. */
export interface NameAttribute {
  type: string;
  value: string;
}

export interface CertificateRequest {
  commonName: string;
  organizations: string[];
  /** All of the subject, in the order of the request. */
  subject: NameAttribute[];
  dnsNames: string[];
  ipAddresses: string[];
  emailAddresses: string[];
  uris: string[];
  publicKey: KeyObject;
}

const COMMON_NAME = "2.5.4.3";
const ORGANIZATION = "2.5.4.10";
const EXTENSION_REQUEST = "1.2.840.113549.1.9.14";
const SUBJECT_ALTERNATIVE_NAME = "2.5.29.17";

/** The hash of a signature algorithm; null where the algorithm has its own. */
const SIGNATURES: Record<string, { hash: string | null; failure: string }> = {
  "1.2.840.113549.1.1.5": { hash: "sha1", failure: "crypto/rsa: verification error" },
  "1.2.840.113549.1.1.11": { hash: "sha256", failure: "crypto/rsa: verification error" },
  "1.2.840.113549.1.1.12": { hash: "sha384", failure: "crypto/rsa: verification error" },
  "1.2.840.113549.1.1.13": { hash: "sha512", failure: "crypto/rsa: verification error" },
  "1.2.840.10045.4.1": { hash: "sha1", failure: "x509: ECDSA verification failure" },
  "1.2.840.10045.4.3.2": { hash: "sha256", failure: "x509: ECDSA verification failure" },
  "1.2.840.10045.4.3.3": { hash: "sha384", failure: "x509: ECDSA verification failure" },
  "1.2.840.10045.4.3.4": { hash: "sha512", failure: "x509: ECDSA verification failure" },
  "1.3.101.112": { hash: null, failure: "x509: Ed25519 verification failure" },
};

/** Reads a request in PEM and checks that who made it has the key. Throws with Go's words where they are known. */
export function parseCertificateRequest(pem: string): CertificateRequest {
  const block = /-----BEGIN CERTIFICATE REQUEST-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE REQUEST-----/.exec(pem);
  if (!block) throw new Error("PEM block type must be CERTIFICATE REQUEST");
  const [info, algorithm, signature] = childrenOf(readDer(Buffer.from(block[1]!, "base64")));
  const [, subject, key, attributes] = childrenOf(info);
  const publicKey = readKey(key);
  checkSignature(info!, oidOf(childrenOf(algorithm)[0]), bitStringOf(signature), publicKey);
  const names = readName(subject);
  return {
    commonName: names.findLast(({ type }) => type === COMMON_NAME)?.value ?? "",
    organizations: names.filter(({ type }) => type === ORGANIZATION).map(({ value }) => value),
    subject: names,
    ...alternativeNames(attributes),
    publicKey,
  };
}

function readKey(value: DerValue | undefined): KeyObject {
  try {
    return createPublicKey({ key: expectTag(value, TAG.sequence).raw, format: "der", type: "spki" });
  } catch (error) {
    throw new Error(`x509: unknown public key algorithm: ${(error as Error).message}`);
  }
}

function checkSignature(signed: DerValue, algorithm: string, signature: Buffer, key: KeyObject): void {
  const known = SIGNATURES[algorithm];
  if (!known) throw new Error("x509: cannot verify signature: algorithm unimplemented");
  let genuine: boolean;
  try {
    genuine = verify(known.hash, signed.raw, key, signature);
  } catch {
    // The key is of another kind than the signature claims.
    genuine = false;
  }
  if (!genuine) throw new Error(known.failure);
}

function readName(name: DerValue | undefined): NameAttribute[] {
  return childrenOf(name).flatMap((set) =>
    childrenOf(set, TAG.set).map((pair) => {
      const [type, value] = childrenOf(pair);
      return { type: oidOf(type), value: textOf(value) };
    }),
  );
}

function textOf(value: DerValue | undefined): string {
  if (!value) return "";
  return value.tag === TAG.bmpString ? Buffer.from(value.content).swap16().toString("utf16le") : value.content.toString("utf8");
}

type AlternativeNames = Pick<CertificateRequest, "dnsNames" | "ipAddresses" | "emailAddresses" | "uris">;

/** The kinds of general names, by the numbers of their context tags. */
const GENERAL_NAMES: Record<number, keyof AlternativeNames> = { 0x81: "emailAddresses", 0x82: "dnsNames", 0x86: "uris", 0x87: "ipAddresses" };

function alternativeNames(attributes: DerValue | undefined): AlternativeNames {
  const names: AlternativeNames = { dnsNames: [], ipAddresses: [], emailAddresses: [], uris: [] };
  const extensions = (attributes ? childrenOf(attributes, 0xa0) : []).flatMap((attribute) => {
    const [type, values] = childrenOf(attribute);
    return oidOf(type) === EXTENSION_REQUEST ? childrenOf(values, TAG.set).flatMap((list) => childrenOf(list)) : [];
  });
  for (const extension of extensions) {
    const parts = childrenOf(extension);
    if (oidOf(parts[0]) !== SUBJECT_ALTERNATIVE_NAME) continue;
    for (const { tag, content } of childrenOf(readDer(expectTag(parts.at(-1), TAG.octetString).content))) {
      const list = GENERAL_NAMES[tag];
      if (list) names[list].push(list === "ipAddresses" ? addressOf(content) : content.toString("latin1"));
    }
  }
  return names;
}

function addressOf(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.length !== 16) throw new Error(`x509: cannot parse IP address of length ${bytes.length}`);
  return Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16)).join(":");
}
