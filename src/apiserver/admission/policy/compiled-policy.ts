/** A ValidatingAdmissionPolicy made ready to be evaluated, once for each of its versions. */
import {
  BOOLEAN, compileExpression, compileVariables, environmentOf, TEXT, TEXT_OR_NULL, type CompiledExpression,
} from "#api/admission-expressions.ts";
import type { ValidatingAdmissionPolicy } from "#api/types.ts";
import { matchConditions, type MatchConditions } from "../cel/match-conditions.ts";
import type { Variables } from "../cel/evaluation.ts";

export interface CompiledValidation {
  expression: CompiledExpression;
  message: string;
  messageExpression: CompiledExpression | undefined;
  reason: string;
}

export interface CompiledPolicy {
  conditions: MatchConditions;
  variables: Variables;
  validations: CompiledValidation[];
  auditAnnotations: { key: string; value: CompiledExpression }[];
}

const compiled = new WeakMap<ValidatingAdmissionPolicy, CompiledPolicy>();

export function compiledPolicy(policy: ValidatingAdmissionPolicy): CompiledPolicy {
  let result = compiled.get(policy);
  if (!result) compiled.set(policy, (result = compilePolicy(policy)));
  return result;
}

function compilePolicy({ spec }: ValidatingAdmissionPolicy): CompiledPolicy {
  const params = spec.paramKind !== undefined;
  const variables = compileVariables(spec.variables ?? [], { params, authorizer: true });
  const full = environmentOf({ params, authorizer: true, variables: variables.types });
  // Messages may not depend on what the user may do.
  const telling = environmentOf({ params, variables: variables.types });
  return {
    conditions: matchConditions(spec.matchConditions ?? [], spec.failurePolicy === "Ignore", { params, authorizer: true }),
    variables,
    validations: (spec.validations ?? []).map(({ expression, message = "", messageExpression, reason = "Invalid" }) => ({
      expression: compileExpression(expression, full, BOOLEAN),
      message: message.trim(),
      messageExpression: messageExpression ? compileExpression(messageExpression, telling, TEXT) : undefined,
      reason,
    })),
    auditAnnotations: (spec.auditAnnotations ?? []).map(({ key, valueExpression }) => ({ key, value: compileExpression(valueExpression, full, TEXT_OR_NULL) })),
  };
}
