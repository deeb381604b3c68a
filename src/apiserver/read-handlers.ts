/**
 * The verbs that read: get, list and watch.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/handlers/get.go
 */
import type { HttpRequest, HttpResponse } from "#lib/http.ts";
import { methodNotAllowed, StatusError } from "#api/errors.ts";
import type { Column, ResourceDefinition } from "#api/scheme.ts";
import type { KubeObject } from "#api/types.ts";
import type { Entry } from "#store/index.ts";
import { respondWithList } from "./encode-list.ts";
import { encodeBookmark, encodeEntry, encodingOf, respond } from "./encode.ts";
import { checkMetadataForm, checkStreamable } from "./negotiation.ts";
import { isAny, listOptionsOf, resourceVersionProblem, tooLarge } from "./registry/list-options.ts";
import { listPage } from "./registry/list.ts";
import type { Registry } from "./registry/registry.ts";
import { selectorOf } from "./registry/selector.ts";
import { watchLines } from "./registry/watch.ts";
import type { ResourceRequest } from "./request-info.ts";
import { jsonText } from "./response.ts";

/** A request that reads, with all that its handler needs. */
export interface ReadCall {
  http: HttpRequest;
  target: ResourceRequest;
  query: URLSearchParams;
  registry: Registry;
}

export async function answerEntry({ registry, http, query }: Pick<ReadCall, "registry" | "http" | "query">, status: number, entry: Entry): Promise<HttpResponse> {
  const { definition } = registry;
  const encoding = encodingOf(http, query, registry.context.clock.now());
  checkMetadataForm(encoding, false, `*${definition.group.split(".")[0] || "core"}.${definition.kind}`);
  return respond(status, encodeEntry(definition, entry, encoding), encoding);
}

/** A HEAD is authorized as the read it looks like, and then not served, as upstream. */
function refuseHead({ method }: HttpRequest): void {
  if (method === "HEAD") throw methodNotAllowed();
}

/** Throws Timeout when the resourceVersion asked for is still to come. */
export function handleGet(call: ReadCall): Promise<HttpResponse> {
  const { registry, target, query, http } = call;
  refuseHead(http);
  const resourceVersion = query.get("resourceVersion") ?? "";
  const problem = resourceVersionProblem(resourceVersion);
  if (problem) throw new StatusError(500, "", problem);
  const { store } = registry.context;
  if (!isAny(resourceVersion) && Number(resourceVersion) > store.revision) throw tooLarge(Number(resourceVersion), store.revision);
  return answerEntry(call, 200, registry.get(target.namespace, target.name));
}

export async function handleList({ registry, target, query, http }: ReadCall): Promise<HttpResponse> {
  refuseHead(http);
  const encoding = encodingOf(http, query, registry.context.clock.now());
  const options = listOptionsOf(query, false);
  const selector = selectorOf(registry.definition, query);
  return respondWithList(registry, await listPage(registry, target.namespace, selector, options), encoding);
}

export function handleWatch({ registry, target, query, http }: ReadCall): HttpResponse {
  refuseHead(http);
  const { context } = registry;
  const encoding = encodingOf(http, query, context.clock.now());
  checkStreamable(encoding);
  const options = listOptionsOf(query, true);
  const selector = selectorOf(registry.definition, query, target.name);
  let described: Column[] | undefined | "none yet" = "none yet";
  /** The kind as it is defined by now, and the encoding of the next event: columns are described in the first, and when they have changed. */
  const next = (): [ResourceDefinition, typeof encoding] => {
    const { definition } = registry.current;
    const table = { ...encoding.table, headers: described !== definition.columns, nowMs: context.clock.now() };
    described = definition.columns;
    return [definition, { ...encoding, table }];
  };
  const encoder = {
    entry(entry: Entry) {
      if (encoding.form === "object") return entry.json;
      const [definition, now] = next();
      return encodeEntry(definition, entry, now);
    },
    bookmark(object: KubeObject) {
      const [definition, now] = next();
      return encodeBookmark(definition, object, now);
    },
  };
  return jsonText(200, watchLines(registry, target.namespace, selector, options, encoder, http.signal));
}
