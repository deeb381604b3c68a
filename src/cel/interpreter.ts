/**
 * Turns a checked expression into functions that evaluate it, charging for each step what cel-go does.
 * @see https://github.com/google/cel-go/blob/master/interpreter/planner.go
 */
import type { Call, Comprehension, Expr } from "./ast.ts";
import { planCall } from "./calls.ts";
import { chained, relative, variable, type Chain, type Plan, type Qualifier } from "./chain.ts";
import type { CheckedExpr, Reference } from "./checker.ts";
import { CostMeter, LIST_CREATE_COST, MAP_CREATE_COST, SELECT_COST, STRUCT_CREATE_COST } from "./cost.ts";
import { CelCompileError } from "./errors.ts";
import { Fold, mapInsert } from "./fold.ts";
import type { Evaluate, Frame } from "./frame.ts";
import { showValue } from "./library/show.ts";
import { constantMembership } from "./membership.ts";
import { AND, CONDITIONAL, INDEX, MAP_INSERT, NOT_STRICTLY_FALSE, OPTIONAL_INDEX, OPTIONAL_SELECT, OR } from "./operators.ts";
import type { LiteralRegexes } from "./regex.ts";
import { construct } from "./structs.ts";
import { CelArray, CelEntries, CelError, CelList, CelMap, CelOptional, CelTypeValue, goTypeNameOf, isMapKey, NO_SUCH_OVERLOAD, type CelValue, type Result } from "./values.ts";

/** Plans an expression. Throws a CelCompileError for what is known now to fail, such as `int("x")`. */
export function plan(checked: CheckedExpr, regexes: LiteralRegexes): Evaluate {
  return new Planner(checked, regexes).plan(checked.expr).evaluate;
}

const CONVERSIONS = new Set(["bool", "bytes", "double", "duration", "dyn", "int", "string", "timestamp", "type", "uint"]);

class Planner {
  readonly #checked: CheckedExpr;
  readonly #regexes: LiteralRegexes;

  constructor(checked: CheckedExpr, regexes: LiteralRegexes) {
    this.#checked = checked;
    this.#regexes = regexes;
  }

  plan(expr: Expr): Plan {
    switch (expr.kind) {
      case "literal":
        return constant(expr.value);
      case "ident":
      case "select":
        return this.#name(expr);
      case "call":
        return this.#call(expr);
      case "list":
        return this.#list(expr);
      case "map":
        return this.#map(expr);
      case "struct":
        return this.#struct(expr);
      case "comprehension":
        return { evaluate: this.#comprehension(expr) };
    }
  }

  #name(expr: Extract<Expr, { kind: "ident" | "select" }>): Plan {
    const reference = this.#checked.references.get(expr);
    if (reference?.kind === "ident") {
      return reference.to === "type" ? constant(new CelTypeValue(reference.name)) : chained({ resolve: variable(reference.name), qualifiers: [], headCost: SELECT_COST });
    }
    if (expr.kind === "ident") throw new Error(`unchecked identifier ${expr.name}`);
    return this.#qualified(expr.operand, { optional: false, testOnly: expr.testOnly, key: () => expr.field });
  }

