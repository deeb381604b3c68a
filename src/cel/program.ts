import { adapt, toPlain } from "./adapt.ts";
import { check, type CheckedExpr, type Declarations } from "./checker.ts";
import { CostLimitExceeded, CostMeter } from "./cost.ts";
import { CelEvaluationError } from "./errors.ts";
import { estimateCost, type SizeEstimator } from "./estimate.ts";
import type { Evaluate, Frame } from "./frame.ts";
import { plan } from "./interpreter.ts";
import { FUNCTIONS, PATCH_FUNCTIONS } from "./library/index.ts";
import { PER_CALL_LIMIT } from "./limits.ts";
import { parse } from "./parser.ts";
import { LiteralRegexes, type Regex } from "./regex.ts";
import { Problems } from "./source.ts";
import { patchType } from "./structs.ts";
import {
  BOOL, BYTES, DOUBLE, DURATION, DYN, INT, NULL, STRING, TIMESTAMP, TYPE, UINT, listOf, mapOf, opaqueType, optionalOf, typeParameter, type CelType, type SimpleTypeName,
} from "./types.ts";
import { validate } from "./validators.ts";
import { CelError, CelOptional, type CelValue, type Result } from "./values.ts";

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

/** A compiled expression. It holds no state: evaluations don't see each other. */
export interface CelProgram {
  readonly expression: string;
  /** A type without parameters is one of the constants: `resultType === BOOL`. */
  readonly resultType: CelType;
  /** The declared variables it refers to. */
  readonly references: ReadonlySet<string>;
  /**
   * Evaluates it. Bindings are plain JSON values, read as their declared type and only where the expression looks, or
   * CelValues (of an earlier evaluation, an AuthorizerValue) or LazyFields. A variable without a binding is an error
   * where it's read; an optional one is empty. Throws a CelEvaluationError. What it may cost is `costLimit` units, by
   * default PER_CALL_LIMIT.
   */
  evaluate(bindings: Readonly<Record<string, unknown>>, options?: { costLimit?: number }): CelResult;
  /** The least and most it can cost, in the same units; by default with the sizes of the declared types. */
  estimateCost(sizes?: SizeEstimator): { min: number; max: number };
}

/** What an expression came to, and at what cost. */
export interface CelResult {
  /**
   * As plain JSON: ints, uints and doubles are numbers, timestamps, durations and bytes their JSON strings, an empty
   * optional is null. Throws an Error for a value without a JSON form, such as a quantity.
   */
  readonly value: unknown;
  /** As CEL sees it: to bind in another expression, or to tell an int from a double. */
  readonly celValue: CelValue;
  readonly cost: number;
}

/** Parses and checks an expression. Throws a CelCompileError. */
export function compile(expression: string, environment: CelEnvironment): CelProgram {
  const problems = new Problems(expression);
  const checked = check(parse(expression), declarations(environment), problems);
  problems.throwIfAny();
  const regexes = new LiteralRegexes();
  validate(checked, regexes, problems);
  problems.throwIfAny();
  return new Program(expression, environment, checked, plan(checked, regexes), regexes.compiled);
}

/** The names of types, as expressions write them. */
const TYPE_NAMES: ReadonlyMap<string, CelType> = new Map<string, CelType>([
  ["bool", BOOL], ["bytes", BYTES], ["double", DOUBLE], ["int", INT], ["uint", UINT], ["string", STRING], ["null_type", NULL], ["type", TYPE],
  ["list", listOf(typeParameter("A"))], ["map", mapOf(typeParameter("A"), typeParameter("B"))], ["optional_type", optionalOf(typeParameter("V"))],
  ["google.protobuf.Timestamp", TIMESTAMP], ["google.protobuf.Duration", DURATION], ["net.IP", opaqueType("net.IP")], ["net.CIDR", opaqueType("net.CIDR")],
]);

function declarations({ variables, patchTypes = false }: CelEnvironment): Declarations {
  const structType = (name: string): CelType | undefined => (patchTypes ? patchType(name) : undefined);
  return {
    variable: (name) => (Object.hasOwn(variables, name) ? variables[name] : undefined),
    typeNamed: (name) => TYPE_NAMES.get(name) ?? structType(name),
    function: (name) => (patchTypes ? PATCH_FUNCTIONS : FUNCTIONS).get(name),
    structType,
  };
}

class Program implements CelProgram {
  readonly expression: string;
  readonly resultType: CelType;
  readonly references: ReadonlySet<string>;
  readonly #environment: CelEnvironment;
  readonly #checked: CheckedExpr;
  readonly #run: Evaluate;
  readonly #regexes: ReadonlyMap<string, Regex>;

