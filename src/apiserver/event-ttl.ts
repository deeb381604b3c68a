/**
 * Events are kept for an hour after their last change.
 * @see https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/ (--event-ttl)
 */
import { every, type Clock } from "#lib/clock.ts";
import { errorMessage } from "#lib/log.ts";
import { RevisionMismatchError, type Entry, type Store } from "#store/index.ts";
import type { Event } from "#api/types.ts";
import { objectOf, type Registry } from "./registry/registry.ts";

const TTL_MS = 60 * 60_000;
const SWEEP_MS = 60_000;

/** Deletes events that are too old, once a minute; returns a function that stops it. */
export function expireEvents(events: Registry, clock: Clock): () => void {
  const { store, log } = events.context;
  return every(clock, SWEEP_MS, () => {
    for (const entry of store.list(events.prefix()).entries) {
      if (lastChangeMs(entry) < clock.now() - TTL_MS) forget(store, entry).catch((error: unknown) => log.warn(`event ${entry.key} could not be expired`, { error: errorMessage(error) }));
    }
  });
}

function lastChangeMs(entry: Entry): number {
  const { metadata, lastTimestamp, eventTime, series } = objectOf<Event>(entry);
  const times = [metadata.creationTimestamp, lastTimestamp, eventTime, series?.lastObservedTime];
  return Math.max(...times.map((time) => (time ? Date.parse(time) : 0)));
}

async function forget(store: Store, entry: Entry): Promise<void> {
  try {
    await store.delete(entry.key, entry.revision);
  } catch (error) {
    // It changed meanwhile, so it isn't old any more.
    if (!(error instanceof RevisionMismatchError)) throw error;
  }
}
