/** Ranges of costs and sizes, as cel-go computes with them: from 0 to the largest unsigned 64-bit integer, where they stay. */
import { STRING_TRAVERSAL_FACTOR } from "./cost.ts";

export interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** As near as a double comes to 2^64 - 1. */
export const UNBOUNDED = 2 ** 64;

export const UNKNOWN: Bounds = { min: 0, max: UNBOUNDED };

export function exactly(value: number): Bounds {
  return { min: value, max: value };
}

function capped(value: number): number {
  return Math.min(value, UNBOUNDED);
}

export function plus(...terms: readonly Bounds[]): Bounds {
  return { min: capped(terms.reduce((sum, { min }) => sum + min, 0)), max: capped(terms.reduce((sum, { max }) => sum + max, 0)) };
}

export function times(a: Bounds, b: Bounds): Bounds {
  return { min: capped(a.min * b.min), max: capped(a.max * b.max) };
}

/** Times a factor, rounded up. */
export function scaled({ min, max }: Bounds, factor: number): Bounds {
  return { min: capped(Math.ceil(min * factor)), max: capped(Math.ceil(max * factor)) };
}

/** Of going through a string of such a size. */
export function traversal(size: Bounds, factor = 1): Bounds {
  return scaled(size, factor * STRING_TRAVERSAL_FACTOR);
}

export function union(a: Bounds, b: Bounds): Bounds {
  return { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) };
}
