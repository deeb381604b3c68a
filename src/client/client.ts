/**
 * The Kubernetes client. In-process components and outside programs use the same one: it sends the
 * requests kubectl would send, through a handler that is either the API server itself or HTTPS.
 */
import { bodyText, lines, type HttpHandler } from "#lib/http.ts";
import { StatusError } from "#api/errors.ts";
import { resourcePath, type Resource } from "#api/resources.ts";
import type { DeleteOptions, KubeList, KubeObject, Status, WatchEvent } from "#api/types.ts";

export interface ListOptions {
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
  limit?: number | undefined;
  continue?: string | undefined;
  resourceVersion?: string | undefined;
  resourceVersionMatch?: "Exact" | "NotOlderThan" | undefined;
}

export interface WatchOptions extends ListOptions {
  allowBookmarks?: boolean | undefined;
  timeoutSeconds?: number | undefined;
}

export type PatchType = "merge" | "strategic" | "json" | "apply";

const PATCH_CONTENT_TYPE: Record<PatchType, string> = {
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  json: "application/json-patch+json",
  apply: "application/apply-patch+yaml",
};

/** A new object: the server fills in the rest of its metadata. */
export type New<T extends KubeObject> = Omit<T, "apiVersion" | "kind" | "status"> & { apiVersion?: string; kind?: string };

export class Client {
  readonly #handler: HttpHandler;
  readonly #userAgent: string;

  /** `userAgent` names the component; the server derives the default field manager from it. */
  constructor(handler: HttpHandler, userAgent = "tidepool") {
    this.#handler = handler;
    this.#userAgent = userAgent;
  }

  /** The same server under another component's name. */
  as(userAgent: string): Client {
    return new Client(this.#handler, userAgent);
  }

  /** Reads one object. Throws a StatusError (NotFound ...), as all methods here do. */
  get<T extends KubeObject>(resource: Resource<T>, name: string, namespace?: string): Promise<T> {
    return this.#json("GET", resourcePath(resource, namespace, name));
  }

  /** Reads one object, or undefined when there is none. */
  async find<T extends KubeObject>(resource: Resource<T>, name: string, namespace?: string): Promise<T | undefined> {
    try {
      return await this.get(resource, name, namespace);
    } catch (error) {
      if (error instanceof StatusError && error.code === 404) return undefined;
      throw error;
    }
  }

  /** One page of a list. Items carry no apiVersion and kind on the wire; they are put back here. */
  async list<T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}): Promise<KubeList<T>> {
    const { namespace, ...query } = options;
    const list = await this.#json<KubeList<T>>("GET", withQuery(resourcePath(resource, namespace), query));
    for (const item of list.items) {
      item.apiVersion ??= list.apiVersion;
      item.kind ??= resource.kind;
    }
    return list;
  }

  /** Streams changes after `resourceVersion`. Ends when the server ends it or `signal` aborts; an ERROR event is thrown as a StatusError. */
  async *watch<T extends KubeObject>(resource: Resource<T>, options: WatchOptions, signal: AbortSignal): AsyncGenerator<WatchEvent<T>> {
    const { namespace, allowBookmarks, ...query } = options;
    const url = withQuery(resourcePath(resource, namespace), { ...query, watch: "1", allowWatchBookmarks: allowBookmarks ? "true" : undefined });
    const response = await this.#handler({ method: "GET", url, headers: this.#headers(), signal });
    if (response.status >= 400) throw await statusError(response.status, response.body);
    for await (const line of lines(response.body)) {
      if (signal.aborted) return;
      const event = JSON.parse(line) as WatchEvent<T>;
      if (event.type === "ERROR") throw StatusError.from(event.object);
      yield event;
    }
  }

  create<T extends KubeObject>(resource: Resource<T>, object: New<T>): Promise<T> {
    return this.#json("POST", resourcePath(resource, object.metadata.namespace), withType(resource, object));
  }

  /** Replaces an object; its resourceVersion, when set, must be the current one. */
  update<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T> {
    const { name, namespace } = object.metadata;
    return this.#json("PUT", resourcePath(resource, namespace, name), withType(resource, object));
  }

  /** Replaces the status alone. */
  updateStatus<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T> {
    return this.updateSubresource(resource, object, "status");
  }

  /** Replaces what a subresource stands for (`status`, `finalize`). */
  updateSubresource<T extends KubeObject>(resource: Resource<T>, object: T, subresource: string): Promise<T> {
    const { name, namespace } = object.metadata;
    return this.#json("PUT", resourcePath(resource, namespace, name, subresource), withType(resource, object));
  }

  /** Patches an object or a subresource of it (`status`, `scale`). */
  patch<T extends KubeObject>(
    resource: Resource<T>,
    target: { name: string; namespace?: string | undefined; subresource?: string },
    type: PatchType,
    patch: unknown,
  ): Promise<T> {
    return this.#json("PATCH", resourcePath(resource, target.namespace, target.name, target.subresource), patch, PATCH_CONTENT_TYPE[type]);
  }

  /** Deletes an object; resolves to it while finalizers or grace keep it, else to a Status. */
  delete<T extends KubeObject>(resource: Resource<T>, name: string, namespace?: string, options?: DeleteOptions): Promise<T | Status> {
    return this.#json("DELETE", resourcePath(resource, namespace, name), options ? { kind: "DeleteOptions", apiVersion: "v1", ...options } : undefined);
  }

  /** Posts to a subresource (`binding`, `eviction`, `token`). */
  post<R>(resource: Resource, target: { name: string; namespace?: string | undefined }, subresource: string, body: unknown): Promise<R> {
    return this.#json("POST", resourcePath(resource, target.namespace, target.name, subresource), body);
  }

  /** Any path that answers JSON (discovery, version), in the form that is asked for. */
  raw<R>(path: string, accept?: string): Promise<R> {
    return this.#json("GET", path, undefined, undefined, accept);
  }

  async #json<R>(method: string, url: string, body?: unknown, contentType = "application/json", accept = "application/json"): Promise<R> {
    const headers: Record<string, string> = { ...this.#headers(), accept };
    if (body !== undefined) headers["content-type"] = contentType;
    const response = await this.#handler({ method, url, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    if (response.status >= 400) throw await statusError(response.status, response.body);
    return JSON.parse(await bodyText(response.body)) as R;
  }

  #headers(): Record<string, string> {
    return { accept: "application/json", "user-agent": this.#userAgent };
  }
}

async function statusError(code: number, body: Parameters<typeof bodyText>[0]): Promise<StatusError> {
  const text = await bodyText(body);
  try {
    return StatusError.from({ code, ...(JSON.parse(text) as Status) });
  } catch {
    return new StatusError(code, "Unknown", text);
  }
}

function withType<T extends KubeObject>(resource: Resource<T>, object: object): object {
  return { apiVersion: resource.group === "" ? resource.version : `${resource.group}/${resource.version}`, kind: resource.kind, ...object };
}

function withQuery(path: string, query: Record<string, string | number | undefined>): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined && value !== "") search.set(key, String(value));
  const text = search.toString();
  return text ? `${path}?${text}` : path;
}