  #qualified(operand: Expr, qualifier: Qualifier): Plan {
    const { chain, evaluate } = this.plan(operand);
    const { resolve, qualifiers, headCost } = chain ?? { resolve: relative(evaluate), qualifiers: [], headCost: SELECT_COST };
    return chained({ resolve, qualifiers: [...qualifiers, qualifier], headCost });
  }

  #call(expr: Call): Plan {
    switch (expr.name) {
      case OPTIONAL_SELECT: {
        const field = expr.args[1]!;
        return this.#qualified(expr.args[0]!, { optional: true, testOnly: false, key: () => (field.kind === "literal" ? field.value : null) });
      }
      case INDEX:
      case OPTIONAL_INDEX:
        return this.#qualified(expr.args[0]!, { optional: expr.name === OPTIONAL_INDEX, testOnly: false, key: this.#key(expr.args[1]!) });
      case CONDITIONAL:
        return this.#conditional(expr);
      case AND:
        return { evaluate: logical(expr.args.map((arg) => this.plan(arg).evaluate), false) };
      case OR:
        return { evaluate: logical(expr.args.map((arg) => this.plan(arg).evaluate), true) };
      case NOT_STRICTLY_FALSE:
        return { evaluate: notStrictlyFalse(this.plan(expr.args[0]!).evaluate) };
      case MAP_INSERT:
        return { evaluate: mapInsert(expr.args.map((arg) => this.plan(arg).evaluate)) };
      default:
        return this.#function(expr);
    }
  }

  /** An index that is itself a chain is resolved without the charge for its head. */
  #key(expr: Expr): Evaluate {
    const { chain, evaluate } = this.plan(expr);
    return chain ? (frame) => chain.resolve(frame, chain.qualifiers) : evaluate;
  }

  #conditional(expr: Call): Plan {
    const [condition, whenTrue, whenFalse] = expr.args.map((arg) => this.plan(arg)) as [Plan, Plan, Plan];
    const branch = ({ chain, evaluate }: Plan): Chain => chain ?? { resolve: relative(evaluate), qualifiers: [], headCost: 0 };
    const [yes, no] = [branch(whenTrue), branch(whenFalse)];
    // Qualifiers go to the branch that is taken.
    const resolve = (frame: Frame, qualifiers: readonly Qualifier[]): Result => {
      const chosen = condition.evaluate(frame);
      if (chosen === true) return yes.resolve(frame, [...yes.qualifiers, ...qualifiers]);
      if (chosen === false) return no.resolve(frame, [...no.qualifiers, ...qualifiers]);
      return chosen instanceof CelError ? chosen : NO_SUCH_OVERLOAD;
    };
    return chained({ resolve, qualifiers: [], headCost: 0 });
  }

  #function(expr: Call): Plan {
    const reference = this.#checked.references.get(expr) as Extract<Reference, { kind: "function" }>;
    const args = (reference.receiver ? [expr.target!, ...expr.args] : expr.args).map((arg) => this.plan(arg));
    const evaluates = args.map(({ evaluate }) => evaluate);
    const { name } = reference.declaration;
    if (name === "or" || name === "orValue") return { evaluate: optionalOr(evaluates, name === "orValue") };
    const constants = args.map((arg) => arg.constant);
    const literalPattern = this.#compileRegex(name, constants[1]);
    const overloadId = reference.overloads.length === 1 ? reference.overloads[0]!.id : undefined;
    if (overloadId === "in_list" && constants[1] instanceof CelList) {
      const membership = constantMembership(evaluates[0]!, constants[1]);
      if (membership) return { evaluate: membership };
    }
    const evaluate = planCall(reference, overloadId, evaluates, literalPattern);
    return CONVERSIONS.has(name) && constants.length === 1 && constants[0] !== undefined ? folded(evaluate) : { evaluate };
  }

  /** The pattern of a literal is compiled once; one that isn't valid fails the program. */
  #compileRegex(name: string, pattern: CelValue | undefined): boolean {
    if (!["matches", "find", "findAll"].includes(name) || typeof pattern !== "string") return false;
    try {
      this.#regexes.compile(pattern);
      return true;
    } catch (error) {
      throw new CelCompileError((error as Error).message, "program instantiation failed");
    }
  }

  #list(expr: Extract<Expr, { kind: "list" }>): Plan {
    const elements = expr.elements.map(({ value, optional }) => ({ plan: this.plan(value), optional }));
    const evaluate: Evaluate = (frame) => {
      const values: CelValue[] = [];
      const error = fill();
      frame.meter.charge(LIST_CREATE_COST);
      return error ?? new CelArray(values);

      function fill(): CelError | undefined {
        for (const { plan: element, optional } of elements) {
          const value = element.evaluate(frame);
          if (value instanceof CelError) return value;
          if (!optional) values.push(value);
          else if (!(value instanceof CelOptional)) return new CelError(`cannot initialize optional list element from non-optional value ${showValue(value)}`);
          else if (value.value !== undefined) values.push(value.value);
        }
        return undefined;
      }
    };
    const constants = elements.map(({ plan: { constant: value } }) => value);
    return constants.every((value) => value !== undefined) && elements.every(({ optional }) => !optional) ? constant(new CelArray(constants)) : { evaluate };
  }

  #map(expr: Extract<Expr, { kind: "map" }>): Plan {
    const entries = expr.entries.map(({ key, value, optional }) => ({ key: this.plan(key), value: this.plan(value), optional }));
    const build = (frame: Frame): Result => {
      const map = new CelEntries();
      for (const entry of entries) {
        const key = entry.key.evaluate(frame);
        if (key instanceof CelError) return key;
        const value = entry.value.evaluate(frame);
        if (value instanceof CelError) return value;
        if (!isMapKey(key)) return new CelError(`unsupported key type: ${showValue(key)}`);
        if (!entry.optional) map.set(key, value);
        else if (!(value instanceof CelOptional)) return new CelError(`cannot initialize optional entry '${showValue(key)}' from non-optional value ${showValue(value)}`);
        else if (value.value === undefined) map.delete(key);
        else map.set(key, value.value);
      }
      return map;
    };
    const isConstant = entries.every(({ key, value, optional }) => key.constant !== undefined && value.constant !== undefined && !optional);
    if (isConstant) return constantResult(build(noFrame()));
    return {
      evaluate: (frame) => {
        const map = build(frame);
        frame.meter.charge(MAP_CREATE_COST);
        return map;
      },
    };
  }

  #struct(expr: Extract<Expr, { kind: "struct" }>): Plan {
    const fields = expr.fields.map(({ name, value, optional }) => ({ name, evaluate: this.plan(value).evaluate, optional }));
    const typeName = expr.typeName.replace(/^\./, "");
    const build = (frame: Frame): Result => {
      const values = new Map<string, CelValue>();
      for (const { name, evaluate, optional } of fields) {
        const value = evaluate(frame);
        if (value instanceof CelError) return value;
        if (!optional) values.set(name, value);
        else if (!(value instanceof CelOptional)) return new CelError(`cannot initialize optional entry '${name}' from non-optional value ${showValue(value)}`);
        else if (value.value === undefined) values.delete(name);
        else values.set(name, value.value);
      }
      return construct(typeName, values);
    };
    return {
      evaluate: (frame) => {
        const built = build(frame);
        frame.meter.charge(STRUCT_CREATE_COST);
        return built;
      },
    };
  }

  #comprehension(expr: Comprehension): Evaluate {
    const [range, init, condition, step, result] = [expr.range, expr.init, expr.condition, expr.step, expr.result].map((part) => this.plan(part).evaluate) as [Evaluate, Evaluate, Evaluate, Evaluate, Evaluate];
    return (outer) => {
      const elements = range(outer);
      if (elements instanceof CelError) return elements;
      const fold = new Fold(expr, outer, init);
      if (!(elements instanceof CelList) && !(elements instanceof CelMap)) return notIterable(elements, expr.secondVariable !== undefined);
      const two = expr.secondVariable !== undefined;
      if (elements instanceof CelList) {
        for (let index = 0; index < elements.size; index++) {
          const element = elements.at(index);
          if (!(two ? fold.next(condition, step, BigInt(index), element) : fold.next(condition, step, element, undefined))) break;
        }
      } else {
        for (const key of elements.keys()) {
          if (!fold.next(condition, step, key, two ? (elements.find(key) ?? null) : undefined)) break;
        }
      }
      return fold.result(result);
    };
  }
}

