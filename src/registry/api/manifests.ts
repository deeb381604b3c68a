import type { HttpResponse } from "#lib/http.ts";
import { digestOf } from "../digest.ts";
import { RegistryError } from "../errors.ts";
import { ManifestError, artifactTypeOf, parseManifest, referencedDigests } from "../manifest.ts";
import type { Manifest } from "../manifest.ts";
import { isTag } from "../reference.ts";
import { empty, isUnchanged, methodNotAllowed, requireDigest } from "./context.ts";
import type { RegistryContext, RegistryRequest } from "./context.ts";

/** Bytes; the size the spec asks every registry to take. */
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

type ManifestReference = { tag: string } | { digest: string };

/** `/v2/<name>/manifests/<tag or digest>`: GET, HEAD, PUT, DELETE. */
export async function handleManifest(context: RegistryContext, request: RegistryRequest, repository: string, text: string): Promise<HttpResponse> {
  const reference = parseReferencePart(text);
  switch (request.method) {
    case "GET":
    case "HEAD":
      return read(context, request, repository, reference);
    case "PUT":
      return put(context, request, repository, reference);
    case "DELETE":
      return remove(context, repository, reference);
    default:
      throw methodNotAllowed(["GET", "HEAD", "PUT", "DELETE"]);
  }
}

function parseReferencePart(text: string): ManifestReference {
  if (text.includes(":")) return { digest: requireDigest(text).text };
  if (!isTag(text)) throw new RegistryError(400, { code: "TAG_INVALID", message: "manifest tag did not match URI", detail: { tag: text } });
  return { tag: text };
}

function read(context: RegistryContext, request: RegistryRequest, repository: string, reference: ManifestReference): HttpResponse {
  const stored = context.catalog.manifest(repository, reference);
  if (!stored) throw unknown(context, repository, reference);
  const headers = {
    "content-type": stored.mediaType,
    "content-length": String(stored.content.byteLength),
    "docker-content-digest": stored.digest,
    etag: `"${stored.digest}"`,
  };
  if (isUnchanged(request, stored.digest)) return empty(304, { "docker-content-digest": stored.digest, etag: headers.etag });
  return { status: 200, headers, body: request.method === "HEAD" ? "" : stored.content };
}

async function put(context: RegistryContext, request: RegistryRequest, repository: string, reference: ManifestReference): Promise<HttpResponse> {
  const content = await readLimited(request.body);
  const algorithm = "digest" in reference ? reference.digest.split(":", 1)[0] : "sha256";
  const digest = digestOf(content, algorithm);
  if ("digest" in reference && reference.digest !== digest) {
    throw new RegistryError(400, {
      code: "DIGEST_INVALID",
      message: "provided digest did not match uploaded content",
      detail: { provided: reference.digest, content: digest },
    });
  }
  const tags = "tag" in reference ? [reference.tag] : request.url.searchParams.getAll("tag");
  for (const tag of tags) {
    if (!isTag(tag)) throw new RegistryError(400, { code: "TAG_INVALID", message: "invalid tag format", detail: { tag } });
  }
  const parsed = parse(content, request.headers["content-type"]);
  const references = [...new Set(referencedDigests(parsed))];
  refuseMissing(context, repository, parsed, references);
  const subject = parsed.manifest.subject?.digest;
  context.catalog.putManifest(
    repository,
    {
      digest,
      mediaType: parsed.mediaType,
      content,
      references,
      subject,
      artifactType: artifactTypeOf(parsed),
      annotations: parsed.manifest.annotations,
    },
    tags,
  );
  return empty(201, {
    location: `/v2/${repository}/manifests/${digest}`,
    "docker-content-digest": digest,
    ...(subject !== undefined && { "oci-subject": subject }),
    ...("digest" in reference && tags.length > 0 && { "oci-tag": tags.join(", ") }),
  });
}

function parse(content: Uint8Array, contentType: string | undefined): Manifest {
  try {
    return parseManifest(content, contentType);
  } catch (error) {
    if (error instanceof ManifestError) throw new RegistryError(400, { code: "MANIFEST_INVALID", message: `manifest invalid: ${error.message}` });
    throw error;
  }
}

/** A manifest is taken only when everything it needs is here, so that whatever can be listed can be pulled. */
function refuseMissing(context: RegistryContext, repository: string, parsed: Manifest, references: string[]): void {
  const missing = references.filter((digest) =>
    parsed.kind === "index" ? !context.catalog.hasManifest(repository, digest) : !context.catalog.hasBlob(repository, digest),
  );
  if (missing.length === 0) return;
  throw new RegistryError(
    404,
    missing.map((digest) => ({
      code: "MANIFEST_BLOB_UNKNOWN",
      message: "manifest references a manifest or blob unknown to registry",
      detail: { digest },
    })),
  );
}

function remove(context: RegistryContext, repository: string, reference: ManifestReference): HttpResponse {
  const removed =
    "tag" in reference ? context.catalog.deleteTag(repository, reference.tag) : context.catalog.deleteManifest(repository, reference.digest);
  if (!removed) throw unknown(context, repository, reference);
  return empty(202, {});
}

function unknown(context: RegistryContext, repository: string, reference: ManifestReference): RegistryError {
  if (!context.catalog.hasRepository(repository)) {
    return new RegistryError(404, { code: "NAME_UNKNOWN", message: "repository name not known to registry", detail: { name: repository } });
  }
  return new RegistryError(404, { code: "MANIFEST_UNKNOWN", message: "manifest unknown to registry", detail: reference });
}

async function readLimited(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > MAX_MANIFEST_BYTES) {
      throw new RegistryError(413, { code: "SIZE_INVALID", message: `manifests may have at most ${MAX_MANIFEST_BYTES} bytes` });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
