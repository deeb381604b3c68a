/**
 * Lists: snapshots, pages and selectors.
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
 */
import { matches, matchesFields, parseFieldSelector, parseLabelSelector, SelectorError, type Requirement } from "#lib/selectors.ts";
import { badRequest, expired, StatusError } from "#api/errors.ts";
import type { ResourceDefinition } from "#api/scheme.ts";
import type { KubeObject } from "#api/types.ts";
import { CompactedError, type Entry } from "#store/index.ts";
import { objectOf, type Registry } from "./registry.ts";

export interface ListQuery {
  namespace: string;
  selector: Selector;
  limit: number | undefined;
  continue: string | undefined;
  resourceVersion: string | undefined;
  resourceVersionMatch: string | undefined;
}

export interface Page {
  entries: Entry[];
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
}

/** Which objects a request is about. */
export interface Selector {
  /** Whether it takes everything. */
  readonly all: boolean;
  matches(entry: Entry): boolean;
}

const EVERYTHING: Selector = { all: true, matches: () => true };

/** The selector of a query, or of one name. Throws BadRequest. */
export function selectorOf(definition: ResourceDefinition, query: URLSearchParams, name = ""): Selector {
  const labelText = query.get("labelSelector") ?? "";
  const fieldText = query.get("fieldSelector") ?? "";
  if (labelText === "" && fieldText === "" && name === "") return EVERYTHING;
  let labels: Requirement[];
  let fields: Requirement[];
  try {
    labels = parseLabelSelector(labelText);
    fields = parseFieldSelector(fieldText);
  } catch (error) {
    if (error instanceof SelectorError) throw badRequest(error.message);
    throw error;
  }
  const known = knownFields(definition);
  for (const { key } of fields) {
    if (known && !known.has(key)) throw badRequest(`field label not supported: ${key}`);
  }
  if (name !== "") fields.push({ key: "metadata.name", operator: "In", values: [name] });
  return {
    all: false,
    matches(entry) {
      const object = objectOf(entry);
      return matches(labels, object.metadata.labels) && (fields.length === 0 || matchesFields(fields, fieldsOf(definition, object)));
    },
  };
}

function fieldsOf(definition: ResourceDefinition, object: KubeObject): Record<string, string> {
  const { name = "", namespace = "" } = object.metadata;
  return { "metadata.name": name, "metadata.namespace": namespace, ...definition.fields?.(object) };
}

/** The selectable fields: those that an empty object shows. */
function knownFields(definition: ResourceDefinition): Set<string> | undefined {
  const empty = { apiVersion: "", kind: definition.kind, metadata: {}, spec: {}, status: {}, involvedObject: {} };
  return new Set(Object.keys(fieldsOf(definition, empty)));
}

/** One page. Throws Expired when its snapshot is forgotten, BadRequest on contradictory options. */
export function listPage(registry: Registry, query: ListQuery): Page {
  const { store } = registry.context;
  const prefix = registry.prefix(query.namespace);
  const { revision, after } = position(registry, query);
  let listing;
  try {
    listing = store.list(prefix, { revision, after: after === undefined ? undefined : prefix + after });
    if (registry.definition.stored) listing = { ...listing, entries: listing.entries.map((entry) => registry.view(entry)) };
  } catch (error) {
    if (error instanceof CompactedError) throw tooOld(registry, query, after);
    throw error;
  }
  const metadata: Page["metadata"] = { resourceVersion: String(listing.revision) };
  const { limit, selector } = query;
  // A limit below zero is none, as upstream.
  if (!limit || limit < 0) return { entries: selector.all ? listing.entries : listing.entries.filter((entry) => selector.matches(entry)), metadata };
  const entries: Entry[] = [];
  let index = 0;
  for (; index < listing.entries.length && entries.length < limit; index++) {
    const entry = listing.entries[index]!;
    if (selector.matches(entry)) entries.push(entry);
  }
  const remaining = listing.entries.length - index;
  if (remaining > 0) {
    metadata.continue = encodeContinue(listing.revision, entries.at(-1)!.key.slice(prefix.length));
    if (selector.all) metadata.remainingItemCount = remaining;
  }
  return { entries, metadata };
}

/** Which revision to list, and after which key. */
function position(registry: Registry, query: ListQuery): { revision: number | undefined; after: string | undefined } {
  const { resourceVersion, resourceVersionMatch: match, limit } = query;
  if (match && !resourceVersion) throw badRequest("resourceVersionMatch is forbidden unless resourceVersion is provided");
  if (match && match !== "Exact" && match !== "NotOlderThan") throw badRequest(`resourceVersionMatch: Unsupported value: "${match}": supported values: "Exact", "NotOlderThan", ""`);
  if (query.continue) {
    if (resourceVersion && resourceVersion !== "0") throw badRequest("specifying resource version is not allowed when using continue");
    const { revision, start } = decodeContinue(query.continue);
    return { revision: revision < 0 ? undefined : revision, after: start };
  }
  if (!resourceVersion || resourceVersion === "0") {
    if (match === "Exact") throw badRequest('resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
    return { revision: undefined, after: undefined };
  }
  const revision = parseRevision(resourceVersion);
  checkNotInFuture(registry, revision);
  return { revision: match === "Exact" || (!match && limit) ? revision : undefined, after: undefined };
}

/** Throws BadRequest on what is no revision. */
export function parseRevision(text: string): number {
  if (!/^\d+$/.test(text)) throw badRequest(`invalid resource version "${text}": strconv.ParseUint: parsing "${text}": invalid syntax`);
  return Number(text);
}

/** Upstream waits a while for such a revision, then says this; no write can be under way here that the client knows of. */
export function checkNotInFuture(registry: Registry, revision: number): void {
  const { store } = registry.context;
  if (revision <= store.revision) return;
  throw new StatusError(504, "Timeout", `Too large resource version: ${revision}, current: ${store.revision}`, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });
}

function tooOld(registry: Registry, query: ListQuery, after: string | undefined): StatusError {
  const { store } = registry.context;
  if (!query.continue) return expired(`The provided resource version is too old: ${query.resourceVersion} (${store.compactedRevision})`);
  const error = expired(
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
  );
  error.status.metadata = { continue: encodeContinue(-1, after ?? "") };
  return error;
}

function encodeContinue(revision: number, start: string): string {
  return Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", rv: revision, start })).toString("base64url");
}

function decodeContinue(token: string): { revision: number; start: string } {
  try {
    const { v, rv, start } = JSON.parse(Buffer.from(token, "base64url").toString("utf8")) as { v: string; rv: number; start: string };
    if (v === "meta.k8s.io/v1" && Number.isInteger(rv) && typeof start === "string") return { revision: rv, start };
  } catch {
    // Falls through to the same refusal as a token of another form.
  }
  throw badRequest("continue key is not valid");
}
