/** What a bench measures: figures with a baseline from the same run, and an aim where there is one. */

export interface Figure {
  name: string;
  value: number;
  unit: string;
  /** The same thing measured in the same run without the cluster (the bench says what it is). */
  baseline?: number | undefined;
  /** value / baseline. */
  ratio?: number | undefined;
  /** In words: `at most 10 s`. */
  aim?: string | undefined;
  holds?: boolean | undefined;
}

export interface BenchResult {
  name: string;
  /** What the baseline is. */
  baseline: string;
  figures: Figure[];
}

export type Bench = () => Promise<BenchResult>;

type Aim = { atMost: number } | { ratioAtLeast: number } | { ratioAtMost: number };

export function figure({ name, value, unit, baseline, aim }: { name: string; value: number; unit: string; baseline?: number; aim?: Aim }): Figure {
  const ratio = baseline === undefined || baseline === 0 ? undefined : value / baseline;
  const result: Figure = { name, value, unit, baseline, ratio };
  if (!aim) return result;
  if ("atMost" in aim) return { ...result, aim: `at most ${aim.atMost} ${unit}`.trim(), holds: value <= aim.atMost };
  if ("ratioAtMost" in aim) return { ...result, aim: `at most ${aim.ratioAtMost} of the baseline`, holds: ratio !== undefined && ratio <= aim.ratioAtMost };
  return { ...result, aim: `at least ${aim.ratioAtLeast} of the baseline`, holds: ratio !== undefined && ratio >= aim.ratioAtLeast };
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
