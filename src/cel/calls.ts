import type { Reference } from "./checker.ts";
import type { CostMeter } from "./cost.ts";
import type { FunctionDeclaration, Implementation, Overload } from "./functions.ts";
import type { Evaluate } from "./frame.ts";
import { costOfCall, costOfResult } from "./library/costs.ts";
import { isOfType } from "./type-relations.ts";
import { CelError, typeNameOf, type CelValue, type Result } from "./values.ts";

/** A call of a function: of the one overload that the checker found, or of the one that fits the arguments' types. */
export function planCall({ declaration, overloads }: Extract<Reference, { kind: "function" }>, overloadId: string | undefined, args: readonly Evaluate[], literalPattern: boolean): Evaluate {
  const { name } = declaration;
  const call = declaration.call ?? (overloadId === undefined ? dispatched(declaration, declaration.overloads) : dispatched(declaration, overloads));
  const cost = costOfCall(name, overloadId);
  // cel-go evaluates up to two arguments before it looks at either, with exceptions, and charges for calls all of whose arguments it evaluated.
  const stopsAtError = args.length > 2 || literalPattern || name === "format" || (declaration.call === undefined && overloadId === undefined);
  return (frame) => {
    const values: Result[] = [];
    for (const [index, arg] of args.entries()) {
      const value = arg(frame);
      values.push(value);
      if (stopsAtError && value instanceof CelError && index < args.length - 1) return value;
    }
    frame.meter.charge(cost(values, frame.meter, overloadId));
    const result = firstError(values) ?? call(values as CelValue[], frame.meter);
    frame.meter.charge(costOfResult(name, result, frame.meter));
    return result;
  };
}

function firstError(values: readonly Result[]): CelError | undefined {
  return values.find((value) => value instanceof CelError);
}

function dispatched(declaration: FunctionDeclaration, overloads: readonly Overload[]): Implementation {
  return (args: readonly CelValue[], meter: CostMeter) => {
    const overload = overloads.find(({ parameters }) => declaration.unguarded || fits(args, parameters));
    return overload ? overload.call!(args, meter) : new CelError(`no such overload: ${declaration.name}(${args.map(typeNameOf).join(", ")})`);
  };
}

function fits(args: readonly CelValue[], parameters: Overload["parameters"]): boolean {
  return args.length === parameters.length && args.every((arg, index) => isOfType(arg, parameters[index]!));
}
