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
  PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  type Extension,
  type JsonGeneralName,
  type JsonName,
} from "@peculiar/x509";
import type { CertificateRequest as SigningRequest } from "#lib/certificate-request.ts";

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

/** A request of another's key that is to be granted. */
export interface CertificateToSign {
  request: SigningRequest;
  /** As Kubernetes writes them: `client auth`. */
  usages: readonly string[];
  notBeforeMs: number;
  notAfterMs: number;
}

const KEY_USAGES: Record<string, KeyUsageFlags> = {
  signing: KeyUsageFlags.digitalSignature,
  "digital signature": KeyUsageFlags.digitalSignature,
  "content commitment": KeyUsageFlags.nonRepudiation,
  "key encipherment": KeyUsageFlags.keyEncipherment,
  "key agreement": KeyUsageFlags.keyAgreement,
  "data encipherment": KeyUsageFlags.dataEncipherment,
  "cert sign": KeyUsageFlags.keyCertSign,
  "crl sign": KeyUsageFlags.cRLSign,
  "encipher only": KeyUsageFlags.encipherOnly,
  "decipher only": KeyUsageFlags.decipherOnly,
};

const EXTENDED_KEY_USAGES: Record<string, string> = {
  "server auth": ExtendedKeyUsage.serverAuth,
  "client auth": ExtendedKeyUsage.clientAuth,
};

/** The certificate in PEM: the request's subject and names, and of its extensions nothing else. Throws an Error on other usages than our signers know. */
export async function signRequest({ request, usages, notBeforeMs, notAfterMs }: CertificateToSign, issuer: Issuer): Promise<string> {
  const unknown = usages.filter((usage) => !(usage in KEY_USAGES) && !(usage in EXTENDED_KEY_USAGES));
  if (unknown.length > 0) throw new Error(`unrecognized usage values: ${JSON.stringify(unknown)}`);
  const flags = usages.reduce((sum, usage) => sum | (KEY_USAGES[usage] ?? 0), 0);
  const extended = usages.flatMap((usage) => EXTENDED_KEY_USAGES[usage] ?? []);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: request.subject.map(({ type, value }) => ({ [type]: [value] })),
    issuer: nameOf(issuer.subject),
    notBefore: new Date(notBeforeMs),
    notAfter: new Date(notAfterMs),
    signingAlgorithm: ALGORITHM,
    publicKey: new PublicKey(request.publicKey.export({ type: "spki", format: "der" })),
    signingKey: issuer.key.toCryptoKey(ALGORITHM, false, ["sign"]),
    extensions: [
      ...(flags === 0 ? [] : [new KeyUsagesExtension(flags, true)]),
      ...(extended.length === 0 ? [] : [new ExtendedKeyUsageExtension(extended)]),
      new BasicConstraintsExtension(false, undefined, true),
      await AuthorityKeyIdentifierExtension.create(createPublicKey(issuer.key).toCryptoKey(ALGORITHM, true, ["verify"])),
      ...alternativeNamesOf(request),
    ],
  });
  return `${certificate.toString("pem")}\n`;
}

function alternativeNamesOf({ dnsNames, emailAddresses, ipAddresses, uris }: SigningRequest): Extension[] {
  const named = (type: JsonGeneralName["type"], values: string[]): JsonGeneralName[] => values.map((value) => ({ type, value }));
  const names = [...named("dns", dnsNames), ...named("email", emailAddresses), ...named("ip", ipAddresses), ...named("url", uris)];
  return names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)];
}
