/**
 * HTTP to a registry as containerd does it: anonymous bearer tokens when asked for one, basic
 * credentials when there are some, and its error texts.
 * @see https://github.com/containerd/containerd/blob/main/core/remotes/docker/resolver.go
 */
export interface Credentials {
  username: string;
  password: string;
}

export interface TransportOptions {
  /** Defaults to the global fetch; tests pass a function that calls a registry without a port. */
  fetch?: typeof globalThis.fetch;
  /** The credentials for a registry's host, if there are any. */
  credentials?: (host: string) => Credentials | undefined;
}

/** A failure as containerd reports it; `code` is the gRPC code a CRI runtime would answer with. */
export class ImageError extends Error {
  readonly code: "NotFound" | "Unknown";

  constructor(message: string, code: "NotFound" | "Unknown" = "Unknown") {
    super(message);
    this.code = code;
  }
}

/** One registry's base URL, with the tokens it has handed out. */
export class Transport {
  readonly #base: URL;
  readonly #fetch: typeof globalThis.fetch;
  readonly #credentials: Credentials | undefined;
  readonly #tokens = new Map<string, string>();

  constructor(base: string, options: TransportOptions = {}) {
    this.#base = new URL(base);
    this.#fetch = options.fetch ?? globalThis.fetch;
    this.#credentials = options.credentials?.(this.#base.host);
  }

  /** Sends a request for a path under the base; answers of any status are returned, only failing to ask is an error. */
  async request(method: string, path: string, init: { headers?: Record<string, string>; body?: Uint8Array } = {}): Promise<Response> {
    const url = new URL(path, this.#base);
    const first = await this.#send(method, url, init, this.#tokens.get(scopeOf(path)));
    if (first.status !== 401) return first;
    const authorization = await this.#authorize(first.headers.get("www-authenticate") ?? "");
    if (!authorization) return first;
    await first.body?.cancel();
    this.#tokens.set(scopeOf(path), authorization);
    return this.#send(method, url, init, authorization);
  }

  async #send(method: string, url: URL, init: { headers?: Record<string, string>; body?: Uint8Array }, authorization: string | undefined): Promise<Response> {
    try {
      return await this.#fetch(url, {
        method,
        headers: { ...init.headers, ...(authorization && { authorization }) },
        ...(init.body && { body: init.body as Uint8Array<ArrayBuffer> }),
      });
    } catch (error) {
      throw new ImageError(`failed to do request: ${titleCase(method)} "${url.href}": ${networkReason(error)}`);
    }
  }

  /** @see https://distribution.github.io/distribution/spec/auth/token/ */
  async #authorize(challenge: string): Promise<string | undefined> {
    const basic = this.#credentials && `Basic ${Buffer.from(`${this.#credentials.username}:${this.#credentials.password}`).toString("base64")}`;
    if (/^basic\b/i.test(challenge)) return basic;
    const parameters = new Map([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map((matched) => [matched[1]!.toLowerCase(), matched[2]!]));
    const realm = parameters.get("realm");
    if (!/^bearer\b/i.test(challenge) || !realm) return undefined;
    const url = new URL(realm);
    for (const name of ["service", "scope"]) if (parameters.has(name)) url.searchParams.set(name, parameters.get(name)!);
    const response = await this.#send("GET", url, {}, basic);
    if (!response.ok) return undefined;
    const answer = (await response.json()) as { token?: string; access_token?: string };
    const token = answer.token ?? answer.access_token;
    return token && `Bearer ${token}`;
  }
}

/** The error for an answer that is not success, in containerd's words. */
export function unexpectedStatus(method: string, response: Response, path: string): ImageError {
  if (response.status === 401 || response.status === 403) {
    return new ImageError("pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials");
  }
  return new ImageError(`unexpected status from ${method} request to ${response.url || path}: ${response.status} ${response.statusText}`.trimEnd());
}

/** Tokens are per repository: `/v2/<name>/...`. */
function scopeOf(path: string): string {
  return /^\/v2\/(.+)\/(?:blobs|manifests|tags|referrers)\//.exec(path)?.[1] ?? "";
}

function titleCase(method: string): string {
  return method.charAt(0) + method.slice(1).toLowerCase();
}

/** The reason in Go's words, which people search for. */
function networkReason(error: unknown): string {
  let cause = error as NodeJS.ErrnoException & { address?: string; port?: number; hostname?: string; errors?: unknown[] };
  while (cause.cause instanceof Error) cause = cause.cause;
  if (cause.errors?.[0]) cause = cause.errors[0] as typeof cause;
  const address = cause.address?.includes(":") ? `[${cause.address}]` : cause.address;
  switch (cause.code ?? "") {
    case "ECONNREFUSED":
      return `dial tcp ${address}:${cause.port}: connect: connection refused`;
    case "ENOTFOUND":
      return `dial tcp: lookup ${cause.hostname}: no such host`;
    case "ETIMEDOUT":
    case "UND_ERR_CONNECT_TIMEOUT":
      return "dial tcp: i/o timeout";
    default:
      return cause.message;
  }
}
