/**
 * Conditions under which a webhook is called or a policy applies.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/admission/plugin/webhook/matchconditions/matcher.go
 */
import { MATCH_CONDITIONS_COST_BUDGET } from "#cel/index.ts";
import { BOOLEAN, compileExpression, environmentOf, type CompiledExpression, type ExpressionScope } from "#api/admission-expressions.ts";
import { aggregate, type Attributes } from "../admission.ts";
import type { Match } from "../matching.ts";
import { BudgetExceeded, Evaluation, ExpressionError, type Variables } from "./evaluation.ts";
import { bindingsOf, type Bindings, type CelFinders } from "./variables.ts";

export interface MatchConditions {
  /** There is nothing to decide. */
  readonly none: boolean;
  /** Whether all conditions hold. Throws an ExpressionError when that can't be told, unless failures are ignored: then it doesn't match. */
  matches(attributes: Attributes, match: Match, find: CelFinders): boolean;
  /** The same for values that are there already. */
  hold(bindings: Bindings, variables?: Variables): boolean;
}

export function matchConditions(conditions: readonly { name: string; expression: string }[], ignoreFailures: boolean, scope: ExpressionScope = { authorizer: true }): MatchConditions {
  const environment = environmentOf(scope);
  let compiled: CompiledExpression[] | undefined;

  function hold(bindings: Bindings, variables?: Variables): boolean {
    compiled ??= conditions.map(({ expression }) => compileExpression(expression, environment, BOOLEAN));
    const evaluation = new Evaluation(bindings, MATCH_CONDITIONS_COST_BUDGET, variables);
    const errors: string[] = [];
    for (const expression of compiled) {
      try {
        if (evaluation.run(expression).value === false) return false;
      } catch (error) {
        if (!(error instanceof ExpressionError || error instanceof BudgetExceeded)) throw error;
        errors.push(error.message);
        if (error instanceof BudgetExceeded) break;
      }
    }
    if (errors.length === 0) return true;
    if (ignoreFailures) return false;
    throw new ExpressionError(aggregate(errors));
  }

  return {
    none: conditions.length === 0,
    hold,
    matches: (attributes, match, find) => hold(bindingsOf(attributes, match, find)),
  };
}
