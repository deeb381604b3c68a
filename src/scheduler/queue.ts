/**
 * Pods waiting for a node: ready to be tried by priority and age, backing off after a failure, or
 * waiting for the cluster to change.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/scheduler/backend/queue/scheduling_queue.go
 */
import type { Clock } from "#lib/clock.ts";

const INITIAL_BACKOFF_MS = 1000;
const MAX_BACKOFF_MS = 10_000;
/** A pod nobody woke is tried again after this long, whatever happened. */
const MAX_UNSCHEDULABLE_MS = 5 * 60_000;

interface Entry {
  key: string;
  priority: number;
  sequence: number;
  attempts: number;
  /** Whether pods that come, not only pods that go, may help it (it has affinity or spread constraints). */
  social: boolean;
  state: "ready" | "waiting" | "backoff" | "running";
  /** Set while it runs when the cluster has changed since: it must not wait afterwards. */
  stale: boolean;
  cancel?: (() => void) | undefined;
}

export class SchedulingQueue {
  readonly #clock: Clock;
  readonly #onReady: () => void;
  readonly #entries = new Map<string, Entry>();
  readonly #ready = new Set<Entry>();
  #sequence = 0;

  /** `onReady` is called whenever a pod becomes ready to be tried. */
  constructor(clock: Clock, onReady: () => void) {
    this.#clock = clock;
    this.#onReady = onReady;
  }

  /** Adds a pod, or tries a known one again because it changed. */
  add(key: string, priority: number, social: boolean): void {
    const known = this.#entries.get(key);
    if (known) {
      known.priority = priority;
      known.social = social;
      known.stale = true;
      if (known.state === "waiting") this.#makeReady(known);
      return;
    }
    const entry: Entry = { key, priority, sequence: this.#sequence++, attempts: 0, social, state: "waiting", stale: false };
    this.#entries.set(key, entry);
    this.#makeReady(entry);
  }

  remove(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    entry.cancel?.();
    this.#entries.delete(key);
    this.#ready.delete(entry);
  }

  /** Forgets everything. */
  clear(): void {
    for (const key of this.#entries.keys()) this.remove(key);
  }

  /** The next pod to try: highest priority, then longest waiting; undefined when there is none. */
  next(): string | undefined {
    let best: Entry | undefined;
    for (const entry of this.#ready) {
      if (!best || entry.priority > best.priority || (entry.priority === best.priority && entry.sequence < best.sequence)) best = entry;
    }
    if (!best) return undefined;
    this.#ready.delete(best);
    best.state = "running";
    best.stale = false;
    best.attempts++;
    return best.key;
  }

  /** The pod found no node: it waits for the cluster to change, unless it already has. */
  unschedulable(key: string): void {
    const entry = this.#entries.get(key);
    if (entry?.state !== "running") return;
    if (entry.stale) return this.#backOff(entry);
    entry.state = "waiting";
    entry.cancel = this.#clock.after(MAX_UNSCHEDULABLE_MS, () => this.#makeReady(entry));
  }

  /** Something went wrong: the pod is tried again after its back-off. */
  failed(key: string): void {
    const entry = this.#entries.get(key);
    if (entry?.state === "running") this.#backOff(entry);
  }

  /** The cluster changed: pods that wait may fit now; after a mere addition of a pod only the social ones. */
  wake(onlySocial = false): void {
    for (const entry of this.#entries.values()) {
      if (onlySocial && !entry.social) continue;
      entry.stale = true;
      if (entry.state === "waiting") this.#makeReady(entry);
    }
  }

  get readyCount(): number {
    return this.#ready.size;
  }

  #makeReady(entry: Entry): void {
    entry.cancel?.();
    entry.cancel = undefined;
    entry.state = "ready";
    this.#ready.add(entry);
    this.#onReady();
  }

  #backOff(entry: Entry): void {
    entry.state = "backoff";
    entry.cancel = this.#clock.after(Math.min(INITIAL_BACKOFF_MS * 2 ** (entry.attempts - 1), MAX_BACKOFF_MS), () => this.#makeReady(entry));
  }
}
