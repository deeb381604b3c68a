import type { Clock } from "./clock.ts";

/**
 * A queue of keys to reconcile. A key that is added while it waits is kept once; one that is added
 * while a worker has it runs again afterwards; the same key never runs twice at a time. Failures
 * come back with exponential back-off.
 * @see https://github.com/kubernetes/client-go/blob/master/util/workqueue/queue.go
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #process: (key: string) => Promise<void>;
  readonly #onError: (key: string, error: unknown, attempt: number) => void;
  readonly #workers: number;
  readonly #baseDelayMs: number;
  readonly #maxDelayMs: number;
  readonly #waiting = new Set<string>();
  readonly #running = new Set<string>();
  readonly #dirty = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #timers = new Map<string, { dueMs: number; cancel: () => void }>();
  readonly #idle: (() => void)[] = [];
  #stopped = false;

  constructor(options: {
    clock: Clock;
    process: (key: string) => Promise<void>;
    onError: (key: string, error: unknown, attempt: number) => void;
    workers?: number;
    baseDelayMs?: number;
    maxDelayMs?: number;
  }) {
    this.#clock = options.clock;
    this.#process = options.process;
    this.#onError = options.onError;
    this.#workers = options.workers ?? 4;
    this.#baseDelayMs = options.baseDelayMs ?? 5;
    this.#maxDelayMs = options.maxDelayMs ?? 30_000;
  }

  /** Asks for `key` to be processed soon. */
  add(key: string): void {
    if (this.#stopped) return;
    if (this.#running.has(key)) {
      this.#dirty.add(key);
      return;
    }
    this.#waiting.add(key);
    queueMicrotask(() => this.#pump());
  }

  /** Asks for `key` after `delayMs`; of two such wishes the earlier holds. */
  addAfter(key: string, delayMs: number): void {
    if (this.#stopped) return;
    if (delayMs <= 0) return this.add(key);
    const dueMs = this.#clock.now() + delayMs;
    const known = this.#timers.get(key);
    if (known && known.dueMs <= dueMs) return;
    known?.cancel();
    const cancel = this.#clock.after(delayMs, () => {
      this.#timers.delete(key);
      this.add(key);
    });
    this.#timers.set(key, { dueMs, cancel });
  }

  /** Resolves when nothing waits or runs (timers for later don't count). */
  whenIdle(): Promise<void> {
    if (this.#waiting.size === 0 && this.#running.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Takes no more keys and forgets those that wait; resolves when the running ones are done. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#waiting.clear();
    this.#dirty.clear();
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    await this.whenIdle();
  }

  #pump(): void {
    for (const key of this.#waiting) {
      if (this.#running.size >= this.#workers) return;
      this.#waiting.delete(key);
      this.#running.add(key);
      void this.#run(key);
    }
  }

  async #run(key: string): Promise<void> {
    try {
      await this.#process(key);
      this.#failures.delete(key);
    } catch (error) {
      const attempt = (this.#failures.get(key) ?? 0) + 1;
      this.#failures.set(key, attempt);
      if (!this.#stopped) {
        this.#onError(key, error, attempt);
        this.addAfter(key, Math.min(this.#baseDelayMs * 2 ** (attempt - 1), this.#maxDelayMs));
      }
    } finally {
      this.#running.delete(key);
      if (this.#dirty.delete(key)) this.add(key);
      this.#pump();
      if (this.#waiting.size === 0 && this.#running.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
    }
  }
}
