/** What the page knows about the last minute: who answered, as what version, how fast. No DOM here. */
export const WINDOW_MS = 60_000;

/** One answer, or its absence, as one service's. */
export interface Observation {
  /** When it was complete, in milliseconds of any one clock. */
  at: number;
  service: string;
  /** Unknown when nobody of the service answered. */
  pod?: string;
  version?: string;
  ms: number;
  /** A 5xx, or no answer at all. Refusals (4xx) are good answers. */
  error: boolean;
}

export interface Pod {
  /** The full name, unique in the service. */
  name: string;
  /** Counted from 1 in the order of first answers, never reused. */
  number: number;
  version: string;
  firstAt: number;
  lastAt: number;
}

export interface Share {
  version: string;
  count: number;
  /** From 0 to 1. */
  share: number;
}

export interface Latency {
  p50: number;
  p95: number;
}

class ServiceAnswers {
  observations: Observation[] = [];
  readonly pods = new Map<string, Pod>();

  /** Everything not older than the window. */
  recent(now: number): Observation[] {
    const from = now - WINDOW_MS;
    // Cut in large steps: shifting an array at every answer would cost more than the memory saves.
    const first = this.observations.findIndex((observation) => observation.at >= from);
    if (first < 0) this.observations = [];
    else if (first > 500) this.observations = this.observations.slice(first);
    return first > 500 ? this.observations : this.observations.slice(Math.max(first, 0));
  }
}

export class Answers {
  private readonly services = new Map<string, ServiceAnswers>();

  /** @returns the pod when this is its first answer */
  record(observation: Observation): Pod | undefined {
    const service = this.of(observation.service);
    service.observations.push(observation);
    const { pod: name, version, at } = observation;
    if (name === undefined || version === undefined) return undefined;
    const known = service.pods.get(name);
    if (known) {
      known.lastAt = at;
      return undefined;
    }
    const pod = { name, version, number: service.pods.size + 1, firstAt: at, lastAt: at };
    service.pods.set(name, pod);
    return pod;
  }

  recent(service: string, now: number): Observation[] {
    return this.of(service).recent(now);
  }

  /** The pods that answered within the window, by number. */
  pods(service: string, now: number): Pod[] {
    return [...this.of(service).pods.values()].filter((pod) => pod.lastAt >= now - WINDOW_MS);
  }

  pod(service: string, name: string): Pod | undefined {
    return this.of(service).pods.get(name);
  }

  private of(name: string): ServiceAnswers {
    let service = this.services.get(name);
    if (!service) this.services.set(name, (service = new ServiceAnswers()));
    return service;
  }
}

/** How answers split between versions; by version, so that a bar keeps its order. */
export function split(observations: readonly Observation[]): Share[] {
  const counts = new Map<string, number>();
  for (const { version } of observations) if (version !== undefined) counts.set(version, (counts.get(version) ?? 0) + 1);
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  return [...counts].sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true })).map(([version, count]) => ({ version, count, share: count / total }));
}

/** Whole percentages that add up to 100: what is left after rounding down goes to the largest remainders. */
export function wholePercentages(shares: readonly number[]): number[] {
  const exact = shares.map((share) => share * 100);
  const whole = exact.map(Math.floor);
  let left = Math.round(exact.reduce((sum, value) => sum + value, 0)) - whole.reduce((sum, value) => sum + value, 0);
  const byRemainder = exact.map((value, index) => ({ index, remainder: value - Math.floor(value) })).sort((a, b) => b.remainder - a.remainder);
  for (const { index } of byRemainder) {
    if (left <= 0) break;
    whole[index]!++;
    left--;
  }
  return whole;
}

/** Median and 95th percentile, by nearest rank. */
export function latency(observations: readonly Observation[]): Latency | undefined {
  if (observations.length === 0) return undefined;
  const sorted = observations.map(({ ms }) => ms).sort((a, b) => a - b);
  const rank = (p: number): number => sorted[Math.max(0, Math.ceil(sorted.length * p) - 1)]!;
  return { p50: rank(0.5), p95: rank(0.95) };
}

/** Latency per slice of the window, oldest first; undefined where nothing was answered. */
export function latencyOverTime(observations: readonly Observation[], now: number, slices: number): (Latency | undefined)[] {
  const sliceMs = WINDOW_MS / slices;
  const groups: Observation[][] = Array.from({ length: slices }, () => []);
  for (const observation of observations) {
    const index = slices - 1 - Math.floor((now - observation.at) / sliceMs);
    groups[index]?.push(observation);
  }
  return groups.map(latency);
}

/** The part of the observations that are errors, from 0 to 1; undefined without any. */
export function errorRate(observations: readonly Observation[]): number | undefined {
  if (observations.length === 0) return undefined;
  return observations.filter(({ error }) => error).length / observations.length;
}
