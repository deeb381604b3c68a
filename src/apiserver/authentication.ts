/**
 * Who makes a request: by client certificate or by bearer token.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/authentication/
 */
import type { HttpRequest } from "#lib/http.ts";
import { unauthorized } from "#api/errors.ts";
import { isPublicPath } from "./authorization.ts";
import { ANONYMOUS, AUTHENTICATED, type User } from "./user.ts";

/** What TLS found out about the other end; the chain is verified already. */
export interface ClientCertificate {
  commonName: string;
  organizations: string[];
}

/** A user for a token it knows; undefined when the token is not its business. Throws Unauthorized on a bad one. */
export type TokenAuthenticator = (token: string) => User | undefined;

/** The user of a request that came over the wire. Throws Unauthorized. */
export function authenticate(request: HttpRequest, certificate: ClientCertificate | undefined, tokens: readonly TokenAuthenticator[]): User {
  if (certificate) return { name: certificate.commonName, groups: [...certificate.organizations, AUTHENTICATED] };
  const token = bearerToken(request);
  if (token !== undefined) {
    for (const authenticator of tokens) {
      const user = authenticator(token);
      if (user) return { ...user, groups: [...user.groups, AUTHENTICATED] };
    }
    throw unauthorized();
  }
  const path = request.url.split("?", 1)[0]!;
  if (isPublicPath(path)) return ANONYMOUS;
  throw unauthorized();
}

function bearerToken({ headers }: HttpRequest): string | undefined {
  const given = /^Bearer +(\S+)$/i.exec(headers["authorization"] ?? "")?.[1];
  if (given !== undefined) return given;
  // Browsers can't set headers on WebSockets: the token comes as a subprotocol.
  const protocol = /(?:^|,)\s*base64url\.bearer\.authorization\.k8s\.io\.([\w-]+)/.exec(headers["sec-websocket-protocol"] ?? "")?.[1];
  return protocol === undefined ? undefined : Buffer.from(protocol, "base64url").toString("utf8");
}
