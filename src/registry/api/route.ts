import { RegistryError } from "../errors.ts";
import { isRepositoryName } from "../reference.ts";

/** What a URL of the distribution API addresses. */
export type Route =
  | { kind: "base" }
  | { kind: "catalog" }
  | { kind: "uploads"; repository: string }
  | { kind: "upload"; repository: string; id: string }
  | { kind: "blob"; repository: string; digest: string }
  | { kind: "manifest"; repository: string; reference: string }
  | { kind: "tags"; repository: string }
  | { kind: "referrers"; repository: string; digest: string };

const PATTERNS: [RegExp, (repository: string, last: string) => Route][] = [
  [/^\/v2\/(.+)\/blobs\/uploads\/?()$/, (repository) => ({ kind: "uploads", repository })],
  [/^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/, (repository, id) => ({ kind: "upload", repository, id })],
  [/^\/v2\/(.+)\/blobs\/([^/]+)$/, (repository, digest) => ({ kind: "blob", repository, digest })],
  [/^\/v2\/(.+)\/manifests\/([^/]+)$/, (repository, reference) => ({ kind: "manifest", repository, reference })],
  [/^\/v2\/(.+)\/tags\/list()$/, (repository) => ({ kind: "tags", repository })],
  [/^\/v2\/(.+)\/referrers\/([^/]+)$/, (repository, digest) => ({ kind: "referrers", repository, digest })],
];

/**
 * Finds what a path means. Repository names contain slashes, so the words around them decide; the
 * longest possible name wins. Undefined for paths outside the API.
 */
export function parseRoute(path: string): Route | undefined {
  if (path === "/v2/" || path === "/v2") return { kind: "base" };
  if (path === "/v2/_catalog") return { kind: "catalog" };
  for (const [pattern, build] of PATTERNS) {
    const matched = pattern.exec(path);
    if (!matched) continue;
    const repository = matched[1]!;
    if (!isRepositoryName(repository)) {
      throw new RegistryError(400, { code: "NAME_INVALID", message: "invalid repository name", detail: { name: repository } });
    }
    let last: string;
    try {
      last = decodeURIComponent(matched[2]!);
    } catch {
      return undefined;
    }
    return build(repository, last);
  }
  return undefined;
}
