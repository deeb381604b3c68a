/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go (ValidateResourceQuota) */
import { isDeepStrictEqual } from "node:util";
import type { FieldError } from "../errors.ts";
import type { ResourceQuota } from "../types.ts";
import { invalid, required } from "./field-errors.ts";
import { dns1123Subdomain, validateName } from "./names.ts";
import { validateQuantity, validateResourceType } from "./resources-validation.ts";

type Spec = ResourceQuota["spec"];
type Quantities = Record<string, string> | undefined;
type Requirement = NonNullable<NonNullable<Spec["scopeSelector"]>["matchExpressions"]>[number];

const STANDARD =
  /^((requests\.|limits\.)?(cpu|memory|ephemeral-storage)|requests\.storage|pods|resourcequotas|services(\.(nodeports|loadbalancers))?|replicationcontrollers|secrets|persistentvolumeclaims|configmaps|(requests\.)?hugepages-.*)$/;
const PODS = ["pods"];
const COMPUTE = ["cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"];

/** The scopes, and the resources that each can limit. */
const SCOPES: Record<string, string[]> = {
  BestEffort: PODS,
  CrossNamespacePodAffinity: [...PODS, ...COMPUTE],
  NotBestEffort: [...PODS, ...COMPUTE],
  NotTerminating: [...PODS, ...COMPUTE],
  PriorityClass: [...PODS, ...COMPUTE],
  Terminating: [...PODS, ...COMPUTE],
  VolumeAttributesClass: ["persistentvolumeclaims", "requests.storage"],
};
/** Scopes that hold or don't: their selectors take no values. */
const PLAIN_SCOPES = ["BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity"];
const OPPOSITES = [
  ["BestEffort", "NotBestEffort"],
  ["Terminating", "NotTerminating"],
];

export function validateResourceQuota({ metadata, spec }: ResourceQuota): FieldError[] {
  return [
    ...validateName(metadata.name, dns1123Subdomain),
    ...validateQuantities(spec.hard, "spec.hard"),
    ...validateScopes(spec, spec.scopes ?? [], "spec.scopes"),
    ...(spec.scopeSelector ? validateScopeSelector(spec, spec.scopeSelector.matchExpressions ?? []) : []),
  ];
}

export function validateResourceQuotaUpdate({ spec }: ResourceQuota, old: ResourceQuota): FieldError[] {
  const set = (scopes: string[] | undefined): string[] => [...new Set(scopes)].sort();
  return isDeepStrictEqual(set(spec.scopes), set(old.spec.scopes)) ? [] : [invalid("spec.scopes", spec.scopes ?? null, "field is immutable")];
}

export function validateResourceQuotaStatus({ status }: ResourceQuota): FieldError[] {
  return [...validateQuantities(status?.hard, "status.hard"), ...validateQuantities(status?.used, "status.used")];
}

function validateQuantities(quantities: Quantities, field: string): FieldError[] {
  return Object.entries(quantities ?? {}).flatMap(([name, quantity]) => {
    const path = `${field}[${name}]`;
    const known = name.includes("/") || STANDARD.test(name) ? [] : [invalid(path, name, "must be a standard resource for quota")];
    return [...validateResourceType(name, path), ...known, ...validateQuantity(name, quantity, path)];
  });
}

/** The resources that the scope can't limit, one error each. */
function unfit(spec: Spec, scope: string, error: () => FieldError): FieldError[] {
  return Object.keys(spec.hard ?? {})
    .filter((name) => STANDARD.test(name) && !SCOPES[scope]?.includes(name))
    .map(error);
}

function validateScopes(spec: Spec, scopes: string[], field: string): FieldError[] {
  const errors = scopes.flatMap((scope) => [
    ...(scope in SCOPES ? [] : [invalid(field, scopes, "unsupported scope")]),
    ...unfit(spec, scope, () => invalid(field, scopes, "unsupported scope applied to resource")),
  ]);
  return [...errors, ...validateOpposites(scopes, field, scopes)];
}

function validateOpposites(scopes: string[], field: string, shown: string[] | undefined): FieldError[] {
  return OPPOSITES.filter((pair) => pair.every((scope) => scopes.includes(scope))).map(() => invalid(field, shown ?? null, "conflicting scopes"));
}

function validateScopeSelector(spec: Spec, requirements: Requirement[]): FieldError[] {
  const field = "spec.scopeSelector.matchExpressions";
  const errors = requirements.flatMap((requirement) => [
    ...(requirement.scopeName in SCOPES ? [] : [invalid(`${field}.scopeName`, requirement.scopeName, "unsupported scope")]),
    ...unfit(spec, requirement.scopeName, () => invalid(field, spec.scopeSelector, "unsupported scope applied to resource")),
    ...validateRequirement(requirement, field),
  ]);
  return [...errors, ...validateOpposites(requirements.map(({ scopeName }) => scopeName), field, spec.scopes)];
}

function validateRequirement({ scopeName, operator, values = [] }: Requirement, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (PLAIN_SCOPES.includes(scopeName) && operator !== "Exists") {
    errors.push(
      invalid(
        `${field}.operator`,
        operator,
        "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
      ),
    );
  }
  switch (operator) {
    case "In":
    case "NotIn":
      return values.length > 0 ? errors : [...errors, required(`${field}.values`, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector")];
    case "Exists":
    case "DoesNotExist":
      return values.length === 0 ? errors : [...errors, invalid(`${field}.values`, values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector")];
    default:
      return [...errors, invalid(`${field}.operator`, operator, "not a valid selector operator")];
  }
}
