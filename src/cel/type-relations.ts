/** What the checker, and the dispatch of overloads, asks of types. */
import { DYN, optionalOf, typeOf, type CelType, type TypeParameter } from "./types.ts";
import { CelBytes, CelDouble, CelDuration, CelError, CelList, CelMap, CelOpaque, CelOptional, CelStruct, CelTimestamp, CelTypeValue, CelUint, type CelValue, type Result } from "./values.ts";

const SHORT_NAMES: Readonly<Record<string, string>> = { error: "!error!", null_type: "null" };
const FULL_NAMES: Readonly<Record<string, string>> = { timestamp: "google.protobuf.Timestamp", duration: "google.protobuf.Duration" };

/** A type as the checker's messages show it: `list(int)`, `map(string, timestamp)`, `null`. */
export function formatType(type: CelType): string {
  return withNames(type, SHORT_NAMES);
}

/** A type by its full name, as Kubernetes shows an expression's: `list(google.protobuf.Timestamp)`, `null_type`. */
export function typeText(type: CelType): string {
  return withNames(type, FULL_NAMES);
}

function withNames(type: CelType, names: Readonly<Record<string, string>>): string {
  if ("name" in type) return type.kind === "simple" ? (names[type.name] ?? type.name) : type.name;
  const constructor = type.kind === "optional" ? "optional_type" : type.kind;
  const parameters = parametersOf(type).map((parameter) => withNames(parameter, names));
  return parameters.length === 0 ? constructor : `${constructor}(${parameters.join(", ")})`;
}

export function isDyn(type: CelType): boolean {
  return type.kind === "simple" && type.name === "dyn";
}

export function isError(type: CelType): boolean {
  return type.kind === "simple" && type.name === "error";
}

/** The type itself, and whether it was in an optional. */
export function unwrapOptional(type: CelType): { type: CelType; optional: boolean } {
  return type.kind === "optional" ? { type: type.element, optional: true } : { type, optional: false };
}

function parametersOf(type: CelType): CelType[] {
  switch (type.kind) {
    case "list":
    case "optional":
      return [type.element];
    case "map":
      return [type.key, type.value];
    case "type":
      return type.of === undefined ? [] : [type.of];
    case "simple":
    case "object":
    case "opaque":
    case "parameter":
      return [];
  }
}

function sameConstructor(a: CelType, b: CelType): boolean {
  if (a.kind !== b.kind) return false;
  return "name" in a && "name" in b ? a.name === b.name : true;
}

export function isExactly(a: CelType, b: CelType): boolean {
  if (!sameConstructor(a, b)) return false;
  const left = parametersOf(a);
  const right = parametersOf(b);
  return left.length === right.length && left.every((parameter, index) => isExactly(parameter, right[index]!));
}

/** What the type variables of an expression stand for, as far as it has been inferred. */
export class Inference {
  readonly #bound = new Map<string, CelType>();
  /** What to restore when an attempt fails. */
  readonly #undo: [name: string, previous: CelType | undefined][] = [];

