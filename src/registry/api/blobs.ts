import type { HttpResponse } from "#lib/http.ts";
import { RegistryError } from "../errors.ts";
import { empty, isUnchanged, methodNotAllowed, requireDigest } from "./context.ts";
import type { RegistryContext, RegistryRequest } from "./context.ts";

/** `/v2/<name>/blobs/<digest>`: GET (with Range), HEAD, DELETE. */
export async function handleBlob(context: RegistryContext, request: RegistryRequest, repository: string, digestText: string): Promise<HttpResponse> {
  if (!["GET", "HEAD", "DELETE"].includes(request.method)) throw methodNotAllowed(["GET", "HEAD", "DELETE"]);
  const digest = requireDigest(digestText);
  const size = context.catalog.hasBlob(repository, digest.text) ? context.content.sizeOf(digest) : undefined;
  if (size === undefined) {
    throw new RegistryError(404, { code: "BLOB_UNKNOWN", message: "blob unknown to registry", detail: { digest: digest.text } });
  }
  if (request.method === "DELETE") {
    context.catalog.unlinkBlob(repository, digest.text);
    return empty(202, { "docker-content-digest": digest.text });
  }
  const headers: Record<string, string> = {
    "content-type": "application/octet-stream",
    "docker-content-digest": digest.text,
    "accept-ranges": "bytes",
    etag: `"${digest.text}"`,
    "cache-control": "max-age=31536000",
  };
  if (request.method === "HEAD") {
    // Whoever asks is about to rely on the answer: collection must not take the blob meanwhile.
    context.catalog.linkBlob(repository, digest.text, context.clock.now());
    return { status: 200, headers: { ...headers, "content-length": String(size) }, body: "" };
  }
  if (isUnchanged(request, digest.text)) return { status: 304, headers, body: "" };
  const range = parseRange(request.headers["range"], size);
  if (range === "unsatisfiable") {
    throw new RegistryError(416, { code: "SIZE_INVALID", message: "requested range not satisfiable" }, { "content-range": `bytes */${size}` });
  }
  if (!range) {
    return { status: 200, headers: { ...headers, "content-length": String(size) }, body: context.content.read(digest) };
  }
  return {
    status: 206,
    headers: {
      ...headers,
      "content-length": String(range.end - range.start + 1),
      "content-range": `bytes ${range.start}-${range.end}/${size}`,
    },
    body: context.content.read(digest, range),
  };
}

/**
 * One byte range of RFC 9110, section 14: `bytes=0-99`, `bytes=100-`, `bytes=-20`. Anything else,
 * several ranges included, is ignored as the RFC allows: the whole blob is the answer.
 */
export function parseRange(header: string | undefined, size: number): { start: number; end: number } | "unsatisfiable" | undefined {
  const matched = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? "");
  if (!matched || (matched[1] === "" && matched[2] === "")) return undefined;
  if (matched[1] === "") {
    const length = Math.min(Number(matched[2]), size);
    return length === 0 ? "unsatisfiable" : { start: size - length, end: size - 1 };
  }
  const start = Number(matched[1]);
  const end = matched[2] === "" ? size - 1 : Math.min(Number(matched[2]), size - 1);
  if (matched[2] !== "" && Number(matched[2]) < start) return undefined;
  return start >= size ? "unsatisfiable" : { start, end };
}
