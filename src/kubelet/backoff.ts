/**
 * Exponential back-off by key, as the kubelet paces restarts and image pulls: 10 s, doubling to
 * 5 minutes, forgotten once a thing has lived for twice the maximum.
 * @see https://github.com/kubernetes/client-go/blob/master/util/flowcontrol/backoff.go
 */
export const INITIAL_BACKOFF_MS = 10_000;
export const MAX_BACKOFF_MS = 300_000;

interface Entry {
  delayMs: number;
  lastUpdateMs: number;
}

export class BackOff {
  readonly #initialMs: number;
  readonly #maxMs: number;
  readonly #entries = new Map<string, Entry>();

  constructor(initialMs = INITIAL_BACKOFF_MS, maxMs = MAX_BACKOFF_MS) {
    this.#initialMs = initialMs;
    this.#maxMs = maxMs;
  }

  /** The delay in force for `key`, in milliseconds; 0 when nothing is remembered. */
  delayMs(key: string): number {
    return this.#entries.get(key)?.delayMs ?? 0;
  }

  /** Records one more failure: the first remembers the initial delay, later ones double it. `eventMs` is when the thing ended. */
  next(key: string, eventMs: number, nowMs: number): void {
    const entry = this.#entries.get(key);
    const delayMs = !entry || this.#expired(entry, eventMs) ? this.#initialMs : Math.min(entry.delayMs * 2, this.#maxMs);
    this.#entries.set(key, { delayMs, lastUpdateMs: nowMs });
  }

  /** When the back-off of something that ended at `eventMs` is over; undefined when it doesn't have to wait. */
  waitUntil(key: string, eventMs: number, nowMs: number): number | undefined {
    const entry = this.#entries.get(key);
    if (!entry || this.#expired(entry, eventMs)) return undefined;
    const untilMs = eventMs + entry.delayMs;
    return untilMs > nowMs ? untilMs : undefined;
  }

  /** When the back-off that began with the last failure is over; undefined when there is none in force. */
  waitUntilSinceUpdate(key: string, nowMs: number): number | undefined {
    const entry = this.#entries.get(key);
    if (!entry || nowMs - entry.lastUpdateMs > 2 * this.#maxMs) return undefined;
    const untilMs = entry.lastUpdateMs + entry.delayMs;
    return untilMs > nowMs ? untilMs : undefined;
  }

  /** Forgets all keys that begin with `prefix`. */
  forget(prefix: string): void {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#entries.delete(key);
  }

  #expired(entry: Entry, eventMs: number): boolean {
    return eventMs - entry.lastUpdateMs > 2 * this.#maxMs;
  }
}

/** A duration as Go prints it, for back-off messages: `10s`, `2m40s`, `5m0s`. */
export function formatDuration(durationMs: number): string {
  const seconds = Math.round(durationMs / 1000);
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return `${hours ? `${hours}h` : ""}${hours || minutes ? `${minutes}m` : ""}${seconds % 60}s`;
}
