/**
 * The cluster's certificates and keys: made once, kept in the data directory, renewed when they near
 * their end.
 * @see https://kubernetes.io/docs/setup/best-practices/certificates/
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate, type KeyObject } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "#lib/clock.ts";
import type { CertificateRequest, CertificateToSign, Issuer, Subject } from "./certificate.ts";

const DAY_MS = 24 * 60 * 60_000;
const AUTHORITY_MS = 3650 * DAY_MS;
const LEAF_MS = 365 * DAY_MS;
/** A certificate that ends sooner than this is made anew. */
const RENEW_BEFORE_MS = 60 * DAY_MS;
/** Clocks of clients may be somewhat behind. */
const BACKDATE_MS = 5 * 60_000;

/** A certificate and its private key, in PEM. */
export interface KeyPair {
  cert: string;
  key: string;
}

export interface Pki {
  /** The authority's certificate, in PEM: what clients trust and what client certificates are signed by. */
  ca: string;
  /** For the server's port. */
  serving: KeyPair;
  /** `kubernetes-admin` of `kubeadm:cluster-admins`, as kubeadm makes it. */
  admin: KeyPair;
  /** `system:node:NAME` of `system:nodes`, by node name. */
  nodes: Record<string, KeyPair>;
  /** Serving certificates asked for besides the server's own, by the same names. */
  servers: Record<string, KeyPair>;
  /** What this server shows to servers behind it, and the authority by which they know it: apart from the cluster's own, so that no client passes for this server. */
  frontProxy: { ca: string; client: KeyPair };
  /** Signs service account tokens. */
  serviceAccountKey: KeyObject;
  /** Signs a certificate of another's key, which ends with the authority's own at the latest; in PEM. */
  sign(certificate: CertificateToSign): Promise<string>;
}

export interface PkiOptions {
  /** Made if it isn't there, 0700. */
  directory: string;
  clock: Clock;
  nodeNames: readonly string[];
  /** Names and IPv4 addresses of the server besides those every cluster has. */
  extraServerNames?: readonly string[];
  /** Other servers that the authority shall vouch for: the names and IPv4 addresses they are reached by. */
  servers?: Readonly<Record<string, readonly string[]>>;
}

/** The name in the certificate that this server shows to servers behind it. */
export const FRONT_PROXY_NAME = "front-proxy-client";

/** By which a server is known inside and outside its cluster. */
const SERVER_NAMES = [
  "localhost",
  "127.0.0.1",
  "kubernetes",
  "kubernetes.default",
  "kubernetes.default.svc",
  "kubernetes.default.svc.cluster.local",
  "10.96.0.1",
  "172.30.0.2",
];

/** Reads what is there and makes what is missing, near its end, or for other names than asked for. */
export async function ensurePki({ directory, clock, nodeNames, extraServerNames = [], servers = {} }: PkiOptions): Promise<Pki> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  chmodSync(directory, 0o700);
  const nowMs = clock.now();
  const authority = await ensureAuthority(directory, "ca", "kubernetes", nowMs);
  const frontProxy = await ensureAuthority(directory, "front-proxy-ca", "front-proxy-ca", nowMs);

  const ensureLeaf = async (file: string, subject: Subject, usage: "server" | "client", names: string[] = [], signer = authority): Promise<KeyPair> => {
    const known = readPair(directory, file);
    if (known && isFit(known, signer.cert, nowMs, names)) return known;
    const key = generateKey();
    const cert = await issue(
      { subject, key, usage, alternativeNames: names, notBeforeMs: nowMs - BACKDATE_MS, notAfterMs: nowMs + LEAF_MS },
      signer.issuer,
    );
    return writePair(directory, file, { cert, key: pemOf(key) });
  };

  return {
    ca: authority.cert,
    serving: await ensureLeaf("apiserver", { commonName: "kube-apiserver" }, "server", [...SERVER_NAMES, ...extraServerNames]),
    admin: await ensureLeaf("admin", { commonName: "kubernetes-admin", organizations: ["kubeadm:cluster-admins"] }, "client"),
    nodes: await ensureLeaves(nodeNames, (name) => ensureLeaf(`node-${name}`, { commonName: `system:node:${name}`, organizations: ["system:nodes"] }, "client")),
    servers: await ensureLeaves(Object.keys(servers), (name) => ensureLeaf(`server-${name}`, { commonName: servers[name]![0]! }, "server", [...servers[name]!])),
    frontProxy: { ca: frontProxy.cert, client: await ensureLeaf("front-proxy-client", { commonName: FRONT_PROXY_NAME }, "client", [], frontProxy) },
    serviceAccountKey: ensureKey(directory, "sa.key"),
    async sign(certificate) {
      const { signRequest } = await import("./certificate.ts");
      const authorityEndMs = Date.parse(new X509Certificate(authority.cert).validTo);
      return signRequest({ ...certificate, notAfterMs: Math.min(certificate.notAfterMs, authorityEndMs) }, authority.issuer);
    },
  };
}

