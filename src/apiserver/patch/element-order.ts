/**
 * The order of a merged list: items that a patch names come in its order, those that only the server has
 * in theirs, and both are interleaved by where they stood before.
 * @see https://github.com/kubernetes/design-proposals-archive/blob/main/cli/preserve-order-in-strategic-merge-patch.md
 */

/** What tells an item from the others. */
export type Identity = (item: unknown) => unknown;

export interface Orders {
  list: readonly unknown[];
  isNamed: (item: unknown) => boolean;
  /** The items that are named, or as much of them as identifies them. */
  order: readonly unknown[];
  /** The list as it was. */
  before: readonly unknown[];
  identity: Identity;
}

export function mergeOrders({ list, isNamed, order, before, identity }: Orders): unknown[] {
  const placeIn = (items: readonly unknown[]) => {
    const places = new Map<unknown, number>();
    items.forEach((item, i) => {
      const id = identity(item);
      if (!places.has(id)) places.set(id, i);
    });
    return (item: unknown): number => places.get(identity(item)) ?? -1;
  };
  const placeBefore = placeIn(before);
  const named = sortedBy(list.filter(isNamed), placeIn(order));
  const others = sortedBy(list.filter((item) => !isNamed(item)), placeBefore);
  const result: unknown[] = [];
  while (named.length > 0 && others.length > 0) {
    const other = placeBefore(others[0]);
    const next = placeBefore(named[0]);
    result.push(other >= 0 && next >= 0 && other < next ? others.shift() : named.shift());
  }
  return [...result, ...named, ...others];
}

/** Items without a place go before all that came before them, as upstream's comparison has it. */
function sortedBy(items: unknown[], placeOf: (item: unknown) => number): unknown[] {
  const result: unknown[] = [];
  for (const item of items) {
    let at = result.length;
    while (at > 0 && isLess(placeOf(item), placeOf(result[at - 1]))) at--;
    result.splice(at, 0, item);
  }
  return result;
}

const isLess = (a: number, b: number): boolean => (a >= 0 && b >= 0 ? a < b : true);
