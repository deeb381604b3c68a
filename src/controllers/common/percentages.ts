import type { IntOrString } from "#api/types.ts";

/** A number, or a percentage of `total` rounded up or down. */
export function scaledValue(value: IntOrString | undefined, total: number, round: (value: number) => number): number {
  if (value === undefined) return 0;
  const percent = /^(\d+)%$/.exec(String(value));
  return percent ? round((Number(percent[1]) * total) / 100) : Number(value);
}
