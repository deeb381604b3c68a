/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/rbac/validation/validation.go */
import { isDeepStrictEqual } from "node:util";
import type { FieldError } from "../errors.ts";
import type { ClusterRole, ClusterRoleBinding, PolicyRule, RbacSubject, Role, RoleBinding, RoleRef } from "../types.ts";
import { invalid, invalidFor, notSupported, required } from "./field-errors.ts";
import { dns1123Subdomain, pathSegmentName, validateName } from "./names.ts";
import { validateLabelSelector } from "./selector-validation.ts";

export const RBAC_GROUP = "rbac.authorization.k8s.io";

export function validateRole({ metadata, rules = [] }: Role): FieldError[] {
  return [...validateName(metadata.name, pathSegmentName), ...rules.flatMap((rule, i) => validateRule(rule, `rules[${i}]`, true))];
}

export function validateClusterRole({ metadata, rules, aggregationRule }: ClusterRole): FieldError[] {
  return [
    ...validateName(metadata.name, pathSegmentName),
    ...(rules ?? []).flatMap((rule, i) => validateRule(rule, `rules[${i}]`, false)),
    ...validateAggregation(aggregationRule),
  ];
}

function validateAggregation(rule: ClusterRole["aggregationRule"]): FieldError[] {
  if (!rule) return [];
  const field = "aggregationRule.clusterRoleSelectors";
  const selectors = rule.clusterRoleSelectors ?? [];
  if (selectors.length === 0) return [required(field, "at least one clusterRoleSelector required if aggregationRule is non-nil")];
  return selectors.flatMap((selector, i) => validateLabelSelector(selector, `${field}[${i}]`));
}

function validateRule({ verbs, nonResourceURLs = [], apiGroups = [], resources = [], resourceNames = [] }: PolicyRule, field: string, namespaced: boolean): FieldError[] {
  const errors = verbs?.length ? [] : [required(`${field}.verbs`, "verbs must contain at least one value")];
  if (nonResourceURLs.length > 0) {
    const refuse = (why: string): void => void errors.push(invalid(`${field}.nonResourceURLs`, nonResourceURLs, why));
    if (namespaced) refuse("namespaced rules cannot apply to non-resource URLs");
    if (apiGroups.length > 0 || resources.length > 0 || resourceNames.length > 0) refuse("rules cannot apply to both regular resources and non-resource URLs");
    return errors;
  }
  if (apiGroups.length === 0) errors.push(required(`${field}.apiGroups`, "resource rules must supply at least one api group"));
  if (resources.length === 0) errors.push(required(`${field}.resources`, "resource rules must supply at least one resource"));
  return errors;
}

export function validateRoleBinding({ metadata, roleRef, subjects = [] }: RoleBinding): FieldError[] {
  return [...validateName(metadata.name, pathSegmentName), ...validateRoleRef(roleRef, ["Role", "ClusterRole"]), ...validateSubjects(subjects, true)];
}

export function validateClusterRoleBinding({ metadata, roleRef, subjects = [] }: ClusterRoleBinding): FieldError[] {
  return [...validateName(metadata.name, pathSegmentName), ...validateRoleRef(roleRef, ["ClusterRole"]), ...validateSubjects(subjects, false)];
}

export function validateBindingUpdate(object: RoleBinding | ClusterRoleBinding, old: RoleBinding | ClusterRoleBinding): FieldError[] {
  if (isDeepStrictEqual(object.roleRef, old.roleRef)) return [];
  const { apiGroup, kind, name } = object.roleRef;
  return [invalid("roleRef", { APIGroup: apiGroup, Kind: kind, Name: name }, "cannot change roleRef")];
}

function validateRoleRef({ apiGroup, kind, name }: RoleRef, kinds: string[]): FieldError[] {
  return [
    ...(apiGroup === RBAC_GROUP ? [] : [notSupported("roleRef.apiGroup", apiGroup, [RBAC_GROUP])]),
    ...(kinds.includes(kind) ? [] : [notSupported("roleRef.kind", kind, kinds)]),
    ...(name ? invalidFor("roleRef.name", name, pathSegmentName(name)) : [required("roleRef.name")]),
  ];
}

function validateSubjects(subjects: RbacSubject[], namespaced: boolean): FieldError[] {
  return subjects.flatMap((subject, i) => validateSubject(subject, `subjects[${i}]`, namespaced));
}

function validateSubject({ kind, name, namespace, apiGroup = "" }: RbacSubject, field: string, namespaced: boolean): FieldError[] {
  const missing = name ? [] : [required(`${field}.name`)];
  const ofGroup = apiGroup === RBAC_GROUP ? [] : [notSupported(`${field}.apiGroup`, apiGroup, [RBAC_GROUP])];
  switch (kind) {
    case "ServiceAccount":
      return [
        ...missing,
        ...(name ? invalidFor(`${field}.name`, name, dns1123Subdomain(name)) : []),
        ...(apiGroup === "" ? [] : [notSupported(`${field}.apiGroup`, apiGroup, [""])]),
        ...(namespaced || namespace ? [] : [required(`${field}.namespace`)]),
      ];
    case "User":
    case "Group":
      return [...missing, ...(name ? [] : [invalid(`${field}.name`, name, `${kind.toLowerCase()} name cannot be empty`)]), ...ofGroup];
    default:
      return [...missing, notSupported(`${field}.kind`, kind, ["ServiceAccount", "User", "Group"])];
  }
}
