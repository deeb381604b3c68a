/**
 * Tokens of service accounts: JWTs the server signs and knows again.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens
 * @see https://github.com/kubernetes/kubernetes/tree/master/pkg/serviceaccount
 */
import { createHash, createPublicKey, sign, timingSafeEqual, verify, type KeyObject } from "node:crypto";
import type { Clock } from "#lib/clock.ts";
import { uuid, type Rng } from "#lib/random.ts";
import type { KubeObject, Node, Pod, Secret, ServiceAccount } from "#api/types.ts";
import { serviceAccountUser, type User } from "../user.ts";
import { CREDENTIAL_ID, type TokenAuthenticator } from "./authenticate.ts";

export interface TokenOptions {
  /** The EC P-256 private key that signs. */
  key: KeyObject;
  /** `https://kubernetes.default.svc.cluster.local`; also the default audience. */
  issuer: string;
  clock: Clock;
  rng: Rng;
  find: {
    serviceAccount(namespace: string, name: string): ServiceAccount | undefined;
    pod(namespace: string, name: string): Pod | undefined;
    secret(namespace: string, name: string): Secret | undefined;
    node(name: string): Node | undefined;
  };
}

interface Bound {
  name: string;
  uid: string;
}

interface Claims {
  aud: string[];
  exp: number;
  iat: number;
  nbf: number;
  iss: string;
  jti: string;
  sub: string;
  "kubernetes.io": { namespace: string; serviceaccount: Bound; pod?: Bound; secret?: Bound; node?: Bound; warnafter?: number };
}

/** Of tokens kept in Secrets, which never expire. */
interface LegacyClaims {
  iss: typeof LEGACY_ISSUER;
  sub: string;
  "kubernetes.io/serviceaccount/namespace": string;
  "kubernetes.io/serviceaccount/secret.name": string;
  "kubernetes.io/serviceaccount/service-account.name": string;
  "kubernetes.io/serviceaccount/service-account.uid": string;
}

const LEGACY_ISSUER = "kubernetes/serviceaccount";

/** Clocks may differ, and who is being deleted has some last words. */
const LEEWAY_SECONDS = 60;

/** What the kubelet asks for by default; clients that never read their token again would fail after an hour. */
const DEFAULT_VOLUME_SECONDS = 3607;
const EXTENDED_SECONDS = 365 * 24 * 60 * 60;

export interface TokenRequestSpec {
  account: ServiceAccount;
  /** None: the server itself. */
  audiences: string[];
  expirationSeconds: number;
  /** The token dies with this object. */
  bound?: { kind: "Pod" | "Secret" | "Node"; name: string; uid: string; node?: Bound | undefined } | undefined;
}

export interface ServiceAccountTokens {
  /** `id` is the token's own (`jti`). */
  issue(request: TokenRequestSpec): { token: string; id: string; expirationMs: number };
  /** The token that a Secret of type `kubernetes.io/service-account-token` holds. */
  issueForSecret(account: ServiceAccount, secretName: string): string;
  authenticate: TokenAuthenticator;
  /** The public keys, for others to verify with. */
  jwks(): object;
}

