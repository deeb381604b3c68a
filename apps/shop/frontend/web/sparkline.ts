import type { Latency } from "./answers.ts";
import { svg } from "./dom.ts";

const WIDTH = 120;
const HEIGHT = 34;
/** The scale is never finer than this: a flat line of fast answers should look flat. */
const LEAST_SCALE_MS = 40;

/** Median and 95th percentile over the last minute, as two lines on one scale. */
export class Sparkline {
  readonly element: SVGSVGElement;
  private readonly p50 = svg("path", { class: "spark-p50" });
  private readonly p95 = svg("path", { class: "spark-p95" });
  private drawn = "";

  constructor() {
    this.element = svg("svg", { class: "sparkline", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" }, this.p95, this.p50);
  }

  draw(slices: readonly (Latency | undefined)[]): void {
    const top = Math.max(LEAST_SCALE_MS, ...slices.map((slice) => slice?.p95 ?? 0)) * 1.08;
    const p50 = path(slices, (slice) => slice.p50, top);
    if (this.drawn === p50 + top) return;
    this.drawn = p50 + top;
    this.p50.setAttribute("d", p50);
    this.p95.setAttribute("d", path(slices, (slice) => slice.p95, top));
  }
}

/** A line through the slices that have a value, broken where several in a row have none. */
function path(slices: readonly (Latency | undefined)[], value: (slice: Latency) => number, top: number): string {
  let d = "";
  let gap = 2;
  for (const [index, slice] of slices.entries()) {
    if (!slice) {
      gap++;
      continue;
    }
    const x = (index / (slices.length - 1)) * WIDTH;
    const y = HEIGHT - 1 - (value(slice) / top) * (HEIGHT - 2);
    d += `${gap > 1 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`;
    // A lone point is a line of no length: with round caps it shows as a dot.
    if (gap > 1) d += `L${x.toFixed(1)} ${y.toFixed(1)}`;
    gap = 0;
  }
  return d;
}
