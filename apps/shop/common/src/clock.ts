import { setTimeout as delay } from "node:timers/promises";

/** Time as an argument: services take one, tests step their own. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Resolves after `ms`; rejects with an AbortError when `signal` fires first. */
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => delay(ms, undefined, signal ? { signal } : {}),
};

/** Calls `work` again and again with `intervalMs` between the end of one call and the start of the next, until `signal` fires. */
export async function repeat(clock: Clock, intervalMs: number, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await work();
    try {
      await clock.sleep(intervalMs, signal);
    } catch {
      return; // only the signal ends a sleep early
    }
  }
}