  /** Whether values of each type can be used as the other; if so, what this says of type variables is kept. */
  assign(pairs: readonly (readonly [from: CelType, to: CelType])[]): boolean {
    this.#undo.length = 0;
    if (pairs.every(([from, to]) => this.#assignable(from, to))) return true;
    for (const [name, previous] of this.#undo.toReversed()) {
      if (previous === undefined) this.#bound.delete(name);
      else this.#bound.set(name, previous);
    }
    return false;
  }

  /** Replaces type variables by what they stand for; free ones by dyn, if so told. */
  substitute(type: CelType, freeToDyn: boolean): CelType {
    switch (type.kind) {
      case "parameter": {
        const bound = this.#bound.get(type.name);
        if (bound !== undefined) return this.substitute(bound, freeToDyn);
        return freeToDyn ? DYN : type;
      }
      case "list": {
        const element = this.substitute(type.element, freeToDyn);
        return element === type.element ? type : { ...type, element };
      }
      case "map": {
        const key = this.substitute(type.key, freeToDyn);
        const value = this.substitute(type.value, freeToDyn);
        return key === type.key && value === type.value ? type : { ...type, key, value };
      }
      case "optional":
        return optionalOf(this.substitute(type.element, freeToDyn));
      case "type":
        return type.of === undefined ? type : typeOf(this.substitute(type.of, freeToDyn));
      case "simple":
      case "object":
      case "opaque":
        return type;
    }
  }

  #assignable(from: CelType, to: CelType): boolean {
    if (to.kind === "parameter") {
      const { valid, bound } = this.#substitutable(from, to);
      if (valid) return true;
      if (bound) return false;
    }
    if (from.kind === "parameter") return this.#substitutable(to, from).valid;
    if (isDyn(from) || isError(from) || isDyn(to) || isError(to)) return true;
    if (from.kind === "simple" && from.name === "null_type") return isNullable(to);
    if (to.kind === "simple" && to.name === "null_type") return isNullable(from);
    if (!sameConstructor(from, to)) return false;
    if (from.kind === "type") return true;
    const right = parametersOf(to);
    return parametersOf(from).every((parameter, index) => this.#assignable(parameter, right[index]!));
  }

  /** Whether a variable can stand for a type, or already stands for one that goes with it. */
  #substitutable(type: CelType, variable: TypeParameter): { valid: boolean; bound: boolean } {
    if (isExactly(type, variable)) return { valid: true, bound: true };
    const known = this.#bound.get(variable.name);
    if (known !== undefined) {
      if (isExactly(type, known)) return { valid: true, bound: true };
      if (!this.#assignable(type, known)) return { valid: false, bound: true };
      const general = mostGeneral(type, known);
      if (!this.#occursIn(variable, general)) this.#bind(variable, general);
      return { valid: true, bound: true };
    }
    if (this.#occursIn(variable, type)) return { valid: false, bound: false };
    this.#bind(variable, type);
    return { valid: true, bound: false };
  }

  #bind({ name }: TypeParameter, type: CelType): void {
    this.#undo.push([name, this.#bound.get(name)]);
    this.#bound.set(name, type);
  }

  #occursIn(variable: TypeParameter, type: CelType): boolean {
    if (isExactly(variable, type)) return true;
    if (type.kind === "parameter") {
      const bound = this.#bound.get(type.name);
      return bound !== undefined && this.#occursIn(variable, bound);
    }
    return parametersOf(type).some((parameter) => this.#occursIn(variable, parameter));
  }
}

function isNullable(type: CelType): boolean {
  switch (type.kind) {
    case "simple":
      return ["null_type", "duration", "timestamp"].includes(type.name);
    case "object":
    case "opaque":
    case "optional":
      return true;
    case "list":
    case "map":
    case "type":
    case "parameter":
      return false;
  }
}

/** Of two types that go together, the one that says less. */
export function mostGeneral(a: CelType, b: CelType): CelType {
  return isEqualOrLessSpecific(a, b) ? a : b;
}

function isEqualOrLessSpecific(a: CelType, b: CelType): boolean {
  if (isDyn(a) || a.kind === "parameter") return true;
  if (isDyn(b) || b.kind === "parameter") return false;
  if (!sameConstructor(a, b)) return false;
  if (a.kind === "type") return true;
  const right = parametersOf(b);
  return parametersOf(a).every((parameter, index) => isEqualOrLessSpecific(parameter, right[index]!));
}

/** Whether a value can be passed where a type is declared. Of lists and maps the first element tells. */
export function isOfType(value: Result, type: CelType): boolean {
  if (value instanceof CelError) return false;
  switch (type.kind) {
    case "simple":
      return isOfSimpleType(value, type.name);
    case "list": {
      if (!(value instanceof CelList)) return false;
      if (value.size === 0) return true;
      return isOfType(value.at(0), type.element);
    }
    case "map": {
      if (!(value instanceof CelMap)) return false;
      for (const key of value.keys()) return isOfType(key, type.key) && isOfType(value.find(key) ?? null, type.value);
      return true;
    }
    case "optional":
      return value instanceof CelOptional && (value.value === undefined || isOfType(value.value, type.element));
    case "type":
      return value instanceof CelTypeValue;
    case "opaque":
      return value instanceof CelOpaque && value.type.name === type.name;
    case "object":
      return value instanceof CelMap || (value instanceof CelStruct && value.typeName === type.name);
    case "parameter":
      return true;
  }
}

function isOfSimpleType(value: CelValue, name: string): boolean {
  switch (name) {
    case "dyn":
    case "error":
      return true;
    case "int":
      return typeof value === "bigint";
    case "uint":
      return value instanceof CelUint;
    case "double":
      return value instanceof CelDouble;
    case "bool":
      return typeof value === "boolean";
    case "string":
      return typeof value === "string";
    case "bytes":
      return value instanceof CelBytes;
    case "null_type":
      return value === null;
    case "timestamp":
      return value instanceof CelTimestamp;
    default:
      return value instanceof CelDuration;
  }
}

