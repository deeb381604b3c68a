import type { CostMeter } from "./cost.ts";
import type { CelType } from "./types.ts";
import { CelError, type CelValue, type Result } from "./values.ts";

/** Arguments are values: an error among them is the call's result without the call. A receiver is the first. */
export type Implementation = (args: readonly CelValue[], meter: CostMeter) => Result;

export interface Overload {
  readonly id: string;
  /** Called as `receiver.name(...)`; else as `name(...)`. */
  readonly member: boolean;
  readonly parameters: readonly CelType[];
  readonly result: CelType;
  /** Absent where the function as a whole has an implementation. */
  readonly call?: Implementation;
}

export interface FunctionDeclaration {
  readonly name: string;
  readonly overloads: readonly Overload[];
  /** The implementation of all overloads together: it looks at its arguments itself. */
  readonly call?: Implementation;
  /** Overloads look at their arguments themselves. */
  readonly unguarded?: boolean;
}

export type Library = readonly FunctionDeclaration[];

export function overload(id: string, parameters: readonly CelType[], result: CelType, call?: Implementation): Overload {
  return { id, member: false, parameters, result, call };
}

export function memberOverload(id: string, parameters: readonly CelType[], result: CelType, call?: Implementation): Overload {
  return { id, member: true, parameters, result, call };
}

export function declare(name: string, ...overloads: Overload[]): FunctionDeclaration {
  return { name, overloads };
}

/** Runs a computation that reports failure by throwing a FunctionError. */
export class FunctionError extends Error {}

export function resultOf(compute: () => CelValue): Result {
  try {
    return compute();
  } catch (error) {
    if (error instanceof FunctionError) return new CelError(error.message);
    throw error;
  }
}
