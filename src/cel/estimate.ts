/**
 * How much an expression can cost, before there is data.
 * @see https://github.com/google/cel-go/blob/master/checker/cost.go
 */
import type { Call, Comprehension, Expr } from "./ast.ts";
import { exactly, plus, times, union, UNBOUNDED, UNKNOWN, type Bounds } from "./bounds.ts";
import type { CheckedExpr, Reference } from "./checker.ts";
import { LIST_CREATE_COST, MAP_CREATE_COST, SELECT_COST, STRUCT_CREATE_COST } from "./cost.ts";
import { eitherSize, estimateCall, type Operand } from "./library/estimates.ts";
import { ACCUMULATOR } from "./macros.ts";
import { AND, CONDITIONAL, OPTIONAL_SELECT, OR } from "./operators.ts";
import { codePointCount } from "./source.ts";
import { DYN, type CelType } from "./types.ts";
import { CelBytes } from "./values.ts";

/**
 * How large the value at a path can be, such as `["self", "items", "@items", "name"]`; a map's keys and values are
 * `@keys` and `@values`. Undefined where not known.
 */
export type SizeEstimator = (path: readonly string[]) => SizeEstimate | undefined;

/** Characters, bytes, items or entries. */
export type SizeEstimate = Bounds;

/** The least and most an expression costs. */
export function estimateCost(checked: CheckedExpr, sizes: SizeEstimator): Bounds {
  return new Estimator(checked, sizes).cost(checked.expr);
}

/** The sizes of a list's elements, or of a map's keys and values. */
interface EntrySizes {
  readonly container: "list" | "map";
  readonly key: Bounds;
  readonly value: Bounds;
}

interface Local {
  readonly path: readonly string[];
  readonly size: Bounds | undefined;
  readonly entries: EntrySizes | undefined;
}

class Estimator {
  readonly #checked: CheckedExpr;
  readonly #estimator: SizeEstimator;
  readonly #paths = new Map<Expr, readonly string[]>();
  readonly #sizes = new Map<Expr, Bounds>();
  readonly #entries = new Map<Expr, EntrySizes>();
  readonly #locals = new Map<string, Local[]>();

  constructor(checked: CheckedExpr, estimator: SizeEstimator) {
    this.#checked = checked;
    this.#estimator = estimator;
  }

  cost(expr: Expr): Bounds {
    switch (expr.kind) {
      case "literal":
        return exactly(0);
      case "ident":
        this.#paths.set(expr, this.#local(expr.name)?.path ?? [expr.name]);
        return exactly(SELECT_COST);
      case "select":
        return this.#select(expr);
      case "call":
        return this.#call(expr);
      case "list":
        return this.#list(expr);
      case "map":
        return this.#map(expr);
      case "struct":
        return plus(...expr.fields.map(({ value }) => this.cost(value)), exactly(STRUCT_CREATE_COST));
      case "comprehension":
        return isBinding(expr) ? this.#binding(expr) : this.#comprehension(expr);
    }
  }

