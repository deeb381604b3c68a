/**
 * The shape every controller has: informers feed keys into a queue, and `reconcile` brings the
 * world in line with one object's state, level-triggered: it reads the present, never the event.
 * @see https://pkg.go.dev/sigs.k8s.io/controller-runtime/pkg/reconcile
 */
import type { Clock } from "#lib/clock.ts";
import { errorMessage, type Logger } from "#lib/log.ts";
import { WorkQueue } from "#lib/workqueue.ts";
import { isConflict } from "#api/errors.ts";
import { keyOf } from "#api/resources.ts";
import type { KubeObject } from "#api/types.ts";
import type { Informer } from "./informer.ts";

export interface Source {
  informer: Informer<KubeObject>;
  /** The keys to reconcile when this object appears, changes or goes. */
  keysOf: (object: KubeObject) => string[];
}

/** Feeds the queue with the objects of an informer: by their own key, or by the keys `keysOf` derives (an owner's, say). */
export function source<T extends KubeObject>(informer: Informer<T>, keysOf: (object: T) => string[] = (object) => [keyOf(object)]): Source {
  return { informer: informer as unknown as Informer<KubeObject>, keysOf: keysOf as (object: KubeObject) => string[] };
}

export interface ControllerOptions {
  name: string;
  clock: Clock;
  log: Logger;
  sources: Source[];
  /**
   * Reconciles one key; the object may be gone. Returning a number asks to be called again after that
   * many milliseconds. Throwing asks for a retry with back-off; a conflict means the local copy was
   * stale, so it is retried without noise.
   */
  reconcile: (key: string) => Promise<number | void>;
  workers?: number;
}

export interface Controller {
  readonly name: string;
  /** Asks for a key to be reconciled. */
  enqueue(key: string, afterMs?: number): void;
  /** Resolves when nothing waits or runs. */
  whenIdle(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a controller; it reconciles from the moment all its informers are synced. */
export function startController(options: ControllerOptions): Controller {
  const { name, clock, sources, reconcile } = options;
  const log = options.log.named(name);
  const queue = new WorkQueue({
    clock,
    workers: options.workers ?? 4,
    process: async (key) => {
      const againAfterMs = await reconcile(key);
      if (typeof againAfterMs === "number") queue.addAfter(key, againAfterMs);
    },
    onError: (key, error, attempt) => {
      if (!isConflict(error)) log.warn(`reconciling ${key} failed; will retry`, { attempt, error: errorMessage(error) });
    },
  });
  let unsubscribe: (() => void)[] = [];
  let stopped = false;
  const started = Promise.all(sources.map(({ informer }) => informer.whenSynced())).then(() => {
    if (stopped) return;
    unsubscribe = sources.map(({ informer, keysOf }) =>
      informer.subscribe({
        set: (object, old) => {
          const keys = new Set([...keysOf(object), ...(old ? keysOf(old) : [])]);
          for (const key of keys) queue.add(key);
        },
        delete: (object) => {
          for (const key of keysOf(object)) queue.add(key);
        },
      }),
    );
  });
  return {
    name,
    enqueue: (key, afterMs = 0) => queue.addAfter(key, afterMs),
    whenIdle: () => started.then(() => queue.whenIdle()),
    stop: async () => {
      stopped = true;
      for (const end of unsubscribe) end();
      await queue.stop();
    },
  };
}
