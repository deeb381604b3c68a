/**
 * Large answers are compressed for clients that accept it.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/handlers/responsewriters/writers.go
 */
import { pipeline, Readable } from "node:stream";
import { createGzip } from "node:zlib";
import type { HttpResponse } from "#lib/http.ts";

/** Upstream's threshold and level: what is smaller travels faster as it is. */
const THRESHOLD_BYTES = 128 * 1024;
const LEVEL = 1;

export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  return (acceptEncoding ?? "").split(",").some((coding) => coding.trim() === "gzip");
}

/** Streams count as large: what is small is not streamed. */
export function gzippedIfLarge(response: HttpResponse): HttpResponse {
  const { body } = response;
  if ((typeof body === "string" || body instanceof Uint8Array) && body.length <= THRESHOLD_BYTES) return response;
  return { ...response, headers: { ...response.headers, "content-encoding": "gzip", vary: "Accept-Encoding" }, body: gzipped(body) };
}

async function* gzipped(body: HttpResponse["body"]): AsyncGenerator<Uint8Array> {
  const gzip = createGzip({ level: LEVEL });
  // An error of either ends both; the reader below is told.
  pipeline(Readable.from(typeof body === "string" ? [body] : body), gzip, () => {});
  yield* gzip as AsyncIterable<Uint8Array>;
}
