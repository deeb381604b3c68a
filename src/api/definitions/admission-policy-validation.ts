/**
 * Admission policies and their bindings.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/admissionregistration/validation/validation.go
 */
import { isDeepStrictEqual } from "node:util";
import {
  APPLY_CONFIGURATION, BOOLEAN, compileVariables, environmentOf, JSON_PATCH, TEXT, TEXT_OR_NULL, type CompiledExpression, type ExpressionScope,
} from "../admission-expressions.ts";
import type { FieldError } from "../errors.ts";
import type { MatchResources, MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, ParamKind, ParamRef, PolicyVariable, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from "../types.ts";
import { REINVOCATION_POLICIES, setMatchResourcesDefaults, validateExpression, validateFailurePolicy, validateMatchConditions, validateMatchResources } from "./admission-rules-validation.ts";
import { validateConditions } from "./conditions-validation.ts";
import { duplicate, forbidden, invalid, invalidFor, notSupported, required, validateOneOf } from "./field-errors.ts";
import { dns1035Label, dns1123Subdomain, pathSegmentName, qualifiedName, validateName } from "./names.ts";
import { validateLabelSelector } from "./selector-validation.ts";

type Policy = ValidatingAdmissionPolicy | MutatingAdmissionPolicy;
type Binding = ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding;
type Validation = NonNullable<ValidatingAdmissionPolicy["spec"]["validations"]>[number];
type AuditAnnotation = NonNullable<ValidatingAdmissionPolicy["spec"]["auditAnnotations"]>[number];
type Mutation = NonNullable<MutatingAdmissionPolicy["spec"]["mutations"]>[number];

const MAX_AUDIT_ANNOTATIONS = 20;
const MAX_VALUE_EXPRESSION_BYTES = 5 * 1024;
const REASONS = ["Forbidden", "Invalid", "RequestEntityTooLarge"];
const ACTIONS = ["Audit", "Deny", "Warn"];
const NOT_FOUND_ACTIONS = ["Deny", "Allow"];
const PATCH_TYPES = ["ApplyConfiguration", "JSONPatch"];
const CEL_RESERVED =
  "true false null in as break const continue else for function if import let loop package namespace return var void while".split(" ");

export function setPolicyDefaults({ spec }: Policy): void {
  spec.failurePolicy ??= "Fail";
  setMatchResourcesDefaults(spec.matchConstraints);
}

export function setBindingDefaults({ spec }: Binding): void {
  setMatchResourcesDefaults(spec.matchResources);
}

export function validateValidatingPolicy(policy: ValidatingAdmissionPolicy, old?: ValidatingAdmissionPolicy): FieldError[] {
  const { metadata, spec } = policy;
  const errors = validatePolicy(policy, old);
  const { validations = [], auditAnnotations = [] } = spec;
  if (validations.length === 0 && auditAnnotations.length === 0) {
    const why = "validations or auditAnnotations must contain at least one item";
    return [...errors, required("spec.validations", why), required("spec.auditAnnotations", why)];
  }
  const scope = scopeOf(policy);
  errors.push(...validations.flatMap((validation, i) => validateValidation(validation, scope, `spec.validations[${i}]`)));
  if (auditAnnotations.length > MAX_AUDIT_ANNOTATIONS) {
    errors.push(invalid("spec.auditAnnotations", auditAnnotations, `must not have more than ${MAX_AUDIT_ANNOTATIONS} auditAnnotations`));
  }
  const keys = new Set<string>();
  for (const [i, annotation] of auditAnnotations.entries()) {
    errors.push(...validateAuditAnnotation(annotation, metadata.name ?? "", scope, `spec.auditAnnotations[${i}]`));
    if (keys.has(annotation.key)) errors.push(duplicate(`spec.auditAnnotations[${i}].key`, annotation.key));
    keys.add(annotation.key);
  }
  return errors;
}

export function validateMutatingPolicy(policy: MutatingAdmissionPolicy, old?: MutatingAdmissionPolicy): FieldError[] {
  const { mutations = [], reinvocationPolicy = "" } = policy.spec;
  const errors = validatePolicy(policy, old);
  if (mutations.length === 0) errors.push(required("spec.mutations", "mutations must contain at least one item"));
  const scope = { ...scopeOf(policy), patchTypes: true };
  errors.push(...mutations.flatMap((mutation, i) => validateMutation(mutation, scope, `spec.mutations[${i}]`)));
  if (reinvocationPolicy === "") return [...errors, required("spec.reinvocationPolicy")];
  return [...errors, ...validateOneOf("spec.reinvocationPolicy", reinvocationPolicy, REINVOCATION_POLICIES)];
}

/** What a policy's expressions can refer to, its variables included. */
function scopeOf({ spec }: Policy): ExpressionScope {
  const scope = { params: spec.paramKind !== undefined, authorizer: true };
  return { ...scope, variables: compileVariables(spec.variables ?? [], scope).types };
}

/** What both kinds of policy have. */
function validatePolicy({ metadata, spec }: Policy, old: Policy | undefined): FieldError[] {
  const { failurePolicy, paramKind, matchConstraints, matchConditions, variables = [] } = spec;
  const scope = { params: paramKind !== undefined, authorizer: true };
  const { compiled } = compileVariables(variables, scope);
  const known = old !== undefined && isDeepStrictEqual(paramKind, old.spec.paramKind) && isDeepStrictEqual(matchConditions, old.spec.matchConditions);
  return [
    ...validateName(metadata.name, dns1123Subdomain),
    ...validateFailurePolicy(failurePolicy, "spec.failurePolicy"),
    ...(paramKind ? validateParamKind(paramKind, "spec.paramKind") : []),
    ...validateConstraints(matchConstraints),
    ...(known ? [] : validateMatchConditions(matchConditions, "spec.matchConditions", scope)),
    ...variables.flatMap((variable, i) => validateVariable(variable, compiled.get(variable.name), `spec.variables[${i}]`)),
  ];
}

function validateConstraints(constraints: MatchResources | undefined): FieldError[] {
  const field = "spec.matchConstraints";
  if (!constraints) return [required(field)];
  const errors = validateMatchResources(constraints, field);
  // The rules say of which types the expressions speak.
  return constraints.resourceRules?.length ? errors : [...errors, required(`${field}.resourceRules`)];
}

function validateParamKind({ apiVersion = "", kind = "" }: ParamKind, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const parts = apiVersion.split("/");
  const [group, version] = parts.length === 1 ? ["", parts[0]!] : [parts[0]!, parts[1]!];
  if (apiVersion === "") errors.push(required(`${field}.apiVersion`));
  else if (parts.length > 2) errors.push(invalid(`${field}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
  else {
    errors.push(...joined(`${field}.apiVersion`, group, group === "" ? [] : dns1123Subdomain(group)));
    if (version === "") errors.push(invalid(`${field}.apiVersion`, apiVersion, "version must be specified"));
    else errors.push(...joined(`${field}.apiVersion`, version, dns1035Label(version)));
  }
  if (kind === "") return [...errors, required(`${field}.kind`)];
  const problems = dns1035Label(kind.toLowerCase());
  return problems.length === 0 ? errors : [...errors, invalid(`${field}.kind`, kind, `may have mixed case, but should otherwise match: ${problems.join(",")}`)];
}

function joined(field: string, value: string, problems: string[]): FieldError[] {
  return problems.length === 0 ? [] : [invalid(field, value, problems.join(","))];
}

function validateVariable({ name, expression }: PolicyVariable, compiled: CompiledExpression | undefined, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (name.trim() === "") errors.push(required(`${field}.name`, "name is not specified"));
  else if (!/^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name) || CEL_RESERVED.includes(name)) errors.push(invalid(`${field}.name`, name, "name is not a valid CEL identifier"));
  if (expression.trim() === "") return [...errors, required(`${field}.expression`, "expression is not specified")];
  return compiled?.error === undefined ? errors : [...errors, invalid(`${field}.expression`, expression, compiled.error)];
}

function validateValidation({ expression, message = "", messageExpression = "", reason }: Validation, scope: ExpressionScope, field: string): FieldError[] {
  const errors =
    expression.trim() === ""
      ? [required(`${field}.expression`, "expression is not specified")]
      : validateExpression(expression, environmentOf(scope), BOOLEAN, `${field}.expression`);
  if (messageExpression.trim() !== "") {
    errors.push(...validateExpression(messageExpression, environmentOf({ ...scope, authorizer: false }), TEXT, `${field}.messageExpression`));
  } else if (messageExpression !== "") {
    errors.push(invalid(`${field}.messageExpression`, messageExpression, "must be non-empty if specified"));
  }
  if (message !== "" && message.trim() === "") errors.push(invalid(`${field}.message`, message, "message must be non-empty if specified"));
  else if (/[\n\r]/.test(message.trim())) errors.push(invalid(`${field}.message`, message, "message must not contain line breaks"));
  return [...errors, ...validateOneOf(`${field}.reason`, reason, REASONS)];
}

function validateAuditAnnotation({ key, valueExpression }: AuditAnnotation, policyName: string, scope: ExpressionScope, field: string): FieldError[] {
  const fullKey = `${policyName}/${key}`;
  const errors = policyName === "" ? [invalid(`${field}.key`, key, "requires metadata.name be non-empty")] : invalidFor(`${field}.key`, fullKey, qualifiedName(fullKey));
  const expression = valueExpression.trim();
  if (expression === "") errors.push(required(`${field}.valueExpression`, "valueExpression is not specified"));
  else if (Buffer.byteLength(expression) > MAX_VALUE_EXPRESSION_BYTES) {
    errors.push(required(`${field}.valueExpression`, `must not exceed ${MAX_VALUE_EXPRESSION_BYTES} bytes in length`));
  } else {
    errors.push(...validateExpression(expression, environmentOf(scope), TEXT_OR_NULL, `${field}.valueExpression`));
  }
  return errors;
}

function validateMutation({ patchType, applyConfiguration, jsonPatch }: Mutation, scope: ExpressionScope, field: string): FieldError[] {
  if (patchType === "") return [required(`${field}.patchType`)];
  if (!PATCH_TYPES.includes(patchType)) return [notSupported(`${field}.patchType`, patchType, PATCH_TYPES)];
  const [wanted, wantedField, other, otherField] =
    patchType === "JSONPatch" ? [jsonPatch, "jsonPatch", applyConfiguration, "applyConfiguration"] : [applyConfiguration, "applyConfiguration", jsonPatch, "jsonPatch"];
  const errors = other ? [invalid(`${field}.${otherField}`, `{${otherField}}`, `patchType is ${patchType} but ${otherField} is set`)] : [];
  if (!wanted) return [...errors, required(`${field}.${wantedField}`, `must be specified when patchType is ${patchType}`)];
  const path = `${field}.${wantedField}.expression`;
  if (!wanted.expression?.trim()) return [...errors, required(path, "expression is not specified")];
  return [...errors, ...validateExpression(wanted.expression, environmentOf(scope), patchType === "JSONPatch" ? JSON_PATCH : APPLY_CONFIGURATION, path)];
}

export function validateValidatingBinding(binding: ValidatingAdmissionPolicyBinding): FieldError[] {
  return [...validateBinding(binding), ...validateActions(binding.spec.validationActions ?? [], "spec.validationActions")];
}

export function validateBinding({ metadata, spec }: Binding): FieldError[] {
  const { policyName = "", paramRef, matchResources } = spec;
  return [
    ...validateName(metadata.name, dns1123Subdomain),
    ...(policyName === "" ? [required("spec.policyName")] : invalidFor("spec.policyName", policyName, dns1123Subdomain(policyName))),
    ...(paramRef ? validateParamRef(paramRef, "spec.paramRef") : []),
    // The path is upstream's.
    ...(matchResources ? validateMatchResources(matchResources, "spec.matchResouces") : []),
  ];
}

function validateParamRef({ name = "", selector, parameterNotFoundAction: action = "" }: ParamRef, field: string): FieldError[] {
  const exclusive = "name and selector are mutually exclusive";
  const both = name !== "" && selector !== undefined;
  return [
    ...(name === "" ? [] : invalidFor(`${field}.name`, name, pathSegmentName(name))),
    ...(both ? [forbidden(`${field}.name`, exclusive)] : []),
    ...validateLabelSelector(selector, `${field}.selector`),
    ...(both ? [forbidden(`${field}.selector`, exclusive)] : []),
    ...(name === "" && !selector ? [required(field, "one of name or selector must be specified")] : []),
    ...(action === "" ? [required(`${field}.parameterNotFoundAction`)] : validateOneOf(`${field}.parameterNotFoundAction`, action, NOT_FOUND_ACTIONS)),
  ];
}

function validateActions(actions: string[], field: string): FieldError[] {
  const seen = new Set<string>();
  const errors = actions.flatMap((action, i) => {
    const again = seen.has(action) ? [duplicate(`${field}[${i}]`, action)] : [];
    seen.add(action);
    return [...validateOneOf(`${field}[${i}]`, action, ACTIONS), ...again];
  });
  if (seen.has("Deny") && seen.has("Warn")) {
    errors.push(invalid(field, actions, "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)"));
  }
  return actions.length === 0 ? [...errors, required(field, "at least one validation action is required")] : errors;
}

export function validateValidatingPolicyStatus({ status = {} }: ValidatingAdmissionPolicy): FieldError[] {
  const warnings = status.typeChecking?.expressionWarnings ?? [];
  return [
    ...warnings.flatMap(({ fieldRef, warning }, i) => {
      const field = `status.typeChecking.expressionWarnings[${i}]`;
      return [...(warning === "" ? [required(`${field}.warning`)] : []), ...(fieldRef.trim() === "" ? [required(`${field}.fieldRef`)] : [])];
    }),
    ...validateConditions(status.conditions, "status.conditions"),
  ];
}
