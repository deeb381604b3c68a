/**
 * Evaluates the expressions of one webhook or policy for one request, within a budget that they share.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/admission/plugin/cel/activation.go
 */
import { CelEvaluationError, LazyFields, PER_CALL_LIMIT, type CelResult, type CelType } from "#cel/index.ts";
import type { CompiledExpression } from "#api/admission-expressions.ts";
import type { Bindings } from "./variables.ts";

/** An expression that came to no value; the message says which and why. */
export class ExpressionError extends Error {}

/** The expressions together cost more than they may: none is evaluated any more. */
export class BudgetExceeded extends Error {
  constructor() {
    super("validation failed due to running out of cost budget, no further validation rules will be run");
  }
}

export interface Variables {
  types: Readonly<Record<string, CelType>>;
  compiled: ReadonlyMap<string, CompiledExpression>;
}

export class Evaluation {
  readonly #bindings: Bindings;
  #budget: number;

  constructor(bindings: Bindings, budget: number, variables?: Variables) {
    this.#budget = budget;
    this.#bindings = variables ? { ...bindings, variables: this.#lazily(variables, bindings) } : bindings;
  }

  /** Throws an ExpressionError, or a BudgetExceeded. */
  run(expression: CompiledExpression): CelResult {
    if (!expression.program) throw new ExpressionError(`compilation error: ${expression.error}`);
    try {
      return this.#evaluate(expression);
    } catch (error) {
      if (!(error instanceof CelEvaluationError)) throw error;
      throw new ExpressionError(`expression '${expression.text}' resulted in error: ${error.message}`, { cause: error });
    }
  }

  #evaluate({ program }: CompiledExpression): CelResult {
    let costUnits = 0;
    try {
      const result = program!.evaluate(this.#bindings, { costLimit: PER_CALL_LIMIT });
      costUnits = result.cost;
      return result;
    } catch (error) {
      if (error instanceof CelEvaluationError) costUnits = error.cost;
      throw error;
    } finally {
      this.#budget -= costUnits;
      // eslint-disable-next-line no-unsafe-finally -- running out of budget outweighs any result
      if (this.#budget < 0) throw new BudgetExceeded();
    }
  }

  /** Each variable is evaluated when it's first used, once. */
  #lazily({ types, compiled }: Variables, bindings: Bindings): LazyFields {
    const known = new Map<string, unknown>();
    const resolve = (name: string): unknown => {
      if (known.has(name)) return known.get(name);
      const variable = compiled.get(name)!;
      if (!variable.program) throw new CelEvaluationError(`composited variable ${JSON.stringify(name)} fails to compile: ${variable.error}`, 0);
      try {
        const { celValue, cost } = variable.program.evaluate({ ...bindings, variables: fields }, { costLimit: PER_CALL_LIMIT });
        this.#budget -= cost;
        known.set(name, celValue);
        return celValue;
      } catch (error) {
        if (!(error instanceof CelEvaluationError)) throw error;
        this.#budget -= error.cost;
        throw new CelEvaluationError(`composited variable ${JSON.stringify(name)} fails to evaluate: ${error.message}`, 0);
      }
    };
    const fields = new LazyFields(types, resolve);
    return fields;
  }
}