async function ensureLeaves(names: readonly string[], ensure: (name: string) => Promise<KeyPair>): Promise<Record<string, KeyPair>> {
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await ensure(name)] as const)));
}

function generateKey(): KeyObject {
  return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
}

async function issue(request: CertificateRequest, issuer?: Issuer): Promise<string> {
  const { issueCertificate } = await import("./certificate.ts");
  return issueCertificate(request, issuer);
}

interface Authority {
  /** PEM. */
  cert: string;
  issuer: Issuer;
}

async function ensureAuthority(directory: string, file: string, commonName: string, nowMs: number): Promise<Authority> {
  const subject = { commonName };
  const known = readPair(directory, file);
  if (known && Date.parse(new X509Certificate(known.cert).validTo) - nowMs > LEAF_MS) {
    return { cert: known.cert, issuer: { subject, key: createPrivateKey(known.key) } };
  }
  const key = generateKey();
  const cert = await issue({ subject, key, usage: "authority", notBeforeMs: nowMs - BACKDATE_MS, notAfterMs: nowMs + AUTHORITY_MS });
  writePair(directory, file, { cert, key: pemOf(key) });
  return { cert, issuer: { subject, key } };
}

/** Whether a pair found on disk can be used: signed by this authority, long valid, with these names. */
function isFit({ cert, key }: KeyPair, ca: string, nowMs: number, names: string[]): boolean {
  try {
    const certificate = new X509Certificate(cert);
    const remainingMs = Date.parse(certificate.validTo) - nowMs;
    const known = new Set((certificate.subjectAltName ?? "").split(", ").map((name) => name.replace(/^(DNS|IP Address):/, "")));
    return (
      remainingMs > RENEW_BEFORE_MS &&
      names.every((name) => known.has(name)) &&
      certificate.checkPrivateKey(createPrivateKey(key)) &&
      certificate.verify(createPublicKey(ca))
    );
  } catch {
    // Unreadable: made anew.
    return false;
  }
}

function ensureKey(directory: string, file: string): KeyObject {
  const path = join(directory, file);
  if (existsSync(path)) return createPrivateKey(readFileSync(path));
  const key = generateKey();
  writeSecret(path, pemOf(key));
  return key;
}

function readPair(directory: string, name: string): KeyPair | undefined {
  const [cert, key] = [`${name}.crt`, `${name}.key`].map((file) => join(directory, file)) as [string, string];
  return existsSync(cert) && existsSync(key) ? { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") } : undefined;
}

function writePair(directory: string, name: string, pair: KeyPair): KeyPair {
  writeSecret(join(directory, `${name}.key`), pair.key);
  writeSecret(join(directory, `${name}.crt`), pair.cert);
  return pair;
}

/** Whole or not at all, and readable by the owner alone. */
export function writeSecret(path: string, content: string): void {
  const partial = `${path}.${process.pid}.partial`;
  writeFileSync(partial, content, { mode: 0o600 });
  renameSync(partial, path);
}

function pemOf(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }) as string;
}