  #type(expr: Expr): CelType {
    return this.#checked.types.get(expr) ?? DYN;
  }

  #select(expr: Extract<Expr, { kind: "select" }>): Bounds {
    const reference = this.#checked.references.get(expr);
    if (reference?.kind === "ident") {
      this.#paths.set(expr, [reference.name]);
      return exactly(SELECT_COST);
    }
    const operand = this.cost(expr.operand);
    if (expr.testOnly) return operand;
    this.#paths.set(expr, [...this.#path(expr.operand), expr.field]);
    const { kind } = this.#type(expr.operand);
    return kind === "map" || kind === "object" || kind === "parameter" ? plus(operand, exactly(SELECT_COST)) : operand;
  }

  #call(expr: Call): Bounds {
    if (expr.name === "dyn" && expr.args.length === 1) return this.#dyn(expr, expr.args[0]!);
    const costs = expr.args.map((arg) => this.cost(arg));
    const args = expr.args.map((arg) => this.#operand(arg));
    if (expr.name === OPTIONAL_SELECT) return plus(exactly(1), ...costs);
    const reference = this.#checked.references.get(expr) as Extract<Reference, { kind: "function" }> | undefined;
    if (reference === undefined) return exactly(0);
    const target = reference.receiver ? expr.target : undefined;
    const targetCost = target ? this.cost(target) : exactly(0);
    const targetOperand = target && this.#operand(target);
    let cost: Bounds = { min: UNBOUNDED, max: 0 };
    let size: Bounds | undefined;
    for (const { id } of reference.overloads) {
      const estimate = this.#special(expr, args, costs) ?? this.#ordinary(reference.declaration.name, id, targetOperand, args, costs);
      cost = union(cost, estimate.cost);
      if (estimate.size) size = size ? union(size, estimate.size) : estimate.size;
      if (id === "add_string" || id === "add_bytes" || id === "add_list") this.#joinEntries(expr, expr.args);
      if (id === "index_list" || id === "index_map") {
        size = this.#entrySizes(expr.args[0]!)?.value;
        this.#paths.set(expr, [...this.#path(expr.args[0]!), id === "index_list" ? "@items" : "@values"]);
      }
      size ??= this.#size(expr);
    }
    if (size) this.#sizes.set(expr, size);
    return plus(targetCost, cost);
  }

  #dyn(expr: Expr, arg: Expr): Bounds {
    const cost = this.cost(arg);
    this.#copySizes(expr, arg);
    return plus(exactly(1), cost);
  }

  /** Operators that don't evaluate all of their operands. */
  #special(expr: Call, args: readonly Operand[], costs: readonly Bounds[]): { cost: Bounds; size?: Bounds } | undefined {
    if (expr.name === AND || expr.name === OR) return { cost: { min: costs[0]!.min, max: plus(costs[0]!, costs[1]!).max } };
    if (expr.name !== CONDITIONAL) return undefined;
    this.#joinEntries(expr, expr.args.slice(1));
    return { cost: plus(costs[0]!, union(costs[1]!, costs[2]!)), size: eitherSize(args[1]!, args[2]!) };
  }

  #ordinary(name: string, overloadId: string, target: Operand | undefined, args: readonly Operand[], costs: readonly Bounds[]): { cost: Bounds; size?: Bounds } {
    const { cost, size } = estimateCall(name, overloadId, target, args, ({ size: known, path }) => known ?? (path && path.length > 0 ? this.#estimator(path) : undefined) ?? UNKNOWN);
    return { cost: plus(cost, ...costs), ...(size && { size }) };
  }

  #joinEntries(expr: Expr, [left, right]: readonly Expr[]): void {
    const [a, b] = [this.#entrySizes(left!), this.#entrySizes(right!)];
    if (a && b) this.#entries.set(expr, { container: a.container, key: union(a.key, b.key), value: union(a.value, b.value) });
  }

  #list(expr: Extract<Expr, { kind: "list" }>): Bounds {
    const costs = expr.elements.map(({ value }) => this.cost(value));
    this.#entries.set(expr, { container: "list", key: exactly(1), value: this.#unionOf(expr.elements.map(({ value }) => value)) });
    return plus(...costs, exactly(LIST_CREATE_COST));
  }

  #map(expr: Extract<Expr, { kind: "map" }>): Bounds {
    const costs = expr.entries.flatMap(({ key, value }) => [this.cost(key), this.cost(value)]);
    this.#entries.set(expr, {
      container: "map", key: this.#unionOf(expr.entries.map(({ key }) => key)), value: this.#unionOf(expr.entries.map(({ value }) => value)),
    });
    return plus(...costs, exactly(MAP_CREATE_COST));
  }

  #unionOf(exprs: readonly Expr[]): Bounds {
    if (exprs.length === 0) return exactly(0);
    return exprs.map((expr) => this.#sizeOrUnknown(expr)).reduce(union);
  }

  #comprehension(expr: Comprehension): Bounds {
    const before = plus(this.cost(expr.range), this.cost(expr.init));
    this.#push(expr.accu, this.#asLocal(expr.init));
    const variables = expr.secondVariable === undefined
      ? [[expr.variable, this.#iterated(expr.range, "single")] as const]
      : [[expr.variable, this.#iterated(expr.range, "key")] as const, [expr.secondVariable, this.#iterated(expr.range, "value")] as const];
    for (const [name, local] of variables) this.#push(name, local);
    const round = plus(this.cost(expr.condition), this.cost(expr.step));
    for (const [name] of variables) this.#pop(name);
    const result = this.cost(expr.result);
    this.#pop(expr.accu);
    const rounds = this.#sizeOrUnknown(expr.range);
    if (expr.init.kind === "literal") this.#setSize(expr, this.#size(expr.init));
    if (expr.init.kind === "list" || expr.init.kind === "map") {
      this.#sizes.set(expr, rounds);
      const entries = this.#entrySizes(expr.step);
      if (entries) this.#entries.set(expr, entries);
    }
    return plus(before, result, times(rounds, round));
  }

  /** A fold over nothing, which gives an expression a variable. */
  #binding(expr: Comprehension): Bounds {
    const before = plus(this.cost(expr.range), this.cost(expr.init));
    this.#push(expr.accu, this.#asLocal(expr.init));
    const result = this.cost(expr.result);
    this.#pop(expr.accu);
    this.#copySizes(expr, expr.result);
    return plus(before, result);
  }

  #iterated(range: Expr, what: "single" | "key" | "value"): Local {
    const entries = this.#entrySizes(range);
    const isList = (entries?.container ?? this.#type(range).kind) === "list";
    const asValue = what === "value" || (what === "single" && isList);
    const step = asValue ? (isList ? "@items" : "@values") : isList ? "@indices" : "@keys";
    return { path: [...this.#path(range), step], size: asValue ? entries?.value : entries?.key, entries: undefined };
  }

  #asLocal(expr: Expr): Local {
    return { path: this.#path(expr), size: this.#size(expr), entries: this.#entrySizes(expr) };
  }

  #push(name: string, local: Local): void {
    this.#locals.set(name, [...(this.#locals.get(name) ?? []), local]);
  }

  #pop(name: string): void {
    this.#locals.set(name, this.#locals.get(name)!.slice(0, -1));
  }

  #local(name: string): Local | undefined {
    return this.#locals.get(name)?.at(-1);
  }

  #path(expr: Expr): readonly string[] {
    const local = expr.kind === "ident" ? this.#local(expr.name) : undefined;
    return local?.path ?? this.#paths.get(expr) ?? [];
  }

  #operand(expr: Expr): Operand {
    const path = this.#path(expr);
    return { expr, type: this.#type(expr), size: this.#size(expr), path: path[0] === ACCUMULATOR ? undefined : path };
  }

  #setSize(expr: Expr, size: Bounds | undefined): void {
    if (size) this.#sizes.set(expr, size);
  }

  #copySizes(to: Expr, from: Expr): void {
    this.#setSize(to, this.#size(from));
    const entries = this.#entrySizes(from);
    if (entries) this.#entries.set(to, entries);
  }

  #sizeOrUnknown(expr: Expr): Bounds {
    return this.#size(expr) ?? UNKNOWN;
  }

  #size(expr: Expr): Bounds | undefined {
    const computed = this.#sizes.get(expr) ?? literalSize(expr);
    if (computed) return computed;
    const path = this.#path(expr);
    const estimated = path.length > 0 ? this.#estimator(path) : undefined;
    if (estimated) {
      this.#sizes.set(expr, estimated);
      return estimated;
    }
    if (isScalar(this.#type(expr))) return exactly(1);
    return expr.kind === "ident" ? this.#local(expr.name)?.size : undefined;
  }

  #entrySizes(expr: Expr): EntrySizes | undefined {
    return this.#entries.get(expr) ?? (expr.kind === "ident" ? this.#local(expr.name)?.entries : undefined);
  }
}

function isBinding(expr: Comprehension): boolean {
  return expr.range.kind === "list" && expr.range.elements.length === 0 && expr.condition.kind === "literal" && expr.condition.value === false;
}

function literalSize(expr: Expr): Bounds | undefined {
  switch (expr.kind) {
    case "literal":
      return exactly(typeof expr.value === "string" ? codePointCount(expr.value) : expr.value instanceof CelBytes ? expr.value.bytes.length : 1);
    case "list":
      return exactly(expr.elements.length);
    case "map":
      return exactly(expr.entries.length);
    case "ident":
    case "select":
    case "call":
    case "struct":
    case "comprehension":
      return undefined;
  }
}

function isScalar(type: CelType): boolean {
  if (type.kind === "optional") return isScalar(type.element);
  return type.kind === "simple" && ["bool", "double", "duration", "int", "timestamp", "uint"].includes(type.name);
}

