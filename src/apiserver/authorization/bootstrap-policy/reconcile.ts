/**
 * Brings the policy into the cluster, and what the cluster has up to it: missing rules and subjects are
 * added, others are kept. Objects annotated with `autoupdate: "false"` are their administrator's own.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/rbac/#auto-reconciliation
 * @see https://github.com/kubernetes/kubernetes/tree/master/staging/src/k8s.io/component-helpers (auth/rbac/reconciliation)
 */
import { isDeepStrictEqual } from "node:util";
import { bodyText, type HttpHandler } from "#lib/http.ts";
import { StatusError } from "#api/errors.ts";
import { apiVersionOf, clusterRoleBindings, clusterRoles, keyOf, resourcePath, roleBindings, roles, type Resource } from "#api/resources.ts";
import type { ClusterRole, ClusterRoleBinding, KubeList, KubeObject, Role, RoleBinding, Status } from "#api/types.ts";
import { uncovered } from "../rules.ts";
import { AUTO_UPDATE, bootstrapPolicy } from "./policy.ts";

type AnyRole = Role | ClusterRole;
type AnyBinding = RoleBinding | ClusterRoleBinding;

/** What is to be done with one object; nothing when it is as it should be. */
export type Step<T> = { action: "create" | "update" | "replace"; object: T } | undefined;

/** Throws a StatusError. The namespaces of the system must be there. */
export async function reconcilePolicy(handler: HttpHandler): Promise<void> {
  const policy = bootstrapPolicy();
  await Promise.all([
    reconcileAll<ClusterRole>(handler, clusterRoles, policy.clusterRoles, planRole),
    reconcileAll<Role>(handler, roles, policy.roles, planRole),
    reconcileAll<ClusterRoleBinding>(handler, clusterRoleBindings, policy.clusterRoleBindings, planBinding),
    reconcileAll<RoleBinding>(handler, roleBindings, policy.roleBindings, planBinding),
  ]);
}

/** How a role becomes what the policy wants. */
export function planRole<T extends AnyRole>(wanted: T, existing: T | undefined): Step<T> {
  if (!existing) return { action: "create", object: wanted };
  if (isProtected(existing)) return undefined;
  const object = withMetadata(wanted, existing);
  if ("aggregationRule" in wanted && wanted.aggregationRule) {
    const before = "aggregationRule" in existing ? existing.aggregationRule : undefined;
    const known = before?.clusterRoleSelectors ?? [];
    const missing = (wanted.aggregationRule.clusterRoleSelectors ?? []).filter((selector) => !known.some((other) => isDeepStrictEqual(other, selector)));
    if (missing.length > 0) Object.assign(object, { aggregationRule: { clusterRoleSelectors: [...known, ...missing] } });
  } else {
    object.rules = [...(existing.rules ?? []), ...uncovered(existing.rules ?? [], wanted.rules ?? [])];
  }
  return isDeepStrictEqual(object, existing) ? undefined : { action: "update", object };
}

/** How a binding becomes what the policy wants. What it binds to can't be changed: such a binding is made anew. */
export function planBinding<T extends AnyBinding>(wanted: T, existing: T | undefined): Step<T> {
  if (!existing) return { action: "create", object: wanted };
  if (isProtected(existing)) return undefined;
  if (!isDeepStrictEqual(wanted.roleRef, existing.roleRef)) return { action: "replace", object: wanted };
  const object = withMetadata(wanted, existing);
  const known = existing.subjects ?? [];
  const missing = (wanted.subjects ?? []).filter((subject) => !known.some((other) => isDeepStrictEqual(other, subject)));
  if (missing.length > 0) object.subjects = [...known, ...missing];
  return isDeepStrictEqual(object, existing) ? undefined : { action: "update", object };
}

function isProtected({ metadata }: KubeObject): boolean {
  return metadata.annotations?.[AUTO_UPDATE] === "false";
}

/** A copy of the existing object with the labels and annotations it lacks. */
function withMetadata<T extends KubeObject>(wanted: T, existing: T): T {
  const object = structuredClone(existing);
  for (const field of ["labels", "annotations"] as const) {
    if (wanted.metadata[field]) object.metadata[field] = { ...wanted.metadata[field], ...existing.metadata[field] };
  }
  return object;
}

async function reconcileAll<T extends KubeObject>(handler: HttpHandler, resource: Resource<T>, wanted: T[], plan: (wanted: T, existing: T | undefined) => Step<T>): Promise<void> {
  const { items } = await send<KubeList<T>>(handler, "GET", resourcePath(resource));
  // Items of a list don't say what they are.
  const existing = new Map(items.map((item) => [keyOf(item), { ...item, kind: resource.kind, apiVersion: apiVersionOf(resource) }]));
  await Promise.all(
    wanted.map(async (object) => {
      const step = plan(object, existing.get(keyOf(object)));
      if (!step) return;
      const { name, namespace } = object.metadata;
      const collection = resourcePath(resource, namespace);
      const item = resourcePath(resource, namespace, name);
      if (step.action === "replace") await send(handler, "DELETE", item);
      await (step.action === "update" ? send(handler, "PUT", item, step.object) : send(handler, "POST", collection, step.object));
    }),
  );
}

async function send<R>(handler: HttpHandler, method: string, url: string, body?: object): Promise<R> {
  const headers = { "content-type": "application/json", "user-agent": "kube-apiserver" };
  const response = await handler({ method, url, headers, body: body && JSON.stringify(body) });
  const answer = JSON.parse(await bodyText(response.body)) as unknown;
  if (response.status >= 400) throw StatusError.from(answer as Status);
  return answer as R;
}
