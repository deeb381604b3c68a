import type { CostMeter } from "../cost.ts";
import { elementKey } from "../equality.ts";
import { CelArray, CelError, type CelList, type CelValue, type Result } from "../values.ts";

/** A list that is still a set or keyed after `+`. */
class TypedArray extends CelArray {
  override readonly listType: "set" | "map" | undefined;
  override readonly mapKeys: readonly string[];

  constructor(elements: CelValue[], like: CelList) {
    super(elements);
    this.listType = like.listType;
    this.mapKeys = like.mapKeys;
  }
}

/**
 * Adds to a list that its schema declares a set or keyed: elements of the second replace those of the first with the
 * same key where they stand, and are appended where they are new.
 * @see https://kubernetes.io/docs/reference/using-api/cel/#equality-on-lists-by-listtype
 */
export function addLists(first: CelList, second: CelList, meter: CostMeter): Result {
  meter.work(first.size + second.size);
  const elements = new Map<string, CelValue>();
  for (const list of [first, second]) {
    for (const element of list) {
      if (element instanceof CelError) return element;
      const key = elementKey(first, element, meter);
      if (first.listType === "map" || !elements.has(key)) elements.set(key, element);
    }
  }
  return new TypedArray([...elements.values()], first);
}
