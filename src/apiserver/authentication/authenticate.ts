/**
 * Who makes a request: by client certificate or by bearer token; nobody in particular without either.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/authentication/
 */
import type { HttpRequest } from "#lib/http.ts";
import { unauthorized } from "#api/errors.ts";
import { ANONYMOUS, AUTHENTICATED, UNAUTHENTICATED, type User } from "../user.ts";

/** What TLS found out about the other end. */
export interface ClientCertificate {
  commonName: string;
  organizations: string[];
  /** Hexadecimal SHA-256 of the certificate. */
  fingerprint?: string | undefined;
}

/** A certificate that the authority did not sign, or that is not valid now. */
export const UNTRUSTED = "untrusted";

/** Whom a token stands for. */
export interface TokenUser {
  user: User;
  /** For whom of those asked for the token is meant; absent for tokens that have no audience of their own. */
  audiences?: string[] | undefined;
}

/**
 * A user for a token it knows; undefined when the token is not its business. Throws an Error that says why
 * on a bad one. `audiences` are those one of which the token must be for.
 */
export type TokenAuthenticator = (token: string, audiences: readonly string[]) => TokenUser | undefined;

/** The first authenticator that knows the token decides. Throws as {@link TokenAuthenticator} does. */
export function tokenAuthenticators(authenticators: readonly TokenAuthenticator[]): TokenAuthenticator {
  return (token, audiences) => {
    for (const authenticator of authenticators) {
      const found = authenticator(token, audiences);
      if (found) return { ...found, user: withGroup(found.user) };
    }
    return undefined;
  };
}

/** The user of a request that came over the wire. `audiences` are the server's own. Throws Unauthorized. */
export function authenticate(request: HttpRequest, certificate: ClientCertificate | typeof UNTRUSTED | undefined, tokens: TokenAuthenticator, audiences: readonly string[]): User {
  if (certificate && certificate !== UNTRUSTED) return ofCertificate(certificate);
  const token = bearerToken(request);
  if (token !== undefined) {
    try {
      const found = tokens(token, audiences);
      if (found) return found.user;
    } catch {
      // Why is for the log of who runs the server, not for who tries tokens.
    }
    throw unauthorized();
  }
  // Who shows a certificate wants to be somebody.
  if (certificate) throw unauthorized();
  return ANONYMOUS;
}

function ofCertificate({ commonName, organizations, fingerprint }: ClientCertificate): User {
  const user = withGroup({ name: commonName, groups: organizations });
  return fingerprint === undefined ? user : { ...user, extra: { [CREDENTIAL_ID]: [`X509SHA256=${fingerprint}`] } };
}

export const CREDENTIAL_ID = "authentication.kubernetes.io/credential-id";

function withGroup(user: User): User {
  const known = user.groups.includes(AUTHENTICATED) || user.groups.includes(UNAUTHENTICATED);
  return known ? user : { ...user, groups: [...user.groups, AUTHENTICATED] };
}

function bearerToken({ headers }: HttpRequest): string | undefined {
  const given = /^Bearer +(\S+)$/i.exec(headers["authorization"] ?? "")?.[1];
  if (given !== undefined) return given;
  // Browsers can't set headers on WebSockets: the token comes as a subprotocol.
  const protocol = /(?:^|,)\s*base64url\.bearer\.authorization\.k8s\.io\.([\w-]+)/.exec(headers["sec-websocket-protocol"] ?? "")?.[1];
  return protocol === undefined ? undefined : Buffer.from(protocol, "base64url").toString("utf8");
}
