/**
 * Lists: snapshots, pages and selectors.
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-get-and-list
 */
import { nextTurn } from "#lib/turn.ts";
import { badRequest, expired, type StatusError } from "#api/errors.ts";
import { CompactedError, type Entry, type Scan } from "#store/index.ts";
import { decodeContinue, encodeContinue, type Position } from "./continue-token.ts";
import { isAny, resourceVersionProblem, tooLarge, type ListOptions } from "./list-options.ts";
import type { Registry } from "./registry.ts";
import { EVERYTHING, type Selector } from "./selector.ts";

/** How many entries are looked at in one turn of the event loop. */
const ENTRIES_PER_TURN = 128;

export interface Page {
  /** In the order of their keys, as they are stored. */
  entries: readonly Entry[];
  /** Takes those that belong to the page; applied as they are sent. */
  selector: Selector;
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
}

/** One page. Throws Expired when its snapshot is forgotten, BadRequest on options that can't be read. */
export async function listPage(registry: Registry, namespace: string, selector: Selector, options: ListOptions): Promise<Page> {
  const prefix = registry.prefix(namespace);
  const { revision: wanted, after } = positionOf(registry, options);
  // A name alone decides where in a namespace to look.
  const within = selector.name !== undefined && (namespace !== "" || !registry.definition.namespaced) ? prefix + selector.name : prefix;
  let scan: Scan;
  try {
    scan = registry.context.store.scan(within, { revision: wanted, after: after === undefined ? undefined : prefix + after });
  } catch (error) {
    if (!(error instanceof CompactedError)) throw error;
    throw after === undefined ? expired("The resourceVersion for the provided list is too old.") : inconsistent(after);
  }
  const metadata: Page["metadata"] = { resourceVersion: String(scan.revision) };
  // As upstream, what is as old as it likes comes whole.
  const limit = options.resourceVersion === "0" ? 0 : options.limit;
  if (limit < 1) return { entries: [...scan.entries], selector, metadata };
  const { entries, looked } = selector.all ? first(scan.entries, limit) : await firstSelected(registry, [...scan.entries], selector, limit);
  const remaining = scan.count - looked;
  if (remaining > 0) {
    metadata.continue = encodeContinue({ revision: scan.revision, after: entries.at(-1)!.key.slice(prefix.length) });
    if (selector.all) metadata.remainingItemCount = remaining;
  }
  return { entries, selector: EVERYTHING, metadata };
}

interface Found {
  entries: Entry[];
  /** How many were looked at to find them. */
  looked: number;
}

function first(entries: Iterable<Entry>, limit: number): Found {
  const found: Entry[] = [];
  for (const entry of entries) if (found.push(entry) === limit) break;
  return { entries: found, looked: found.length };
}

async function firstSelected(registry: Registry, entries: readonly Entry[], selector: Selector, limit: number): Promise<Found> {
  const found: Entry[] = [];
  let looked = 0;
  for (const entry of entries) {
    if (++looked % ENTRIES_PER_TURN === 0) await nextTurn();
    if (selector.matches(registry.view(entry)) && found.push(entry) === limit) break;
  }
  return { entries: found, looked };
}

/** The entries of a page as this version shows them; undefined for each that the selector leaves out, so that a long search can be interrupted. */
export function* selected(registry: Registry, { entries, selector }: Page): Generator<Entry | undefined> {
  for (const entry of entries) {
    const view = registry.view(entry);
    yield selector.matches(view) ? view : undefined;
  }
}

/** Which revision to list, and after which key. */
function positionOf({ context: { store } }: Registry, options: ListOptions): Partial<Position> {
  const { resourceVersion, resourceVersionMatch: match, limit } = options;
  if (options.continue !== "") {
    const position = decodeContinue(options.continue);
    if (!isAny(resourceVersion)) throw badRequest("specifying resource version is not allowed when using continue");
    if (position.revision !== undefined && position.revision > store.revision) throw tooLarge(position.revision, store.revision);
    return position;
  }
  const problem = resourceVersionProblem(resourceVersion);
  if (problem) throw badRequest(`invalid resource version: ${problem}`);
  if (isAny(resourceVersion)) return {};
  const revision = Number(resourceVersion);
  if (revision > store.revision) throw tooLarge(revision, store.revision);
  return match === "Exact" || (match === "" && limit > 0) ? { revision } : {};
}

/** The snapshot is gone; with the token in this answer the rest is listed as it is now. */
function inconsistent(after: string): StatusError {
  const error = expired(
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
  );
  error.status.metadata = { continue: encodeContinue({ revision: undefined, after }) };
  return error;
}
