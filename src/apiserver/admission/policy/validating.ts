/**
 * ValidatingAdmissionPolicies: requests are refused, warned of or noted as CEL expressions say.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/admission/plugin/policy/validating/dispatcher.go
 */
import type { StatusError } from "#api/errors.ts";
import type { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from "#api/types.ts";
import { refusal, type AdmissionPlugin, type Attributes } from "../admission.ts";
import { bindingsOf, type Bindings } from "../cel/variables.ts";
import { isExempt, type Match } from "../matching.ts";
import { compiledPolicy } from "./compiled-policy.ts";
import { evaluatePolicy } from "./evaluate.ts";
import { invocationsOf, type PolicyFinders } from "./invocations.ts";

const FAILURE_ANNOTATION = "validation.policy.admission.k8s.io/validation_failure";
const MAX_NOTED_FAILURES = 50;
const MAX_ANNOTATION_BYTES = 10 * 1024;

const CODES: Record<string, number> = { Forbidden: 403, Unauthorized: 401, RequestEntityTooLarge: 413 };

export interface ValidatingPolicyFinders extends PolicyFinders {
  policies: () => ValidatingAdmissionPolicy[];
  bindings: () => ValidatingAdmissionPolicyBinding[];
}

interface Denial {
  message: string;
  reason: string;
}

export function validatingPolicies(find: ValidatingPolicyFinders): AdmissionPlugin {
  return {
    name: "ValidatingAdmissionPolicy",
    validate(attributes) {
      if (isExempt(attributes)) return;
      const policies = find.policies();
      if (policies.length === 0) return;
      const { invocations, misconfigured } = invocationsOf(policies, find.bindings, attributes, find);
      const denials: Denial[] = misconfigured.map(({ policy, binding, message }) => denial(policy, binding, message));
      const noted: object[] = [];
      const annotations = new Map<string, Set<string>>();
      const seen = bindingsByMatch(attributes, find);
      for (const { policy, binding, match, param } of invocations) {
        const { failures, annotations: told, annotationErrors } = evaluatePolicy(compiledPolicy(policy), { ...seen(match), params: param ?? null }, policy.spec.failurePolicy === "Ignore");
        const { validationActions } = binding.spec;
        for (const { index, message, reason } of failures) {
          if (validationActions.includes("Deny")) denials.push(denial(policy, binding, message, reason));
          if (validationActions.includes("Audit")) {
            noted.push({ message, policy: policy.metadata.name, binding: binding.metadata.name, expressionIndex: index, validationActions });
          }
          if (validationActions.includes("Warn")) {
            attributes.warn(`Validation failed for ValidatingAdmissionPolicy '${policy.metadata.name}' with binding '${binding.metadata.name}': ${message}`);
          }
        }
        for (const { key, value } of told) {
          const fullKey = `${policy.metadata.name}/${key}`;
          annotations.set(fullKey, (annotations.get(fullKey) ?? new Set()).add(value.slice(0, MAX_ANNOTATION_BYTES)));
        }
        denials.push(...annotationErrors.map((message) => denial(policy, binding, message)));
      }
      for (const [key, values] of annotations) attributes.annotate?.(key, [...values].join(", "));
      if (noted.length > 0) attributes.annotate?.(FAILURE_ANNOTATION, JSON.stringify(noted.slice(0, MAX_NOTED_FAILURES)));
      if (denials.length > 0) throw denied(attributes, denials[0]!);
    },
  };
}

/** The values that expressions see, made once for each version in which policies see the request. */
export function bindingsByMatch(attributes: Attributes, find: PolicyFinders): (match: Match) => Bindings {
  const known = new Map<Match["definition"], Bindings>();
  return (match) => {
    let bindings = known.get(match.definition);
    if (!bindings) known.set(match.definition, (bindings = bindingsOf(attributes, match, find)));
    return bindings;
  };
}

function denial({ metadata }: ValidatingAdmissionPolicy, binding: ValidatingAdmissionPolicyBinding | undefined, why: string, reason = ""): Denial {
  const by = binding ? `ValidatingAdmissionPolicy '${metadata.name}' with binding '${binding.metadata.name}'` : `ValidatingAdmissionPolicy '${metadata.name}'`;
  return { message: `${by} denied request: ${why}`, reason: reason || "Invalid" };
}

function denied(attributes: Attributes, { message, reason }: Denial): StatusError {
  const error = refusal(attributes, message);
  Object.assign(error.status, { reason, code: CODES[reason] ?? 422 });
  error.status.details!.causes = [{ message }];
  return error;
}
