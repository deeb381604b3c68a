/** What RoleBindings and ClusterRoleBindings have in common: defaults and columns. */
import type { Column } from "../scheme.ts";
import type { ClusterRoleBinding, RbacSubject, RoleBinding } from "../types.ts";
import { ageColumn, column, nameColumn, wide } from "./columns.ts";
import { RBAC_GROUP } from "./rbac-validation.ts";

type AnyBinding = RoleBinding | ClusterRoleBinding;

export function setBindingDefaults({ roleRef, subjects = [] }: AnyBinding): void {
  roleRef.apiGroup ||= RBAC_GROUP;
  for (const subject of subjects) if (subject.kind === "User" || subject.kind === "Group") subject.apiGroup ||= RBAC_GROUP;
}

/** `noun` is what descriptions call the binding. */
export function bindingColumns<T extends AnyBinding>(noun: string, roleDescription: string): Column<T>[] {
  return [
    nameColumn(),
    column("Role", roleDescription, ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`),
    ageColumn(),
    wide(column("Users", `Users in the ${noun}`, (binding) => names(binding, "User", ({ name }) => name))),
    wide(column("Groups", `Groups in the ${noun}`, (binding) => names(binding, "Group", ({ name }) => name))),
    wide(column("ServiceAccounts", `ServiceAccounts in the ${noun}`, (binding) => names(binding, "ServiceAccount", ({ name, namespace = "" }) => `${namespace}/${name}`))),
  ];
}

function names({ subjects = [] }: AnyBinding, kind: string, text: (subject: RbacSubject) => string): string {
  return subjects.filter((subject) => subject.kind === kind).map(text).join(", ");
}
