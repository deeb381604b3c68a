/**
 * Tokens of service accounts: JWTs the server signs and knows again.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens
 */
import { createHash, createPublicKey, sign, verify, type KeyObject } from "node:crypto";
import type { Clock } from "#lib/clock.ts";
import { uuid, type Rng } from "#lib/random.ts";
import { unauthorized } from "#api/errors.ts";
import type { Pod, Secret, ServiceAccount } from "#api/types.ts";
import type { TokenAuthenticator } from "./authentication.ts";
import type { User } from "./user.ts";

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
  "kubernetes.io": { namespace: string; serviceaccount: Bound; pod?: Bound; secret?: Bound; node?: Bound };
}

export interface TokenRequestSpec {
  account: ServiceAccount;
  audiences: string[];
  expirationSeconds: number;
  /** The token dies with this object. */
  bound?: { kind: "Pod" | "Secret"; name: string; uid: string; nodeName?: string | undefined };
}

export interface ServiceAccountTokens {
  issue(request: TokenRequestSpec): { token: string; expirationMs: number };
  authenticate: TokenAuthenticator;
  /** The public keys, for others to verify with. */
  jwks(): object;
}

export function serviceAccountTokens({ key, issuer, clock, rng, find }: TokenOptions): ServiceAccountTokens {
  const publicKey = createPublicKey(key);
  const jwk = publicKey.export({ format: "jwk" });
  const keyId = createHash("sha256").update(publicKey.export({ type: "spki", format: "der" })).digest("base64url");
  const header = encode({ alg: "ES256", kid: keyId });

  return {
    issue({ account, audiences, expirationSeconds, bound }) {
      const { namespace = "", name = "", uid = "" } = account.metadata;
      const now = Math.floor(clock.now() / 1000);
      const claims: Claims = {
        aud: audiences.length > 0 ? audiences : [issuer],
        exp: now + expirationSeconds,
        iat: now,
        iss: issuer,
        jti: uuid(rng),
        "kubernetes.io": {
          namespace,
          ...(bound ? { [bound.kind.toLowerCase()]: { name: bound.name, uid: bound.uid } } : {}),
          ...(bound?.nodeName ? { node: { name: bound.nodeName, uid: "" } } : {}),
          serviceaccount: { name, uid },
        },
        nbf: now,
        sub: `system:serviceaccount:${namespace}:${name}`,
      };
      const input = `${header}.${encode(claims)}`;
      const signature = sign("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" }).toString("base64url");
      return { token: `${input}.${signature}`, expirationMs: claims.exp * 1000 };
    },

    authenticate(token) {
      const claims = readClaims(token);
      if (claims?.iss !== issuer) return undefined;
      const [head = "", body = "", signature = ""] = token.split(".");
      const genuine =
        head === header &&
        verify("sha256", Buffer.from(`${head}.${body}`), { key: publicKey, dsaEncoding: "ieee-p1363" }, Buffer.from(signature, "base64url"));
      if (!genuine) throw unauthorized();
      const now = clock.now() / 1000;
      if (now >= claims.exp || now < claims.nbf || !claims.aud.includes(issuer)) throw unauthorized();
      return userOf(claims);
    },

    jwks: () => ({ keys: [{ use: "sig", kid: keyId, alg: "ES256", ...jwk }] }),
  };

  /** Throws Unauthorized when the account, or what the token is bound to, is gone. */
  function userOf(claims: Claims): User {
    const { namespace, serviceaccount, pod, secret } = claims["kubernetes.io"];
    const isThere = (object: { metadata: { uid?: string } } | undefined, { uid }: Bound): boolean => object?.metadata.uid === uid;
    if (!isThere(find.serviceAccount(namespace, serviceaccount.name), serviceaccount)) throw unauthorized();
    if (pod && !isThere(find.pod(namespace, pod.name), pod)) throw unauthorized();
    if (secret && !isThere(find.secret(namespace, secret.name), secret)) throw unauthorized();
    return {
      name: claims.sub,
      uid: serviceaccount.uid,
      groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`],
      extra: {
        "authentication.kubernetes.io/credential-id": [`JTI=${claims.jti}`],
        ...(pod ? { "authentication.kubernetes.io/pod-name": [pod.name], "authentication.kubernetes.io/pod-uid": [pod.uid] } : {}),
      },
    };
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function readClaims(token: string): Claims | undefined {
  try {
    return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")) as Claims;
  } catch {
    return undefined;
  }
}
