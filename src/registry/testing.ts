import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeClock } from "#lib/clock.ts";
import type { HttpResponse } from "#lib/http.ts";
import { MEDIA_TYPES } from "./manifest.ts";
import type { Descriptor } from "./manifest.ts";
import { digestOf } from "./digest.ts";
import { Registry } from "./registry.ts";

/** A registry for tests: a temporary directory, a clock that stands still, no port. */
export class TestRegistry implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), "tidepool-registry-"));
  readonly clock = new FakeClock();
  registry: Registry;

  constructor() {
    this.registry = this.#open();
  }

  /** As after a crash: what is not on disk is gone. */
  reopen(): void {
    this.registry.close();
    this.registry = this.#open();
  }

  async send(method: string, path: string, init: { headers?: Record<string, string>; body?: string | Uint8Array | AsyncIterable<Uint8Array> } = {}): Promise<Answer> {
    const body = init.body ?? "";
    const response = await this.registry.handle({
      method,
      url: new URL(`http://registry${path}`),
      headers: init.headers ?? {},
      body: typeof body === "string" || body instanceof Uint8Array ? once(body) : body,
    });
    return { status: response.status, headers: response.headers, body: await readBody(response) };
  }

  /** The registry as a `fetch`, so that clients need no port. */
  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = Object.fromEntries(new Headers(init?.headers));
    const answer = await this.send(init?.method ?? "GET", `${url.pathname}${url.search}`, {
      headers,
      ...(init?.body ? { body: init.body as Uint8Array } : {}),
    });
    const bodyless = [204, 304].includes(answer.status) || init?.method === "HEAD";
    return new Response(bodyless ? null : (answer.body as Uint8Array<ArrayBuffer>), { status: answer.status, headers: answer.headers });
  };

  /** Uploads a blob in one request and returns its descriptor. */
  async blob(repository: string, content: string | Uint8Array, mediaType = "application/octet-stream"): Promise<Descriptor> {
    const digest = digestOf(content);
    await this.send("POST", `/v2/${repository}/blobs/uploads/?digest=${digest}`, { body: content });
    return { mediaType, digest, size: Buffer.byteLength(content) };
  }

  /** Pushes a small image and returns its manifest's digest. */
  async image(repository: string, tag: string, options: { config?: string; layers?: Descriptor[]; extra?: object } = {}): Promise<string> {
    const config = await this.blob(repository, options.config ?? `{"tag":"${tag}"}`, MEDIA_TYPES.ociConfig);
    const manifest = JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config, layers: options.layers ?? [], ...options.extra });
    const answer = await this.send("PUT", `/v2/${repository}/manifests/${tag}`, { headers: { "content-type": MEDIA_TYPES.ociManifest }, body: manifest });
    if (answer.status !== 201) throw new Error(`${answer.status} ${text(answer)}`);
    return answer.headers["docker-content-digest"]!;
  }

  [Symbol.dispose](): void {
    this.registry.close();
    rmSync(this.directory, { recursive: true });
  }

  #open(): Registry {
    return new Registry({ directory: this.directory, clock: this.clock, newId: randomUUID });
  }
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Uint8Array;
}

export function text(answer: Answer): string {
  return Buffer.from(answer.body).toString("utf8");
}

/** The codes of an answer that is an error. */
export function codes(answer: Answer): string[] {
  return (JSON.parse(text(answer)) as { errors: { code: string }[] }).errors.map((error) => error.code);
}

async function* once(content: string | Uint8Array): AsyncGenerator<Uint8Array> {
  if (content.length > 0) yield Buffer.from(content);
}

async function readBody({ body }: HttpResponse): Promise<Uint8Array> {
  if (typeof body === "string" || body instanceof Uint8Array) return Buffer.from(body);
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
