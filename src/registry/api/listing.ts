import type { HttpResponse } from "#lib/http.ts";
import { RegistryError } from "../errors.ts";
import { MEDIA_TYPES } from "../manifest.ts";
import { json, methodNotAllowed, requireDigest } from "./context.ts";
import type { RegistryContext, RegistryRequest } from "./context.ts";

/** `GET /v2/<name>/tags/list?n=&last=` */
export function handleTags(context: RegistryContext, request: RegistryRequest, repository: string): HttpResponse {
  if (request.method !== "GET") throw methodNotAllowed(["GET"]);
  if (!context.catalog.hasRepository(repository)) {
    throw new RegistryError(404, { code: "NAME_UNKNOWN", message: "repository name not known to registry", detail: { name: repository } });
  }
  const page = paginate(request.url, (last, limit) => context.catalog.tags(repository, last, limit));
  return json(200, { name: repository, tags: page.items }, page.headers);
}

/** `GET /v2/_catalog?n=&last=` */
export function handleCatalog(context: RegistryContext, request: RegistryRequest): HttpResponse {
  if (request.method !== "GET") throw methodNotAllowed(["GET"]);
  const page = paginate(request.url, (last, limit) => context.catalog.repositories(last, limit));
  return json(200, { repositories: page.items }, page.headers);
}

/** `GET /v2/<name>/referrers/<digest>?artifactType=`: an index of the manifests whose subject is the digest. */
export function handleReferrers(context: RegistryContext, request: RegistryRequest, repository: string, digestText: string): HttpResponse {
  if (request.method !== "GET") throw methodNotAllowed(["GET"]);
  const digest = requireDigest(digestText);
  const artifactType = request.url.searchParams.get("artifactType");
  const manifests = context.catalog
    .referrers(repository, digest.text)
    .filter((descriptor) => !artifactType || descriptor.artifactType === artifactType);
  return json(
    200,
    { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests },
    { "content-type": MEDIA_TYPES.ociIndex, ...(artifactType && { "oci-filters-applied": "artifactType" }) },
  );
}

function paginate(url: URL, list: (last: string, limit: number) => string[]): { items: string[]; headers: Record<string, string> } {
  const last = url.searchParams.get("last") ?? "";
  const n = url.searchParams.get("n");
  if (n === null) return { items: list(last, -1), headers: {} };
  if (!/^\d{1,9}$/.test(n)) {
    throw new RegistryError(400, { code: "PAGINATION_NUMBER_INVALID", message: "invalid number of results requested", detail: { n } });
  }
  const limit = Number(n);
  // One more than asked for tells whether there is a next page.
  const found = limit === 0 ? [] : list(last, limit + 1);
  const items = found.slice(0, limit);
  if (found.length <= limit) return { items, headers: {} };
  const next = new URLSearchParams({ last: items.at(-1)!, n });
  return { items, headers: { link: `<${url.pathname}?${next}>; rel="next"` } };
}
