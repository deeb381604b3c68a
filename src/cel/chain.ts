import { SELECT_COST } from "./cost.ts";
import type { Evaluate, Frame } from "./frame.ts";
import { qualify } from "./qualify.ts";
import { CelError, CelOptional, type CelValue, type Result } from "./values.ts";

/**
 * What evaluates an expression. Selections and indexes form chains on a variable or on another expression, which are
 * evaluated as a whole: what a chain costs is not the sum of its parts.
 */
export interface Plan {
  readonly evaluate: Evaluate;
  /** The value, for a plan that is constant. */
  readonly constant?: CelValue;
  readonly chain?: Chain;
}

export interface Chain {
  /** Charged where the chain is evaluated by itself, rather than as the index or the branch of another. */
  readonly headCost: number;
  /** Evaluates the head and applies the qualifiers; charges for qualifiers, not for the head itself. */
  readonly resolve: (frame: Frame, qualifiers: readonly Qualifier[]) => Result;
  readonly qualifiers: readonly Qualifier[];
}

export interface Qualifier {
  readonly optional: boolean;
  readonly testOnly: boolean;
  /** The key or index; resolving it may cost. */
  readonly key: Evaluate;
}

/** The head of a chain that begins with a variable. */
export function variable(name: string): Chain["resolve"] {
  const global = name.startsWith(".");
  const plainName = global ? name.slice(1) : name;
  return (frame, qualifiers) => {
    const value = (global ? frame.root : frame).lookup(plainName);
    if (value === undefined) return new CelError(`no such attribute(s): ${plainName}`);
    return value instanceof CelError ? value : applyQualifiers(frame, value, qualifiers);
  };
}

/** The head of a chain that begins with any other expression. */
export function relative(evaluate: Evaluate): Chain["resolve"] {
  return (frame, qualifiers) => {
    const value = evaluate(frame);
    return value instanceof CelError ? value : applyQualifiers(frame, value, qualifiers);
  };
}

/** A chain as a plan of its own. */
export function chained(chain: Chain): Plan {
  const { resolve, qualifiers, headCost } = chain;
  // Testing for presence costs as much less.
  const testOnly = isPresenceTest(qualifiers);
  const cost = testOnly ? headCost - SELECT_COST : headCost;
  return {
    evaluate: (frame) => {
      const value = resolve(frame, qualifiers);
      frame.meter.charge(cost);
      return value;
    },
    ...(!testOnly && { chain }),
  };
}

function isPresenceTest(qualifiers: readonly Qualifier[]): boolean {
  return qualifiers.at(-1)?.testOnly === true;
}

/** Within an optional, or once a qualifier is optional, what is missing makes the whole an empty optional. */
function applyQualifiers(frame: Frame, head: CelValue, qualifiers: readonly Qualifier[]): Result {
  const none = isPresenceTest(qualifiers) ? false : CelOptional.NONE;
  if (head instanceof CelOptional && head.value === undefined) return none;
  let optional = head instanceof CelOptional;
  let value: CelValue = head instanceof CelOptional ? head.value! : head;
  for (const qualifier of qualifiers) {
    optional ||= qualifier.optional;
    const key = qualifier.key(frame);
    const presence = qualifier.testOnly ? "test" : optional ? "optional" : "required";
    const qualified = key instanceof CelError ? key : qualify(value, key, presence);
    const failed = qualified === undefined || qualified instanceof CelError;
    if (!failed || presence !== "optional") frame.meter.charge(SELECT_COST);
    if (failed) return qualified ?? none;
    value = qualified;
  }
  return optional && !isPresenceTest(qualifiers) ? new CelOptional(value) : value;
}
