/** Lists of indexes as Indexed Jobs write them: `1,3-5,7`. @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/batch/validation/validation.go (validateIndexesFormat) */

type Interval = [first: number, last: number];

/** How many indexes a list has. Throws an Error that says what is wrong with it. */
export function totalOfIndexes(text: string, completions: number): number {
  let total = 0;
  let before: number | undefined;
  for (const [first, last] of intervals(text).map((interval) => parseInterval(interval, completions))) {
    if (before !== undefined && before >= first) throw new Error(`non-increasing order, previous: ${before}, current: ${first}`);
    total += last - first + 1;
    before = last;
  }
  return total;
}

/** The lowest index that both lists have. Parts that can't be read count as empty. */
export function firstCommonIndex(one: string, other: string, completions: number): number | undefined {
  const readable = (text: string): Interval[] =>
    intervals(text).flatMap((interval) => {
      try {
        return [parseInterval(interval, completions)];
      } catch {
        return [];
      }
    });
  const others = readable(other);
  const common = readable(one).flatMap(([first, last]) => others.filter(([from, to]) => first <= to && from <= last).map(([from]) => Math.max(first, from)));
  return common.length > 0 ? Math.min(...common) : undefined;
}

function intervals(text: string): string[] {
  return text === "" ? [] : text.split(",");
}

function parseInterval(text: string, completions: number): Interval {
  const limits = text.split("-");
  if (limits.length > 2) throw new Error(`the fragment ${JSON.stringify(text)} violates the requirement that an index interval can have at most two parts separated by '-'`);
  const [first, last] = limits.map((limit) => {
    if (!/^\+?\d+$/.test(limit)) throw new Error(`cannot convert string to integer for index: ${JSON.stringify(limit)}`);
    const index = Number(limit);
    if (index >= completions) throw new Error(`too large index: ${JSON.stringify(limit)}`);
    return index;
  }) as [number, number | undefined];
  if (last !== undefined && first >= last) throw new Error(`non-increasing order, previous: ${first}, current: ${last}`);
  return [first, last ?? first];
}
