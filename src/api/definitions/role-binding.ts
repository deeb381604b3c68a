import { roleBindings } from "../resources.ts";
import { define } from "./define.ts";
import { validateBindingUpdate, validateRoleBinding } from "./rbac-validation.ts";
import { bindingColumns, setBindingDefaults } from "./role-binding-parts.ts";

export const roleBinding = define(roleBindings, {
  model: "io.k8s.api.rbac.v1.RoleBinding",
  setDefaults: setBindingDefaults,
  validate: validateRoleBinding,
  validateUpdate: validateBindingUpdate,
  columns: bindingColumns(
    "roleBinding",
    "RoleRef can reference a Role in the current namespace or a ClusterRole in the global namespace. If the RoleRef cannot be resolved, the Authorizer must return an error. This field is immutable.",
  ),
});
