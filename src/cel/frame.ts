import type { CostMeter } from "./cost.ts";
import type { Result } from "./values.ts";

/** The variables in force: the bindings, and around the body of a macro its own. */
export interface Frame {
  readonly meter: CostMeter;
  lookup(name: string): Result | undefined;
  /** The bindings, past the variables of macros. */
  readonly root: Frame;
}

export type Evaluate = (frame: Frame) => Result;
