import type { Comprehension } from "./ast.ts";
import type { CostMeter } from "./cost.ts";
import type { Evaluate, Frame } from "./frame.ts";
import { ACCUMULATOR } from "./macros.ts";
import { showValue } from "./library/show.ts";
import { CelArray, CelEntries, CelError, CelList, CelMap, GrowingList, isMapKey, NO_SUCH_OVERLOAD, type CelValue, type Result } from "./values.ts";

/** The variables of a macro while it goes over a list or a map. The accumulator is first computed when it's first read. */
export class Fold implements Frame {
  readonly meter: CostMeter;
  readonly root: Frame;
  readonly #expr: Comprehension;
  readonly #outer: Frame;
  readonly #init: Evaluate;
  #accu: Result | undefined;
  #first: Result | undefined;
  #second: Result | undefined;
  #iterating = true;

  constructor(expr: Comprehension, outer: Frame, init: Evaluate) {
    this.#expr = expr;
    this.#outer = outer;
    this.#init = init;
    this.meter = outer.meter;
    this.root = outer.root;
  }

  lookup(name: string): Result | undefined {
    if (name === this.#expr.accu) return (this.#accu ??= this.#initial());
    if (this.#iterating && name === this.#expr.variable) return this.#first;
    if (this.#iterating && name === this.#expr.secondVariable) return this.#second;
    return this.#outer.lookup(name);
  }

  #initial(): Result {
    const value = this.#init(this.#outer);
    return this.#expr.accu === ACCUMULATOR ? growing(value) : value;
  }

  /** One round; false when it was the last. */
  next(condition: Evaluate, step: Evaluate, first: Result, second: Result | undefined): boolean {
    this.#first = first;
    this.#second = second;
    const proceed = condition(this);
    if (typeof proceed === "boolean" && !proceed) return false;
    this.#accu = step(this);
    return true;
  }

  result(result: Evaluate): Result {
    this.#iterating = false;
    const value = result(this);
    return value instanceof GrowingList ? new CelArray(value.elements) : value;
  }
}

/** The list or the map that a macro fills starts as one of its own. */
function growing(value: Result): Result {
  if (value instanceof CelList) return new GrowingList();
  return value instanceof CelMap ? new CelEntries() : value;
}

/** Puts a key and a value, or all of a map, into the map that a macro builds. */
export function mapInsert(args: readonly Evaluate[]): Evaluate {
  return (frame) => {
    const values: CelValue[] = [];
    for (const [index, arg] of args.entries()) {
      const value = arg(frame);
      // Charged for once all arguments are evaluated.
      if (index === args.length - 1) frame.meter.charge(1);
      if (value instanceof CelError) return value;
      values.push(value);
    }
    const [map, key, value] = values;
    if (!(map instanceof CelEntries)) return NO_SUCH_OVERLOAD;
    return value === undefined ? insertedAll(map, key!, frame.meter) : inserted(map, key!, value);
  };
}

function insertedAll(map: CelEntries, entries: CelValue, meter: CostMeter): Result {
  if (!(entries instanceof CelMap)) return NO_SUCH_OVERLOAD;
  meter.work(entries.size * 60);
  for (const key of entries.keys()) {
    const value = entries.find(key) ?? null;
    const result = value instanceof CelError ? value : inserted(map, key, value);
    if (result instanceof CelError) return result;
  }
  return map;
}

function inserted(map: CelEntries, key: CelValue, value: CelValue): Result {
  if (!isMapKey(key)) return new CelError(`unsupported key type: ${showValue(key)}`);
  if (map.find(key) !== undefined) return new CelError(`insert failed: key ${showValue(key)} already exists`);
  map.set(key, value);
  return map;
}
