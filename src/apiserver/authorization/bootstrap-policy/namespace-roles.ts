/**
 * The Roles that the system's own namespaces have.
 * @see https://github.com/kubernetes/kubernetes/blob/master/plugin/pkg/auth/authorizer/rbac/bootstrappolicy/namespace_policy.go
 */
import type { PolicyRule } from "#api/types.ts";
import { COORDINATION, CORE, eventsRule, READ, rule } from "./rule.ts";

const MANAGER = "system:kube-controller-manager";
const SCHEDULER = "system:kube-scheduler";

export interface NamespaceRole {
  namespace: string;
  name: string;
  rules: PolicyRule[];
  /** The binding's name where it isn't the role's. */
  binding?: string;
  /** As in CLUSTER_ROLE_SUBJECTS; absent for a role that is bound to nobody. */
  subjects?: string[];
}

export const NAMESPACE_ROLES: NamespaceRole[] = [
  {
    namespace: "kube-system",
    name: "extension-apiserver-authentication-reader",
    rules: [rule(READ, CORE, "configmaps", "extension-apiserver-authentication")],
    binding: "system::extension-apiserver-authentication-reader",
    subjects: [`User ${MANAGER}`, `User ${SCHEDULER}`],
  },
  { namespace: "kube-system", name: "system:controller:bootstrap-signer", rules: [rule(READ, CORE, "secrets")], subjects: ["ServiceAccount kube-system/bootstrap-signer"] },
  { namespace: "kube-system", name: "system:controller:cloud-provider", rules: [rule("create get list watch", CORE, "configmaps")], subjects: ["ServiceAccount kube-system/cloud-provider"] },
  { namespace: "kube-system", name: "system:controller:token-cleaner", rules: [rule("get list watch delete", CORE, "secrets"), eventsRule], subjects: ["ServiceAccount kube-system/token-cleaner"] },
  leaderLocking("kube-controller-manager", [rule("get watch list create update", COORDINATION, "leases")]),
  leaderLocking("kube-scheduler", []),
  {
    namespace: "kube-public",
    name: "system:controller:bootstrap-signer",
    rules: [rule(READ, CORE, "configmaps"), rule("update", CORE, "configmaps", "cluster-info"), eventsRule],
    subjects: ["ServiceAccount kube-system/bootstrap-signer"],
  },
];

function leaderLocking(component: string, more: PolicyRule[]): NamespaceRole {
  return {
    namespace: "kube-system",
    name: `system::leader-locking-${component}`,
    rules: [rule("watch", CORE, "configmaps"), rule("get update", CORE, "configmaps", component), ...more],
    subjects: [`User system:${component}`, `ServiceAccount kube-system/${component}`],
  };
}
