/**
 * Acting as someone else: `kubectl --as`. Who does needs the right to impersonate every single user, group,
 * uid and extra value that is asked for.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/filters/impersonation/impersonation.go
 */
import type { HttpRequest } from "#lib/http.ts";
import { badRequest } from "#api/errors.ts";
import { about, type Attributes, type Authorizer } from "../authorization/authorizer.ts";
import { forbiddenError } from "../authorization/forbidden.ts";
import { ANONYMOUS, AUTHENTICATED, serviceAccountUser, UNAUTHENTICATED, type User } from "../user.ts";

const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/;
const EXTRA_PREFIX = "impersonate-extra-";
const AUTHENTICATION = "authentication.k8s.io";

/** The user a request acts as: `user`, or whom its headers name. Throws BadRequest, Forbidden. */
export function impersonate(user: User, { headers }: HttpRequest, authorizer: Authorizer): User {
  const name = headers["impersonate-user"];
  const groups = list(headers["impersonate-group"]);
  const uid = headers["impersonate-uid"];
  const extra = Object.entries(headers).flatMap(([header, value]) => (header.startsWith(EXTRA_PREFIX) ? [[unescaped(header.slice(EXTRA_PREFIX.length)), list(value)] as const] : []));
  if (!name) {
    if (groups.length > 0 || uid || extra.length > 0) throw badRequest(`requested ${asked(groups, uid, extra)} without impersonating a user`);
    return user;
  }
  const [, namespace, account] = SERVICE_ACCOUNT.exec(name) ?? [];
  const actions: Attributes[] = [
    namespace === undefined ? about("impersonate", { resource: "users", name }) : about("impersonate", { resource: "serviceaccounts", namespace, name: account! }),
    ...groups.map((group) => about("impersonate", { resource: "groups", name: group })),
    ...extra.flatMap(([key, values]) => values.map((value) => about("impersonate", { group: AUTHENTICATION, version: "v1", resource: "userextras", subresource: key, name: value }))),
    ...(uid ? [about("impersonate", { group: AUTHENTICATION, version: "v1", resource: "uids", name: uid })] : []),
  ];
  for (const action of actions) {
    const { decision, reason } = authorizer.authorize(user, action);
    if (decision !== "allow") throw forbiddenError(user, action, reason);
  }
  const known = groups.length === 0 && namespace !== undefined ? serviceAccountUser(namespace, account!).groups : groups;
  return {
    name,
    groups: [...known, ...impliedGroup(name, known)],
    ...(uid ? { uid } : {}),
    ...(extra.length > 0 ? { extra: Object.fromEntries(extra) } : {}),
    impersonatedBy: user,
  };
}

/** Whether somebody has logged in is part of who they are. */
function impliedGroup(name: string, groups: string[]): string[] {
  if (name === ANONYMOUS.name) return groups.includes(UNAUTHENTICATED) ? [] : [UNAUTHENTICATED];
  return groups.includes(AUTHENTICATED) || groups.includes(UNAUTHENTICATED) ? [] : [AUTHENTICATED];
}

function asked(groups: string[], uid: string | undefined, extra: (readonly [string, string[]])[]): string {
  const parts = [...groups.map((group) => `Group ${group}`), ...extra.flatMap(([key, values]) => values.map((value) => `UserExtra ${key}=${value}`)), ...(uid ? [`UID ${uid}`] : [])];
  return `[${parts.join(" ")}]`;
}

/** A malformed key is taken as it is: what is asked for must not get lost. */
function unescaped(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

/** Several headers of one name come joined by commas. */
function list(value: string | undefined): string[] {
  return (value ?? "").split(",").map((part) => part.trim()).filter((part) => part !== "");
}
