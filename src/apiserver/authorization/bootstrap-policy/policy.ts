/** The whole policy as objects. */
import { apiVersionOf, clusterRoleBindings, clusterRoles, roleBindings, roles, type Resource } from "#api/resources.ts";
import type { ClusterRole, ClusterRoleBinding, KubeObject, RbacSubject, Role, RoleBinding } from "#api/types.ts";
import { AGGREGATE_TO, AGGREGATED, CLUSTER_ROLE_RULES, CLUSTER_ROLE_SUBJECTS } from "./cluster-roles.ts";
import { CONTROLLER_RULES } from "./controller-roles.ts";
import { KUBEADM_BINDINGS, KUBEADM_CLUSTER_ROLES, KUBEADM_NAMESPACE_ROLES } from "./kubeadm.ts";
import { NAMESPACE_ROLES, type NamespaceRole } from "./namespace-roles.ts";
import { RBAC } from "./rule.ts";

/** With the value `false` on an object, it is left as its administrator made it. */
export const AUTO_UPDATE = "rbac.authorization.kubernetes.io/autoupdate";

const DEFAULTS = { annotations: { [AUTO_UPDATE]: "true" }, labels: { "kubernetes.io/bootstrapping": "rbac-defaults" } };
const AGGREGATION_LABEL = "rbac.authorization.k8s.io/aggregate-to-";

export interface Policy {
  clusterRoles: ClusterRole[];
  clusterRoleBindings: ClusterRoleBinding[];
  roles: Role[];
  roleBindings: RoleBinding[];
}

export function bootstrapPolicy(): Policy {
  const controllerRole = (name: string): string => `system:controller:${name}`;
  const controllers = Object.keys(CONTROLLER_RULES);
  return {
    clusterRoles: [
      ...Object.entries(CLUSTER_ROLE_RULES).map(([name, rules]) => object<ClusterRole>(clusterRoles, aggregating(name), { rules })),
      ...AGGREGATED.map((name) => object<ClusterRole>(clusterRoles, aggregating(name), { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [AGGREGATION_LABEL + name]: "true" } }] } })),
      ...controllers.map((name) => object<ClusterRole>(clusterRoles, withDefaults(controllerRole(name)), { rules: CONTROLLER_RULES[name]! })),
      ...Object.entries(KUBEADM_CLUSTER_ROLES).map(([name, rules]) => object<ClusterRole>(clusterRoles, { name }, { rules })),
    ],
    clusterRoleBindings: [
      ...Object.entries(CLUSTER_ROLE_SUBJECTS).map(([name, subjects]) => clusterBinding(withDefaults(name), name, subjects)),
      ...controllers.map((name) => clusterBinding(withDefaults(controllerRole(name)), controllerRole(name), [`ServiceAccount kube-system/${name}`])),
      ...Object.entries(KUBEADM_BINDINGS).map(([name, { role, subjects }]) => clusterBinding({ name }, role, subjects)),
    ],
    roles: [
      ...NAMESPACE_ROLES.map(({ namespace, name, rules }) => object<Role>(roles, { ...withDefaults(name), namespace }, { rules })),
      ...KUBEADM_NAMESPACE_ROLES.map(({ namespace, name, rules }) => object<Role>(roles, { name, namespace }, { rules })),
    ],
    roleBindings: [
      ...NAMESPACE_ROLES.flatMap((role) => namespaceBinding(role, withDefaults(role.binding ?? role.name))),
      ...KUBEADM_NAMESPACE_ROLES.flatMap((role) => namespaceBinding(role, { name: role.name })),
    ],
  };
}

function object<T extends KubeObject>(resource: Resource<T>, metadata: object, rest: object): T {
  return structuredClone({ kind: resource.kind, apiVersion: apiVersionOf(resource), metadata, ...rest }) as unknown as T;
}

function withDefaults(name: string): { name: string; labels: Record<string, string>; annotations: Record<string, string> } {
  return { name, ...DEFAULTS };
}

function aggregating(name: string): object {
  const into = AGGREGATE_TO[name];
  const metadata = withDefaults(name);
  return into === undefined ? metadata : { ...metadata, labels: { ...metadata.labels, [AGGREGATION_LABEL + into]: "true" } };
}

function clusterBinding(metadata: object, role: string, subjects: string[]): ClusterRoleBinding {
  return object<ClusterRoleBinding>(clusterRoleBindings, metadata, { roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: role }, subjects: subjects.map(subject) });
}

function namespaceBinding({ namespace, name, subjects }: NamespaceRole, metadata: object): RoleBinding[] {
  if (!subjects) return [];
  return [object<RoleBinding>(roleBindings, { ...metadata, namespace }, { roleRef: { apiGroup: RBAC, kind: "Role", name }, subjects: subjects.map(subject) })];
}

function subject(text: string): RbacSubject {
  const [kind = "", name = ""] = text.split(" ");
  if (kind !== "ServiceAccount") return { apiGroup: RBAC, kind, name };
  const [namespace = "", account = ""] = name.split("/");
  return { kind, name: account, namespace };
}
