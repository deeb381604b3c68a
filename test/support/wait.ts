/** Waiting for the real thing: a condition is asked again and again until it holds, and the last answer explains a failure. */

export interface WaitOptions {
  timeoutMs?: number;
  everyMs?: number;
}

type Truthy<T> = Exclude<T, false | null | undefined | 0 | "">;

/** Asks until `probe` returns something true, and returns it. Throws with the last answer or error when the time is up. */
export async function until<T>(what: string, probe: () => T | Promise<T>, { timeoutMs = 30_000, everyMs = 100 }: WaitOptions = {}): Promise<Truthy<T>> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await probe();
      if (value) return value as Truthy<T>;
      last = value;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs / 1000} s for: ${what}`, { cause: last });
    await pause(everyMs);
  }
}

export function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
