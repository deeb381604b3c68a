/**
 * Watches: a stream of changes from a revision on.
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
import { every } from "#lib/clock.ts";
import { badRequest, expired } from "#api/errors.ts";
import { apiVersionOf } from "#api/resources.ts";
import { CompactedError, type Change, type Entry } from "#store/index.ts";
import { parseRevision, type Selector } from "./list.ts";
import { objectOf, type Registry } from "./registry.ts";

/** A client that lets this many events wait is cut off: it can watch again from where it was. */
const MAX_WAITING_LINES = 20_000;
const BOOKMARK_PERIOD_MS = 60_000;
/** Upstream picks between 30 and 60 minutes when the client names no timeout. */
const DEFAULT_TIMEOUT_MS = 30 * 60_000;

export interface WatchQuery {
  namespace: string;
  selector: Selector;
  resourceVersion: string | undefined;
  resourceVersionMatch: string | undefined;
  sendInitialEvents: boolean | undefined;
  allowBookmarks: boolean;
  timeoutSeconds: number | undefined;
}

/** One object as an event carries it: whole, as a Table, or its metadata alone. */
export type EncodeEntry = (entry: Entry) => string;

type EventType = "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";

function line(type: EventType, object: string): string {
  return `{"type":"${type}","object":${object}}\n`;
}

/** Streams lines of JSON. Throws Expired or BadRequest before the first one. */
export function watchLines(registry: Registry, query: WatchQuery, encode: EncodeEntry, signal: AbortSignal | undefined): AsyncIterable<string> {
  const { store, clock } = registry.context;
  const prefix = registry.prefix(query.namespace);
  const initial = wantsInitialEvents(query);
  const start = initial || !query.resourceVersion || query.resourceVersion === "0" ? store.revision : parseRevision(query.resourceVersion);
  const queue = new LineQueue(MAX_WAITING_LINES);
  let sent = start;

  if (initial) {
    const present = store.list(prefix).entries.map((entry) => registry.view(entry)).filter((entry) => query.selector.matches(entry));
    if (present.length > 0) queue.push(present.map((entry) => line("ADDED", encode(entry))).join(""));
    if (query.sendInitialEvents) queue.push(line("BOOKMARK", bookmark(registry, start, true)));
  }
  let unsubscribe: () => void;
  try {
    unsubscribe = store.watch(prefix, Math.min(start, store.revision), (changes) => {
      for (const change of changes) {
        // A watch from a revision still to come sees nothing until then.
        if (change.revision <= sent) continue;
        sent = change.revision;
        const event = eventOf(viewed(registry, change), query.selector);
        if (event) queue.push(line(event.type, encode(event.entry)));
      }
    });
  } catch (error) {
    if (error instanceof CompactedError) throw expired(`too old resource version: ${error.revision} (${error.compactedRevision})`);
    throw error;
  }
  const sendBookmark = (): void => {
    // A bookmark may say more than was sent: nothing under the prefix changed since.
    if (query.allowBookmarks && store.revision >= sent) queue.push(line("BOOKMARK", bookmark(registry, Math.max(sent, store.revision), false)));
  };
  const cancelBookmarks = query.allowBookmarks ? every(clock, BOOKMARK_PERIOD_MS, sendBookmark) : undefined;
  const cancelTimeout = clock.after(query.timeoutSeconds ? query.timeoutSeconds * 1000 : DEFAULT_TIMEOUT_MS, () => {
    sendBookmark();
    queue.end();
  });
  const finish = (): void => {
    unsubscribe();
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
  return queue;
}

function wantsInitialEvents({ sendInitialEvents, resourceVersion, resourceVersionMatch, allowBookmarks }: WatchQuery): boolean {
  if (sendInitialEvents === undefined) {
    if (resourceVersionMatch) throw badRequest("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
    return !resourceVersion || resourceVersion === "0";
  }
  if (resourceVersionMatch !== "NotOlderThan") {
    throw badRequest("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
  }
  if (sendInitialEvents && !allowBookmarks) throw badRequest("sendInitialEvents requires setting allowWatchBookmarks to true");
  return sendInitialEvents;
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

function bookmark({ definition }: Registry, revision: number, initialEventsEnd: boolean): string {
  return JSON.stringify({
    kind: definition.kind,
    apiVersion: apiVersionOf(definition),
    metadata: {
      resourceVersion: String(revision),
      creationTimestamp: null,
      ...(initialEventsEnd ? { annotations: { "k8s.io/initial-events-end": "true" } } : {}),
    },
  });
}

/** Lines that wait for their reader, given out together. */
class LineQueue implements AsyncIterable<string> {
  readonly #limit: number;
  #waiting: string[] = [];
  #wake: (() => void) | undefined;
  #ended = false;
  /** Called once when the reader stops or the queue overflows. */
  onEnd: () => void = () => {};

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(text: string): void {
    if (this.#ended) return;
    if (this.#waiting.length >= this.#limit) {
      this.end();
      this.onEnd();
      return;
    }
    this.#waiting.push(text);
    this.#wake?.();
  }

  /** What waits is still given out. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  discard(): void {
    this.#waiting = [];
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    try {
      for (;;) {
        if (this.#waiting.length > 0) {
          const lines = this.#waiting;
          this.#waiting = [];
          yield lines.join("");
        } else if (this.#ended) {
          return;
        } else {
          await new Promise<void>((resolve) => (this.#wake = resolve));
          this.#wake = undefined;
        }
      }
    } finally {
      this.onEnd();
    }
  }
}