  constructor(expression: string, environment: CelEnvironment, checked: CheckedExpr, run: Evaluate, regexes: ReadonlyMap<string, Regex>) {
    this.expression = expression;
    this.#environment = environment;
    this.#checked = checked;
    this.#run = run;
    this.#regexes = regexes;
    this.resultType = withoutBounds(checked.types.get(checked.expr)!);
    this.references = new Set([...checked.references.values()].flatMap((reference) => (reference.kind === "ident" && reference.to === "variable" ? [reference.name.replace(/^\./, "")] : [])));
  }

  evaluate(bindings: Readonly<Record<string, unknown>>, { costLimit = PER_CALL_LIMIT }: { costLimit?: number } = {}): CelResult {
    const meter = new CostMeter(costLimit, this.#regexes);
    const value = this.#evaluateIn(new RootFrame(meter, this.#environment, bindings));
    if (value instanceof CelError) throw new CelEvaluationError(value.message, meter.cost);
    return new Evaluated(value, meter.cost);
  }

  #evaluateIn(frame: RootFrame): Result {
    try {
      return this.#run(frame);
    } catch (error) {
      if (error instanceof CostLimitExceeded) throw new CelEvaluationError(error.message, frame.meter.cost, true);
      // Data nested deeper than the stack.
      if (error instanceof RangeError) throw new CelEvaluationError(`operation cancelled: ${error.message}`, frame.meter.cost, true);
      throw error;
    }
  }

  estimateCost(sizes: SizeEstimator = declaredSizes(this.#environment)): { min: number; max: number } {
    return estimateCost(this.#checked, sizes);
  }
}

class Evaluated implements CelResult {
  readonly celValue: CelValue;
  readonly cost: number;

  constructor(celValue: CelValue, cost: number) {
    this.celValue = celValue;
    this.cost = cost;
  }

  get value(): unknown {
    return toPlain(this.celValue);
  }
}

/** The bindings, read once. */
class RootFrame implements Frame {
  readonly meter: CostMeter;
  readonly #environment: CelEnvironment;
  readonly #bindings: Readonly<Record<string, unknown>>;
  readonly #values = new Map<string, Result>();

  constructor(meter: CostMeter, environment: CelEnvironment, bindings: Readonly<Record<string, unknown>>) {
    this.meter = meter;
    this.#environment = environment;
    this.#bindings = bindings;
  }

  get root(): Frame {
    return this;
  }

  lookup(name: string): Result | undefined {
    const known = this.#values.get(name);
    if (known !== undefined) return known;
    const type = this.#environment.variables[name]!;
    const binding = Object.hasOwn(this.#bindings, name) ? this.#bindings[name] : undefined;
    if (binding === undefined) return type.kind === "optional" ? CelOptional.NONE : undefined;
    const value = adapt(binding, type);
    this.#values.set(name, value);
    return value;
  }
}

const SIMPLE_TYPES: Readonly<Partial<Record<SimpleTypeName, CelType>>> = {
  int: INT, uint: UINT, double: DOUBLE, bool: BOOL, string: STRING, bytes: BYTES, null_type: NULL, timestamp: TIMESTAMP, duration: DURATION, dyn: DYN,
};

/** The bounds of a variable are not those of a result. */
function withoutBounds(type: CelType): CelType {
  return type.kind === "simple" ? (SIMPLE_TYPES[type.name] ?? type) : type;
}

/**
 * The sizes that the declared types of the variables bound. As upstream's, it looks in `self` for what comes of no
 * variable: with the items of `(has(self.a) ? self.a : [])` it takes itself to be at `self`, and rules count on that.
 */
function declaredSizes({ variables }: CelEnvironment): SizeEstimator {
  return ([variable, ...path]) => {
    let type: CelType | undefined = Object.hasOwn(variables, variable!) ? variables[variable!] : variables["self"];
    if (type?.kind === "optional") type = type.element;
    for (const step of path) type = type && part(type, step);
    return type?.maxElements === undefined ? undefined : { min: 0, max: type.maxElements };
  };
}

function part(type: CelType, step: string): CelType | undefined {
  switch (type.kind) {
    case "list":
      return step === "@items" ? type.element : undefined;
    case "map":
      return step === "@keys" ? type.key : step === "@values" ? type.value : undefined;
    case "object":
      return type.field(step);
    case "simple":
    case "optional":
    case "type":
    case "opaque":
    case "parameter":
      return undefined;
  }
}
