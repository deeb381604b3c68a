import type { CelType } from "./types.ts";
import type { CelValue } from "./values.ts";

/** What an expression can refer to. */
export interface CelEnvironment {
  /** The variables by name. A name may have dots (`authorizer.requestResource`). */
  readonly variables: Readonly<Record<string, CelType>>;
  /**
   * Adds what mutating admission policies construct: `Object{...}` with types named by path (`Object.spec.template{}`),
   * `JSONPatch{op:, path:, value:}`, and `jsonpatch.escapeKey`.
   */
  readonly patchTypes?: boolean;
}

/** The size of a value the checker only knows by path. */
export interface SizeEstimate {
  readonly min: number;
  readonly max: number;
}

/**
 * How large the value at a path can be, such as `["self", "items", "@items", "name"]`; a map's keys and values are
 * `@keys` and `@values`. Undefined where not known.
 */
export type SizeEstimator = (path: readonly string[]) => SizeEstimate | undefined;

/** A compiled expression. It holds no state: evaluations don't see each other. */
export interface CelProgram {
  readonly expression: string;
  readonly resultType: CelType;
  /** The declared variables it refers to. */
  readonly references: ReadonlySet<string>;
  /**
   * Evaluates it. Bindings are plain JSON values, read as their declared type and only where the expression looks, or
   * CelValues (of an earlier evaluation, of lazyFields, of authorizerValue). Throws a CelEvaluationError. What it may
   * cost is `costLimit` units, by default PER_CALL_LIMIT.
   */
  evaluate(bindings: Readonly<Record<string, unknown>>, options?: { costLimit?: number }): CelResult;
  /** The least and most it can cost, in the same units; by default with the sizes of the declared types. */
  estimateCost(sizes?: SizeEstimator): { min: number; max: number };
}

/** What an expression came to, and at what cost. */
export interface CelResult {
  /**
   * As plain JSON: ints, uints and doubles are numbers, timestamps, durations and bytes their JSON strings, an empty
   * optional is null.
   */
  readonly value: unknown;
  /** As CEL sees it: to bind in another expression, or to tell an int from a double. */
  readonly celValue: CelValue;
  readonly cost: number;
}

/** Parses and checks an expression. Throws a CelCompileError. */
export function compile(expression: string, environment: CelEnvironment): CelProgram {
  throw new Error(`not there yet: ${expression} ${Object.keys(environment.variables).join()}`);
}
