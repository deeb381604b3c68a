import { parseQuantityParts, QUANTITY_ERROR } from "#lib/quantity.ts";
import type { CostMeter } from "../cost.ts";
import { declare, memberOverload, overload, type Implementation, type Library } from "../functions.ts";
import { BOOL, DOUBLE, INT, STRING, opaqueType } from "../types.ts";
import { CelDouble, CelError, CelOpaque, MAX_INT, MIN_INT, type CelValue, type Result } from "../values.ts";

const QUANTITY = opaqueType("kubernetes.Quantity");

/** Smaller parts of a quantity are rounded up to this power of ten. */
const NANO = -9;

class Quantity extends CelOpaque {
  override readonly type = QUANTITY;
  readonly value: bigint;
  readonly scale: number;
  /** Kubernetes keeps some quantities in a form that it doesn't convert to an integer, even where it could. */
  readonly decimal: boolean;
  readonly #weight: number;

  constructor(value: bigint, scale: number, decimal: boolean) {
    super();
    this.value = value;
    this.scale = scale;
    this.decimal = decimal;
    // Digits beyond those of a number that fits.
    this.#weight = value > MIN_INT && value < MAX_INT ? 1 : value.toString(16).length;
  }

  override equals(other: CelOpaque): boolean {
    return compareQuantities(this, other as Quantity) === 0;
  }

  override weight(): number {
    return this.#weight;
  }

  /** The value as a multiple of 10 to a scale no larger than its own. */
  at(scale: number): bigint {
    return this.value * 10n ** BigInt(this.scale - scale);
  }
}

/** Large integers take more than a step for each digit. */
const DIGIT_WORK = 50;

function parse(text: string, meter: CostMeter): Quantity | CelError {
  meter.work(text.length * DIGIT_WORK);
  let parts;
  try {
    parts = parseQuantityParts(text);
  } catch {
    return new CelError(whyNot(text));
  }
  const { digits, exponent, shift } = parts;
  const value = digits << BigInt(shift);
  const significant = String(digits < 0n ? -digits : digits).length;
  const fits = shift === 0 ? significant <= 18 && exponent >= NANO : exponent === 0 && 15 - significant - Math.trunc((shift * 3) / 10) - 1 >= 0;
  if (fits && value >= MIN_INT && value <= MAX_INT) return new Quantity(value, exponent, false);
  const rounded = exponent >= NANO ? new Quantity(value, exponent, true) : new Quantity(roundedUp(value, NANO - exponent), NANO, true);
  const size = rounded.value < 0n ? -1n : 1n;
  const max = new Quantity(size * MAX_INT, 0, true);
  return shift > 0 && compareQuantities(rounded, max) === Number(size) ? max : rounded;
}

function whyNot(text: string): string {
  if (!/^[+-]?\d*(?:\.\d*)?[eEinumkKMGTP]*[-+]?\d*$/.test(text) || text === "") return QUANTITY_ERROR;
  return /^[+-]?\.?$/.test(text) ? "unable to parse numeric part of quantity" : "unable to parse quantity's suffix";
}

/** Without so many decimal places, away from zero. */
function roundedUp(value: bigint, places: number): bigint {
  const divisor = 10n ** BigInt(places);
  return value / divisor + (value % divisor === 0n ? 0n : value < 0n ? -1n : 1n);
}

function compareQuantities(a: Quantity, b: Quantity): -1 | 0 | 1 {
  const scale = Math.min(a.scale, b.scale);
  const [left, right] = [a.at(scale), b.at(scale)];
  return left < right ? -1 : left > right ? 1 : 0;
}

function plus(a: CelValue, b: CelValue, sign: bigint): Quantity {
  const left = a as Quantity;
  const right = typeof b === "bigint" ? new Quantity(b, 0, false) : (b as Quantity);
  const scale = Math.min(left.scale, right.scale);
  const sum = left.at(scale) + sign * right.at(scale);
  return new Quantity(sum, scale, left.decimal || right.decimal || sum < MIN_INT || sum > MAX_INT);
}

/** The integer a quantity is; undefined where Kubernetes doesn't call it one. */
function integer(quantity: CelValue): bigint | undefined {
  const { value, scale, decimal } = quantity as Quantity;
  if (decimal || scale < 0) return undefined;
  const whole = value * 10n ** BigInt(scale);
  return whole >= MIN_INT && whole <= MAX_INT ? whole : undefined;
}

function approximate(quantity: CelValue): Result {
  const { value, scale } = quantity as Quantity;
  return new CelDouble(Number(`${value}e${scale}`));
}

/** Kubernetes charges a unit for arithmetic on however many digits. */
function weighed(call: Implementation): Implementation {
  return (args, meter) => {
    for (const arg of args) if (arg instanceof Quantity) meter.work(arg.weight());
    return call(args, meter);
  };
}

/** @see https://github.com/kubernetes/apiserver/blob/master/pkg/cel/library/quantity.go */
export const QUANTITY_LIBRARY: Library = [
  declare("quantity", overload("string_to_quantity", [STRING], QUANTITY, ([text], meter) => parse(text as string, meter))),
  declare("isQuantity", overload("is_quantity_string", [STRING], BOOL, ([text], meter) => parse(text as string, meter) instanceof Quantity)),
  declare("sign", overload("quantity_sign", [QUANTITY], INT, ([quantity]) => BigInt(compareQuantities(quantity as Quantity, new Quantity(0n, 0, false))))),
  declare("isGreaterThan", memberOverload("quantity_is_greater_than", [QUANTITY, QUANTITY], BOOL, weighed(([a, b]) => compareQuantities(a as Quantity, b as Quantity) > 0))),
  declare("isLessThan", memberOverload("quantity_is_less_than", [QUANTITY, QUANTITY], BOOL, weighed(([a, b]) => compareQuantities(a as Quantity, b as Quantity) < 0))),
  declare("compareTo", memberOverload("quantity_compare_to", [QUANTITY, QUANTITY], INT, weighed(([a, b]) => BigInt(compareQuantities(a as Quantity, b as Quantity))))),
  declare("asApproximateFloat", memberOverload("quantity_get_float", [QUANTITY], DOUBLE, weighed(([quantity]) => approximate(quantity!)))),
  declare("asInteger", memberOverload("quantity_get_int", [QUANTITY], INT, ([quantity]) => integer(quantity!) ?? new CelError("cannot convert value to integer"))),
  declare("isInteger", memberOverload("quantity_is_integer", [QUANTITY], BOOL, ([quantity]) => integer(quantity!) !== undefined)),
  declare("add",
    memberOverload("quantity_add", [QUANTITY, QUANTITY], QUANTITY, weighed(([a, b]) => plus(a!, b!, 1n))),
    memberOverload("quantity_add_int", [QUANTITY, INT], QUANTITY, weighed(([a, b]) => plus(a!, b!, 1n)))),
  declare("sub",
    memberOverload("quantity_sub", [QUANTITY, QUANTITY], QUANTITY, weighed(([a, b]) => plus(a!, b!, -1n))),
    memberOverload("quantity_sub_int", [QUANTITY, INT], QUANTITY, weighed(([a, b]) => plus(a!, b!, -1n)))),
];
