/**
 * Nobody gives away rights that are not theirs: writers of roles and bindings must hold what they grant,
 * unless they may `escalate` or `bind`.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
 * @see https://github.com/kubernetes/kubernetes/tree/master/pkg/registry/rbac (policybased)
 */
import { isDeepStrictEqual } from "node:util";
import { forbidden, notFound } from "#api/errors.ts";
import { clusterRoleBindings, clusterRoles, roleBindings, roles, type Resource } from "#api/resources.ts";
import type { ClusterRole, ClusterRoleBinding, KubeObject, PolicyRule, Role, RoleBinding, RoleRef } from "#api/types.ts";
import type { WriteRequest } from "../registry/context.ts";
import type { Strategy } from "../registry/strategy.ts";
import { MASTERS, type User } from "../user.ts";
import { about, mayDo, type Authorizer } from "./authorizer.ts";
import { heldRules } from "./rbac.ts";
import type { RbacSource } from "./rbac-index.ts";
import { compacted, describeRule, quotedList, uncovered } from "./rules.ts";

/** The strategies of the four kinds of RBAC, by plural and group. */
export function rbacStrategies(source: RbacSource, authorizer: Authorizer): Record<string, Strategy> {
  const ofRoles = (resource: Resource): Strategy => ({
    checkWrite: (object, old, { user, namespace }) => checkRole(resource, object, old, user, namespace),
  });
  const ofBindings = (resource: Resource): Strategy => ({
    checkWrite: (object, old, { user, namespace }: WriteRequest) => {
      const { roleRef, metadata } = object as unknown as RoleBinding | ClusterRoleBinding;
      if (isPrivileged(user) || (old && onlyLetsGo(object, old)) || mayBind(user, roleRef, namespace)) return;
      confirm(resource, metadata.name, user, namespace, rulesOf(roleRef, namespace));
    },
  });

  function checkRole(resource: Resource, role: Role | ClusterRole, old: Role | ClusterRole | undefined, user: User, namespace: string): void {
    const { name } = role.metadata;
    const { group, version, plural } = resource;
    if (isPrivileged(user) || (old && onlyLetsGo(role, old))) return;
    if (mayDo(authorizer, user, about("escalate", { group, version, resource: plural, namespace, name: old?.metadata.name ?? "" }))) return;
    confirm(resource, name, user, namespace, role.rules ?? []);
    // What will be gathered isn't known: it may be everything.
    const gathers = [role, old].some((version) => version && "aggregationRule" in version && version.aggregationRule);
    if (gathers && uncovered(heldRules(source, user, namespace).rules, EVERYTHING).length > 0) {
      throw forbidden({ group, resource: plural, name }, "must have cluster-admin privileges to use the aggregationRule");
    }
  }

  function mayBind(user: User, { apiGroup, kind, name }: RoleRef, namespace: string): boolean {
    const resource = { ClusterRole: "clusterroles", Role: "roles" }[kind];
    return resource !== undefined && mayDo(authorizer, user, about("bind", { group: apiGroup, resource, namespace, name }));
  }

  function rulesOf(roleRef: RoleRef, namespace: string): PolicyRule[] {
    try {
      return source.rulesOf(roleRef, namespace);
    } catch {
      const { group, plural } = roleRef.kind === "Role" ? roles : clusterRoles;
      throw notFound({ group, resource: plural, name: roleRef.name });
    }
  }

  /** Throws Forbidden unless the user holds all of the rules. */
  function confirm({ group, plural }: Resource, name: string | undefined, user: User, namespace: string, wanted: readonly PolicyRule[]): void {
    const { rules, errors } = heldRules(source, user, namespace);
    const missing = uncovered(rules, wanted);
    if (missing.length === 0) return;
    const texts = [...new Set(compacted(missing).map(describeRule))].sort();
    const problems = errors.length > 0 ? `; resolution errors: [${errors.join(" ")}]` : "";
    const why = `user ${JSON.stringify(user.name)} (groups=${quotedList(user.groups)}) is attempting to grant RBAC permissions not currently held:\n${texts.join("\n")}${problems}`;
    throw forbidden({ group, resource: plural, name }, why);
  }

  const strategies = [
    [roles, ofRoles(roles)],
    [clusterRoles, ofRoles(clusterRoles)],
    [roleBindings, ofBindings(roleBindings)],
    [clusterRoleBindings, ofBindings(clusterRoleBindings)],
  ] as const;
  return Object.fromEntries(strategies.map(([{ plural, group }, strategy]) => [`${plural}.${group}`, strategy]));
}

const EVERYTHING: PolicyRule[] = [
  { apiGroups: ["*"], resources: ["*"], verbs: ["*"] },
  { nonResourceURLs: ["*"], verbs: ["*"] },
];

/** The server's own requests: before there are roles, somebody must make them. */
function isPrivileged({ groups }: User): boolean {
  return groups.includes(MASTERS);
}

/** Whether an update touches nothing but what lets the garbage collector take the object away. */
function onlyLetsGo(object: KubeObject, old: KubeObject): boolean {
  const without = ({ metadata, ...rest }: KubeObject): object => {
    const { ownerReferences: _, finalizers: __, managedFields: ___, resourceVersion: ____, ...kept } = metadata;
    return { ...rest, metadata: kept };
  };
  return isDeepStrictEqual(without(object), without(old));
}
