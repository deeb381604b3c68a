import type { HttpResponse } from "#lib/http.ts";
import type { Digest } from "../digest.ts";
import { RegistryError } from "../errors.ts";
import { isRepositoryName } from "../reference.ts";
import { empty, methodNotAllowed, requireAlgorithm, requireDigest } from "./context.ts";
import type { RegistryContext, RegistryRequest } from "./context.ts";

/** Requests on one upload take turns: two chunks at once would interleave their bytes. */
const turns = new WeakMap<RegistryContext, Map<string, Promise<unknown>>>();

/** `POST /v2/<name>/blobs/uploads/`: begins an upload, or takes a whole blob, or mounts one another repository has. */
export async function handleUploads(context: RegistryContext, request: RegistryRequest, repository: string): Promise<HttpResponse> {
  if (request.method !== "POST") throw methodNotAllowed(["POST"]);
  const query = request.url.searchParams;
  const mount = query.get("mount");
  if (mount !== null) {
    const mounted = mountBlob(context, repository, requireDigest(mount), query.get("from"));
    if (mounted) return mounted;
  }
  const wanted = query.get("digest");
  const digest = wanted === null || mount !== null ? undefined : requireDigest(wanted);
  requireAlgorithm(query.get("digest-algorithm") ?? "sha256");
  const id = context.newId();
  await context.content.startUpload(id);
  context.catalog.addUpload(id, repository, context.clock.now());
  if (!digest) return empty(202, uploadHeaders(repository, id, 0));
  return oneAtATime(context, id, async () => {
    await receive(context, request, repository, id, 0);
    return finish(context, repository, id, digest);
  });
}

/** `/v2/<name>/blobs/uploads/<id>`: PATCH adds a chunk, PUT ends the upload, GET tells how far it is, DELETE gives it up. */
export async function handleUpload(context: RegistryContext, request: RegistryRequest, repository: string, id: string): Promise<HttpResponse> {
  return oneAtATime(context, id, async () => {
    const size = context.catalog.hasUpload(id, repository) ? await context.content.uploadSize(id) : undefined;
    if (size === undefined) {
      throw new RegistryError(404, { code: "BLOB_UPLOAD_UNKNOWN", message: "blob upload unknown to registry", detail: { id } });
    }
    switch (request.method) {
      case "GET":
        return empty(204, uploadHeaders(repository, id, size));
      case "PATCH": {
        const received = await receive(context, request, repository, id, size);
        return empty(202, uploadHeaders(repository, id, received));
      }
      case "PUT": {
        const digest = requireDigest(request.url.searchParams.get("digest") ?? "");
        await receive(context, request, repository, id, size);
        return finish(context, repository, id, digest);
      }
      case "DELETE":
        giveUp(context, id);
        return empty(204, {});
      default:
        throw methodNotAllowed(["GET", "PATCH", "PUT", "DELETE"]);
    }
  });
}

/** Removes uploads begun before `sinceMs`, and files of uploads no longer recorded. Returns how many. */
export function expireUploads(context: RegistryContext, sinceMs: number): number {
  const alive = context.catalog.uploadsSince(sinceMs);
  const expired = context.content.uploads().filter((id) => !alive.has(id));
  for (const id of expired) giveUp(context, id);
  return expired.length;
}

function mountBlob(context: RegistryContext, repository: string, digest: Digest, from: string | null): HttpResponse | undefined {
  // Without a source the blob may come from anywhere: everyone here may read every repository.
  const present =
    from === null ? context.catalog.isBlobLinked(digest.text) : isRepositoryName(from) && context.catalog.hasBlob(from, digest.text);
  if (!present || context.content.sizeOf(digest) === undefined) return undefined;
  context.catalog.linkBlob(repository, digest.text, context.clock.now());
  return empty(201, blobHeaders(repository, digest));
}

/** Appends the request's body after checking that it begins where the upload ends. Returns the new size. */
async function receive(context: RegistryContext, request: RegistryRequest, repository: string, id: string, size: number): Promise<number> {
  const range = request.headers["content-range"];
  let expected: number | undefined;
  if (range !== undefined) {
    const matched = /^(?:bytes )?(\d+)-(\d+)(?:\/(?:\d+|\*))?$/.exec(range);
    if (!matched) {
      throw new RegistryError(400, { code: "BLOB_UPLOAD_INVALID", message: `Content-Range "${range}" is not <start>-<end>` });
    }
    if (Number(matched[1]) !== size || Number(matched[2]) < Number(matched[1])) {
      throw new RegistryError(
        416,
        { code: "BLOB_UPLOAD_INVALID", message: `chunk ${range} does not begin at ${size}, where the upload ends` },
        uploadHeaders(repository, id, size),
      );
    }
    expected = Number(matched[2]) + 1;
  }
  const received = await context.content.append(id, request.body);
  if (expected !== undefined && received !== expected) {
    await context.content.truncateUpload(id, size);
    throw new RegistryError(400, { code: "SIZE_INVALID", message: `Content-Range promises ${expected - size} bytes, the body has ${received - size}` });
  }
  return received;
}

async function finish(context: RegistryContext, repository: string, id: string, digest: Digest): Promise<HttpResponse> {
  const actual = await context.content.uploadDigest(id, digest.algorithm);
  if (actual !== digest.text) {
    giveUp(context, id);
    throw new RegistryError(400, {
      code: "DIGEST_INVALID",
      message: "provided digest did not match uploaded content",
      detail: { provided: digest.text, content: actual },
    });
  }
  await context.content.syncUpload(id);
  context.content.commitUpload(id, digest);
  context.catalog.linkBlob(repository, digest.text, context.clock.now());
  context.catalog.removeUpload(id);
  await context.content.syncBlobDirectory(digest);
  return empty(201, blobHeaders(repository, digest));
}

function giveUp(context: RegistryContext, id: string): void {
  context.catalog.removeUpload(id);
  context.content.dropUpload(id);
}

function uploadHeaders(repository: string, id: string, size: number): Record<string, string> {
  return {
    location: `/v2/${repository}/blobs/uploads/${id}`,
    range: `0-${Math.max(0, size - 1)}`,
    "docker-upload-uuid": id,
  };
}

function blobHeaders(repository: string, digest: Digest): Record<string, string> {
  return { location: `/v2/${repository}/blobs/${digest.text}`, "docker-content-digest": digest.text };
}

async function oneAtATime<T>(context: RegistryContext, id: string, work: () => Promise<T>): Promise<T> {
  let queue = turns.get(context);
  if (!queue) turns.set(context, (queue = new Map()));
  const turn = (queue.get(id) ?? Promise.resolve()).then(work, work);
  queue.set(id, turn);
  try {
    return await turn;
  } finally {
    if (queue.get(id) === turn) queue.delete(id);
  }
}
