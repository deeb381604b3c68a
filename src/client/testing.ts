/** An API server of one resource that a test steers, request by request. */
import type { HttpHandler, HttpRequest, HttpResponse } from "#lib/http.ts";
import type { ConfigMap, WatchEvent } from "#api/types.ts";

export function configMap(name: string, resourceVersion: number, more: { uid?: string; namespace?: string; data?: Record<string, string> } = {}): ConfigMap {
  const { uid = `uid-${name}`, namespace = "default", data } = more;
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace, uid, resourceVersion: String(resourceVersion) }, ...(data ? { data } : {}) };
}

/** An open watch. */
export class ScriptedWatch {
  readonly url: URL;
  #pending: (string | undefined)[] = [];
  #wake: (() => void) | undefined;
  closed = false;

  constructor(url: URL) {
    this.url = url;
  }

  send(...events: WatchEvent<unknown>[]): void {
    for (const event of events) this.#push(`${JSON.stringify(event)}\n`);
  }

  /** The server ends the watch. */
  end(): void {
    this.#push(undefined);
  }

  #push(item: string | undefined): void {
    this.#pending.push(item);
    this.#wake?.();
  }

  async *stream(signal: AbortSignal | undefined): AsyncGenerator<string> {
    signal?.addEventListener("abort", () => this.#wake?.());
    try {
      while (!signal?.aborted) {
        while (this.#pending.length > 0) {
          const item = this.#pending.shift();
          if (item === undefined) return;
          yield item;
        }
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      this.closed = true;
    }
  }
}

export class ScriptedServer {
  readonly requests: { method: string; url: URL; headers: HttpRequest["headers"]; body: unknown }[] = [];
  readonly watches: ScriptedWatch[] = [];
  /** Answers to lists and other requests, taken in order; the last one stays. */
  readonly answers: { status: number; body: unknown }[] = [];
  /** What the next watch requests are refused with; those that follow are served. */
  readonly refusals: { status: number; body: unknown }[] = [];

  readonly handler: HttpHandler = async (request): Promise<HttpResponse> => {
    const url = new URL(request.url, "http://server");
    this.requests.push({ method: request.method, url, headers: request.headers, body: request.body === undefined ? undefined : JSON.parse(String(request.body)) });
    if (!url.searchParams.has("watch")) return json(this.answers.length > 1 ? this.answers.shift()! : this.answers[0]!);
    const refusal = this.refusals.shift();
    if (refusal) return json(refusal);
    const watch = new ScriptedWatch(url);
    this.watches.push(watch);
    return { status: 200, headers: {}, body: watch.stream(request.signal) };
  };

  /** How many lists were asked for. */
  get lists(): number {
    return this.requests.filter(({ method, url }) => method === "GET" && !url.searchParams.has("watch")).length;
  }

  answerList(resourceVersion: number, items: ConfigMap[], continueToken?: string): void {
    const metadata = { resourceVersion: String(resourceVersion), ...(continueToken ? { continue: continueToken } : {}) };
    // As on the wire: items carry no type of their own.
    const bare = items.map(({ metadata, data }) => ({ metadata, ...(data ? { data } : {}) }));
    this.answers.push({ status: 200, body: { apiVersion: "v1", kind: "ConfigMapList", metadata, items: bare } });
  }
}

export const EXPIRED = { kind: "Status", apiVersion: "v1", status: "Failure", reason: "Expired", message: "too old resource version", code: 410 };

function json({ status, body }: { status: number; body: unknown }): HttpResponse {
  return { status, headers: {}, body: JSON.stringify(body) };
}
