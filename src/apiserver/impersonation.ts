/**
 * Acting as someone else: `kubectl --as`.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/
 */
import type { HttpRequest } from "#lib/http.ts";
import { badRequest, forbidden } from "#api/errors.ts";
import { authorizeResource } from "./authorization.ts";
import { AUTHENTICATED, type User } from "./user.ts";

const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):[^:]+$/;

/** The user a request acts as: `user`, or whom its headers name. Throws BadRequest, Forbidden. */
export function impersonate(user: User, { headers }: HttpRequest): User {
  const name = headers["impersonate-user"];
  const groups = list(headers["impersonate-group"]);
  const uid = headers["impersonate-uid"];
  const extra = Object.entries(headers).filter(([header, value]) => header.startsWith("impersonate-extra-") && value !== undefined);
  if (!name) {
    if (groups.length > 0 || uid || extra.length > 0) throw badRequest("requested impersonation without an impersonated user: Impersonate-User is missing");
    return user;
  }
  const namespace = SERVICE_ACCOUNT.exec(name)?.[1];
  check(user, "users", name);
  for (const group of groups) check(user, "groups", group);
  const implied = namespace === undefined ? [] : ["system:serviceaccounts", `system:serviceaccounts:${namespace}`];
  return {
    name,
    groups: [...new Set([...(groups.length > 0 ? groups : implied), AUTHENTICATED])],
    uid,
    ...(extra.length > 0
      ? { extra: Object.fromEntries(extra.map(([header, value]) => [decodeURIComponent(header.slice("impersonate-extra-".length)), list(value)])) }
      : {}),
  };
}

function check(user: User, resource: string, name: string): void {
  const request = { verb: "impersonate" as never, group: "", version: "v1", namespace: "", resource, name, subresource: "", subpath: "" };
  if (authorizeResource(user, request).allowed) return;
  throw forbidden({ resource, name }, `User "${user.name}" cannot impersonate resource "${resource}" in API group "" at the cluster scope`);
}

function list(value: string | undefined): string[] {
  return (value ?? "").split(",").map((part) => part.trim()).filter((part) => part !== "");
}
