/**
 * A small API server for tests: objects in memory with versions, watches, conflicts, finalizers,
 * graceful deletion of pods, status subresources and bindings. No defaults, no validation.
 */
import type { Clock } from "#lib/clock.ts";
import { toTime } from "#lib/clock.ts";
import type { HttpHandler, HttpRequest, HttpResponse } from "#lib/http.ts";
import { randomSuffix, seededRng, uuid } from "#lib/random.ts";
import { alreadyExists, expired, modified, notFound, StatusError } from "#api/errors.ts";
import type { KubeObject, WatchEvent } from "#api/types.ts";

type Stored = KubeObject & { spec?: Record<string, unknown>; status?: Record<string, unknown> };

interface Route {
  collection: string;
  resource: string;
  namespace: string | undefined;
  name: string | undefined;
  subresource: string | undefined;
}

export class FakeApi {
  readonly #clock: Clock;
  readonly #rng = seededRng(1);
  readonly #collections = new Map<string, Map<string, Stored>>();
  readonly #log: { version: number; collection: string; event: WatchEvent<Stored> }[] = [];
  readonly #watchers = new Set<() => void>();
  #version = 100;
  #compacted = 0;
  /** Called before every request; may throw a StatusError to refuse it. */
  intercept: (request: HttpRequest) => void | Promise<void> = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The version of the last write. */
  get version(): number {
    return this.#version;
  }

  /** Forgets the history: watches from an earlier version get 410. */
  compact(): void {
    this.#compacted = this.#version;
  }

  readonly handler: HttpHandler = async (request) => {
    try {
      await this.intercept(request);
      return this.#handle(request);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      return json(error.code, error.status);
    }
  };

