import { join } from "node:path";
import type { Clock } from "#lib/clock.ts";
import type { HttpResponse } from "#lib/http.ts";
import { handleBlob } from "./api/blobs.ts";
import type { RegistryContext, RegistryRequest } from "./api/context.ts";
import { empty, json, methodNotAllowed } from "./api/context.ts";
import { handleCatalog, handleReferrers, handleTags } from "./api/listing.ts";
import { handleManifest } from "./api/manifests.ts";
import { parseRoute } from "./api/route.ts";
import { expireUploads, handleUpload, handleUploads } from "./api/uploads.ts";
import { Catalog } from "./catalog.ts";
import { ContentStore } from "./content.ts";
import { parseDigest } from "./digest.ts";
import { RegistryError } from "./errors.ts";

const HOUR_MS = 3_600_000;
/** An upload nobody finished in this time is dropped. */
const UPLOAD_LIFETIME_MS = 24 * HOUR_MS;
/** A blob no manifest names is kept this long: its manifest may be about to arrive. */
const UNREFERENCED_LIFETIME_MS = HOUR_MS;

/** Options of a {@link Registry}. */
export interface RegistryOptions {
  /** Everything the registry keeps is under this directory; it is created when missing. */
  directory: string;
  clock: Clock;
  /** A fresh, unguessable id for each upload. */
  newId: () => string;
}

/**
 * An OCI registry: a function from request to response over a directory. One process may use a
 * directory at a time.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md
 */
export class Registry {
  readonly #context: RegistryContext;

  constructor(options: RegistryOptions) {
    this.#context = {
      catalog: new Catalog(join(options.directory, "registry.db")),
      content: new ContentStore(options.directory),
      clock: options.clock,
      newId: options.newId,
    };
  }

  /** Answers one request. Errors of the request are answers too; what is thrown is a failure of the registry itself. */
  async handle(request: RegistryRequest): Promise<HttpResponse> {
    let response: HttpResponse;
    try {
      response = await route(this.#context, request);
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      response = json(error.status, { errors: error.items }, error.headers);
      if (request.method === "HEAD") response.body = "";
    }
    response.headers["docker-distribution-api-version"] = "registry/2.0";
    return response;
  }

  /** Frees what nothing needs any more: abandoned uploads, and blobs that no manifest has named for an hour. */
  collectGarbage(): { uploads: number; links: number; blobs: number } {
    const { catalog, content, clock } = this.#context;
    const uploads = expireUploads(this.#context, clock.now() - UPLOAD_LIFETIME_MS);
    const links = catalog.unlinkUnreferencedBlobs(clock.now() - UNREFERENCED_LIFETIME_MS);
    const orphans = content.blobs().filter((digest) => !catalog.isBlobLinked(digest));
    for (const digest of orphans) content.dropBlob(parseDigest(digest));
    return { uploads, links, blobs: orphans.length };
  }

  close(): void {
    this.#context.catalog.close();
  }
}

async function route(context: RegistryContext, request: RegistryRequest): Promise<HttpResponse> {
  const target = parseRoute(request.url.pathname);
  switch (target?.kind) {
    case undefined:
      throw new RegistryError(404, { code: "UNSUPPORTED", message: `${request.url.pathname} is no path of the OCI distribution API` });
    case "base":
      if (request.method === "HEAD") return empty(200, {});
      if (request.method !== "GET") throw methodNotAllowed(["GET", "HEAD"]);
      return json(200, {});
    case "catalog":
      return handleCatalog(context, request);
    case "uploads":
      return handleUploads(context, request, target.repository);
    case "upload":
      return handleUpload(context, request, target.repository, target.id);
    case "blob":
      return handleBlob(context, request, target.repository, target.digest);
    case "manifest":
      return handleManifest(context, request, target.repository, target.reference);
    case "tags":
      return handleTags(context, request, target.repository);
    case "referrers":
      return handleReferrers(context, request, target.repository, target.digest);
  }
}
