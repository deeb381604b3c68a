/**
 * X.509 certificates as kubeadm makes them. Loaded only when there is one to issue: the library takes
 * longer to load than a cluster that has its certificates takes to start.
 * @see https://kubernetes.io/docs/setup/best-practices/certificates/
 */
import "reflect-metadata";
import { createPublicKey, randomBytes, type KeyObject, type webcrypto } from "node:crypto";
import { isIPv4 } from "node:net";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  type Extension,
  type JsonName,
} from "@peculiar/x509";

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

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** The certificate in PEM. Without an issuer it signs itself. */
export async function issueCertificate(request: CertificateRequest, issuer: Issuer = { subject: request.subject, key: request.key }): Promise<string> {
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: nameOf(request.subject),
    issuer: nameOf(issuer.subject),
    notBefore: new Date(request.notBeforeMs),
    notAfter: new Date(request.notAfterMs),
    signingAlgorithm: ALGORITHM,
    publicKey: createPublicKey(request.key).toCryptoKey(ALGORITHM, true, ["verify"]),
    signingKey: issuer.key.toCryptoKey(ALGORITHM, false, ["sign"]),
    extensions: await extensionsOf(request, issuer),
  });
  return `${certificate.toString("pem")}\n`;
}

/** Positive and unpredictable. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toString("hex");
}

function nameOf({ commonName, organizations = [] }: Subject): JsonName {
  return [...organizations.map((organization) => ({ O: [organization] })), { CN: [commonName] }];
}

async function extensionsOf({ usage, key, alternativeNames = [] }: CertificateRequest, issuer: Issuer): Promise<Extension[]> {
  const publicKeyOf = (of: KeyObject): webcrypto.CryptoKey => createPublicKey(of).toCryptoKey(ALGORITHM, true, ["verify"]);
  const isAuthority = usage === "authority";
  return [
    new KeyUsagesExtension(isAuthority ? KeyUsageFlags.digitalSignature | KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign : KeyUsageFlags.digitalSignature, true),
    new BasicConstraintsExtension(isAuthority, undefined, true),
    await SubjectKeyIdentifierExtension.create(publicKeyOf(key)),
    await AuthorityKeyIdentifierExtension.create(publicKeyOf(issuer.key)),
    ...(isAuthority ? [] : [new ExtendedKeyUsageExtension([usage === "server" ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth])]),
    ...(alternativeNames.length === 0 ? [] : [new SubjectAlternativeNameExtension(alternativeNames.map((value) => ({ type: isIPv4(value) ? "ip" : "dns", value })))]),
  ];
}
