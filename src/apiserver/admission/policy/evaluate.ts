/**
 * What a ValidatingAdmissionPolicy says of one request.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/admission/plugin/policy/validating/validator.go
 */
import { MAX_MESSAGE_BYTES, RUNTIME_COST_BUDGET } from "#cel/index.ts";
import { BudgetExceeded, Evaluation, ExpressionError } from "../cel/evaluation.ts";
import type { Bindings } from "../cel/variables.ts";
import type { CompiledPolicy, CompiledValidation } from "./compiled-policy.ts";

export interface Failure {
  /** Which of the validations failed. */
  index: number;
  message: string;
  reason: string;
}

export interface Verdict {
  failures: Failure[];
  annotations: { key: string; value: string }[];
  /** Audit annotations that came to nothing; they refuse the request. */
  annotationErrors: string[];
}

const NOTHING: Verdict = { failures: [], annotations: [], annotationErrors: [] };

/** `ignoreErrors` is the policy's failurePolicy: what can't be evaluated doesn't count. */
export function evaluatePolicy(policy: CompiledPolicy, bindings: Bindings, ignoreErrors: boolean): Verdict {
  const failed = (error: unknown, index = 0): Failure[] => {
    if (!(error instanceof ExpressionError || error instanceof BudgetExceeded)) throw error;
    return ignoreErrors ? [] : [{ index, message: error.message, reason: "" }];
  };
  const failures: Failure[] = [];
  const { variables, validations } = policy;
  try {
    if (!policy.conditions.none && !policy.conditions.hold(bindings)) return NOTHING;
    const evaluation = new Evaluation(bindings, RUNTIME_COST_BUDGET, variables);
    for (const [index, validation] of validations.entries()) {
      try {
        if (evaluation.run(validation.expression).value === true) continue;
      } catch (error) {
        if (error instanceof BudgetExceeded) throw error;
        failures.push(...failed(error, index));
        continue;
      }
      failures.push({ index, message: messageOf(validation, evaluation), reason: validation.reason });
    }
  } catch (error) {
    return { ...NOTHING, failures: failed(error) };
  }
  return { failures, ...annotate(policy, bindings, ignoreErrors) };
}

/** What the policy says of a failure: what its messageExpression comes to, its message, or the expression itself. */
function messageOf({ expression, message, messageExpression }: CompiledValidation, evaluation: Evaluation): string {
  if (messageExpression) {
    try {
      const { value } = evaluation.run(messageExpression);
      const text = typeof value === "string" ? value.trim() : "";
      if (text !== "" && Buffer.byteLength(text) <= MAX_MESSAGE_BYTES && !text.includes("\n")) return text;
    } catch (error) {
      if (error instanceof BudgetExceeded) return `failed messageExpression: ${error.message}`;
      if (!(error instanceof ExpressionError)) throw error;
    }
  }
  return message || `failed expression: ${expression.text.trim()}`;
}

function annotate({ auditAnnotations, variables }: CompiledPolicy, bindings: Bindings, ignoreErrors: boolean): Pick<Verdict, "annotations" | "annotationErrors"> {
  const annotations: Verdict["annotations"] = [];
  const annotationErrors: string[] = [];
  if (auditAnnotations.length === 0) return { annotations, annotationErrors };
  const evaluation = new Evaluation(bindings, RUNTIME_COST_BUDGET, variables);
  for (const { key, value: expression } of auditAnnotations) {
    try {
      const { value } = evaluation.run(expression);
      const text = typeof value === "string" ? value.trim() : "";
      if (text !== "") annotations.push({ key, value: text });
    } catch (error) {
      if (!(error instanceof ExpressionError || error instanceof BudgetExceeded)) throw error;
      if (!ignoreErrors) annotationErrors.push(error.message);
    }
  }
  return { annotations, annotationErrors };
}
