/** What CEL expressions ask of `authorizer`, put to the server's own. */
import type { AuthorizationCheck, AuthorizationDecision } from "#cel/index.ts";
import { about, exactFields, type Authorizer } from "../../authorization/authorizer.ts";
import { AUTHENTICATED, type User } from "../../user.ts";

export function celAuthorizer(authorizer: Authorizer): (user: User, check: AuthorizationCheck) => AuthorizationDecision {
  return (user, { verb, path = "", resource, serviceAccount }) => {
    const who = serviceAccount ? serviceAccountUser(serviceAccount) : user;
    const { decision, reason } = authorizer.authorize(who, resource ? about(verb, { ...resource, fields: exactFields(resource.fieldSelector) }) : { verb, path });
    return { allowed: decision === "allow", reason };
  };
}

function serviceAccountUser({ namespace, name }: NonNullable<AuthorizationCheck["serviceAccount"]>): User {
  return { name: `system:serviceaccount:${namespace}:${name}`, groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, AUTHENTICATED] };
}
