/**
 * What webhooks and admission policies share: which requests they are asked about.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/admissionregistration/validation/validation.go
 */
import type { CelEnvironment, CelType } from "#cel/index.ts";
import { BOOLEAN, compileExpression, environmentOf, type ExpressionScope } from "../admission-expressions.ts";
import type { FieldError } from "../errors.ts";
import type { MatchCondition, MatchResources, NamedRuleWithOperations, RuleWithOperations } from "../types.ts";
import { duplicate, invalid, invalidFor, notSupported, required, tooMany, validateOneOf } from "./field-errors.ts";
import { pathSegmentName, qualifiedName } from "./names.ts";
import { validateLabelSelector } from "./selector-validation.ts";

export const FAILURE_POLICIES = ["Fail", "Ignore"];
export const MATCH_POLICIES = ["Equivalent", "Exact"];
export const REINVOCATION_POLICIES = ["IfNeeded", "Never"];
const OPERATIONS = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
const SCOPES = ["*", "Cluster", "Namespaced"];
const MAX_MATCH_CONDITIONS = 64;

export function setRuleDefaults(rules: RuleWithOperations[] | undefined): void {
  for (const rule of rules ?? []) rule.scope ??= "*";
}

export function setMatchResourcesDefaults(resources: MatchResources | undefined): void {
  if (!resources) return;
  resources.matchPolicy ??= "Equivalent";
  resources.namespaceSelector ??= {};
  resources.objectSelector ??= {};
  setRuleDefaults(resources.resourceRules);
  setRuleDefaults(resources.excludeResourceRules);
}

export function validateRule({ operations = [], apiGroups = [], apiVersions = [], resources = [], scope }: RuleWithOperations, field: string): FieldError[] {
  return [
    ...validateListOrAll(operations, `${field}.operations`, "operations"),
    ...operations.flatMap((operation, i) => validateOneOf(`${field}.operations[${i}]`, operation, OPERATIONS)),
    ...validateListOrAll(apiGroups, `${field}.apiGroups`, "API groups"),
    ...validateListOrAll(apiVersions, `${field}.apiVersions`, "API versions"),
    ...apiVersions.flatMap((version, i) => (version === "" ? [required(`${field}.apiVersions[${i}]`)] : [])),
    ...validateResources(resources, `${field}.resources`),
    ...validateOneOf(`${field}.scope`, scope, SCOPES),
  ];
}

function validateListOrAll(values: string[], field: string, what: string): FieldError[] {
  if (values.length === 0) return [required(field)];
  return values.length > 1 && values.includes("*") ? [invalid(field, values, `if '*' is present, must not specify other ${what}`)] : [];
}

/** Resources and subresources: `pods`, `pods/status`, `*`, `pods/*`, `*` before `/scale`. */
function validateResources(resources: string[], field: string): FieldError[] {
  const errors = resources.length === 0 ? [required(field)] : [];
  const withAllSubresources = new Set<string>();
  const ofAllResources = new Set<string>();
  let last: string | undefined;
  for (const [i, text] of resources.entries()) {
    if (text === "") {
      errors.push(required(`${field}[${i}]`));
      continue;
    }
    const slash = text.indexOf("/");
    if (slash < 0) {
      last = text;
      continue;
    }
    const [resource, subresource] = [text.slice(0, slash), text.slice(slash + 1)];
    if (withAllSubresources.has(resource)) errors.push(invalid(`${field}[${i}]`, text, `if '${resource}/*' is present, must not specify ${text}`));
    if (ofAllResources.has(subresource)) errors.push(invalid(`${field}[${i}]`, text, `if '*/${subresource}' is present, must not specify ${text}`));
    if (subresource === "*") withAllSubresources.add(resource);
    if (resource === "*") ofAllResources.add(subresource);
  }
  if (resources.length > 1 && resources.includes("*/*")) errors.push(invalid(field, resources, "if '*/*' is present, must not specify other resources"));
  // As upstream, only the last resource without a subresource is looked at.
  if (resources.includes("*") && last !== "*") errors.push(invalid(field, resources, "if '*' is present, must not specify other resources without subresources"));
  return errors;
}

export function validateMatchResources(resources: MatchResources, field: string): FieldError[] {
  const { matchPolicy, namespaceSelector, objectSelector, resourceRules = [], excludeResourceRules = [] } = resources;
  return [
    ...validateOneOf(`${field}.matchPolicy`, matchPolicy, MATCH_POLICIES),
    ...validateLabelSelector(namespaceSelector, `${field}.namespaceSelector`),
    ...validateLabelSelector(objectSelector, `${field}.objectSelector`),
    ...resourceRules.flatMap((rule, i) => validateNamedRule(rule, `${field}.resourceRules[${i}]`)),
    ...excludeResourceRules.flatMap((rule, i) => validateNamedRule(rule, `${field}.excludeResourceRules[${i}]`)),
  ];
}

function validateNamedRule(rule: NamedRuleWithOperations, field: string): FieldError[] {
  const seen = new Set<string>();
  const errors = (rule.resourceNames ?? []).flatMap((name, i) => {
    const path = `${field}.resourceNames[${i}]`;
    const again = seen.has(name) ? [duplicate(path, name)] : [];
    seen.add(name);
    return [...invalidFor(path, name, pathSegmentName(name)), ...again];
  });
  return [...errors, ...validateRule(rule, field)];
}

export function validateMatchConditions(conditions: MatchCondition[] | undefined, field: string, scope: ExpressionScope): FieldError[] {
  const errors = (conditions?.length ?? 0) > MAX_MATCH_CONDITIONS ? [tooMany(field, conditions!.length, MAX_MATCH_CONDITIONS)] : [];
  const names = new Set<string>();
  for (const [i, { name, expression }] of (conditions ?? []).entries()) {
    const path = `${field}[${i}]`;
    if (expression.trim() === "") errors.push(required(`${path}.expression`));
    else errors.push(...validateExpression(expression, environmentOf(scope), BOOLEAN, `${path}.expression`));
    if (name === "") {
      errors.push(required(`${path}.name`));
      continue;
    }
    errors.push(...invalidFor(`${path}.name`, name, qualifiedName(name)));
    if (names.has(name)) errors.push(duplicate(`${path}.name`, name));
    names.add(name);
  }
  return errors;
}

/** Whether an expression compiles, and to one of the types that are wanted. */
export function validateExpression(expression: string, environment: CelEnvironment, wanted: readonly CelType[], field: string): FieldError[] {
  const { error } = compileExpression(expression, environment, wanted);
  return error === undefined ? [] : [invalid(field, expression, error)];
}

export function validateFailurePolicy(policy: string | undefined, field: string): FieldError[] {
  return policy === undefined ? [required(field)] : FAILURE_POLICIES.includes(policy) ? [] : [notSupported(field, policy, FAILURE_POLICIES)];
}
