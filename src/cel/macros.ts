import { call, copied, ident, literal, partCount, type Expr } from "./ast.ts";
import { ADD, AND, CONDITIONAL, EQUALS, MAP_INSERT, NOT, NOT_STRICTLY_FALSE, OR } from "./operators.ts";

/** The name of the accumulator: no expression can write it. */
export const ACCUMULATOR = "@result";
const RESERVED = new Set([ACCUMULATOR, "__result__"]);

/** A macro that matches the call, but not its arguments. */
export class MacroError extends Error {
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

type Expander = (offset: number, target: Expr, args: readonly Expr[], budget: CopyBudget) => Expr;

/** How many parts macros may still copy: a chain of optMap doubles with each link. */
export interface CopyBudget {
  left: number;
}

/** Far beyond what fits into an expression. */
export const MAX_COPIED_PARTS = 100_000;

/** By name and count of arguments. */
const RECEIVER_MACROS: Readonly<Record<string, Expander>> = {
  "all:2": (offset, target, args) => all(offset, target, simpleVariable(args), args[1]!),
  "exists:2": (offset, target, args) => exists(offset, target, simpleVariable(args), args[1]!),
  "exists_one:2": (offset, target, args) => existsOne(offset, target, simpleVariable(args), args[1]!),
  "map:2": (offset, target, args) => transformList(offset, target, listVariable(args), undefined, args[1]!),
  "map:3": (offset, target, args) => transformList(offset, target, listVariable(args), args[1], args[2]!),
  "filter:2": (offset, target, args) => transformList(offset, target, listVariable(args), args[1], args[0]!),
  "all:3": (offset, target, args) => all(offset, target, twoVariables(args), args[2]!),
  "exists:3": (offset, target, args) => exists(offset, target, twoVariables(args), args[2]!),
  "exists_one:3": (offset, target, args) => existsOne(offset, target, twoVariables(args), args[2]!),
  "existsOne:3": (offset, target, args) => existsOne(offset, target, twoVariables(args), args[2]!),
  "transformList:3": (offset, target, args) => transformList(offset, target, twoVariables(args), undefined, args[2]!),
  "transformList:4": (offset, target, args) => transformList(offset, target, twoVariables(args), args[2], args[3]!),
  "transformMap:3": (offset, target, args) => transformMap(offset, target, twoVariables(args), undefined, args[2]!),
  "transformMap:4": (offset, target, args) => transformMap(offset, target, twoVariables(args), args[2], args[3]!),
  "transformMapEntry:3": (offset, target, args) => transformMapEntry(offset, target, twoVariables(args), undefined, args[2]!),
  "transformMapEntry:4": (offset, target, args) => transformMapEntry(offset, target, twoVariables(args), args[2], args[3]!),
  "sortBy:2": sortBy,
  "optMap:2": (offset, target, args, budget) => call(offset, CONDITIONAL, [
    call(offset, "hasValue", [], target), call(offset, "optional.of", [withValue("optMap", offset, target, args, budget)]), call(offset, "optional.none", []),
  ]),
  "optFlatMap:2": (offset, target, args, budget) => call(offset, CONDITIONAL, [
    call(offset, "hasValue", [], target), withValue("optFlatMap", offset, target, args, budget), call(offset, "optional.none", []),
  ]),
};

/** What a call becomes if it is a macro, else undefined. Throws a MacroError on arguments that are not what the macro takes. */
export function expandMacro(offset: number, name: string, target: Expr | undefined, args: readonly Expr[], budget: CopyBudget): Expr | undefined {
  if (target !== undefined) return RECEIVER_MACROS[`${name}:${args.length}`]?.(offset, target, args, budget);
  if (name !== "has" || args.length !== 1) return undefined;
  const [argument] = args;
  if (argument?.kind !== "select") throw new MacroError(argument!.offset, "invalid argument to has() macro");
  return { kind: "select", offset, operand: argument.operand, field: argument.field, testOnly: true };
}

interface Variables {
  readonly variable: string;
  readonly secondVariable: string | undefined;
}

function all(offset: number, range: Expr, variables: Variables, predicate: Expr): Expr {
  return fold(offset, range, variables, {
    init: literal(offset, true),
    condition: call(offset, NOT_STRICTLY_FALSE, [accu(offset)]),
    step: call(offset, AND, [accu(offset), predicate]),
  });
}

function exists(offset: number, range: Expr, variables: Variables, predicate: Expr): Expr {
  return fold(offset, range, variables, {
    init: literal(offset, false),
    condition: call(offset, NOT_STRICTLY_FALSE, [call(offset, NOT, [accu(offset)])]),
    step: call(offset, OR, [accu(offset), predicate]),
  });
}

function existsOne(offset: number, range: Expr, variables: Variables, predicate: Expr): Expr {
  return fold(offset, range, variables, {
    init: literal(offset, 0n),
    step: call(offset, CONDITIONAL, [predicate, call(offset, ADD, [accu(offset), literal(offset, 1n)]), accu(offset)]),
    result: call(offset, EQUALS, [accu(offset), literal(offset, 1n)]),
  });
}

function transformList(offset: number, range: Expr, variables: Variables, filter: Expr | undefined, transform: Expr): Expr {
  const element: Expr = { kind: "list", offset, elements: [{ value: transform, optional: false }] };
  return fold(offset, range, variables, {
    init: { kind: "list", offset, elements: [] },
    step: filtered(offset, filter, call(offset, ADD, [accu(offset), element])),
  });
}

function transformMap(offset: number, range: Expr, variables: Variables, filter: Expr | undefined, transform: Expr): Expr {
  return fold(offset, range, variables, {
    init: { kind: "map", offset, entries: [] },
    step: filtered(offset, filter, call(offset, MAP_INSERT, [accu(offset), ident(offset, variables.variable), transform])),
  });
}

function transformMapEntry(offset: number, range: Expr, variables: Variables, filter: Expr | undefined, transform: Expr): Expr {
  return fold(offset, range, variables, {
    init: { kind: "map", offset, entries: [] },
    step: filtered(offset, filter, call(offset, MAP_INSERT, [accu(offset), transform])),
  });
}

/** Sorts by keys: `input.@sortByAssociatedKeys(input.map(variable, key))`, with the target as `input`. */
function sortBy(offset: number, target: Expr, args: readonly Expr[]): Expr {
  if (target.kind === "literal" || target.kind === "map" || target.kind === "struct") {
    throw new MacroError(target.offset, "sortBy can only be applied to a list, identifier, comprehension, call or select expression");
  }
  const input = "@__sortBy_input__";
  const keys = transformList(offset, ident(offset, input), listVariable(args), undefined, args[1]!);
  return bound(offset, input, target, call(offset, "@sortByAssociatedKeys", [keys], ident(offset, input)));
}

/** An expression with the value of an optional target as a variable. */
function withValue(macro: string, offset: number, target: Expr, args: readonly Expr[], budget: CopyBudget): Expr {
  const [variable, expression] = args as [Expr, Expr];
  const accumulator = name(variable, `${macro}() variable name must be a simple identifier`);
  budget.left -= partCount(target);
  if (budget.left < 0) throw new MacroError(offset, `macros copy more than ${MAX_COPIED_PARTS} parts of the expression`);
  return bound(offset, accumulator, call(offset, "value", [], copied(target)), expression);
}

/** An expression with a variable: a fold over nothing, whose accumulator is the variable. */
function bound(offset: number, variable: string, value: Expr, expression: Expr): Expr {
  return {
    kind: "comprehension", offset, range: { kind: "list", offset, elements: [] }, variable: "#unused", secondVariable: undefined,
    accu: variable, init: value, condition: literal(offset, false), step: ident(offset, variable), result: expression,
  };
}

function fold(offset: number, range: Expr, variables: Variables, parts: { init: Expr; condition?: Expr; step: Expr; result?: Expr }): Expr {
  return {
    kind: "comprehension", offset, range, ...variables, accu: ACCUMULATOR, init: parts.init,
    condition: parts.condition ?? literal(offset, true), step: parts.step, result: parts.result ?? accu(offset),
  };
}

function filtered(offset: number, filter: Expr | undefined, step: Expr): Expr {
  return filter === undefined ? step : call(offset, CONDITIONAL, [filter, step, accu(offset)]);
}

function accu(offset: number): Expr {
  return ident(offset, ACCUMULATOR);
}

function simpleVariable(args: readonly Expr[]): Variables {
  return { variable: unreserved(args[0]!, "argument must be a simple name"), secondVariable: undefined };
}

function listVariable(args: readonly Expr[]): Variables {
  return { variable: unreserved(args[0]!, "argument is not an identifier"), secondVariable: undefined };
}

function twoVariables(args: readonly Expr[]): Variables {
  const [first, second] = args as [Expr, Expr];
  const variable = name(first, "argument must be a simple name");
  const secondVariable = name(second, "argument must be a simple name");
  if (variable === secondVariable) throw new MacroError(second.offset, `duplicate variable name: ${variable}`);
  for (const argument of [first, second]) unreserved(argument, "argument must be a simple name");
  return { variable, secondVariable };
}

function unreserved(argument: Expr, otherwise: string): string {
  const variable = name(argument, otherwise);
  if (RESERVED.has(variable)) throw new MacroError(argument.offset, "iteration variable overwrites accumulator variable");
  return variable;
}

function name(argument: Expr, otherwise: string): string {
  if (argument.kind !== "ident") throw new MacroError(argument.offset, otherwise);
  return argument.name;
}
