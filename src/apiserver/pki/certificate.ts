/**
 * Issues X.509 certificates over EC P-256 keys. Written out here because it is on the start path: the
 * library we use elsewhere takes 100 ms to load.
 * @see https://www.rfc-editor.org/rfc/rfc5280
 */
import { createHash, createPublicKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";
import { isIPv4 } from "node:net";
import { bitString, boolean, integer, objectIdentifier, octetString, sequence, set, tagged, time, utf8String } from "./der.ts";

export interface Subject {
  commonName: string;
  organizations?: string[];
}

export interface CertificateRequest {
  subject: Subject;
  key: KeyObject;
  notBeforeMs: number;
  notAfterMs: number;
  usage: "authority" | "server" | "client";
  /** Names and IPv4 addresses a server is reached by. */
  alternativeNames?: string[];
}

/** Who signs. */
export interface Issuer {
  subject: Subject;
  key: KeyObject;
}

const OID = {
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyIdentifier: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
};

const KEY_USAGE = {
  /** digitalSignature, keyCertSign, cRLSign */
  authority: { bits: 0b1000_0110, unused: 1 },
  /** digitalSignature */
  leaf: { bits: 0b1000_0000, unused: 7 },
};

export function generateKey(): KeyObject {
  return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
}

/** The certificate in PEM. Without an issuer it signs itself. */
export function issueCertificate(request: CertificateRequest, issuer: Issuer = { subject: request.subject, key: request.key }): string {
  const algorithm = sequence(objectIdentifier(OID.ecdsaWithSha256));
  const publicKey = createPublicKey(request.key).export({ type: "spki", format: "der" });
  const tbs = sequence(
    tagged(0, true, integer(Buffer.from([2]))),
    integer(serialNumber()),
    algorithm,
    distinguishedName(issuer.subject),
    sequence(time(request.notBeforeMs), time(request.notAfterMs)),
    distinguishedName(request.subject),
    publicKey,
    tagged(3, true, sequence(...extensions(request, issuer))),
  );
  const signature = sign("sha256", tbs, issuer.key);
  const der = sequence(tbs, algorithm, bitString(signature));
  const lines = der.toString("base64").match(/.{1,64}/g)!;
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

/** Positive and unpredictable. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes;
}

function distinguishedName({ commonName, organizations = [] }: Subject): Buffer {
  const attribute = (oid: string, value: string): Buffer => set(sequence(objectIdentifier(oid), utf8String(value)));
  return sequence(...organizations.map((organization) => attribute(OID.organization, organization)), attribute(OID.commonName, commonName));
}

function extensions({ usage, key, alternativeNames = [] }: CertificateRequest, issuer: Issuer): Buffer[] {
  const extension = (oid: string, critical: boolean, value: Buffer): Buffer =>
    sequence(objectIdentifier(oid), ...(critical ? [boolean(true)] : []), octetString(value));
  const { bits, unused } = usage === "authority" ? KEY_USAGE.authority : KEY_USAGE.leaf;
  const list = [
    extension(OID.keyUsage, true, bitString(Buffer.from([bits]), unused)),
    extension(OID.basicConstraints, true, usage === "authority" ? sequence(boolean(true)) : sequence()),
    extension(OID.subjectKeyIdentifier, false, octetString(keyIdentifier(key))),
    extension(OID.authorityKeyIdentifier, false, sequence(tagged(0, false, keyIdentifier(issuer.key)))),
  ];
  if (usage !== "authority") {
    list.push(extension(OID.extendedKeyUsage, false, sequence(objectIdentifier(usage === "server" ? OID.serverAuth : OID.clientAuth))));
  }
  if (alternativeNames.length > 0) list.push(extension(OID.subjectAltName, false, sequence(...alternativeNames.map(generalName))));
  return list;
}

function generalName(name: string): Buffer {
  if (isIPv4(name)) return tagged(7, false, Buffer.from(name.split(".").map(Number)));
  return tagged(2, false, Buffer.from(name));
}

/** SHA-1 of the public key's bits, as RFC 5280 suggests. */
function keyIdentifier(key: KeyObject): Buffer {
  const { x = "", y = "" } = createPublicKey(key).export({ format: "jwk" });
  const point = Buffer.concat([Buffer.from([4]), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
  return createHash("sha1").update(point).digest();
}