export function serviceAccountTokens({ key, issuer, clock, rng, find }: TokenOptions): ServiceAccountTokens {
  const publicKey = createPublicKey(key);
  const jwk = publicKey.export({ format: "jwk" });
  const keyId = createHash("sha256").update(publicKey.export({ type: "spki", format: "der" })).digest("base64url");
  const header = encode({ alg: "ES256", kid: keyId });

  function signed(claims: object): string {
    const input = `${header}.${encode(claims)}`;
    const signature = sign("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" }).toString("base64url");
    return `${input}.${signature}`;
  }

  return {
    issue({ account, audiences, expirationSeconds, bound }) {
      const { namespace = "", name = "", uid = "" } = account.metadata;
      const now = Math.floor(clock.now() / 1000);
      const forServer = audiences.length === 0 || (audiences.length === 1 && audiences[0] === issuer);
      const extended = forServer && bound?.kind === "Pod" && expirationSeconds === DEFAULT_VOLUME_SECONDS;
      const claims: Claims = {
        aud: audiences.length > 0 ? audiences : [issuer],
        exp: now + (extended ? EXTENDED_SECONDS : expirationSeconds),
        iat: now,
        iss: issuer,
        jti: uuid(rng),
        "kubernetes.io": {
          namespace,
          ...(bound ? { [bound.kind.toLowerCase()]: { name: bound.name, uid: bound.uid } } : {}),
          ...(bound?.node ? { node: bound.node } : {}),
          serviceaccount: { name, uid },
          ...(extended ? { warnafter: now + expirationSeconds } : {}),
        },
        nbf: now,
        sub: serviceAccountUser(namespace, name).name,
      };
      return { token: signed(claims), id: claims.jti, expirationMs: (now + expirationSeconds) * 1000 };
    },

    issueForSecret({ metadata }, secretName) {
      const { namespace = "", name = "", uid = "" } = metadata;
      const claims: LegacyClaims = {
        iss: LEGACY_ISSUER,
        "kubernetes.io/serviceaccount/namespace": namespace,
        "kubernetes.io/serviceaccount/secret.name": secretName,
        "kubernetes.io/serviceaccount/service-account.name": name,
        "kubernetes.io/serviceaccount/service-account.uid": uid,
        sub: serviceAccountUser(namespace, name).name,
      };
      return signed(claims);
    },

    authenticate(token, audiences) {
      const claims = readClaims(token);
      if (claims?.iss !== issuer && claims?.iss !== LEGACY_ISSUER) return undefined;
      const [head = "", body = "", signature = ""] = token.split(".");
      const genuine =
        head === header &&
        verify("sha256", Buffer.from(`${head}.${body}`), { key: publicKey, dsaEncoding: "ieee-p1363" }, Buffer.from(signature, "base64url"));
      if (!genuine) throw new Error("invalid signature");
      if (claims.iss === LEGACY_ISSUER) return { user: userOfSecret(claims as LegacyClaims, token), audiences: audiences.filter((audience) => audience === issuer) };
      return authenticateBound(claims as Claims, audiences);
    },

    jwks: () => ({ keys: [{ use: "sig", kid: keyId, alg: "ES256", ...jwk }] }),
  };

  function authenticateBound(claims: Claims, wanted: readonly string[]): { user: User; audiences: string[] } {
    const now = clock.now() / 1000;
    if (now - LEEWAY_SECONDS >= claims.exp) throw new Error("service account token has expired");
    if (now + LEEWAY_SECONDS < claims.nbf) throw new Error("service account token is not valid yet");
    const audiences = claims.aud.filter((audience) => wanted.includes(audience));
    if (audiences.length === 0) throw new Error(`token audiences ${quoted(claims.aud)} is invalid for the target audiences ${quoted(wanted)}`);
    return { user: userOf(claims), audiences };
  }

  /** Throws when the account, or what the token is bound to, is gone. */
  function userOf({ jti, "kubernetes.io": bound }: Claims): User {
    const { namespace, serviceaccount, pod, secret, node } = bound;
    confirm("service account", find.serviceAccount(namespace, serviceaccount.name), serviceaccount);
    if (pod) confirm("pod", find.pod(namespace, pod.name), pod);
    if (secret) confirm("secret", find.secret(namespace, secret.name), secret);
    // The node of a pod is told, not checked: the pod is what the token is bound to.
    if (node && !pod) confirm("node", find.node(node.name), node);
    return {
      ...serviceAccountUser(namespace, serviceaccount.name),
      uid: serviceaccount.uid,
      extra: {
        [CREDENTIAL_ID]: [`JTI=${jti}`],
        ...(pod ? { "authentication.kubernetes.io/pod-name": [pod.name], "authentication.kubernetes.io/pod-uid": [pod.uid] } : {}),
        ...(node ? { "authentication.kubernetes.io/node-name": [node.name] } : {}),
        ...(node?.uid ? { "authentication.kubernetes.io/node-uid": [node.uid] } : {}),
      },
    };
  }

  function userOfSecret(claims: LegacyClaims, token: string): User {
    const namespace = claims["kubernetes.io/serviceaccount/namespace"];
    const uid = claims["kubernetes.io/serviceaccount/service-account.uid"];
    const secret = find.secret(namespace, claims["kubernetes.io/serviceaccount/secret.name"]);
    if (!secret || secret.metadata.deletionTimestamp) throw new Error("Token has been invalidated");
    const kept = Buffer.from(secret.data?.["token"] ?? "", "base64");
    if (kept.length !== Buffer.byteLength(token) || !timingSafeEqual(kept, Buffer.from(token))) throw new Error("Token does not match server's copy");
    const name = claims["kubernetes.io/serviceaccount/service-account.name"];
    confirm("service account", find.serviceAccount(namespace, name), { name, uid });
    return { ...serviceAccountUser(namespace, name), uid };
  }

  function confirm(kind: string, object: KubeObject | undefined, { name, uid }: Bound): void {
    if (!object) throw new Error(`${kind} ${name} has been deleted`);
    const { deletionTimestamp } = object.metadata;
    if (deletionTimestamp && Date.parse(deletionTimestamp) / 1000 < clock.now() / 1000 - LEEWAY_SECONDS) throw new Error(`${kind} has been deleted`);
    if (object.metadata.uid !== uid) throw new Error(`${kind} UID (${object.metadata.uid}) does not match claim (${uid})`);
  }
}

function quoted(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(" ")}]`;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function readClaims(token: string): Claims | LegacyClaims | undefined {
  try {
    return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")) as Claims | LegacyClaims;
  } catch {
    return undefined;
  }
}
