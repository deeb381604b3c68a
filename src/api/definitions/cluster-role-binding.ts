import { clusterRoleBindings } from "../resources.ts";
import { define } from "./define.ts";
import { validateBindingUpdate, validateClusterRoleBinding } from "./rbac-validation.ts";
import { bindingColumns, setBindingDefaults } from "./role-binding-parts.ts";

export const clusterRoleBinding = define(clusterRoleBindings, {
  model: "io.k8s.api.rbac.v1.ClusterRoleBinding",
  setDefaults: setBindingDefaults,
  validate: validateClusterRoleBinding,
  validateUpdate: validateBindingUpdate,
  columns: bindingColumns(
    "clusterRoleBinding",
    "RoleRef can only reference a ClusterRole in the global namespace. If the RoleRef cannot be resolved, the Authorizer must return an error. This field is immutable.",
  ),
});