  #handle(request: HttpRequest): HttpResponse {
    const url = new URL(request.url, "http://fake");
    const route = parse(url.pathname);
    const body = request.body === undefined ? undefined : (JSON.parse(String(request.body)) as Stored & { target?: { name: string } });
    if (request.method === "GET" && url.searchParams.has("watch")) return this.#watch(route, url.searchParams, request.signal);
    if (request.method === "GET" && !route.name) return json(200, this.#list(route));
    if (request.method === "GET") return json(200, this.#get(route));
    if (request.method === "POST" && !route.subresource) return json(201, this.#create(route, body!));
    if (request.method === "POST" && route.subresource === "binding") return json(201, this.#bind(route, body!));
    if (request.method === "PUT") return json(200, this.#update(route, body!));
    if (request.method === "PATCH") return json(200, this.#update(route, mergePatch(this.#get(route), body) as Stored));
    if (request.method === "DELETE") return json(200, this.#delete(route, body as never));
    throw new StatusError(405, "MethodNotAllowed", `${request.method} ${request.url}`);
  }

  #collection(name: string): Map<string, Stored> {
    let collection = this.#collections.get(name);
    if (!collection) this.#collections.set(name, (collection = new Map()));
    return collection;
  }

  #list({ collection, namespace }: Route): object {
    const items = [...this.#collection(collection).values()].filter((object) => !namespace || object.metadata.namespace === namespace);
    return { kind: "List", apiVersion: "v1", metadata: { resourceVersion: String(this.#version) }, items };
  }

  #get(route: Route): Stored {
    const found = this.#collection(route.collection).get(keyOf(route));
    if (!found) throw notFound({ resource: route.resource, name: route.name });
    return found;
  }

  #create(route: Route, body: Stored): Stored {
    const metadata = structuredClone(body.metadata);
    metadata.name ??= `${metadata.generateName}${randomSuffix(this.#rng)}`;
    if (route.namespace) metadata.namespace = route.namespace;
    const key = keyOf({ ...route, name: metadata.name });
    if (this.#collection(route.collection).has(key)) throw alreadyExists({ resource: route.resource, name: metadata.name });
    metadata.uid = uuid(this.#rng);
    metadata.creationTimestamp = toTime(this.#clock.now());
    metadata.generation = 1;
    const object: Stored = { ...structuredClone(body), metadata };
    if (route.resource === "pods") object.status = { phase: "Pending", ...object.status };
    return this.#write(route.collection, key, object, "ADDED");
  }

  #update(route: Route, body: Stored): Stored {
    const old = this.#get(route);
    const sent = body.metadata;
    if (sent.resourceVersion && sent.resourceVersion !== old.metadata.resourceVersion) throw modified({ resource: route.resource, name: route.name });
    if (sent.uid && sent.uid !== old.metadata.uid) throw modified({ resource: route.resource, name: route.name });
    const next: Stored =
      route.subresource === "status"
        ? { ...old, status: body.status! }
        : { ...old, ...body, ...(old.status && route.resource !== "persistentvolumeclaims" ? { status: old.status } : {}), metadata: { ...old.metadata, ...body.metadata } };
    if (JSON.stringify(next.spec) !== JSON.stringify(old.spec)) next.metadata = { ...next.metadata, generation: (old.metadata.generation ?? 0) + 1 };
    if (JSON.stringify(next) === JSON.stringify(old)) return old;
    const key = keyOf(route);
    if (next.metadata.deletionTimestamp && !next.metadata.finalizers?.length && route.resource !== "pods") return this.#remove(route.collection, key, next);
    return this.#write(route.collection, key, next, "MODIFIED");
  }

  #bind(route: Route, body: { target?: { name: string } }): object {
    const pod = this.#get(route);
    if (pod.spec?.["nodeName"]) throw modified({ resource: "pods", name: route.name });
    this.#write(route.collection, keyOf(route), { ...pod, spec: { ...pod.spec, nodeName: body.target!.name } }, "MODIFIED");
    return { kind: "Status", apiVersion: "v1", status: "Success" };
  }

  #delete(route: Route, options: { gracePeriodSeconds?: number; propagationPolicy?: string; preconditions?: { uid?: string } } | undefined): object {
    const object = this.#get(route);
    if (options?.preconditions?.uid && options.preconditions.uid !== object.metadata.uid) throw modified({ resource: route.resource, name: route.name });
    const finalizers = [...(object.metadata.finalizers ?? [])];
    if (options?.propagationPolicy === "Foreground") finalizers.push("foregroundDeletion");
    if (options?.propagationPolicy === "Orphan") finalizers.push("orphan");
    const graceful = route.resource === "pods" && options?.gracePeriodSeconds !== 0 && object.spec?.["nodeName"] !== undefined;
    if (finalizers.length === 0 && !graceful) {
      this.#remove(route.collection, keyOf(route), object);
      return { kind: "Status", apiVersion: "v1", status: "Success" };
    }
    if (object.metadata.deletionTimestamp) return object;
    const metadata = { ...object.metadata, ...(finalizers.length > 0 ? { finalizers } : {}), deletionTimestamp: toTime(this.#clock.now()), deletionGracePeriodSeconds: 30 };
    return this.#write(route.collection, keyOf(route), { ...object, metadata }, "MODIFIED");
  }

  #write(collection: string, key: string, object: Stored, type: "ADDED" | "MODIFIED"): Stored {
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#version) } };
    this.#collection(collection).set(key, stored);
    this.#announce(collection, { type, object: stored });
    return stored;
  }

  #remove(collection: string, key: string, object: Stored): Stored {
    const removed = { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#version) } };
    this.#collection(collection).delete(key);
    this.#announce(collection, { type: "DELETED", object: removed });
    return removed;
  }

  #announce(collection: string, event: WatchEvent<Stored>): void {
    this.#log.push({ version: this.#version, collection, event });
    for (const wake of this.#watchers) wake();
  }

  #watch({ collection }: Route, query: URLSearchParams, signal: AbortSignal | undefined): HttpResponse {
    let from = Number(query.get("resourceVersion") ?? 0);
    if (from < this.#compacted) throw expired("too old resource version");
    const self = this;
    async function* stream(): AsyncGenerator<string> {
      let cursor = self.#log.findIndex(({ version }) => version > from);
      if (cursor < 0) cursor = self.#log.length;
      while (!signal?.aborted) {
        for (; cursor < self.#log.length; cursor++) {
          const entry = self.#log[cursor]!;
          if (entry.collection !== collection) continue;
          from = entry.version;
          yield `${JSON.stringify(entry.event)}\n`;
        }
        await new Promise<void>((resolve) => {
          const done = (): void => {
            self.#watchers.delete(done);
            signal?.removeEventListener("abort", done);
            resolve();
          };
          self.#watchers.add(done);
          signal?.addEventListener("abort", done);
        });
      }
    }
    return { status: 200, headers: { "content-type": "application/json" }, body: stream() };
  }
}

function json(status: number, value: unknown): HttpResponse {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(value) };
}

function parse(path: string): Route {
  const parts = path.split("/").slice(1).map(decodeURIComponent);
  const rest = parts.slice(parts[0] === "api" ? 2 : 3);
  const group = parts.slice(0, parts[0] === "api" ? 2 : 3).join("/");
  const namespaced = rest[0] === "namespaces" && rest.length > 2 && rest[2] !== "finalize" && rest[2] !== "status";
  const namespace = namespaced ? rest[1] : undefined;
  const [resource = "", name, subresource] = namespaced ? rest.slice(2) : rest;
  return { collection: `${group}/${resource}`, resource, namespace, name, subresource };
}

function keyOf({ namespace, name }: Pick<Route, "namespace" | "name">): string {
  return `${namespace ?? ""}/${name}`;
}

function mergePatch(target: unknown, patch: unknown): unknown {
  if (patch === null || typeof patch !== "object" || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = { ...(target as object) };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}
