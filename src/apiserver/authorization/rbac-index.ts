/**
 * The roles and bindings in the store, kept so that a user's are found without looking at all: every
 * request asks for them.
 */
import { clusterRoleBindings, clusterRoles, roleBindings, roles, type Resource } from "#api/resources.ts";
import type { ClusterRole, ClusterRoleBinding, KubeObject, PolicyRule, RbacSubject, Role, RoleBinding, RoleRef } from "#api/types.ts";
import type { Entry, Store } from "#store/index.ts";
import { follow } from "./follow.ts";
import type { User } from "../user.ts";

/** A binding that applies to a user, and the first of its subjects that does. */
export interface Applies {
  binding: RoleBinding | ClusterRoleBinding;
  subject: RbacSubject;
}

/** How authorization finds roles and bindings. */
export interface RbacSource {
  /** The bindings that apply to a user: those of the cluster for an empty namespace. In the order of their names. */
  bindingsOf(user: User, namespace: string): Applies[];
  /** The rules of the role that a binding in `namespace` refers to. Throws when there is none. */
  rulesOf(roleRef: RoleRef, namespace: string): PolicyRule[];
}

export interface RbacIndex extends RbacSource {
  stop(): void;
}

/** Follows the store from now on. */
export function rbacIndex(store: Store): RbacIndex {
  const sources = [followed<ClusterRoleBinding>(store, clusterRoleBindings), followed<RoleBinding>(store, roleBindings)] as const;
  const [ofCluster, ofNamespaces] = sources;
  const find = <T extends Role | ClusterRole>(resource: Resource<T>, key: string): T | undefined => store.get(`${prefixOf(resource)}${key}`)?.object as T | undefined;

  return {
    bindingsOf: (user, namespace) => (namespace === "" ? ofCluster : ofNamespaces).of(user, namespace),
    rulesOf({ kind, name }, namespace) {
      const role = kind === "Role" ? find(roles, `${namespace}/${name}`) : kind === "ClusterRole" ? find(clusterRoles, name) : undefined;
      if (role) return role.rules ?? [];
      if (kind !== "Role" && kind !== "ClusterRole") throw new Error(`unsupported role reference kind: ${JSON.stringify(kind)}`);
      throw new Error(`${kind.toLowerCase()}.rbac.authorization.k8s.io ${JSON.stringify(name)} not found`);
    },
    stop() {
      for (const { stop } of sources) stop();
    },
  };
}

function prefixOf({ plural, group }: Resource): string {
  return `${plural}.${group}/`;
}

interface Followed {
  of: (user: User, namespace: string) => Applies[];
  stop: () => void;
}

/** The bindings of one kind, by the namespace and the users and groups they name. */
function followed<T extends RoleBinding | ClusterRoleBinding>(store: Store, resource: Resource<T>): Followed {
  const byKey = new Map<string, T>();
  const bySubject = new Map<string, Set<T>>();

  function drop(key: string): void {
    const old = byKey.get(key);
    if (!old) return;
    byKey.delete(key);
    for (const subject of subjectKeys(old)) {
      const set = bySubject.get(subject);
      set?.delete(old);
      if (set?.size === 0) bySubject.delete(subject);
    }
  }

  function keep({ key, object }: Entry): void {
    const binding = object as unknown as T;
    drop(key);
    byKey.set(key, binding);
    for (const subject of subjectKeys(binding)) {
      let set = bySubject.get(subject);
      if (!set) bySubject.set(subject, (set = new Set()));
      set.add(binding);
    }
  }

  const stop = follow(store, prefixOf(resource), keep, drop);
  return {
    stop,
    of(user, namespace) {
      const found = new Set([`User ${user.name}`, ...user.groups.map((group) => `Group ${group}`)].flatMap((key) => [...(bySubject.get(`${namespace} ${key}`) ?? [])]));
      return [...found]
        .sort((a, b) => (a.metadata.name! < b.metadata.name! ? -1 : 1))
        .map((binding) => ({ binding, subject: binding.subjects!.find((subject) => isMeant(subject, user, binding))! }));
    },
  };
}

function subjectKeys(binding: KubeObject & { subjects?: RbacSubject[] }): string[] {
  const { namespace = "" } = binding.metadata;
  return (binding.subjects ?? []).flatMap((subject) => {
    const key = subjectKey(subject, namespace);
    return key === undefined ? [] : [`${namespace} ${key}`];
  });
}

/** Whom a subject means: a service account is the user of its name. Undefined when it means nobody. */
function subjectKey({ kind, name, namespace }: RbacSubject, ownNamespace: string): string | undefined {
  if (kind === "User" || kind === "Group") return `${kind} ${name}`;
  const home = namespace || ownNamespace;
  return kind === "ServiceAccount" && home !== "" ? `User system:serviceaccount:${home}:${name}` : undefined;
}

function isMeant(subject: RbacSubject, user: User, { metadata }: KubeObject): boolean {
  const key = subjectKey(subject, metadata.namespace ?? "");
  return key === `User ${user.name}` || user.groups.some((group) => key === `Group ${group}`);
}
