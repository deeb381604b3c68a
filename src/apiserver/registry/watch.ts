/**
 * Watches: a stream of changes from a revision on.
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#streaming-lists
 */
import { every } from "#lib/clock.ts";
import { nextTurn } from "#lib/turn.ts";
import { expired, StatusError } from "#api/errors.ts";
import { apiVersionOf } from "#api/resources.ts";
import type { KubeObject } from "#api/types.ts";
import { CompactedError, type Change, type Entry } from "#store/index.ts";
import { LineQueue } from "./line-queue.ts";
import { isAny, resourceVersionProblem, tooLarge, type ListOptions } from "./list-options.ts";
import { objectOf, type Registry } from "./registry.ts";
import type { Selector } from "./selector.ts";

/** Lines that may wait for a slow client. */
const MAX_WAITING_LINES = 20_000;
/** Initial events in one chunk; between two chunks others have their turn. */
const EVENTS_PER_CHUNK = 128;
const BOOKMARK_PERIOD_MS = 60_000;
/** Upstream picks between 30 and 60 minutes when the client names no timeout. */
const LEAST_TIMEOUT_MS = 30 * 60_000;

/** How events carry their objects: whole, as a Table, or their metadata alone. */
export interface EventEncoder {
  entry(entry: Entry): string;
  /** An object with a resourceVersion and little else. */
  bookmark(object: KubeObject): string;
}

type EventType = "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";

function line(type: EventType, object: string): string {
  return `{"type":"${type}","object":${object}}\n`;
}

/**
 * Streams lines of JSON. Throws only on a resourceVersion that can't be read: as upstream, whatever else is
 * wrong (a revision that is forgotten, or still to come) is told by an ERROR event.
 */
export function watchLines(registry: Registry, namespace: string, selector: Selector, options: ListOptions, encode: EventEncoder, signal: AbortSignal | undefined): AsyncIterable<string> {
  const { store, clock, rng } = registry.context;
  const { resourceVersion, sendInitialEvents = false, allowWatchBookmarks } = options;
  const problem = resourceVersionProblem(resourceVersion);
  if (problem) throw new StatusError(500, "", problem);
  const prefix = registry.prefix(namespace);
  const wanted = Number(resourceVersion);
  if (sendInitialEvents && wanted > store.revision) return failed(tooLarge(wanted, store.revision));

  const start = sendInitialEvents || isAny(resourceVersion) ? store.revision : wanted;
  const queue = new LineQueue(MAX_WAITING_LINES);
  const initial = sendInitialEvents ? store.list(prefix).entries : [];
  let sent = start;
  let unsubscribe: () => void;
  try {
    unsubscribe = store.watch(prefix, Math.min(start, store.revision), (changes) => {
      for (const change of changes) {
        // A watch from a revision still to come sees nothing until then.
        if (change.revision <= sent) continue;
        sent = change.revision;
        const event = eventOf(viewed(registry.current, change), selector);
        if (event) queue.push(line(event.type, encode.entry(event.entry)));
      }
    });
  } catch (error) {
    if (error instanceof CompactedError) return failed(expired(`too old resource version: ${error.revision} (${error.compactedRevision})`));
    throw error;
  }
  const sendBookmark = (): void => {
    // A bookmark may say more than was sent: nothing under the prefix changed since.
    if (allowWatchBookmarks && store.revision >= sent) queue.push(line("BOOKMARK", encode.bookmark(bookmark(registry, store.revision, false))));
  };
  const cancelBookmarks = allowWatchBookmarks ? every(clock, BOOKMARK_PERIOD_MS, sendBookmark) : undefined;
  const timeoutMs = options.timeoutSeconds !== 0 ? Math.max(0, options.timeoutSeconds) * 1000 : LEAST_TIMEOUT_MS * (1 + rng());
  const cancelTimeout = clock.after(timeoutMs, () => {
    sendBookmark();
    queue.end();
  });
  // What waits is still sent: the kind goes after its objects.
  const unlisten = registry.onRetired(() => queue.end());
  const finish = (): void => {
    unsubscribe();
    unlisten();
    cancelBookmarks?.();
    cancelTimeout();
    signal?.removeEventListener("abort", abort);
    queue.end();
  };
  const abort = (): void => {
    queue.discard();
    finish();
  };
  if (signal?.aborted) abort();
  else signal?.addEventListener("abort", abort, { once: true });
  queue.onEnd = finish;
  if (!sendInitialEvents) return queue;
  const end = allowWatchBookmarks ? line("BOOKMARK", encode.bookmark(bookmark(registry, start, true))) : "";
  return followed(initialLines(registry, initial, selector, encode), end, queue);
}

/** What is there, then the mark of its end, then what changes meanwhile and later. */
async function* followed(initial: Iterable<string>, end: string, queue: LineQueue): AsyncGenerator<string> {
  try {
    for (const lines of initial) {
      if (lines !== "") yield lines;
      await nextTurn();
      if (queue.discarded) return;
    }
    if (end !== "") yield end;
    yield* queue;
  } finally {
    queue.onEnd();
  }
}

function* initialLines(registry: Registry, entries: readonly Entry[], selector: Selector, encode: EventEncoder): Generator<string> {
  for (let start = 0; start < entries.length; start += EVENTS_PER_CHUNK) {
    const views = entries.slice(start, start + EVENTS_PER_CHUNK).map((entry) => registry.view(entry));
    yield views.filter((entry) => selector.matches(entry)).map((entry) => line("ADDED", encode.entry(entry))).join("");
  }
}

async function* failed(error: StatusError): AsyncGenerator<string> {
  yield line("ERROR", JSON.stringify(error.status));
}

/** What a change is to a watcher: an object that leaves the selection is deleted for it, one that enters is added. */
function eventOf({ type, entry, previous, revision }: Change, selector: Selector): { type: EventType; entry: Entry } | undefined {
  const before = previous !== undefined && selector.matches(previous);
  if (type === "delete") return before ? { type: "DELETED", entry } : undefined;
  if (selector.matches(entry)) return { type: before ? "MODIFIED" : "ADDED", entry };
  return before ? { type: "DELETED", entry: restamped(previous, revision) } : undefined;
}

/** The change as the registry's version shows it. */
function viewed(registry: Registry, change: Change): Change {
  if (!registry.definition.stored) return change;
  return { ...change, entry: registry.view(change.entry), previous: change.previous && registry.view(change.previous) };
}

function restamped(entry: Entry, revision: number): Entry {
  const object = objectOf(entry);
  const stamped = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
  return { key: entry.key, revision, object: stamped, json: JSON.stringify(stamped) };
}

function bookmark({ definition }: Registry, revision: number, initialEventsEnd: boolean): KubeObject {
  return {
    kind: definition.kind,
    apiVersion: apiVersionOf(definition),
    metadata: { resourceVersion: String(revision), ...(initialEventsEnd ? { annotations: { "k8s.io/initial-events-end": "true" } } : {}) },
  };
}