function notIterable(value: CelValue, two: boolean): CelError {
  return new CelError(two ? `unsupported comprehension range type: ${goTypeNameOf(value)}` : `got '${goTypeNameOf(value)}', expected iterable type`);
}

function constant(value: CelValue): Plan {
  return { evaluate: () => value, constant: value };
}

function constantResult(value: Result): Plan {
  return value instanceof CelError ? { evaluate: () => value } : constant(value);
}

/** For what is evaluated before there are bindings, and costs nothing later. */
function noFrame(): Frame {
  const frame = { meter: new CostMeter(Number.POSITIVE_INFINITY), lookup: () => undefined };
  return { ...frame, root: { ...frame, root: undefined as never } };
}

/** A conversion of a literal is done once; one that fails fails the program. */
function folded(evaluate: Evaluate): Plan {
  const value = evaluate(noFrame());
  if (value instanceof CelError) throw new CelCompileError(value.message, "program instantiation failed");
  return constant(value);
}

/** `&&` and `||`: the one value that decides does so whatever the other side is, an error too. */
function logical(terms: readonly Evaluate[], decisive: boolean): Evaluate {
  return (frame) => {
    let error: CelError | undefined;
    for (const term of terms) {
      const value = term(frame);
      if (value === decisive) return decisive;
      if (typeof value !== "boolean") error ??= value instanceof CelError ? value : NO_SUCH_OVERLOAD;
    }
    return error ?? !decisive;
  };
}

function notStrictlyFalse(term: Evaluate): Evaluate {
  return (frame) => {
    const value = term(frame);
    frame.meter.charge(1);
    return value !== false;
  };
}

function optionalOr([left, right]: readonly Evaluate[], orValue: boolean): Evaluate {
  return (frame) => {
    const value = left!(frame);
    if (value instanceof CelError) return value;
    if (!(value instanceof CelOptional)) return NO_SUCH_OVERLOAD;
    if (value.value === undefined) return right!(frame);
    return orValue ? value.value : value;
  };
}

