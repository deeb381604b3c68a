import type { Clock } from "#lib/clock.ts";
import type { HttpResponse } from "#lib/http.ts";
import type { Catalog } from "../catalog.ts";
import type { ContentStore } from "../content.ts";
import { DigestError, isDigestAlgorithm, parseDigest } from "../digest.ts";
import type { Digest } from "../digest.ts";
import { RegistryError } from "../errors.ts";

/** What the handlers work on. */
export interface RegistryContext {
  catalog: Catalog;
  content: ContentStore;
  clock: Clock;
  /** A fresh, unguessable upload id. */
  newId: () => string;
}

/** A request to the registry; bodies stream, since a layer may be larger than memory. */
export interface RegistryRequest {
  method: string;
  url: URL;
  /** Names in lower case. */
  headers: Readonly<Record<string, string | undefined>>;
  body: AsyncIterable<Uint8Array>;
}

export function requireDigest(text: string): Digest {
  try {
    return parseDigest(text);
  } catch (error) {
    if (error instanceof DigestError) throw new RegistryError(400, { code: "DIGEST_INVALID", message: error.message, detail: { digest: text } });
    throw error;
  }
}

export function requireAlgorithm(name: string): void {
  if (!isDigestAlgorithm(name)) {
    throw new RegistryError(400, { code: "DIGEST_INVALID", message: "unsupported digest algorithm", detail: { algorithm: name } });
  }
}

/** Refuses a method a path does not have. */
export function methodNotAllowed(allowed: string[]): RegistryError {
  return new RegistryError(405, { code: "UNSUPPORTED", message: "The operation is unsupported." }, { allow: allowed.join(", ") });
}

export function empty(status: number, headers: Record<string, string>): HttpResponse {
  return { status, headers: { "content-length": "0", ...headers }, body: "" };
}

export function json(status: number, value: unknown, headers: Record<string, string> = {}): HttpResponse {
  const body = JSON.stringify(value);
  return {
    status,
    headers: { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)), ...headers },
    body,
  };
}

/** Whether a conditional request's entity tag is the content's digest: the client has it already. */
export function isUnchanged(request: RegistryRequest, digest: string): boolean {
  const tags = request.headers["if-none-match"]?.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags?.some((tag) => tag === "*" || tag === `"${digest}"`) ?? false;
}
